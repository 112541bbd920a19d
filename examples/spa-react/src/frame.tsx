/** What is around every page: where one can go, who one is, and whether what is shown may be old. */
import { useEffect, useState } from 'react'
import { Link, NavLink, Outlet } from 'react-router'
import { client, SignedIn, SignedOut, useAuth } from './auth.ts'

export function Frame() {
	const { hasRole } = useAuth()
	const [failure, setFailure] = useState('')
	return (
		<>
			<a className="skip" href="#content">
				Skip to content
			</a>
			<header>
				<Link to="/" className="name">
					Paper
				</Link>
				<nav aria-label="Pages">
					<SignedIn>
						<NavLink to="/posts">Posts</NavLink>
						<NavLink to="/security">Security</NavLink>
						{hasRole('admin') && <NavLink to="/admin">People</NavLink>}
						<Leave onFailure={setFailure} />
					</SignedIn>
					<SignedOut>
						<NavLink to="/sign-in">Sign in</NavLink>
						<NavLink to="/sign-up">Sign up</NavLink>
					</SignedOut>
				</nav>
			</header>
			<Stale />
			<SignedOut>
				{failure && (
					<p className="banner" role="alert">
						{failure}
					</p>
				)}
			</SignedOut>
			<main id="content" tabIndex={-1}>
				<Outlet />
			</main>
		</>
	)
}

const notTold = 'The server could not be told that you signed out. Sign in, and sign out again.'
const notEverywhere = 'Your other devices may still be signed in. Sign in, and try again.'

/** Signs out: this browser forgets in any case, and this menu is gone then, so that what failed is shown by the frame. */
function Leave({ onFailure }: { onFailure: (sentence: string) => void }) {
	const { user } = useAuth()
	useEffect(() => onFailure(''), [onFailure]) // whoever has signed in again has seen it
	const leave = (everywhere: boolean) => void client.signOut({ everywhere }).catch(() => onFailure(everywhere ? notEverywhere : notTold))
	return (
		<details className="menu" name="menu">
			<summary>{user?.name || user?.email}</summary>
			<div>
				<button type="button" onClick={() => leave(false)}>
					Sign out
				</button>
				<button type="button" onClick={() => leave(true)}>
					Sign out everywhere
				</button>
			</div>
		</details>
	)
}

/** The last attempt to renew failed. Everything goes on, but roles may have changed meanwhile. */
function Stale() {
	const auth = useAuth()
	if (auth.status != 'signed-in' || !auth.stale) return null
	return (
		<p className="banner" role="status">
			No connection: what you see may be old.{' '}
			<button type="button" onClick={() => void client.refresh().catch(() => {})}>
				Try again
			</button>
		</p>
	)
}
