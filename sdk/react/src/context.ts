/** How components reach the client: one context, and the hook that reads it. */
import { holds, type App, type Client, type State } from '@gatehouse/client'
import { createContext, useContext, useMemo, useSyncExternalStore } from 'react'

/** What a provider gives: the client, and what the server that made the page knew. */
export interface Provided {
	client: Client
	initial?: State | undefined
}

/** The context of the nearest AuthProvider. */
export const Context = createContext<Provided | null>(null)

const unknown: State = { status: 'loading', user: null, session: null }

/**
 * The state to show. While a page that a server made is taken over it is what that server knew, whatever the client has
 * heard since: else both would differ, and React would complain and begin anew.
 */
export function useShown({ client, initial = unknown }: Provided): State {
	return useSyncExternalStore(client.subscribe, client.getState, () => initial)
}

/** The client and the state of the nearest AuthProvider. It throws where there is none. */
export function useProvided(): Provided & { state: State } {
	const provided = useContext(Context)
	if (!provided) throw new Error('useAuth() needs an <AuthProvider> above it')
	return { ...provided, state: useShown(provided) }
}

/**
 * What the person of a state may do. It is asked of the state that is shown and not of the client, which on a server knows
 * nobody: else a page would be made without what its person may see, and differ once it runs.
 */
export const rights = (state: State) => ({
	can: (permission: string) => state.status == 'signed-in' && holds(state.permissions, permission),
	hasRole: (...roles: string[]) => !!state.user?.roles.some(r => roles.includes(r)),
})

/** What useAuth returns: the state, and what can be done about it. */
export type Auth<T extends App> = State<T> & Pick<Client<T>, 'can' | 'hasRole' | 'fetch' | 'signIn' | 'signUp' | 'signOut' | 'prove'> & { client: Client<T> }

/**
 * Who is signed in, and what can be done about it. It is the same object for as long as the state is the same. `can` and
 * `hasRole` are others with every state, so that nothing remembers their answers for longer; the other functions never change.
 */
export function useAuth<T extends App = App>(): Auth<T> {
	const { client, state } = useProvided()
	return useMemo(() => {
		const { fetch, signIn, signUp, signOut, prove } = client
		return { ...state, ...rights(state), fetch, signIn, signUp, signOut, prove, client } as unknown as Auth<T>
	}, [client, state])
}
