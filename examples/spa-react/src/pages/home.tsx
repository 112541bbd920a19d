/** The front page, for everybody. */
import { Link } from 'react-router'
import { SignedIn, SignedOut, useAuth } from '../auth.ts'
import { Heading } from '../parts/heading.tsx'

export function Home() {
	const { user } = useAuth()
	return (
		<section className="card">
			<Heading>A blog for the few</Heading>
			<p>Whoever is signed in reads and writes. What you wrote is yours to change; moderators tidy up.</p>
			<SignedIn>
				<p>
					Hello, {user?.name || user?.email}. Go on to <Link to="/posts">the posts</Link>.
				</p>
			</SignedIn>
			<SignedOut>
				<p>
					<Link to="/sign-up">Sign up</Link>, or <Link to="/sign-in">sign in</Link> if you have been here before.
				</p>
			</SignedOut>
		</section>
	)
}
