/**
 * Asks again who somebody is, when an API wants a newer proof than there is: a dialog over whatever page is shown. The
 * request that was refused waits, and goes on by itself.
 */
import type { Step } from '@gatehouse/client'
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { client, type App } from '../auth.ts'
import { Problem } from './form.tsx'
import { Proof } from './proof.tsx'

let answer: ((proved: boolean) => void) | undefined // of the question that is asked
let tell = () => {}

/** Asks; true once there was a proof. It is the client's onStepUp, and asked once for all requests that wait. */
export function askAgain(): Promise<boolean> {
	return new Promise(resolve => {
		answer = proved => {
			answer = undefined
			tell()
			resolve(proved)
		}
		tell()
	})
}

function subscribe(changed: () => void) {
	tell = changed
	return () => {
		tell = () => {}
	}
}

export function StepUpDialog() {
	const asked = useSyncExternalStore(subscribe, () => answer)
	return asked ? <Dialog done={asked} /> : null
}

function Dialog({ done }: { done: (proved: boolean) => void }) {
	const dialog = useRef<HTMLDialogElement>(null)
	const [step, setStep] = useState<Step<App>>()
	const [error, setError] = useState<unknown>()
	useEffect(() => {
		dialog.current?.showModal()
		client.prove().then(setStep, setError) // without a way it answers which ones there are
	}, [])
	const next = (step: Step<App>) => (step.status == 'complete' ? done(true) : setStep(step))
	return (
		<dialog ref={dialog} aria-labelledby="again" onCancel={() => done(false)}>
			<h2 id="again">Is it you?</h2>
			<p>Prove once more who you are. It goes on right after.</p>
			<Problem error={error} />
			{step?.status == 'mfa' && <Proof key={step.login} methods={step.methods} login={step.login} say={client.prove} onStep={next} />}
			<button type="button" className="link" onClick={() => done(false)}>
				Not now
			</button>
		</dialog>
	)
}
