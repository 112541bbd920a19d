/**
 * Who is signed in, as one value with four shapes. A shape without a user has none to read, so that no
 * page shows one by mistake.
 */
import type { AuthError } from './errors.js'

/** The words of an application: its roles and permissions. `gatehouse gen types` writes them. */
export interface App {
	role?: string
	permission?: string
}

/** The roles of an application; any string where it names none. */
export type Role<T extends App> = T['role'] extends string ? T['role'] : string

/** The permissions of an application; any string where it names none. */
export type Permission<T extends App> = T['permission'] extends string ? T['permission'] : string

/** A person. */
export interface User<T extends App = App> {
	readonly id: string
	readonly email: string
	readonly name: string
	readonly roles: readonly Role<T>[]
}

/** A signed-in browser or device. */
export interface Session {
	readonly id: string
	/** When it is over, however it is used: RFC 3339, UTC. */
	readonly expiresAt: string
}

/**
 * Why nobody is signed in: `none` nobody was; `signed-out` the person did, here or in another tab;
 * `expired` the session ran out; `revoked` it was ended elsewhere; `reused` a stolen token was found.
 */
export type OutReason = 'none' | 'signed-out' | 'expired' | 'revoked' | 'reused'

/** Nothing is known yet. It is the first state, and never comes back. */
export interface Loading {
	readonly status: 'loading'
	readonly user: null
	readonly session: null
}

/** Gatehouse was asked and did not answer, so nobody knows. */
export interface Unreachable {
	readonly status: 'unreachable'
	readonly user: null
	readonly session: null
	readonly error: AuthError
}

/** Nobody is signed in. */
export interface SignedOut {
	readonly status: 'signed-out'
	readonly user: null
	readonly session: null
	readonly reason: OutReason
}

/** Somebody is signed in. */
export interface SignedIn<T extends App = App> {
	readonly status: 'signed-in'
	readonly user: User<T>
	readonly session: Session
	/** What their roles may do, everything spelt out; it comes anew with every token. */
	readonly permissions: readonly Permission<T>[]
	/** Whether the last attempt to renew failed: what is shown may be old. */
	readonly stale: boolean
}

/** Who is signed in. Compare `status` first. */
export type State<T extends App = App> = Loading | Unreachable | SignedOut | SignedIn<T>

/** Nothing is known yet. */
export const loading: Loading = { status: 'loading', user: null, session: null }

/** Whether a list of permissions holds one. Who may act on everything may act on their own. */
export function holds(list: readonly string[], permission: string): boolean {
	return list.includes(permission) || (permission.endsWith(':own') && list.includes(permission.slice(0, -4)))
}
