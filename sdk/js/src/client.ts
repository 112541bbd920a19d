/** The client: what an application holds in its hand. */
import { createFetch, type StepUp } from './fetch.js'
import { createRefresher } from './refresh.js'
import { safeReturnTo } from './return-to.js'
import { createPage } from './session.js'
import { createSignIn } from './sign-in.js'
import { holds, type App, type Permission, type Role, type State } from './state.js'
import { hint, refreshCookie, type MakeTransport } from './transport.js'
import { listen } from './wake.js'
import { createAsk } from './wire.js'

/** How a client is made. The zero value is right for pages on the origin of Gatehouse. */
export interface Options {
	/** Where the API is: '/auth' on this origin (the default), or 'https://id.example.com/auth' on the same site. */
	url?: string
	/** What keeps people signed in: a refresh cookie (the default), `sessionCookie` of @gatehouse/client/cookie, or `native(…)`. */
	transport?: MakeTransport
	/** More origins that may have the access token; that of the page and that of Gatehouse always may. */
	apiOrigins?: string[]
	/** The page to sign in on. The default is `login` beside the API, which is hosted. */
	loginPath?: string
	/** Runs when an API wants a newer or stronger proof; true once there is one. */
	onStepUp?: StepUp
	/** Whether tabs tell each other their tokens (the default); if not, each renews its own. */
	shareToken?: boolean
	/** Another fetch. */
	fetch?: typeof fetch
}

/** A client. It may live outside of every component, and be made on a server, where it knows nobody. */
export interface Client<T extends App = App> extends ReturnType<typeof createClient<T>> {}

/** Makes a client of an application whose roles and permissions T names. */
export function createClient<T extends App = App>(o: Options = {}) {
	const web = !!globalThis.document
	const base = (o.url ?? '/auth').replace(/\/$/, '')
	const at = (url: string) => new URL(url, web ? location.href : 'http://server.invalid').origin
	const origins = [at(''), at(base), ...(o.apiOrigins ?? [])]
	const near = web && at('') == at(base)

	const fetch: typeof globalThis.fetch = (...a) => (o.fetch ?? globalThis.fetch)(...a)
	const ask = createAsk(base, fetch, 15_000)
	const transport = (o.transport ?? refreshCookie)(near)
	const page = createPage('gatehouse:' + base, o.shareToken ?? true)
	const refresher = createRefresher(page, transport, ask, web || transport.mode == 'native')
	const carrying = createFetch(page, refresher, fetch, url => origins.includes(at(url)), o.onStepUp)
	const call = createAsk(base, carrying.fetch)
	page.changed = refresher.plan

	const getState = () => page.state as State<T>

	let users = 0
	let deaf = () => {}
	/** Begins: restores who is signed in, hears other tabs, renews. It is counted, so that it may run twice; what it returns ends it. */
	function start(): () => void {
		if (!users++) {
			if (web) {
				page.tabs.open() // two applications of one Node have nothing to tell each other
				deaf = listen(page, refresher, near)
			}
			refresher.restore().catch(() => {})
			refresher.run(true)
		}
		let ended = false
		return () => {
			if (ended) return
			ended = true
			queueMicrotask(() => {
				if (--users) return // somebody began anew at once, as StrictMode does
				page.tabs.close()
				deaf()
				refresher.run(false)
			})
		}
	}

	/**
	 * Signs out: here and in all tabs at once, then on the server. It throws where the server could not be told; then this
	 * page has forgotten, and tells it again and again for as long as it is open. `everywhere` ends the other sessions of
	 * the user first.
	 */
	async function signOut({ everywhere }: { everywhere?: boolean } = {}): Promise<void> {
		try {
			if (everywhere) await call('/logout-all', {})
		} finally {
			page.drop('signed-out')
			const { epoch } = page
			const secret = (await transport.forget?.()) ?? {}
			const tell = (): Promise<unknown> =>
				ask('/logout', secret, { keepalive: true }).catch(e => {
					// Not where somebody signed in since: it is their cookie by now.
					setTimeout(() => page.epoch == epoch && !hint() && tell().catch(() => {}), 9000)
					throw e
				})
			await tell()
		}
	}

	/** Takes what a server knows, in place of asking: before anything else, and in a browser only. */
	function hydrate(state: State) {
		if (!web || page.state.status != 'loading') return
		page.mark = hint()
		page.state = state
	}

	return {
		start,
		hydrate,
		/** Who is signed in, now. */
		getState,
		/** Calls a function after every change; what is returned ends that. */
		subscribe: page.subscribe,
		/** Waits for the first state to end. */
		ready: () => refresher.restore().then(getState, getState),
		/** The access token; it throws NO_CREDENTIALS where nobody is signed in. */
		getToken: refresher.getToken,
		/** Renews the token now, and with it user, roles and permissions. */
		refresh: () => refresher.refresh(true, false),
		/** fetch with the token for the origins that may have it, and stepUp, which lets the person prove again who they are. */
		...carrying,
		/** Asks Gatehouse itself, such as call('/me', undefined, { method: 'GET' }), with the token. */
		call,
		/** Whether the person may do something; guards hide, the API decides. */
		can(permission: Permission<T>) {
			const s = page.state
			return !!s.user && holds(s.permissions, permission)
		},
		/** Whether the person has one of these roles. */
		hasRole(...roles: Role<T>[]) {
			return !!page.state.user?.roles.some(r => roles.includes(r as Role<T>))
		},
		...createSignIn<T>(page, transport, ask, call),
		/** Goes to the page to sign in on, and back to a path of this origin. */
		goToLogin({ returnTo = location.href.slice(location.origin.length) } = {}) {
			const page = o.loginPath ?? base.replace(/auth$/, 'login')
			location.assign(page + '?returnTo=' + encodeURIComponent((at(page) == at('') ? '' : location.origin) + safeReturnTo(returnTo)))
		},
		signOut,
		/** What is needed to find a fault: no token, no address, no name. */
		debug: () => ({ ...page.state, user: !!page.state.user, left: page.token.left(), trail: page.trail }),
	}
}
