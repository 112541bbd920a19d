import { requireUser } from '../../../auth.server'

/** One of many pages for whoever is signed in. */
export default async function Room({ params }: { params: Promise<{ room: string }> }) {
	const { room } = await params
	const user = await requireUser()
	return (
		<h1>
			Room {room} of {user.email}
		</h1>
	)
}
