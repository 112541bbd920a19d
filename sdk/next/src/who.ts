/**
 * Who is signed in, as Gatehouse says it, asked anew for every request: a session that was ended anywhere is over here
 * at once. Nothing is refreshed, no cookie is set, and nothing is kept for another request (pitfalls 4 and 18).
 */
import { AuthError, type SignedIn, type State, type Unreachable } from '@gatehouse/client'
import { unreachableDigest } from './digest.js'
import type { Fields } from './fields.js'
import { at, type Place } from './place.js'
import { json, send } from './wire.js'

/** Milliseconds after which no answer is expected any more: somebody waits for a page. */
const patience = 5000

/** What GET /auth/me answers, as far as it is read here, and what an error does. */
interface Me extends Pick<SignedIn, 'user' | 'session' | 'permissions'> {
	code?: string
}

/** Nobody is signed in. */
export const nobody: State = { status: 'signed-out', user: null, session: null, reason: 'none' }

/**
 * Gatehouse did not say who is signed in. The error is no instance of AuthError but has what one has, so that the state
 * may be given to a component of the browser.
 */
function unreachable(code: string, status: number, cause?: unknown): Unreachable {
	const message = cause instanceof Error ? cause.message : `Gatehouse answered ${status}`
	return { status: 'unreachable', user: null, session: null, error: { name: 'AuthError', message, code, status, info: {} } }
}

/**
 * Asks whose a request is. Only what Gatehouse itself says, 200 or a 401 with a code, is believed; every other answer
 * is none, so that nobody is signed out by an overload, and nobody let in.
 */
export async function ask(place: Place, fields: Fields | undefined): Promise<State> {
	if (!fields) return nobody
	try {
		const answer = await send(at(place, '/auth/me'), { headers: fields, signal: AbortSignal.timeout(patience) })
		const status = answer.statusCode ?? 0
		const me = ((await json(answer)) ?? {}) as Partial<Me>
		if (status == 401 && me.code) return nobody
		if (status == 200 && me.user?.id && me.session) return signedIn(me as Me)
		return unreachable(me.code ?? 'HTTP_' + status, status)
	} catch (e) {
		return unreachable((e as Error).name == 'TimeoutError' || (e as Error).name == 'AbortError' ? 'TIMEOUT' : 'NETWORK', 0, e)
	}
}

function signedIn({ user, session, permissions }: Me): State {
	const { id, email, name, roles } = user
	return { status: 'signed-in', user: { id, email, name, roles }, session: { id: session.id, expiresAt: session.expiresAt }, permissions, stale: false }
}

/**
 * Asks whether the person of a request has proved within some seconds that it is them, and returns why not. It is
 * Gatehouse that compares: its clock and that of this server may differ.
 */
export async function notFresh(place: Place, fields: Fields, seconds: number): Promise<'STALE_TOKEN' | 'NO_CREDENTIALS' | 'UNAVAILABLE' | undefined> {
	try {
		const answer = await send(at(place, '/auth/check', `?scheme=cookie&fresh=${seconds}s`), { headers: fields, signal: AbortSignal.timeout(patience) })
		const { code } = ((await json(answer)) ?? {}) as Partial<Me>
		if (answer.statusCode == 200) return undefined
		if (answer.statusCode != 401 || !code) return 'UNAVAILABLE'
		return code == 'STALE_TOKEN' ? code : 'NO_CREDENTIALS'
	} catch {
		return 'UNAVAILABLE'
	}
}

/** What a page throws that cannot know whose it is; an error.tsx finds the digest, where Next takes everything else away. */
export class UnreachableError extends AuthError {
	readonly digest = unreachableDigest
	constructor({ error }: Unreachable) {
		super(error.code, error.status, 'Gatehouse does not say who is signed in: ' + error.message)
	}
}
