/**
 * Guards: what is shown to whom. They hide, for comfort; what may be done is decided by the API (WEB-11).
 * None of them sends anybody away who is signed in, so none can loop.
 */
import { safeReturnTo, type AuthError } from '@gatehouse/client'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { rights, useProvided } from './context.js'
import { arrive, leave } from './leave.js'

/** Something to show, perhaps made of what went wrong and of a way to try again. */
export type Slot = ReactNode | ((x: { error: AuthError; retry: () => void }) => ReactNode)

/** What is shown while nothing is known, and where Gatehouse does not answer. */
export interface ReadyProps {
	children?: ReactNode
	/** Shown until the first answer; nothing by default. */
	loading?: ReactNode
	/** Shown where Gatehouse cannot be reached; a sentence and a button by default. */
	unreachable?: Slot
}

/** Shows nothing of what is below until it is known whether somebody is signed in. It never goes back to loading (WEB-07). */
export function AuthReady({ children, loading = null, unreachable = unreached }: ReadyProps) {
	const { client, state } = useProvided()
	if (state.status == 'loading') return <>{loading}</>
	if (state.status != 'unreachable') return <>{children}</>
	const retry = () => void client.refresh().catch(() => {})
	return <>{typeof unreachable == 'function' ? unreachable({ error: state.error, retry }) : unreachable}</>
}

const unreached: Slot = ({ retry }) => (
	<div role="alert">
		<p>The sign-in service cannot be reached.</p>
		<button type="button" onClick={retry}>
			Try again
		</button>
	</div>
)

/** The path of this page. Browsers leave brackets and the like as they are, which a way back must not have (RFC 3986). */
const here = () => (location.pathname + location.search + location.hash).replace(/[[\]{}|\\^`"<>]/g, encodeURIComponent)

/** What RequireAuth takes. */
export interface RequireProps extends ReadyProps {
	/** Shows a way to sign in; by default the browser goes to the page of the client. It is given the path to come back to. */
	onSignedOut?: (returnTo: string) => void
}

/** Shows what is below to whoever is signed in, and sends everybody else to sign in and back (WEB-08, WEB-10). */
export function RequireAuth({ children, onSignedOut, ...ready }: RequireProps) {
	const { client, state } = useProvided()
	const out = state.status == 'signed-out'
	const [loops, setLoops] = useState(false)
	const other = useRef(onSignedOut)
	useEffect(() => {
		other.current = onSignedOut
	})
	useEffect(() => {
		if (state.status == 'signed-in') arrive()
	}, [state.status])
	// Once for each time that somebody is out: another function is no reason to leave twice.
	useEffect(() => {
		if (!out) return
		const returnTo = safeReturnTo(here())
		const left = leave(() => (other.current ? other.current(returnTo) : client.goToLogin({ returnTo })))
		queueMicrotask(() => setLoops(!left))
	}, [client, out])
	if (state.status == 'signed-in') return <>{children}</>
	return <AuthReady {...ready}>{loops ? <p role="alert">Signing in comes back here without anybody signed in (REDIRECT_LOOP).</p> : ready.loading}</AuthReady>
}

/** What RequireRole takes. */
export interface RequireRoleProps<R extends string = string> extends RequireProps {
	/** One role, or several of which one is enough. */
	role: R | readonly R[]
	/** Shown to whoever has none of them. */
	fallback?: ReactNode
}

/** Shows what is below to whoever is signed in and has a role (WEB-09). */
export function RequireRole<R extends string = string>({ role, fallback, children, ...require }: RequireRoleProps<R>) {
	const { hasRole } = rights(useProvided().state)
	return <RequireAuth {...require}>{hasRole(...([] as string[]).concat(role)) ? children : fallback}</RequireAuth>
}

/** What RequirePermission takes. */
export interface RequirePermissionProps<P extends string = string> extends RequireProps {
	permission: P
	/** Shown to whoever may not. */
	fallback?: ReactNode
}

/** Shows what is below to whoever is signed in and may do something. */
export function RequirePermission<P extends string = string>({ permission, fallback, children, ...require }: RequirePermissionProps<P>) {
	const { can } = rights(useProvided().state)
	return <RequireAuth {...require}>{can(permission) ? children : fallback}</RequireAuth>
}

/** Shows what is below to whoever is signed in. */
export function SignedIn({ children }: { children?: ReactNode }) {
	return useProvided().state.status == 'signed-in' ? <>{children}</> : null
}

/** Shows what is below to whoever is not; to nobody while it is not known. */
export function SignedOut({ children }: { children?: ReactNode }) {
	return useProvided().state.status == 'signed-out' ? <>{children}</> : null
}
