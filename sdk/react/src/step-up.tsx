'use client'
/**
 * The dialog in which somebody proves again who they are, when an API wants a newer or stronger proof. Requests wait behind it, all
 * behind one, and go on or are given up as it ends. It brings no styles: its parts have classes.
 */
import type { StepUp } from '@gatehouse/client'
import { useEffect, useSyncExternalStore, type ReactNode } from 'react'
import { Dialog, type Asked } from './dialog.js'
import { english, type StepUpTexts } from './texts.js'

export type { StepUpTexts } from './texts.js'

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
