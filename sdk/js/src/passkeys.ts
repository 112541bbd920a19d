/**
 * Passkeys: signing in by a button or from what the browser offers in a field, proving again who it is, and making
 * one. A browser has one ceremony at a time: a newer one ends the one before it. Browsers that cannot read and
 * write the W3C's JSON (before 2025) count as having none.
 */
import type { Client } from './client.js'
import { AuthError } from './errors.js'
import type { Prompt, Proof, Step } from './sign-in.js'
import type { App } from './state.js'

/** How a ceremony is to be. */
export interface Ceremony {
	/** Ends it, as PASSKEY_CANCELLED. */
	signal?: AbortSignal
}

/** What was set up. The codes are those of somebody who had none, to be shown once. */
export interface Registered {
	credentials?: { id?: string; label: string; createdAt: string }[]
	backupCodes?: string[]
}

/** What helps a browser to offer no dead passkeys; newer than the types of TypeScript. */
interface Signals {
	signalUnknownCredential?(which: { rpId: string; credentialId: string }): Promise<void>
	signalAllAcceptedCredentials?(which: { rpId: string; userId: string; allAcceptedCredentialIds: string[] }): Promise<void>
}

/** What is read here of the W3C's AuthenticationResponseJSON. */
interface Assertion {
	id: string
	response: { userHandle?: string }
}

type Say<T extends App> = (way: string, proof: Proof) => Promise<Step<T>>

const api = (): (typeof PublicKeyCredential & Signals) | undefined => globalThis.PublicKeyCredential

/** Whether this browser has passkeys. */
export const supported = () => !!api()?.parseRequestOptionsFromJSON

let current: AbortController | undefined // the ceremony under way
let waiting: (() => void) | undefined // begins to offer anew

/** Takes the place of the ceremony under way. */
function begin(...signals: (AbortSignal | undefined)[]): { signal: AbortSignal; own: AbortController } {
	current?.abort()
	const own = (current = new AbortController())
	return { own, signal: AbortSignal.any([own.signal, ...signals.filter(s => !!s)]) }
}

/** Runs a ceremony that somebody asked for; where it fails, what waits in a field is offered again. */
async function run<R>(signal: AbortSignal | undefined, ceremony: (signal: AbortSignal) => Promise<R>): Promise<R> {
	if (!supported()) throw new AuthError('PASSKEY_UNSUPPORTED')
	const { own, signal: ended } = begin(signal)
	try {
		const result = await ceremony(ended)
		waiting = undefined
		return result
	} catch (e) {
		throw wrong(e)
	} finally {
		if (current == own) {
			current = undefined
			waiting?.()
		}
	}
}

function wrong(e: unknown): AuthError {
	if (e instanceof AuthError) return e
	const { name, message } = e as Error
	const code = /^(NotAllowed|Abort)Error$/.test(name) ? 'PASSKEY_CANCELLED' : name == 'NotSupportedError' ? 'PASSKEY_UNSUPPORTED' : 'PASSKEY_FAILED'
	return new AuthError(code, 0, message, {}, e)
}

/** Asks the authenticators for what a prompt wants. */
async function get(prompt: Prompt, signal: AbortSignal, mediation: CredentialMediationRequirement) {
	const options = prompt.ceremony as PublicKeyCredentialRequestOptionsJSON
	const publicKey = api()!.parseRequestOptionsFromJSON(options)
	const got = (await navigator.credentials.get({ publicKey, signal, mediation })) as PublicKeyCredential
	return { options, credential: got.toJSON() as Assertion }
}

/** Answers a prompt, and tells the provider of the passkey what the server told of it. */
async function answer<T extends App>(say: Say<T>, proof: Proof, login: string, { options, credential }: Awaited<ReturnType<typeof get>>): Promise<Step<T>> {
	const rpId = options.rpId ?? location.hostname
	try {
		const step = await say('passkey/finish', { ...proof, login, credential })
		const userId = credential.response.userHandle
		const all = options.allowCredentials?.map(c => c.id) // of whoever had shown who they are, all that they have
		if (userId && all?.length) accepted(rpId, userId, all)
		return step
	} catch (e) {
		// One that is refused for another reason must not be forgotten: it is its owner's.
		if (e instanceof AuthError && e.info.fields?.credential) courtesy(api()?.signalUnknownCredential?.({ rpId, credentialId: credential.id }))
		throw e
	}
}

function accepted(rpId: string, userId: string, allAcceptedCredentialIds: string[]) {
	courtesy(api()?.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds }))
}

/** Nothing depends on it. */
function courtesy(told?: Promise<void>) {
	told?.catch(() => {})
}

/** Goes both steps of a way. */
async function both<T extends App>(say: Say<T>, proof: Proof, signal: AbortSignal): Promise<Step<T>> {
	const step = await say('passkey', proof)
	return step.status == 'prompt' ? answer(say, proof, step.login, await get(step.prompt, signal, 'optional')) : step
}

/** Signs in by a passkey: at the press of a button, and with the `login` of a step as one more proof. */
export function signIn<T extends App>(client: Client<T>, { signal, ...proof }: Ceremony & Pick<Proof, 'login' | 'rememberMe' | 'rememberDevice' | 'captcha'> = {}): Promise<Step<T>> {
	return run(signal, ended => both(client.signIn, proof, ended))
}

/** Proves again by a passkey who it is, as onStepUp wants. */
export function prove<T extends App>(client: Client<T>, { signal }: Ceremony = {}): Promise<Step<T>> {
	return run(signal, ended => both<T>(client.prove, {}, ended))
}

/**
 * Offers passkeys in the list of `<input autocomplete="username webauthn">`, until what is returned is called or somebody
 * is in. A button goes first; after it failed the offer stands again. `failed` hears what the server refused.
 */
export function autofill<T extends App>(client: Client<T>, done: (step: Step<T>) => void, failed?: (e: AuthError) => void): () => void {
	const stopped = new AbortController()
	const offer = () => void wait()

	async function wait() {
		const { own, signal } = begin(stopped.signal) // before the first await: whoever comes meanwhile goes first
		let timer
		let touched = false
		try {
			if (!(await api()!.isConditionalMediationAvailable?.()) || signal.aborted) return
			const step = await client.signIn('passkey', {})
			if (step.status != 'prompt' || signal.aborted) return
			timer = setTimeout(offer, step.expiresIn * 750) // at three quarters: no browser tells that its offer is stale
			const got = await get(step.prompt, signal, 'conditional')
			clearTimeout(timer)
			touched = true
			const next = await answer(client.signIn, {}, step.login, got)
			if (stopped.signal.aborted) return
			stop()
			queueMicrotask(() => done(next)) // what it throws is its own
		} catch (e) {
			if (stopped.signal.aborted || (signal.aborted && !touched)) return
			if (e instanceof AuthError) failed?.(e)
			if (touched) offer() // of the rest the same would fail at once, and again
		} finally {
			clearTimeout(timer)
			if (current == own) current = undefined
		}
	}

	function stop() {
		if (waiting == offer) waiting = undefined
		stopped.abort()
	}

	if (supported()) {
		waiting = offer
		offer()
	}
	return stop
}

/**
 * Makes a passkey, named if you like; it wants a proof of the last five minutes. `auto`, right after a sign-in by
 * password, makes one without asking where browser and password manager agree, and is PASSKEY_UNSUPPORTED where they never do.
 */
export async function register<T extends App>(client: Client<T>, { name, auto, signal }: Ceremony & { name?: string; auto?: boolean } = {}): Promise<Registered> {
	if (!supported() || (auto && !(await api()!.getClientCapabilities?.())?.conditionalCreate)) throw new AuthError('PASSKEY_UNSUPPORTED')
	const body = name ? { name } : {}
	// Before the ceremony: the client may let the person prove who they are, which is one of its own.
	const options = await client.call<PublicKeyCredentialCreationOptionsJSON>('/passkeys/register', body)
	return run(signal, async ended => {
		const publicKey = api()!.parseCreationOptionsFromJSON(options)
		const made = (await navigator.credentials.create({ publicKey, signal: ended, ...(auto && { mediation: 'conditional' }) })) as PublicKeyCredential
		const credential = made.toJSON()
		const registered = await client.call<Registered>('/passkeys/register/finish', { ...body, credential })
		accepted(options.rp.id ?? location.hostname, options.user.id, [...(options.excludeCredentials ?? []).map(c => c.id), made.id])
		return registered
	})
}
