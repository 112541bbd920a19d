'use client'
import { isRefused } from '@gatehouse/next/client'
import { useState, useTransition } from 'react'
import { tidy } from '../posts/actions'
import { refusals } from '../posts/refusals'

/** A button that everybody sees, and says what came of it. */
export function TidyButton() {
	const [answer, setAnswer] = useState('')
	const [busy, start] = useTransition()
	const click = () =>
		start(async () => {
			const done = await tidy()
			setAnswer(isRefused(done) ? refusals[done.refused] : `Posts deleted: ${done.removed}.`)
		})
	return (
		<>
			<button type="button" disabled={busy} onClick={click}>
				Keep only three posts
			</button>
			<output>{answer}</output>
		</>
	)
}
