/** Signing in: by password and perhaps a second factor, or by a passkey alone. */
import { AuthError, safeReturnTo, type Proof as Answer, type Step } from '@gatehouse/client'
import * as passkeys from '@gatehouse/client/passkeys'
import { useState } from 'react'
import { Link, Navigate, useLocation } from 'react-router'
import { AuthReady, client, useAuth, type App } from '../auth.ts'
import { work } from '../captcha.ts'
import { Field, Form } from '../parts/form.tsx'
import { Heading } from '../parts/heading.tsx'
import { Proof } from '../parts/proof.tsx'
import { Waiting } from '../parts/waiting.tsx'

export function SignIn() {
	const auth = useAuth()
	const from = (useLocation().state as { from?: unknown } | null)?.from
	if (auth.status == 'signed-in') return <Navigate to={safeReturnTo(from, '/posts')} replace />
	return (
		<AuthReady loading={<Waiting />}>
			<section className="card">
				<Heading>Sign in</Heading>
				{auth.status == 'signed-out' && <Why reason={auth.reason} />}
				<Ways />
				<p>
					<a href="/id/forgot">Forgot your password?</a>
				</p>
				<p>
					New here? <Link to="/sign-up">Sign up</Link>
				</p>
			</section>
		</AuthReady>
	)
}

/** Why somebody who was signed in is not any more. */
function Why({ reason }: { reason: string }) {
	const sentences: Record<string, string> = {
		'signed-out': 'You are signed out.',
		expired: 'Your session has run out.',
		revoked: 'Your session was ended on another device.',
		reused: 'Your session was ended, because somebody else may have used it.',
	}
	return sentences[reason] ? <p role="status">{sentences[reason]}</p> : null
}

/** The first step, and whatever Gatehouse wants next. Once the last one is done the state changes, and with it the page. */
function Ways() {
	const [step, setStep] = useState<Step<App>>()
	if (!step) return <First onStep={setStep} />
	return (
		<>
			<Next step={step} onStep={setStep} />
			{/* A sign-in under way is over after five minutes or five tries. */}
			<button type="button" className="link" onClick={() => setStep(undefined)}>
				Start over
			</button>
		</>
	)
}

type OnStep = (step: Step<App>) => void

function First({ onStep }: { onStep: OnStep }) {
	return (
		<>
			<Form send="Sign in" onSend={async fields => onStep(await byPassword(fields))}>
				<Field label="E-mail address" name="email" type="email" autoComplete="username" />
				<Field label="Password" name="password" type="password" autoComplete="current-password" />
			</Form>
			{passkeys.supported() && (
				<Form send="Use a passkey" quiet onSend={async () => onStep(await passkeys.signIn(client))} />
			)}
		</>
	)
}

function Next({ step, onStep }: { step: Step<App>; onStep: OnStep }) {
	if (step.status == 'mfa') return <Proof key={step.login} methods={step.methods} login={step.login} onStep={onStep} />
	// The rules of this blog demand no second factor. Where yours do, it is set up here: docs/explain/proofs.md.
	if (step.status == 'enroll') return <p role="alert">Signing in needs a second factor here, and you have none yet. Ask whoever runs this blog.</p>
	if (step.status == 'password-reset')
		return (
			<p role="alert">
				Your password must be changed first: <a href="/id/forgot">have a link sent</a>.
			</p>
		)
	return null
}

/** After many failures for an address Gatehouse wants work for another attempt. */
async function byPassword(fields: Answer): Promise<Step<App>> {
	try {
		return await client.signIn('password', fields)
	} catch (e) {
		if (!(e instanceof AuthError && e.code == 'CAPTCHA_REQUIRED')) throw e
		return client.signIn('password', { ...fields, captcha: await work() })
	}
}
