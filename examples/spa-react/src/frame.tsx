/** What is around every page: where one can go, who one is, and whether what is shown may be old. */
import { useState } from 'react'
import { Link, NavLink, Outlet } from 'react-router'
import { client, SignedIn, SignedOut, useAuth } from './auth.ts'

export function Frame() {
	const { hasRole } = useAuth()
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
						<Leave />
					</SignedIn>
					<SignedOut>
						<NavLink to="/sign-in">Sign in</NavLink>
						<NavLink to="/sign-up">Sign up</NavLink>
					</SignedOut>
				</nav>
			</header>
			<Stale />
			<main id="content" tabIndex={-1}>
				<Outlet />
			</main>
		</>
	)
}

/** Signs out: this browser has forgotten at once, whether or not the house could be told. */
function Leave() {
	const { user } = useAuth()
	const [failed, fail] = useState(false)
	const leave = (everywhere: boolean) => void client.signOut({ everywhere }).catch(() => fail(true))
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
				{failed && <p role="alert">The other devices could not be signed out. Try again.</p>}
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
