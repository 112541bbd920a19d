/** What comes after signing up: a mail. */
import { Link, useLocation } from 'react-router'
import { Heading } from '../parts/heading.tsx'

export function CheckMail() {
	const email = (useLocation().state as { email?: string } | null)?.email ?? 'your address'
	return (
		<section className="card">
			<Heading>Check your mail</Heading>
			<p>
				We have sent a link to <strong>{email}</strong>. Follow it, then <Link to="/sign-in">sign in</Link>.
			</p>
			{import.meta.env.MODE == 'development' && (
				<p>
					While you develop, no mail leaves this machine: <a href="/dev/outbox">here they are</a>.
				</p>
			)}
		</section>
	)
}
