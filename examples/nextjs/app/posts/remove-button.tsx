'use client'
import { isRefused } from '@gatehouse/next/client'
import { useState, useTransition } from 'react'
import { useAuth } from '../../auth.client'
import { remove } from './actions'
import { refusals } from './refusals'

/** A button that deletes a post. It is hidden from whoever may not, for comfort; the action decides. */
export function RemoveButton({ id, title }: { id: string; title: string }) {
	const { can } = useAuth()
	const [problem, setProblem] = useState('')
	const [busy, start] = useTransition()
	if (!can('posts:delete')) return null
	const click = () =>
		start(async () => {
			const answer = await remove(id)
			if (!isRefused(answer)) return
			// Too long ago that it was proved who it is: the page of Gatehouse asks, and comes back.
			if (answer.refused == 'STALE_TOKEN') location.assign('/id/step-up?returnTo=/posts')
			else setProblem(refusals[answer.refused])
		})
	return (
		<>
			<button type="button" aria-label={`Delete “${title}”`} disabled={busy} onClick={click}>
				Delete
			</button>
			{problem && <span role="alert">{problem}</span>}
		</>
	)
}
