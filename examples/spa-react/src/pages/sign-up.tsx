/** Signing up. The answer is the same whether or not somebody has the address: the mail tells its owner. */
import { Link, useNavigate } from 'react-router'
import { client } from '../auth.ts'
import { Field, Form } from '../parts/form.tsx'
import { Heading } from '../parts/heading.tsx'

export function SignUp() {
	const navigate = useNavigate()
	return (
		<section className="card">
			<Heading>Sign up</Heading>
			<Form
				send="Sign up"
				onSend={async ({ name = '', email = '', password = '' }) => {
					await client.signUp({ name, email, password })
					await navigate('/check-mail', { state: { email } })
				}}
			>
				<Field label="Name" name="name" autoComplete="name" />
				<Field label="E-mail address" name="email" type="email" autoComplete="username" />
				<Field label="Password" name="password" type="password" autoComplete="new-password" minLength={15} hint="At least 15 characters. A few words are fine." />
			</Form>
			<p>
				You have an account? <Link to="/sign-in">Sign in</Link>
			</p>
		</section>
	)
}
