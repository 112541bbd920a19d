import { afterAll, beforeAll, expect, test } from 'vitest'
import { becomes, begun, call, renew, settled, signIn, Stage, state } from './stage.js'
import type { Fault } from './faults.js'

let stage: Stage
beforeAll(async () => void (stage = await Stage.set()))
afterAll(() => stage?.strike())

const renewal = ['/auth/refresh', '/auth/token']

for (const query of ['', 'cookie']) {
	const name = query || 'token'

	test(`${name}: no failure but that of the house's own word signs anybody out (WEB-04)`, async () => {
		const email = await stage.begin()
		const p = await (await stage.browser({ query })).tab()
		await signIn(p, email)
		const codes: [Fault, string][] = [['unavailable', 'UNAVAILABLE'], ['limited', 'RATE_LIMITED'], ['portal', 'NETWORK'], ['drop', 'NETWORK']]
		for (const [fault, code] of codes) {
			// Chromium sends a request again whose connection was closed: every attempt is to fail.
			stage.faults.weather = path => (renewal.includes(path) ? fault : undefined)
			expect(await renew(p), String(fault)).toBe(code)
			expect(await state(p), String(fault)).toMatchObject({ status: 'signed-in', stale: true })
			stage.faults.weather = () => undefined
			expect(await renew(p), String(fault)).toBe('ok')
			expect(await state(p), String(fault)).toMatchObject({ status: 'signed-in', stale: false })
		}
	})

	test(`${name}: a page that cannot reach the house knows nobody, says so, and finds out by itself`, async () => {
		const email = await stage.begin()
		const p = await (await stage.browser({ query })).tab()
		await signIn(p, email)
		stage.faults.weather = path => (renewal.includes(path) ? 'unavailable' : undefined)
		await p.reload()
		await begun(p)
		expect(await settled(p)).toBe('unreachable')
		stage.faults.passed = []
		expect(await call(p, 20)).toEqual(Array(20).fill('UNAVAILABLE')) // one cached refusal, no storm
		stage.faults.weather = () => undefined
		await becomes(p, 'signed-in')
		expect(await p.evaluate(() => window.states)).toEqual(['loading', 'unreachable', 'signed-in'])
	})

	test(`${name}: an answer that is delayed or whose request arrives twice harms nobody`, async () => {
		const email = await stage.begin()
		const p = await (await stage.browser({ query })).tab()
		await signIn(p, email)
		for (const fault of ['twice', { delay: 400 }, 'twice'] as Fault[]) {
			stage.faults.faults = renewal.map(path => ({ path, fault }))
			expect(await renew(p)).toBe('ok')
		}
		expect(await state(p)).toMatchObject({ status: 'signed-in', stale: false })
	})

	test(`${name}: signing out during a renewal wins over its late answer`, async () => {
		const email = await stage.begin()
		const p = await (await stage.browser({ query })).tab()
		await signIn(p, email)
		stage.faults.faults = renewal.map(path => ({ path, fault: { delay: 300 } }))
		await p.evaluate(async () => {
			const renewed = window.gh.refresh().catch(() => {})
			await new Promise(resume => setTimeout(resume, 50))
			await Promise.all([window.gh.signOut(), renewed])
		})
		expect(await state(p)).toMatchObject({ status: 'signed-out', reason: 'signed-out' })
		await p.reload()
		await begun(p)
		expect(await settled(p)).toBe('signed-out')
	})

	test(`${name}: signing in while another tab renews is not undone by the late answer`, async () => {
		const [ann, bob] = [await stage.begin(), `late.${name}@example.com`]
		stage.house.user(bob)
		const b = await stage.browser({ query })
		const [one, two] = [await b.tab(), await b.tab()]
		await signIn(one, ann)
		await becomes(two, 'signed-in')
		stage.faults.faults = renewal.map(path => ({ path, fault: { delay: 500 } }))
		const late = renew(two)
		await signIn(one, bob)
		await late
		await two.waitForFunction(email => window.gh.getState().user?.email == email, bob)
		expect([await renew(one), await renew(two)]).toEqual(['ok', 'ok'])
		for (const p of [one, two]) expect(await state(p)).toMatchObject({ status: 'signed-in', email: bob })
	})
}

test('a lost answer costs nobody a session, within the grace and after it', async () => {
	const email = await stage.begin()
	const p = await (await stage.browser()).tab()
	await signIn(p, email)
	for (const later of ['5s', '2m']) {
		stage.faults.weather = path => (path == '/auth/refresh' ? 'drop' : undefined)
		expect(await renew(p)).toBe('NETWORK')
		expect(await state(p)).toMatchObject({ status: 'signed-in', stale: true })
		stage.faults.weather = () => undefined
		await stage.house.clock(later)
		expect(await renew(p)).toBe('ok')
	}
	expect(await state(p)).toMatchObject({ status: 'signed-in', stale: false })
	expect(await call(p)).toEqual([200])
})

test('offline beyond the life of the token nobody is out, and it mends itself', async () => {
	const email = await stage.begin()
	const b = await stage.browser()
	const p = await b.tab()
	await signIn(p, email)
	await b.context.setOffline(true)
	expect(await renew(p)).toBe('OFFLINE')
	expect(await state(p)).toMatchObject({ status: 'signed-in', stale: true })
	await stage.house.clock('20m')
	await b.context.setOffline(false)
	await p.waitForFunction(() => 'stale' in window.gh.getState() && !(window.gh.getState() as { stale: boolean }).stale)
	expect(await call(p)).toEqual([200])
})
