/** The page that the cases drive: a client, what it was in, and nothing else. Its query says how the client is made. */
import { createClient, type Client } from '@gatehouse/client'
import { sessionCookie } from '@gatehouse/client/cookie'
import * as passkeys from '@gatehouse/client/passkeys'

declare global {
	interface Window {
		gh: Client
		states: string[]
		passkeys: typeof passkeys
	}
}

const query = new URLSearchParams(location.search)
window.passkeys = passkeys
window.gh = createClient({
	shareToken: !query.has('apart'),
	...(query.has('cookie') && { transport: sessionCookie }),
	onStepUp: async () => {
		if (query.has('unwilling')) return false
		const step = await window.gh.prove('', { password: 'violet hammer seventeen' })
		return step.status == 'complete'
	},
})
window.states = [window.gh.getState().status]
window.gh.subscribe(() => window.states.push(window.gh.getState().status))
window.gh.start()
