import Link from 'next/link'
import { requireUser } from '../../auth.server'

/** A page for whoever is signed in, with links that Next fetches ahead. */
export default async function Dashboard() {
	const user = await requireUser({ returnTo: '/dashboard' })
	return (
		<>
			<h1>Dashboard of {user.email}</h1>
			<p>Roles: {user.roles.join(', ')}</p>
			<ul>
				{Array.from({ length: 20 }, (_, i) => (
					<li key={i}>
						<Link href={`/dashboard/${i + 1}`}>Room {i + 1}</Link>
					</li>
				))}
			</ul>
		</>
	)
}
