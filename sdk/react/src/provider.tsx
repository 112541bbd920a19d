/** The provider: it starts the client, and begins anew below itself when somebody else signs in. */
import type { Client, State } from '@gatehouse/client'
import { Fragment, useEffect, useMemo, useState, type ReactNode } from 'react'
import { Context, useShown } from './context.js'
import { watch } from './leave.js'

/** What AuthProvider takes. `initial` is what the server that made the page knew: it spares the first question. */
export interface ProviderProps {
	client: Client
	initial?: State | undefined
	children?: ReactNode
}

/** Gives the client to everything below. */
export function AuthProvider({ client, initial, children }: ProviderProps) {
	const [first] = useState(() => {
		if (initial) client.hydrate(initial) // once, before anything below asks; on a server it does nothing, where others share the client
		return initial
	})
	useEffect(() => client.start(), [client])
	useEffect(watch, [])
	const provided = useMemo(() => ({ client, initial: first }), [client, first])
	// Another user: every component below starts anew, so that nothing of the first shows under the second.
	const id = useShown(provided).user?.id
	const [shown, show] = useState({ id, turn: 0 })
	if (id && id != shown.id) show({ id, turn: shown.turn + (shown.id ? 1 : 0) })
	return (
		<Context.Provider value={provided}>
			<Fragment key={shown.turn}>{children}</Fragment>
		</Context.Provider>
	)
}
