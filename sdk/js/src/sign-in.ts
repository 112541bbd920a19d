/**
 * Signing in, step by step: by a method with nothing to begin in one, by the others in two, each perhaps
 * followed by one more proof. What is to come next is returned; what went wrong is thrown.
 */
import { AuthError } from './errors.js'
import type { Page } from './session.js'
import type { App, User } from './state.js'
import { moment } from './tokens.js'
import type { Grant, Transport } from './transport.js'
import type { Ask } from './wire.js'

/** How far a sign-in, or a step-up, has come. `login` is its handle, good for `expiresIn` seconds. */
export type Step<T extends App = App> =
	/** Signed in. `backupCodes` are those of a second factor that was just set up, to be shown once. */
	| { status: 'complete'; user: User<T>; backupCodes?: string[] }
	/** One more proof is wanted, by one of these methods. */
	| { status: 'mfa'; login: string; methods: string[]; expiresIn?: number }
	/** The method asks for something, of which `prompt` tells what a page must know. */
	| { status: 'prompt'; login: string; prompt: Prompt; expiresIn: number }
	/** A second factor must be set up first, by one of these methods. */
	| { status: 'enroll'; login: string; methods: string[] }
	/** The proof was right, but a new password must be chosen first: offer to mail a link. */
	| { status: 'password-reset' }

/** What a method tells of what it asks for: of a passkey its options, of a code where it went. */
export type Prompt = Record<string, unknown>

/** What is said at a step: what its method wants, and at the first one how the sign-in is to be. */
export interface Proof {
	/** The handle of the sign-in under way; left out at the first step. */
	login?: string
	email?: string
	password?: string
	/** A code: of an application, a mail, a text message, or a backup code. */
	code?: string
	/** The W3C's JSON of a passkey's answer. */
	credential?: unknown
	/** Left out: a day. `false`: as long as the browser runs. `true`: thirty days. */
	rememberMe?: boolean
	/** Asks for no second factor on this device for a while. */
	rememberDevice?: boolean
	/** The answer to a CAPTCHA, once CAPTCHA_REQUIRED asked for one. */
	captcha?: string
}

type Answer = Grant & { login: string; next: string[]; prompt?: Prompt; expiresIn: number }

/** Makes the ways in of a page. `call` asks with the token. */
export function createSignIn<T extends App>(page: Page, transport: Transport, ask: Ask, call: Ask) {
	async function take(send: () => Promise<Answer>): Promise<Step<T>> {
		const asked = moment()
		try {
			const answer = await send()
			const { login, next, prompt, expiresIn, backupCodes } = answer
			if (answer.session) {
				page.epoch++ // what is under way is about somebody else, or about a proof of before
				await transport.keep?.(answer)
				page.accept(answer, asked)
				return { status: 'complete', user: answer.user as User<T>, ...(backupCodes && { backupCodes }) }
			}
			return prompt ? { status: 'prompt', login, prompt, expiresIn } : { status: 'mfa', login, methods: next, expiresIn }
		} catch (e) {
			const { code, info } = e as AuthError
			if (code == 'PASSWORD_RESET_REQUIRED') return { status: 'password-reset' }
			if (info?.enroll) return { status: 'enroll', ...info.enroll }
			throw e
		}
	}

	return {
		/**
		 * Signs in, or goes one step further. `password`, `totp` and `backup-code` take their proof at once; `passkey`,
		 * `magic-link`, `email-code` and `sms` answer a prompt first, and take theirs at `passkey/finish` and so on.
		 * Where a second factor must be set up, `totp/enroll` and `totp/enroll/finish` do.
		 */
		signIn: (way: string, proof: Proof) =>
			// Alone: an answer to a renewal under way would put back the cookie of before.
			page.tabs.alone(() => take(() => ask('/login/' + way, { mode: transport.mode, ...proof }))),
		/** Registers an address, whose owner is mailed a link; the answer is the same whether somebody has it. */
		signUp: (who: { email: string; password: string; name?: string; captcha?: string }) => ask<{ status: 'verification_sent' | 'created' }>('/register', who),
		/** Proves again who it is, by the same ways; without any the answer has the methods there are. */
		prove: (way = '', proof: Proof = {}) => take(() => call('/step-up' + (way && '/' + way), proof)),
	}
}
