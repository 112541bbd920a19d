'use client'
/**
 * The dialog in which somebody proves again who they are, when an API wants a newer or stronger proof. Requests wait behind it, all
 * behind one, and go on or are given up as it ends. It brings no styles: its parts have classes.
 */
import { AuthError, type Challenge, type Client, type StepUp } from '@gatehouse/client'
import { prove as provePasskey, supported } from '@gatehouse/client/passkeys'
import { useEffect, useRef, useState, useSyncExternalStore, type FormEvent, type ReactNode } from 'react'
import { useProvided } from './context.js'

/** What the dialog says. Every text can be replaced. */
export interface StepUpTexts {
	title: string
	/** Why it asks. */
	reason: (challenge: Challenge) => string
	/** The name of a method, by its name at the server. */
	method: (name: string) => string
	/** The label of what a method wants. */
	label: (name: string) => string
	/** What went wrong, by its code. */
	error: (e: AuthError) => string
	confirm: string
	cancel: string
	/** There is no way that this dialog knows. */
	none: string
}

const names: Record<string, string> = { passkey: 'Passkey', password: 'Password', totp: 'Authenticator app', 'backup-code': 'Backup code', 'email-code': 'Code by mail', sms: 'Code by text message' }

const english: StepUpTexts = {
	title: 'Confirm that it is you',
	reason: ({ acr }) => (acr == 'aal2' ? 'This needs a second proof.' : 'This needs a proof that is newer than yours.'),
	method: name => names[name] ?? name,
	label: name => (name == 'password' ? 'Your password' : 'The code'),
	error: ({ code, info }) => {
		if (info.retryAfter) return `Too many attempts. Try again in ${info.retryAfter} s.`
		if (/^(INVALID_CREDENTIALS|INVALID_CODE)$/.test(code)) return 'That was not right.'
		return code == 'PASSKEY_CANCELLED' ? 'The passkey was not used.' : `That did not work (${code}).`
	},
	confirm: 'Confirm',
	cancel: 'Cancel',
	none: 'Sign out and in again to do this.',
}

/** Who waits for a proof. */
interface Asked {
	challenge: Challenge
	end: (proved: boolean) => void
}

/** Makes a dialog and what opens it: `onStepUp` goes into the options of the client, the dialog anywhere below the provider. */
export function createStepUp(): { onStepUp: StepUp; StepUpDialog: (props: { texts?: Partial<StepUpTexts> }) => ReactNode } {
	let asked: Asked | undefined
	let dialogs = 0
	const listeners = new Set<() => void>()
	const set = (next: Asked | undefined) => {
		asked = next
		for (const tell of listeners) tell()
	}
	const subscribe = (tell: () => void) => {
		listeners.add(tell)
		return () => void listeners.delete(tell)
	}

	const onStepUp: StepUp = challenge =>
		new Promise(resolve => {
			if (!dialogs) {
				// eslint-disable-next-line no-console -- for whoever develops: the request fails, and nothing else says why
				console.warn('Gatehouse: a step-up is asked for, and no <StepUpDialog> is there to ask')
				return resolve(false)
			}
			const end = (proved: boolean) => {
				set(undefined)
				resolve(proved)
			}
			set({ challenge, end })
		})

	function StepUpDialog({ texts }: { texts?: Partial<StepUpTexts> }) {
		const now = useSyncExternalStore(subscribe, () => asked, () => undefined)
		useEffect(() => {
			dialogs++
			return () => {
				dialogs--
				queueMicrotask(() => !dialogs && asked?.end(false)) // nobody is left to ask
			}
		}, [])
		return now ? <Dialog asked={now} texts={{ ...english, ...texts }} /> : null
	}

	return { onStepUp, StepUpDialog }
}

function Dialog({ asked, texts }: { asked: Asked; texts: StepUpTexts }) {
	const { client } = useProvided()
	const dialog = useRef<HTMLDialogElement>(null)
	const [methods, setMethods] = useState<string[]>()
	const [chosen, choose] = useState<string>()
	const [error, setError] = useState<AuthError>()
	useEffect(() => {
		dialog.current?.showModal?.()
		let here = true
		client.prove().then(
			step => here && setMethods(order('methods' in step ? step.methods : [])),
			e => here && (setError(e), setMethods([])),
		)
		return () => {
			here = false
		}
	}, [client])
	const method = chosen ?? methods?.[0]
	return (
		<dialog ref={dialog} className="gatehouse-step-up" aria-labelledby="gatehouse-step-up-title" aria-busy={!methods} onCancel={() => asked.end(false)}>
			<h2 id="gatehouse-step-up-title">{texts.title}</h2>
			<p>{texts.reason(asked.challenge)}</p>
			{error && <p role="alert">{texts.error(error)}</p>}
			{method && <Ask key={method} client={client} method={method} texts={texts} done={() => asked.end(true)} failed={setError} />}
			{methods?.length == 0 && !error && <p>{texts.none}</p>}
			<div className="gatehouse-step-up-others">
				{methods?.filter(m => m != method).map(m => (
					<button key={m} type="button" onClick={() => (setError(undefined), choose(m))}>
						{texts.method(m)}
					</button>
				))}
				<button type="button" onClick={() => asked.end(false)}>
					{texts.cancel}
				</button>
			</div>
		</dialog>
	)
}

/** The methods that the dialog knows, the best first. */
function order(methods: string[]) {
	return Object.keys(names).filter(name => methods.includes(name) && (name != 'passkey' || supported()))
}

/** One method: a button for a passkey, a field for the others, of which some send a code first. */
function Ask({ client, method, texts, done, failed }: { client: Client; method: string; texts: StepUpTexts; done: () => void; failed: (e: AuthError | undefined) => void }) {
	const [busy, setBusy] = useState(false)
	const sends = method == 'email-code' || method == 'sms'
	const [login, setLogin] = useState('')
	useEffect(() => {
		let here = true
		if (sends) client.prove(method).then(step => here && 'login' in step && setLogin(step.login), e => here && failed(e))
		return () => {
			here = false
		}
	}, [client, method, sends, failed])
	async function submit(e: FormEvent<HTMLFormElement>) {
		e.preventDefault()
		const text = String(new FormData(e.currentTarget).get('proof') ?? '').trim()
		setBusy(true)
		failed(undefined)
		try {
			const step = await send(client, method, text, login)
			if (step.status == 'complete') return done()
		} catch (e) {
			failed(e as AuthError)
		}
		setBusy(false)
	}
	const password = method == 'password'
	return (
		<form onSubmit={submit} aria-busy={busy}>
			{method != 'passkey' && (
				<label>
					{texts.label(method)}
					<input name="proof" required autoFocus type={password ? 'password' : 'text'} inputMode={password || method == 'backup-code' ? undefined : 'numeric'} autoComplete={password ? 'current-password' : 'one-time-code'} />
				</label>
			)}
			<button className="gatehouse-step-up-confirm" disabled={busy || (sends && !login)}>
				{method == 'passkey' ? texts.method(method) : texts.confirm}
			</button>
		</form>
	)
}

function send(client: Client, method: string, text: string, login: string) {
	if (method == 'passkey') return provePasskey(client)
	if (method == 'password') return client.prove('password', { password: text })
	return login ? client.prove(method + '/finish', { login, code: text }) : client.prove(method, { code: text })
}
