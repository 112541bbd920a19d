/** What is below is for whoever is signed in. Everybody else goes to sign in, and comes back to where they wanted. */
import { Outlet, useNavigate } from 'react-router'
import { RequireAuth } from '../auth.ts'
import { Heading } from './heading.tsx'
import { Waiting } from './waiting.tsx'

export function Private() {
	const navigate = useNavigate()
	return (
		<RequireAuth
			loading={<Waiting />}
			unreachable={({ retry }) => <Unreachable retry={retry} />}
			onSignedOut={from => void navigate('/sign-in', { state: { from }, replace: true })}
		>
			<Outlet />
		</RequireAuth>
	)
}

/** Nobody knows who is signed in, because the house does not answer: that signs nobody out. */
function Unreachable({ retry }: { retry: () => void }) {
	return (
		<section className="card" role="alert">
			<Heading>No answer</Heading>
			<p>Whether you are signed in cannot be found out at the moment. It goes on by itself once the connection is back.</p>
			<button type="button" className="primary" onClick={retry}>
				Try again
			</button>
		</section>
	)
}
