'use client'
import Link from 'next/link'
import { SignedIn, SignedOut, useAuth } from '../auth.client'

/** The bar above every page. The pages of Gatehouse are no pages of Next, so they have plain links. */
export function Bar() {
	const { user, signOut } = useAuth()
	return (
		<nav>
			<Link href="/">Home</Link> · <Link href="/dashboard">Dashboard</Link> · <Link href="/posts">Posts</Link> · <Link href="/tidy">Tidy up</Link>{' '}
			<SignedIn>
				<span id="who">{user?.email}</span> <a href="/id/account">Account</a>{' '}
				<button type="button" onClick={() => void signOut().catch(() => {})}>
					Sign out
				</button>
			</SignedIn>
			<SignedOut>
				<a href="/id/login?returnTo=/dashboard">Sign in</a>
			</SignedOut>
		</nav>
	)
}
