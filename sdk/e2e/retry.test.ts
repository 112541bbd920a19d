import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, renew, settled, signIn, Stage, state } from './stage.js'

let stage: Stage
beforeAll(async () => void (stage = await Stage.set()))
afterAll(() => stage?.strike())

/** Lets every token be over, of which the browser knows nothing. */
const kill = () => stage.house.clock('20m')

for (const query of ['', 'cookie&']) {
	const name = query ? 'cookie' : 'token'

	// A session's cookie is idle for half an hour at most, so the clock of the house stays within.
	test(`${name}: eighty calls of ten tabs with a dead token are one renewal (WEB-02, WEB-03, BUG-38)`, async () => {
		const email = await stage.begin()
		const b = await stage.browser({ query })
		const tabs = await Promise.all(Array.from({ length: 10 }, () => b.tab()))
		await signIn(tabs[0]!, email)
		expect(await call(tabs[0]!)).toEqual([200])
		await Promise.all(tabs.map(p => p.waitForFunction(() => window.gh.getState().status == 'signed-in' && window.gh.debug().left > 60)))
		await kill()
		stage.faults.passed = []
		const answers = await Promise.all(tabs.map(p => call(p, 8)))
		expect(answers.flat()).toEqual(Array(80).fill(200))
		expect(stage.faults.renewals).toHaveLength(1)
	})

	test(`${name}: thirty calls of one tab with a dead token are one renewal (WEB-03)`, async () => {
		const email = await stage.begin()
		const p = await (await stage.browser({ query })).tab()
		await signIn(p, email)
		await call(p)
		await kill()
		stage.faults.passed = []
		expect(await call(p, 30)).toEqual(Array(30).fill(200))
		expect(stage.faults.renewals).toHaveLength(1)
	})

	test(`${name}: six tabs without locks or channel renew at once, and nobody is out`, async () => {
		const email = await stage.begin()
		const b = await stage.browser({
			query,
			before: () => {
				Object.defineProperty(navigator, 'locks', { value: undefined })
				Object.defineProperty(window, 'BroadcastChannel', { value: undefined })
			},
		})
		await signIn(await b.tab(), email)
		const tabs: Page[] = []
		while (tabs.length < 6) {
			const p = await b.tab()
			expect(await settled(p)).toBe('signed-in') // so that its first renewal overtakes nobody's, and is joined by none
			tabs.push(p)
		}
		stage.faults.weather = path => (/^\/auth\/(refresh|token)$/.test(path) ? { together: 6 } : undefined) // all with the same cookie
		for (let round = 0; round < 3; round++) expect(await Promise.all(tabs.map(renew))).toEqual(Array(6).fill('ok'))
		for (const p of tabs) expect(await state(p)).toMatchObject({ status: 'signed-in', stale: false })
	})
}

test('an API that always says TOKEN_EXPIRED is called twice and renewed for once; then nobody renews for it for a while (BUG-38)', async () => {
	const email = await stage.begin()
	const p = await (await stage.browser()).tab()
	await signIn(p, email)
	stage.faults.mood = 'poison'
	expect(await call(p)).toEqual([401])
	expect(stage.faults.calls).toHaveLength(2)
	expect(stage.faults.renewals).toHaveLength(1)
	expect(await call(p, 20)).toEqual(Array(20).fill(401))
	expect(stage.faults.renewals).toHaveLength(1)
	expect(await state(p)).toMatchObject({ status: 'signed-in' })
})

test('a 401 of somebody else changes nothing', async () => {
	const email = await stage.begin()
	const p = await (await stage.browser()).tab()
	await signIn(p, email)
	stage.faults.mood = 'foreign'
	expect(await call(p)).toEqual([401])
	expect(stage.faults.calls).toHaveLength(1)
	expect(stage.faults.renewals).toEqual([])
	expect(await state(p)).toMatchObject({ status: 'signed-in', stale: false })
})

test('bodies are sent again as they were: of an init, of a Request, of a form; a stream is sent once (WEB-02)', async () => {
	const email = await stage.begin()
	const p = await (await stage.browser()).tab()
	await signIn(p, email)
	const bodies = {
		init: () => window.gh.fetch('/api', { method: 'POST', body: '{"a":1}' }),
		request: () => window.gh.fetch(new Request('/api', { method: 'PUT', body: 'xyz' })),
		form: () => window.gh.fetch('/api', { method: 'POST', body: new URLSearchParams({ a: 'b' }) }),
	}
	const echoes = { init: '{"a":1}', request: 'xyz', form: 'a=b' }
	let offset = 0
	for (const [name, send] of Object.entries(bodies)) {
		await stage.house.clock(`${(offset += 20)}m`)
		stage.faults.calls = []
		const echo = await p.evaluate(`(${send})().then(r => r.json()).then(b => b.echo)`)
		expect(echo, name).toBe(echoes[name as keyof typeof echoes])
		expect(stage.faults.calls.map(c => c.status), name).toEqual([401, 200])
	}
	stage.faults.mood = 'poison'
	const stream = await p.evaluate(async () => {
		const seen: string[] = []
		const client = window.gh
		const real = window.fetch
		window.fetch = async input => {
			seen.push(new Request(input as Request).url)
			return new Response('{"code":"TOKEN_EXPIRED"}', { status: 401, headers: { 'content-type': 'application/json' } })
		}
		const body = new ReadableStream({ start: c => c.close() })
		const r = await client.fetch('/api', { method: 'POST', body, duplex: 'half' } as RequestInit)
		window.fetch = real
		return [r.status, seen.length]
	})
	expect(stream).toEqual([401, 1])
})

for (const query of ['', 'cookie'])
	test(`${query || 'token'}: who must prove again is asked once for all that wait, by the house itself, and each request is sent once more`, async () => {
	const email = await stage.begin()
	const p = await (await stage.browser({ query })).tab()
	await signIn(p, email)
	stage.faults.mood = 'stale'
	expect(await call(p)).toEqual([200])
	expect(stage.faults.calls.map(c => c.status)).toEqual([401, 200])
	expect(stage.faults.passed.map(x => x.path).filter(x => x.includes('step-up'))).toEqual(['/auth/step-up'])
	await stage.house.clock('10m') // a proof is fresh for five minutes
	const fresh = await p.evaluate(() =>
		Promise.all([1, 2, 3].map(() => window.gh.call<{ secret: string }>('/2fa/setup', {}).then(r => !!r.secret, e => e.code as string))),
	)
	expect(fresh).toEqual([true, true, true])
	expect(stage.faults.passed.filter(x => x.path == '/auth/step-up')).toHaveLength(2)
})

test('who does not want to prove it gets STEP_UP_CANCELLED, and stays signed in', async () => {
	const email = await stage.begin()
	const p = await (await stage.browser({ query: 'unwilling' })).tab()
	await signIn(p, email)
	stage.faults.mood = 'stale'
	expect(await call(p)).toEqual(['STEP_UP_CANCELLED'])
	expect(stage.faults.calls.map(c => c.status)).toEqual([401])
	expect(await state(p)).toMatchObject({ status: 'signed-in' })
})

test('a step-up that the house cannot answer fails as it does, and signs nobody out', async () => {
	const email = await stage.begin()
	const p = await (await stage.browser()).tab()
	await signIn(p, email)
	stage.faults.mood = 'stale'
	stage.faults.faults = [{ path: '/auth/step-up', fault: 'unavailable' }]
	expect(await call(p)).toEqual(['UNAVAILABLE'])
	expect(await state(p)).toMatchObject({ status: 'signed-in' })
})

test('a tab that holds the lock and hangs delays the others for five seconds, and no more (pitfall 2)', async () => {
	const email = await stage.begin()
	const b = await stage.browser()
	const [hung, p] = [await b.tab(), await b.tab()]
	await signIn(p, email)
	await hung.evaluate(() => new Promise<void>(held => void navigator.locks.request('gatehouse:/auth', () => (held(), new Promise(() => {})))))
	const began = Date.now()
	expect(await renew(p)).toBe('ok')
	expect(Date.now() - began).toBeGreaterThan(4_000)
	expect(Date.now() - began).toBeLessThan(15_000)
})

test('the token goes to no other origin, and roles that were granted meanwhile come silently (STO-06, WEB-15)', async () => {
	const email = await stage.begin()
	const p = await (await stage.browser()).tab()
	await signIn(p, email)
	const carried = await p.evaluate(async () => {
		const seen: (string | null)[] = []
		const real = window.fetch
		window.fetch = async input => {
			seen.push((input as Request).headers.get('authorization'))
			return new Response('{}')
		}
		for (const url of ['https://evil.example/', '//evil.example/api', 'http://localhost.evil.example/', 'http://localhost:1/']) await window.gh.fetch(url)
		await window.gh.fetch('/api')
		window.fetch = real
		return seen.map(s => !!s)
	})
	expect(carried).toEqual([false, false, false, false, true])
	const admin = 'root@example.com'
	stage.house.user(admin, 'admin')
	const a = await (await stage.browser()).tab()
	await signIn(a, admin)
	const { id } = await p.evaluate(() => window.gh.getState().user!)
	await a.evaluate(id => window.gh.call(`/../admin/api/users/${id}/roles`, { roles: ['admin'] }, { method: 'PUT' }), id)
	expect(await p.evaluate(() => window.gh.hasRole('admin'))).toBe(false)
	expect(await call(p)).toEqual([200]) // TOKEN_OUTDATED, renewed behind
	expect(await p.evaluate(() => [window.gh.hasRole('admin'), window.gh.can('gatehouse:admin')])).toEqual([true, true])
})
