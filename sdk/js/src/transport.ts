/**
 * How what renews the access token is kept. A page has it in a cookie that no script can read; this
 * is the refresh cookie. cookie.ts and native.ts are the other ways.
 */
import type { Session, User } from './state.js'
import type { Ask } from './wire.js'

/** What Gatehouse answers to whoever is signed in. */
export interface Grant {
	/** Left out where a cookie is all that was handed out. */
	accessToken?: string | undefined
	/** Seconds. */
	expiresIn?: number
	/** Of a native application only. */
	refreshToken?: string
	user: User
	session: Session
	permissions?: readonly string[]
	backupCodes?: string[]
}

/** How an access token is renewed. */
export interface Transport {
	/** The mode in which sign-ins are asked for (api.md). */
	readonly mode: 'token' | 'cookie' | 'native'
	/** Whether renewing for an idle person would keep their session alive, so that it is not done unasked. */
	readonly slides?: boolean
	/** Whether there may be something to renew by. */
	present(): boolean
	/** Asks for a new access token; `active` says whether the person did something since the last time. */
	renew(ask: Ask, active: boolean): Promise<Grant>
	/** Takes what a sign-in or a renewal handed out. */
	keep?(grant: Grant): Promise<void>
	/** Forgets it, and returns what the server needs to end it. */
	forget?(): Promise<object>
}

/** Makes the Transport of a page. `near` says that the API is on its origin, where the mark of a session can be read. */
export type MakeTransport = (near: boolean) => Transport

/** The mark that Gatehouse leaves for scripts: it grants nothing, and is another for every session. */
export const hint = () => /(?:^|; )gh_hint=([^;]*)/.exec(globalThis.document?.cookie)?.[1] ?? ''

/** Takes the mark away, so that the next page knows without a request that nobody is signed in. */
export function clearHint() {
	if (hint()) document.cookie = 'gh_hint=; path=/; max-age=0'
}

/** Renews by the refresh cookie (mode token). */
export const refreshCookie: MakeTransport = near => ({
	mode: 'token',
	present: () => !near || !!hint(),
	renew: (ask, active) => ask('/refresh', { active }),
})
