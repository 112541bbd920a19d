'use client'
import { isRefused } from '@gatehouse/next/client'
import { useState, useTransition } from 'react'
import { tidy } from '../posts/actions'

/** A button that everybody sees, and says what came of it. */
export function TidyButton() {
	const [answer, setAnswer] = useState('')
	const [busy, start] = useTransition()
	const click = () =>
		start(async () => {
			const done = await tidy()
			setAnswer(isRefused(done) ? `Refused: ${done.refused}` : `Removed ${done.removed}`)
		})
	return (
		<>
			<button type="button" disabled={busy} onClick={click}>
				Delete old posts
			</button>
			<output>{answer}</output>
		</>
	)
}
