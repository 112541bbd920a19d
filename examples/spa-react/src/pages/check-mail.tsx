/** What comes after signing up: a mail. */
import { Link, useLocation } from 'react-router'

export function CheckMail() {
	const email = (useLocation().state as { email?: string } | null)?.email ?? 'your address'
	return (
		<section className="card">
			<h1>Check your mail</h1>
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
