'use client'
/** The dialog itself: the methods that the server names, one at a time, and what each asks for. */
import type { AuthError, Challenge, Client } from '@gatehouse/client'
import { prove as provePasskey, supported } from '@gatehouse/client/passkeys'
import { useEffect, useRef, useState, type FormEvent } from 'react'
import { useProvided } from './context.js'
import { names, type StepUpTexts } from './texts.js'

/** Who waits for a proof. */
export interface Asked {
	challenge: Challenge
	end: (proved: boolean) => void
}

/** The dialog while somebody waits for it. */
export function Dialog({ asked, texts }: { asked: Asked; texts: StepUpTexts }) {
	const { client } = useProvided()
	const dialog = useRef<HTMLDialogElement>(null)
	const [methods, setMethods] = useState<string[]>()
	const [chosen, choose] = useState<string>()
	const [error, setError] = useErrorUntilRetry()
	useEffect(() => {
		dialog.current?.showModal?.()
		return once(here =>
			client.prove().then(
				step => here() && setMethods(known('methods' in step ? step.methods : [])),
				e => here() && (setError(e), setMethods([])),
			),
		)
	}, [client, setError])
	const method = chosen ?? methods?.[0]
	return (
		<dialog ref={dialog} className="gatehouse-step-up" aria-labelledby="gatehouse-step-up-title" aria-busy={!methods} onCancel={() => asked.end(false)}>
			<h2 id="gatehouse-step-up-title">{texts.title}</h2>
			<p>{texts.reason(asked.challenge)}</p>
			{error && <p role="alert">{texts.error(error)}</p>}
			{method && <Ask key={method} client={client} method={method} texts={texts} waits={!!error?.info.retryAfter} done={() => asked.end(true)} failed={setError} />}
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

const known = (methods: string[]) => Object.keys(names).filter(name => methods.includes(name) && (name != 'passkey' || supported()))

/** What went wrong last. Too many attempts are over once the server hears another. */
function useErrorUntilRetry() {
	const [error, setError] = useState<AuthError>()
	useEffect(() => {
		if (!error?.info.retryAfter) return
		const timer = setTimeout(() => setError(undefined), error.info.retryAfter * 1000)
		return () => clearTimeout(timer)
	}, [error])
	return [error, setError] as const
}

/**
 * Begins what must not be begun twice, as StrictMode would: a code that is sent, an attempt that is counted. Returns how an effect
 * takes it back.
 */
function once(begin: (here: () => boolean) => void) {
	let here = true
	const timer = setTimeout(() => begin(() => here))
	return () => {
		here = false
		clearTimeout(timer)
	}
}

interface Asking {
	client: Client
	method: string
	texts: StepUpTexts
	/** Whether too many have been tried for now. */
	waits: boolean
	done: () => void
	failed: (e: AuthError | undefined) => void
}

/** One method: a button for a passkey, a field for the others, of which some send a code first. */
function Ask({ client, method, texts, waits, done, failed }: Asking) {
	const [busy, setBusy] = useState(false)
	const sends = method == 'email-code' || method == 'sms'
	const [codes, setCodes] = useState(1)
	const [login, setLogin] = useState('')
	useEffect(() => {
		if (sends) return once(here => client.prove(method).then(step => here() && 'login' in step && setLogin(step.login), e => here() && failed(e)))
	}, [client, method, sends, codes, failed])
	async function submit(e: FormEvent<HTMLFormElement>) {
		e.preventDefault()
		const text = String(new FormData(e.currentTarget).get('proof') ?? '')
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
			<button className="gatehouse-step-up-confirm" disabled={busy || waits || (sends && !login)}>
				{method == 'passkey' ? texts.method(method) : texts.confirm}
			</button>
			{sends && (
				<button type="button" disabled={busy || waits} onClick={() => (failed(undefined), setCodes(codes + 1))}>
					{texts.again}
				</button>
			)}
		</form>
	)
}

/** A code may be surrounded by what came along when it was copied; a password is what it is. */
function send(client: Client, method: string, text: string, login: string) {
	if (method == 'passkey') return provePasskey(client)
	if (method == 'password') return client.prove('password', { password: text })
	return login ? client.prove(method + '/finish', { login, code: text.trim() }) : client.prove(method, { code: text.trim() })
}
