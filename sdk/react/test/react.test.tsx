import { AuthError, type Client, type State } from '@gatehouse/client'
import { createTestClient, type Cast } from '@gatehouse/client/testing'
import { act, Component, StrictMode, Suspense, useEffect, useState, version, type ReactNode } from 'react'
import { createRoot, hydrateRoot, type Root } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createAuth } from '../src/index.js'
import { AuthProvider } from '../src/provider.js'
import { createStepUp } from '../src/step-up.js'

let root: Root | undefined
let place: HTMLElement
const problems: unknown[][] = []

beforeEach(() => {
	Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })
	problems.length = 0
	vi.spyOn(console, 'error').mockImplementation((...a) => void problems.push(a))
	vi.spyOn(console, 'warn').mockImplementation(() => {})
	document.body.innerHTML = '<div id="r"></div>'
	document.cookie = 'gh_left=; path=/; max-age=0'
	place = document.getElementById('r')!
})
afterEach(async () => {
	await act(async () => root?.unmount())
	root = undefined
	vi.restoreAllMocks()
})

const { AuthReady, RequireAuth, RequireRole, RequirePermission, SignedIn, SignedOut, useAuth } = createAuth()

async function show(client: Client, children: ReactNode) {
	root = createRoot(place)
	await act(async () => root!.render(<StrictMode><AuthProvider client={client}>{children}</AuthProvider></StrictMode>))
}

const text = () => place.textContent
const ada: Cast = { id: 'usr_1', email: 'ada@example.com', roles: ['editor'], permissions: ['posts:read', 'posts:delete:own'] }
const bob: Cast = { id: 'usr_2', email: 'bob@example.com' }

test(`in StrictMode a page asks once, waits without showing anything, and never goes back to waiting (BUG-39, WEB-07) on ${version}`, async () => {
	const t = createTestClient('loading')
	const asked = vi.spyOn(t.client, 'getState')
	const renew = vi.fn()
	t.client.subscribe(renew)
	const seen: string[] = []
	function Page() {
		seen.push(useAuth().status)
		return <p>in</p>
	}
	await show(t.client, <AuthReady loading="wait"><Page /></AuthReady>)
	expect(text()).toBe('wait')
	await act(() => t.become(ada))
	expect(text()).toBe('in')
	expect(renew).toHaveBeenCalledTimes(1)
	expect(asked).toHaveBeenCalled()
	await act(() => t.become({ ...ada }))
	expect(new Set(seen)).toEqual(new Set(['signed-in']))
	expect(problems).toEqual([])
})

test('a client for tests stands in for one with options, and is shown at once (TST-05)', async () => {
	const t = createTestClient({ name: 'Bob' })
	const { AuthProvider: Provider, client } = createAuth(t.client)
	expect(client).toBe(t.client)
	function Name() {
		return useAuth().user?.name ?? 'nobody'
	}
	root = createRoot(place)
	const seen: (string | null)[] = []
	await act(async () => {
		root!.render(<Provider><Name /></Provider>)
		t.client.subscribe(() => seen.push(text()))
	})
	expect([text(), seen]).toEqual(['Bob', []])
	await act(() => t.become(null))
	expect(text()).toBe('nobody')
})

test('what components remember outlives a renewal, and not another user (pitfall 13, 15)', async () => {
	const t = createTestClient(ada)
	const mounts: string[] = []
	function Counter() {
		const { user } = useAuth()
		const [n, set] = useState(0)
		const email = user!.email
		useEffect(() => void mounts.push(email), [email])
		return <button onClick={() => set(n + 1)}>{email} {n}</button>
	}
	root = createRoot(place)
	await act(async () => root!.render(<AuthProvider client={t.client}><RequireAuth onSignedOut={() => {}}><Counter /></RequireAuth></AuthProvider>))
	await act(async () => place.querySelector('button')!.click())
	expect(text()).toBe('ada@example.com 1')
	await act(() => t.become({ ...ada, name: 'Countess' }))
	expect(text()).toBe('ada@example.com 1')
	await act(() => t.become(bob))
	expect(text()).toBe('bob@example.com 0')
	expect(mounts).toEqual(['ada@example.com', 'bob@example.com'])
})

test('guards show to whom it may concern, and their fallback to the others (WEB-08, WEB-09, WEB-11)', async () => {
	const t = createTestClient(ada)
	await show(
		t.client,
		<>
			<RequireRole role={['admin', 'editor']} fallback="!">role </RequireRole>
			<RequireRole role="admin" fallback="no role ">!</RequireRole>
			<RequirePermission permission="posts:delete:own" fallback="!">own </RequirePermission>
			<RequirePermission permission="posts:delete" fallback="not all ">!</RequirePermission>
			<SignedIn>in</SignedIn>
			<SignedOut>out</SignedOut>
		</>,
	)
	expect(text()).toBe('role no role own not all in')
	await act(() => t.become({ ...ada, roles: ['admin'] }))
	expect(text()).toBe('role !own not all in')
})

test('who is not signed in is sent to sign in once, with the way back; a circle is told of (WEB-08, WEB-10, pitfall 7)', async () => {
	history.replaceState(null, '', '/posts/7?sort=new#comments')
	const ways: string[] = []
	for (let n = 1; n <= 4; n++) {
		const t = createTestClient(null)
		root = createRoot(place)
		await act(async () => root!.render(<StrictMode><AuthProvider client={t.client}><RequireAuth onSignedOut={to => ways.push(to)}>!</RequireAuth></AuthProvider></StrictMode>))
		await act(async () => new Promise(resume => setTimeout(resume)))
		expect(ways).toHaveLength(Math.min(n, 3))
		expect(text()).toBe(n > 3 ? 'Signing in comes back here without anybody signed in (REDIRECT_LOOP).' : '')
		await act(async () => root!.unmount())
	}
	expect(new Set(ways)).toEqual(new Set(['/posts/7?sort=new#comments']))
	expect(localStorage.length + sessionStorage.length).toBe(0)
})

test('where nobody can be asked that is said, and trying again helps', async () => {
	const t = createTestClient('unreachable')
	await show(t.client, <RequireAuth onSignedOut={() => {}}>in</RequireAuth>)
	expect(place.querySelector('[role=alert]')).toBeTruthy()
	const own = ({ error, retry }: { error: AuthError; retry: () => void }) => <button onClick={retry}>{error.code}</button>
	await act(async () => root!.render(<AuthProvider client={t.client}><AuthReady unreachable={own}>in</AuthReady></AuthProvider>))
	expect(text()).toBe('NETWORK')
	void t.become(ada)
	await act(async () => place.querySelector('button')?.click())
	expect(text()).toBe('in')
})

test('what a server knew is shown from the first, without a warning, and stays its own on the server (pitfall 12)', async () => {
	const t = createTestClient(ada)
	const initial: State = { status: 'signed-in', user: { id: 'usr_1', email: 'ada@example.com', name: 'Ada', roles: ['editor'] }, session: { id: 'ses_1', expiresAt: '2030-01-01T00:00:00Z' }, permissions: [], stale: false }
	const seen: (string | undefined)[] = []
	function Page() {
		const { user } = useAuth()
		seen.push(user?.email)
		return <RequireAuth>{user?.email}</RequireAuth>
	}
	const page = <AuthProvider client={t.client} initial={initial}><Page /></AuthProvider>
	const made = createTestClient(null).client
	place.innerHTML = renderToString(<AuthProvider client={made} initial={initial}><Page /></AuthProvider>)
	expect(text()).toBe('ada@example.com')
	root = await act(async () => hydrateRoot(place, page, { onRecoverableError: e => void problems.push([e]) }))
	expect(text()).toBe('ada@example.com')
	expect(new Set(seen)).toEqual(new Set(['ada@example.com']))
	expect(t.client.getState()).toMatchObject({ status: 'signed-in' })
	expect(problems).toEqual([])
})

test('a guard below a boundary that waits is no less a guard', async () => {
	const t = createTestClient(ada)
	let ready = () => {}
	const waiting = new Promise<void>(resolve => (ready = resolve))
	let done = false
	function Slow() {
		if (!done) throw waiting
		return <>in</>
	}
	await show(t.client, <Suspense fallback="wait"><RequireAuth><Slow /></RequireAuth></Suspense>)
	expect(text()).toBe('wait')
	done = true
	await act(async () => ready())
	expect(text()).toBe('in')
})

test('without a provider the hook says what is missing', async () => {
	class Boundary extends Component<{ children: ReactNode }, { said?: string }> {
		override state: { said?: string } = {}
		static getDerivedStateFromError = (e: Error) => ({ said: e.message })
		override render() {
			return this.state.said ?? this.props.children
		}
	}
	function Page() {
		return <>{useAuth().status}</>
	}
	root = createRoot(place)
	await act(async () => root!.render(<Boundary><Page /></Boundary>))
	expect(text()).toBe('useAuth() needs an <AuthProvider> above it')
})

/** What the dialog asks of the server, and what that answers. */
async function asking(answers: Record<string, () => Promise<object>>) {
	const t = createTestClient(ada)
	const asked: [string, object][] = []
	t.client.prove = (async (way = '', proof = {}) => {
		asked.push([way, proof])
		return answers[way]!()
	}) as Client['prove']
	const { onStepUp, StepUpDialog } = createStepUp()
	await show(t.client, <StepUpDialog />)
	return { asked, onStepUp, answers }
}

const refuse = (code: string, info = {}) => Promise.reject(new AuthError(code, 401, code, info))
const press = async (words: string) => act(async () => [...document.querySelectorAll('button')].find(b => b.textContent == words)!.click())
const enter = async (value: string) => {
	place.querySelector('input')!.value = value
	await press('Confirm')
}

test('the dialog asks by what the server names, says what went wrong, and lets the request go on', async () => {
	const { asked, onStepUp, answers } = await asking({
		'': async () => ({ status: 'mfa', methods: ['totp', 'password', 'smoke-signals'] }),
		password: () => refuse('INVALID_CREDENTIALS'),
	})
	let end: Promise<boolean>
	await act(async () => void (end = onStepUp({ maxAge: 300 })))
	expect(text()).toContain('Your password')
	expect(text()).not.toContain('smoke')
	await enter('wrong')
	expect(place.querySelector('[role=alert]')!.textContent).toBe('That was not right.')
	answers['password'] = () => refuse('RATE_LIMITED', { retryAfter: 7 })
	await enter('wrong')
	expect(place.querySelector('[role=alert]')!.textContent).toContain('7 s')
	await press('Authenticator app')
	answers['totp'] = async () => ({ status: 'complete' })
	await enter(' 123456 ')
	expect(await end!).toBe(true)
	expect(asked.at(-1)).toEqual(['totp', { code: '123456' }])
	expect(text()).toBe('')
	expect(problems).toEqual([])
})

test('a code that is sent is asked for once the server says so', async () => {
	const { asked, onStepUp } = await asking({
		'': async () => ({ status: 'mfa', methods: ['email-code'] }),
		'email-code': async () => ({ status: 'prompt', login: 'handle', prompt: {}, expiresIn: 300 }),
		'email-code/finish': async () => ({ status: 'complete' }),
	})
	let end: Promise<boolean>
	await act(async () => void (end = onStepUp({ acr: 'aal2' })))
	expect(text()).toContain('second proof')
	await enter('123456')
	expect(await end!).toBe(true)
	expect(asked.at(-1)).toEqual(['email-code/finish', { login: 'handle', code: '123456' }])
})

test('who cancels, by the button or by Escape, and a dialog that is not there, prove nothing', async () => {
	const { onStepUp } = await asking({ '': async () => ({ status: 'mfa', methods: ['password'] }) })
	for (const give of [() => press('Cancel'), () => act(async () => void place.querySelector('dialog')!.dispatchEvent(new Event('cancel')))]) {
		let end: Promise<boolean>
		await act(async () => void (end = onStepUp({})))
		await give()
		expect(await end!).toBe(false)
	}
	expect(await createStepUp().onStepUp({})).toBe(false)
	expect(console.warn).toHaveBeenCalled()
	let end: Promise<boolean>
	await act(async () => void (end = onStepUp({})))
	await act(async () => root!.render(null))
	expect(await end!).toBe(false)
})
