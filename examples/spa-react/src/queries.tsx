/** The answers that pages share. They are those of one person: another one begins without any. */
import { AuthError } from '@gatehouse/client'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useEffect, useState, type ReactNode } from 'react'
import { useAuth } from './auth.ts'

/** Asking again helps where nobody answered, and never where something was refused. */
const retry = (times: number, e: Error) => times < 2 && !(e instanceof AuthError && e.status >= 400 && e.status < 500)

export function Queries({ children }: { children: ReactNode }) {
	const { status, user } = useAuth()
	const [queries] = useState(() => new QueryClient({ defaultOptions: { queries: { retry, networkMode: 'always' }, mutations: { networkMode: 'always' } } }))
	useEffect(() => {
		if (status == 'signed-out') queries.clear()
	}, [status, queries])
	// Roles that have changed may open what was closed.
	const roles = user?.roles.join()
	useEffect(() => void queries.invalidateQueries(), [roles, queries])
	return <QueryClientProvider client={queries}>{children}</QueryClientProvider>
}
