/** Guards of pages and route handlers: whoever may not see what is below never reaches it (WEB-18). */
import { holds, safeReturnTo, type App, type Permission, type State, type User } from '@gatehouse/client'
import { headers } from 'next/headers'
import { notFound, redirect } from 'next/navigation'
import { loginAt, type Place } from './place.js'
import { pathField } from './proxy.js'
import { UnreachableError } from './who.js'

/** What a guard takes. */
export interface RequireOptions {
	/** The path to come back to after signing in; by default the one that proxy() saw, else "/". */
	returnTo?: string
}

/** What happens to whoever is signed in and may not: the page is not found (the default), or they are sent to a path. */
export interface PermissionOptions extends RequireOptions {
	else?: 'not-found' | `/${string}`
}

/** Makes the guards. */
export function createGuards<T extends App>(place: () => Place, auth: () => Promise<State<T>>) {
	/**
	 * The person who is signed in. Everybody else is sent to sign in; where Gatehouse cannot be reached it throws
	 * UnreachableError, which error.tsx shows.
	 */
	async function requireUser({ returnTo }: RequireOptions = {}): Promise<User<T>> {
		return (await signedIn(returnTo)).user
	}

	/** The person who is signed in and may do something. */
	async function requirePermission(permission: Permission<T>, { returnTo, else: otherwise = 'not-found' }: PermissionOptions = {}): Promise<User<T>> {
		const state = await signedIn(returnTo)
		if (holds(state.permissions, permission)) return state.user
		return otherwise == 'not-found' ? notFound() : redirect(otherwise)
	}

	async function signedIn(returnTo: string | undefined) {
		const state = await auth()
		if (state.status == 'signed-in') return state
		if (state.status == 'unreachable') throw new UnreachableError(state)
		const back = safeReturnTo(returnTo ?? (await headers()).get(pathField))
		redirect(loginAt(place(), back))
	}

	return { requireUser, requirePermission }
}
