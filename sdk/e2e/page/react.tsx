/** An application of React as the cases drive it: guarded, with something to remember and something that needs a newer proof. */
import { sessionCookie } from '@gatehouse/client/cookie'
import { createAuth } from '@gatehouse/react'
import { createStepUp } from '@gatehouse/react/step-up'
import { StrictMode, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'

const stepUp = createStepUp()
const { client, AuthProvider, RequireAuth, RequirePermission, useAuth } = createAuth<{ permission: 'gatehouse:admin' }>({
	onStepUp: stepUp.onStepUp,
	...(location.href.includes('cookie') && { transport: sessionCookie }),
	loginPath: location.href.includes('circle') ? '/react/login' : '/login',
})
const shown: string[] = []
Object.assign(window, { gh: client, shown, states: [] })

function Page() {
	const { user, fetch } = useAuth()
	const [n, set] = useState(0)
	const [said, say] = useState('')
	const email = user!.email
	useEffect(() => {
		shown.push('mount ' + email)
		return () => void shown.push('unmount')
	}, [email])
	return (
		<main>
			<p id="who">{`${email} ${n}`}</p>
			<button id="count" onClick={() => set(n + 1)}>+</button>
			<button id="danger" onClick={() => void fetch('/api').then(r => say(String(r.status)), e => say(e.code))}>Delete</button>
			<output>{said}</output>
			<RequirePermission permission="gatehouse:admin" fallback={<i>no administrator</i>}><b>administrator</b></RequirePermission>
		</main>
	)
}

createRoot(document.getElementById('r')!).render(
	<StrictMode>
		<AuthProvider>
			<RequireAuth loading={<p>wait</p>}>
				<Page />
			</RequireAuth>
			<stepUp.StepUpDialog />
		</AuthProvider>
	</StrictMode>,
)
