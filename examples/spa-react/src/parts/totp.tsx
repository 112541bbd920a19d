/** Setting up an authenticator app: a secret for it, and its first code as the proof that it has it. */
import { useState } from 'react'
import { client } from '../auth.ts'
import { Field, Form } from './form.tsx'

interface Setup {
	secret: string
	/** An image that carries the secret. */
	qrDataUrl: string
}

export function Totp({ done }: { done: (backupCodes: string[]) => void }) {
	const [setup, begin] = useState<Setup>()
	return (
		<section className="card">
			<h2>Add an authenticator app</h2>
			{setup ? (
				<>
					<p>Scan this with the app, or type the key into it. Then enter the code that it shows.</p>
					<img className="qr" src={setup.qrDataUrl} alt="The key below, as a QR code" width="200" height="200" />
					<p>
						Key: <code>{setup.secret}</code>
					</p>
					<Form
						send="Confirm"
						onSend={async ({ code }) => {
							const { backupCodes } = await client.call<{ backupCodes: string[] }>('/2fa/verify-setup', { code })
							done(backupCodes)
						}}
					>
						<Field label="Code" name="code" inputMode="numeric" autoComplete="one-time-code" />
					</Form>
				</>
			) : (
				<Form send="Set up" onSend={async () => begin(await client.call<Setup>('/2fa/setup', {}))} />
			)}
		</section>
	)
}
