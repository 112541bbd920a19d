/**
 * Guards of server actions. An action is a POST to whatever page uses it, so a proxy with a matcher may never see it, and a
 * page that guards itself does not guard it: each verifies for itself, every time it is called.
 */
import { holds, type App, type Permission, type State, type User } from '@gatehouse/client'
import type { Fields } from './fields.js'
import type { Place } from './place.js'
import type { Refused } from './refused.js'
import { notFresh } from './who.js'

/** What an action demands besides the permission. */
export interface ActionOptions {
	/** How long ago the person may have proved that it is them: '5m', '30s', '1h'. */
	fresh?: string
}

/** An action as it is written: it is given who calls. */
export type Action<T extends App, A extends unknown[], R> = (user: User<T>, ...args: A) => Promise<R>

/** An action as it is called: it answers, or says why it was not done. */
export type Guarded<A extends unknown[], R> = (...args: A) => Promise<R | Refused>

/** Makes withPermission. `whose` are the fields by which Gatehouse knows whose the request is. */
export function createWithPermission<T extends App>(place: () => Place, auth: () => Promise<State<T>>, whose: () => Promise<Fields | undefined>) {
	async function refusal(state: State<T>, permission: string, fresh: number): Promise<Refused | undefined> {
		if (state.status == 'signed-out') return { refused: 'NO_CREDENTIALS' }
		if (state.status != 'signed-in') return { refused: 'UNAVAILABLE' }
		if (!holds(state.permissions, permission)) return { refused: 'INSUFFICIENT_PERMISSIONS' }
		const why = fresh ? await notFresh(place(), (await whose()) ?? {}, fresh) : undefined
		return why && { refused: why, ...(why == 'STALE_TOKEN' && { maxAge: fresh }) }
	}

	/**
	 * Guards an action: it runs for whoever is signed in and may do something, and has proved lately that it is them if
	 * `fresh` says so. Others are answered a Refused, and it does not run; nothing is thrown, for Next hides what is.
	 */
	function withPermission<A extends unknown[], R>(permission: Permission<T>, action: Action<T, A, R>): Guarded<A, R>
	function withPermission<A extends unknown[], R>(permission: Permission<T>, options: ActionOptions, action: Action<T, A, R>): Guarded<A, R>
	function withPermission<A extends unknown[], R>(permission: Permission<T>, a: ActionOptions | Action<T, A, R>, b?: Action<T, A, R>): Guarded<A, R> {
		const action = b ?? (a as Action<T, A, R>)
		const fresh = b ? seconds((a as ActionOptions).fresh) : 0
		return async (...args) => {
			const state = await auth()
			return (await refusal(state, permission, fresh)) ?? action(state.user as User<T>, ...args)
		}
	}
	return withPermission
}

const units = { s: 1, m: 60, h: 3600 }

/** Reads '5m'; a slip of the pen is an error when the module is loaded, and never a guard that is left out. */
function seconds(text: string | undefined): number {
	if (text === undefined) return 0
	const [, count, unit] = /^([1-9]\d{0,5})([smh])$/.exec(text) ?? []
	if (!count) throw new Error(`fresh must be such as '5m', and not '${text}'`)
	return Number(count) * units[unit as keyof typeof units]
}
