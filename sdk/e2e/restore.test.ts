import { afterAll, beforeAll, expect, test } from 'vitest'
import { becomes, begun, call, settled, signIn, Stage, state, stored } from './stage.js'

let stage: Stage
beforeAll(async () => void (stage = await Stage.set()))
afterAll(() => stage?.strike())

for (const query of ['', 'cookie']) {
	const name = query || 'token'

	test(`${name}: an anonymous page asks nothing, a page that is opened again knows who it is, and nothing is stored (WEB-05, WEB-07, STO-01, STO-02, STO-07)`, async () => {
		const email = await stage.begin()
		const b = await stage.browser({ query })
		const p = await b.tab()
		const problems: string[] = []
		p.on('pageerror', e => problems.push(e.message))
		p.on('console', m => m.type() == 'error' && problems.push(m.text()))
		const before = await p.evaluate(() => Object.keys(window))
		expect(await settled(p)).toBe('signed-out')
		expect(stage.faults.passed).toEqual([])
		expect(await stored(p)).toBe(0)
		expect(await signIn(p, email)).toBe('complete')
		expect(await call(p)).toEqual([200])
		expect(await stored(p)).toBe(0)
		await p.reload()
		await begun(p)
		expect(await settled(p)).toBe('signed-in')
		expect(await p.evaluate(() => window.states)).toEqual(['loading', 'signed-in'])
		expect(await state(p)).toMatchObject({ email, stale: false })
		expect(await stored(p)).toBe(0)
		await p.evaluate(() => window.gh.signOut())
		expect(await state(p)).toMatchObject({ status: 'signed-out', reason: 'signed-out' })
		expect(await stored(p)).toBe(0)
		expect(await p.evaluate(() => Object.keys(window))).toEqual(before)
		expect(problems).toEqual([])
		await p.reload()
		stage.faults.passed = []
		await begun(p)
		expect(await settled(p)).toBe('signed-out')
		expect(stage.faults.passed).toEqual([])
	})

	test(`${name}: ten tabs at once are all in, and signing out in one is told to all (WEB-12)`, async () => {
		const email = await stage.begin()
		const b = await stage.browser({ query })
		await signIn(await b.tab(), email)
		const tabs = await Promise.all(Array.from({ length: 10 }, () => b.tab()))
		for (const p of tabs) expect(await settled(p)).toBe('signed-in')
		await tabs[0]!.evaluate(() => window.gh.signOut())
		await Promise.all(tabs.map(p => becomes(p, 'signed-out')))
		for (const p of tabs) expect(await state(p)).toMatchObject({ reason: 'signed-out' })
	})

	test(`${name}: another user who signs in elsewhere is whom this tab shows`, async () => {
		const [ann, bob] = [await stage.begin(), `bob.${name}@example.com`]
		stage.house.user(bob)
		const b = await stage.browser({ query })
		const [one, two] = [await b.tab(), await b.tab()]
		await signIn(one, ann)
		await becomes(two, 'signed-in')
		await signIn(one, bob)
		await two.waitForFunction(email => window.gh.getState().user?.email == email, bob)
		expect((await two.evaluate(() => window.gh.call<{ user: { email: string } }>('/me', undefined, { method: 'GET' }))).user.email).toBe(bob)
		expect(await two.evaluate(() => window.states.slice(1).every(s => s != 'loading'))).toBe(true)
	})

	// A browser throws a page out of its cache that is told something there, so that only a sign-out which tells nothing leaves it.
	for (const how of ['by the client', 'on a hosted page'] as const)
		test(`${name}: going back after signing out ${how} shows nobody (BUG-39, pitfall 15)`, async () => {
			const email = await stage.begin()
			const b = await stage.browser({ query })
			const p = await b.tab()
			await signIn(p, email)
			await p.evaluate(() => addEventListener('pageshow', e => Object.assign(window, { kept: e.persisted })))
			await p.goto(stage.faults.url + (how == 'by the client' ? '/other?' + query : '/login'))
			if (how == 'by the client') {
				await begun(p)
				expect(await settled(p)).toBe('signed-in')
				await p.evaluate(() => window.gh.signOut())
			} else expect(await p.evaluate(() => fetch('/auth/logout', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }).then(r => r.status))).toBe(200)
			await p.goBack({ waitUntil: 'commit' }) // what was kept is not loaded
			await begun(p)
			await becomes(p, 'signed-out')
			expect(await p.evaluate(() => (window as { kept?: boolean }).kept ?? false)).toBe(how == 'on a hosted page')
		})

	test(`${name}: who signs out without a network is forgotten here, and the server hears of it later (BUG-39)`, async () => {
		const email = await stage.begin()
		const b = await stage.browser({ query })
		const p = await b.tab()
		await signIn(p, email)
		await b.context.setOffline(true)
		expect(await p.evaluate(() => window.gh.signOut().then(() => '', e => e.code))).toBe('OFFLINE')
		expect(await state(p)).toMatchObject({ status: 'signed-out' })
		const again = await stage.browser({ query })
		await again.context.addCookies(await b.context.cookies())
		expect(await settled(await again.tab())).toBe('signed-out') // the mark is gone, though the cookie is not
		stage.faults.passed = []
		await b.context.setOffline(false)
		await expect.poll(() => stage.faults.passed.map(x => [x.path, x.status]), { timeout: 12_000 }).toEqual([['/auth/logout', 200]])
	})

	test(`${name}: a page that starts, stops and starts asks once (BUG-39)`, async () => {
		const email = await stage.begin()
		const b = await stage.browser({ query })
		const p = await b.tab()
		await signIn(p, email)
		await p.reload()
		await begun(p)
		await p.evaluate(async () => {
			for (let i = 0; i < 3; i++) window.gh.start()()
			const stop = window.gh.start()
			await Promise.resolve()
			stop()
			window.gh.start()
		})
		expect(await settled(p)).toBe('signed-in')
		expect(await call(p)).toEqual([200])
		expect(stage.faults.renewals).toHaveLength(1)
	})
}

test('a tab that is opened while another signs in is told of it', async () => {
	const email = await stage.begin()
	const b = await stage.browser()
	const one = await b.tab()
	stage.faults.faults = [{ path: '/auth/login', fault: { delay: 1500 } }]
	const under = signIn(one, email)
	const two = await b.tab()
	expect(await settled(two)).toBe('signed-out')
	await under
	await becomes(two, 'signed-in')
})
