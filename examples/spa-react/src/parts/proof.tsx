/** One more proof of who somebody is, by whichever way they choose of those that they have. */
import type { Step } from '@gatehouse/client'
import * as passkeys from '@gatehouse/client/passkeys'
import { useState } from 'react'
import { client, type App } from '../auth.ts'
import { Field, Form } from './form.tsx'

/** The ways that are known here, the best first, and how they are named. */
const ways = {
	passkey: 'Use a passkey',
	password: 'Use your password',
	totp: 'Use your authenticator app',
	'backup-code': 'Use a backup code',
}
type Way = keyof typeof ways

interface ProofProps {
	/** The ways that Gatehouse would take. */
	methods: string[]
	/** The handle of the sign-in under way. */
	login: string
	onStep: (step: Step<App>) => void
}

export function Proof({ methods, login, onStep }: ProofProps) {
	const offered = (Object.keys(ways) as Way[]).filter(way => methods.includes(way) && (way != 'passkey' || passkeys.supported()))
	const [chosen, choose] = useState<Way>()
	const way = chosen ?? offered[0]
	if (!way) return <p>None of your ways to prove who you are can be used here.</p>
	return (
		<>
			<Form
				key={way}
				send={way == 'passkey' ? ways.passkey : 'Continue'}
				onSend={async fields => onStep(await (way == 'passkey' ? passkeys.signIn(client, { login }) : client.signIn(way, { login, ...fields })))}
			>
				<Fields way={way} />
			</Form>
			{offered
				.filter(other => other != way)
				.map(other => (
					<button key={other} type="button" className="link" onClick={() => choose(other)}>
						{ways[other]}
					</button>
				))}
		</>
	)
}

function Fields({ way }: { way: Way }) {
	if (way == 'password') return <Field label="Password" name="password" type="password" autoComplete="current-password" autoFocus />
	if (way == 'totp') return <Field label="Code of your authenticator app" name="code" inputMode="numeric" autoComplete="one-time-code" autoFocus />
	if (way == 'backup-code') return <Field label="Backup code" name="code" autoComplete="off" autoFocus />
	return null
}
