/** By what one signs in, and where one is signed in. */
import * as passkeys from '@gatehouse/client/passkeys'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../auth.ts'
import { Devices } from '../parts/devices.tsx'
import { Field, Form, Problem } from '../parts/form.tsx'
import { Heading } from '../parts/heading.tsx'
import { Totp } from '../parts/totp.tsx'
import { Waiting } from '../parts/waiting.tsx'

interface Credential {
	id?: string
	method: string
	label: string
	/** Of backup codes: how many are left. */
	remaining?: number
}

const names: Record<string, string> = { password: 'Password', totp: 'Authenticator app', passkey: 'Passkey', 'backup-code': 'Backup codes' }

export function Security() {
	const [codes, show] = useState<string[]>()
	const queries = useQueryClient()
	const { data, error, isPending } = useQuery({
		queryKey: ['credentials'],
		queryFn: () => client.call<{ items: Credential[] }>('/credentials', undefined, { method: 'GET' }).then(answer => answer.items),
	})
	/** Where the first second factor was set up there are backup codes with it. */
	const added = (codes?: string[]) => {
		if (codes?.length) show(codes)
		void queries.invalidateQueries({ queryKey: ['credentials'] })
	}
	return (
		<>
			<Heading>Security</Heading>
			{codes && <BackupCodes codes={codes} done={() => show(undefined)} />}
			<section className="card">
				<h2>How you sign in</h2>
				<Problem error={error} />
				{isPending && <Waiting />}
				<ul>
					{data?.map(({ id, method, label, remaining }) => (
						<li key={id ?? method}>
							{names[method] ?? method} <span className="quiet">{remaining ? `${remaining} left` : label}</span>
						</li>
					))}
				</ul>
			</section>
			{data && !data.some(one => one.method == 'totp') && <Totp done={added} />}
			{passkeys.supported() && (
				<section className="card">
					<h2>Add a passkey</h2>
					<Form send="Add a passkey" onSend={async ({ name = '' }) => added((await passkeys.register(client, { name })).backupCodes)}>
						<Field label="A name for it" name="name" defaultValue="This device" />
					</Form>
				</section>
			)}
			<Devices />
		</>
	)
}

function BackupCodes({ codes, done }: { codes: string[]; done: () => void }) {
	return (
		<section className="card" aria-labelledby="codes">
			<h2 id="codes">Your backup codes</h2>
			<p>Each is good once, in place of your authenticator app or passkey. They are shown now and never again: print them, or put them into your password manager.</p>
			<ol className="codes">
				{codes.map(code => (
					<li key={code}>
						<code>{code}</code>
					</li>
				))}
			</ol>
			<button type="button" className="primary" onClick={done}>
				I have kept them
			</button>
		</section>
	)
}
