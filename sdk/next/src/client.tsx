'use client'
/** @gatehouse/next/client: createAuth of @gatehouse/react for the browser of a Next application. */
import type { App, Client, Options, State } from '@gatehouse/client'
import { sessionCookie } from '@gatehouse/client/cookie'
import { createAuth as createReactAuth } from '@gatehouse/react'
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useSyncExternalStore, useTransition, type ReactNode } from 'react'
import { unreachableDigest } from './digest.js'

export { isRefused, type Refused } from './refused.js'

/** Whether an error that error.tsx is given is that Gatehouse cannot be reached: nobody was signed out. */
export const isUnreachable = (error: { digest?: string }) => error.digest == unreachableDigest

/** What createAuth makes: that of @gatehouse/react, whose provider must be told what the server knew. */
export type NextAuth<T extends App> = Omit<ReturnType<typeof createReactAuth<T>>, 'AuthProvider'> & {
	AuthProvider: (props: { initial: State<T>; children?: ReactNode }) => ReactNode
}

/**
 * Makes what createAuth of @gatehouse/react makes, kept by the cookie of the session, which the server of the application
 * can read too. Its AuthProvider takes `initial={await auth()}`, and has the pages rendered anew when somebody else is
 * signed in than they were rendered for.
 */
export function createAuth<T extends App = App>(options: Options = {}): NextAuth<T> {
	const auth = createReactAuth<T>({ transport: sessionCookie, ...options })
	const { client, AuthProvider } = auth
	return {
		...auth,
		AuthProvider: ({ initial, children }) => (
			<AuthProvider initial={initial}>
				<Rendering client={client as unknown as Client} initial={initial as State} />
				{children}
			</AuthProvider>
		),
	}
}

/** Who it is, and what they may do, as one text; "" where that is not known yet. */
function mark(state: State): string {
	if (state.status == 'loading') return ''
	return state.status == 'signed-in' ? [state.user.id, ...state.user.roles, '', ...state.permissions].join(' ') : state.status
}

/** Milliseconds after which a page is rendered anew where it still is that of somebody else, time after time. */
const pauses = [0, 300, 1000, 3000]

/**
 * Keeps what the server rendered and what the browser knows together, by asking whichever of them has not learned it yet.
 * Next keeps pages that somebody saw, to show them again at Back or at a click; router.refresh() forgets them (vercel/next.js
 * 54766). It is repeated, and not for ever: after a sign-out the browser knows before Gatehouse was told.
 */
function Rendering({ client, initial }: { client: Client; initial: State }) {
	const router = useRouter()
	const [busy, start] = useTransition()
	const state = useSyncExternalStore(client.subscribe, client.getState, () => initial)
	const now = mark(state)
	const rendered = mark(initial)
	const agreed = useRef(now) // what the browser said when both said the same
	const tries = useRef({ now, rendered, count: 0 })
	useEffect(() => {
		if (busy || !now) return
		if (tries.current.now != now || tries.current.rendered != rendered) tries.current = { now, rendered, count: 0 }
		if (now == rendered) {
			agreed.current = now
			return
		}
		const count = tries.current.count++
		if (now == agreed.current) {
			if (!count) client.refresh().catch(() => {}) // it is the server that learned something
			return
		}
		if (count >= pauses.length) return
		const timer = setTimeout(() => start(() => router.refresh()), pauses[count])
		return () => clearTimeout(timer)
	}, [client, router, busy, now, rendered])
	return null
}
