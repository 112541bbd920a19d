'use client'
import Link from 'next/link'
import { useState } from 'react'
import { SignedIn, SignedOut, useAuth } from '../auth.client'

/** The bar above every page. The pages of Gatehouse are no pages of Next, so they have plain links. */
export function Bar() {
	const { user, signOut } = useAuth()
	const [untold, setUntold] = useState(false)
	const leave = () => {
		setUntold(false)
		signOut().catch(() => setUntold(true))
	}
	return (
		<nav>
			<Link href="/">Home</Link> · <Link href="/dashboard">Dashboard</Link> · <Link href="/posts">Posts</Link> · <Link href="/tidy">Tidy up</Link>{' '}
			<SignedIn>
				<span id="who">{user?.email}</span> <a href="/id/account">Account</a>{' '}
				<button type="button" onClick={leave}>
					Sign out
				</button>
			</SignedIn>
			<SignedOut>
				<a href="/id/login?returnTo=/dashboard">Sign in</a>
				{/* This page has forgotten, but the session lives on: the next page would be signed in again. */}
				{untold && (
					<p role="alert">
						The sign-in service could not be told that you signed out.{' '}
						<button type="button" onClick={leave}>
							Try again
						</button>
					</p>
				)}
			</SignedOut>
		</nav>
	)
}
