import type { AuthError, State } from '@gatehouse/client'
import { createTestClient } from '@gatehouse/client/testing'
import { act, Component, StrictMode, Suspense, useEffect, useState, version, type ReactNode } from 'react'
import { createRoot, hydrateRoot } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { expect, test, vi } from 'vitest'
import { createAuth } from '../src/index.js'
import { AuthProvider } from '../src/provider.js'
import { ada, bob, problems, show, stage, text } from './stage.js'

const { AuthReady, RequireAuth, RequireRole, RequirePermission, SignedIn, SignedOut, useAuth } = createAuth()

test(`in StrictMode a page waits without showing anything, is told once, and never goes back to waiting (WEB-07) on ${version}`, async () => {
	const t = createTestClient('loading')
	const told = vi.fn()
	t.client.subscribe(told)
	const seen: string[] = []
	function Page() {
		seen.push(useAuth().status)
		return <p>in</p>
	}
	await show(t.client, <AuthReady loading="wait"><Page /></AuthReady>)
	expect(text()).toBe('wait')
	await act(() => t.become(ada))
	expect(text()).toBe('in')
	expect(told).toHaveBeenCalledTimes(1)
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
	stage.root = createRoot(stage.place)
	const seen: (string | null)[] = []
	await act(async () => {
		stage.root!.render(<Provider><Name /></Provider>)
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
	stage.root = createRoot(stage.place)
	await act(async () => stage.root!.render(<AuthProvider client={t.client}><RequireAuth onSignedOut={() => {}}><Counter /></RequireAuth></AuthProvider>))
	await act(async () => stage.place.querySelector('button')!.click())
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
		stage.root = createRoot(stage.place)
		await act(async () => stage.root!.render(<StrictMode><AuthProvider client={t.client}><RequireAuth onSignedOut={to => ways.push(to)}>!</RequireAuth></AuthProvider></StrictMode>))
		await act(async () => new Promise(resume => setTimeout(resume)))
		expect(ways).toHaveLength(Math.min(n, 3))
		expect(text()).toBe(n > 3 ? 'Signing in comes back here without anybody signed in (REDIRECT_LOOP).' : '')
		await act(async () => stage.root!.unmount())
	}
	expect(new Set(ways)).toEqual(new Set(['/posts/7?sort=new#comments']))
	expect(localStorage.length + sessionStorage.length).toBe(0)
})

test('where nobody can be asked that is said, and trying again helps', async () => {
	const t = createTestClient('unreachable')
	await show(t.client, <RequireAuth onSignedOut={() => {}}>in</RequireAuth>)
	expect(stage.place.querySelector('[role=alert]')).toBeTruthy()
	const own = ({ error, retry }: { error: AuthError; retry: () => void }) => <button onClick={retry}>{error.code}</button>
	await act(async () => stage.root!.render(<AuthProvider client={t.client}><AuthReady unreachable={own}>in</AuthReady></AuthProvider>))
	expect(text()).toBe('NETWORK')
	void t.become(ada)
	await act(async () => stage.place.querySelector('button')?.click())
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
	stage.place.innerHTML = renderToString(<AuthProvider client={made} initial={initial}><Page /></AuthProvider>)
	expect(text()).toBe('ada@example.com')
	stage.root = await act(async () => hydrateRoot(stage.place, page, { onRecoverableError: e => void problems.push([e]) }))
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
	stage.root = createRoot(stage.place)
	await act(async () => stage.root!.render(<Boundary><Page /></Boundary>))
	expect(text()).toBe('useAuth() needs an <AuthProvider> above it')
})
