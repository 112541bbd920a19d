/** A form: its fields, what it does, and what went wrong. */
import { AuthError } from '@gatehouse/client'
import { useId, useState, type InputHTMLAttributes, type ReactNode } from 'react'

interface FormProps {
	/** Gets the fields by name. What it throws is shown. */
	onSend: (fields: Record<string, string>) => Promise<unknown>
	/** What the button says. */
	send: string
	/** Whether the button is not the first one of the page. */
	quiet?: boolean
	children?: ReactNode
}

export function Form({ onSend, send, quiet, children }: FormProps) {
	const [busy, setBusy] = useState(false)
	const [error, setError] = useState<unknown>()
	async function submit(data: FormData) {
		setBusy(true)
		setError(undefined)
		await onSend(Object.fromEntries(data) as Record<string, string>).catch(setError)
		setBusy(false)
	}
	return (
		<form
			onSubmit={e => {
				e.preventDefault()
				if (!busy) void submit(new FormData(e.currentTarget))
			}}
		>
			{children}
			<Problem error={error} />
			<button className={quiet ? undefined : 'primary'} aria-busy={busy}>
				{send}
			</button>
		</form>
	)
}

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
	label: string
	hint?: string
}

export function Field({ label, hint, ...input }: FieldProps) {
	const id = useId()
	return (
		<div className="field">
			<label htmlFor={id}>{label}</label>
			<input id={id} required aria-describedby={hint && id + 'hint'} {...input} />
			{hint && <small id={id + 'hint'}>{hint}</small>}
		</div>
	)
}

/** Says what went wrong. The sentences are those of the server; where no answer came there is one here. */
export function Problem({ error }: { error: unknown }) {
	if (!error) return null
	const told = error instanceof AuthError && error.status ? [error.message, ...Object.values(error.info.fields ?? {})].join(' ') : ''
	const code = error instanceof AuthError ? error.code : ''
	if (code == 'STEP_UP_CANCELLED') return null
	return (
		<p className="problem" role="alert">
			{told || (code.startsWith('PASSKEY') ? (error as Error).message : 'No answer came. Try again in a moment.')}
		</p>
	)
}
