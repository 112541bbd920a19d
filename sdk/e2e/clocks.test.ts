import { afterAll, beforeAll, expect, test } from 'vitest'
import { begun, call, settled, signIn, Stage, state } from './stage.js'

let stage: Stage
// The shortest life that leaves a page time to renew: the margin is a fifth of it.
beforeAll(async () => void (stage = await Stage.set(undefined, '--lifetime-access', '3s')))
afterAll(() => stage?.strike())

const skews = {
	'two hours ahead': () => {
		const real = Date.now
		Date.now = () => real() + 7_200_000
	},
	'two hours behind': () => {
		const real = Date.now
		Date.now = () => real() - 7_200_000
	},
}

for (const [name, before] of Object.entries(skews)) {
	test(`a clock that is ${name} makes no storm and serves no dead token`, async () => {
		const email = await stage.begin()
		const p = await (await stage.browser({ before })).tab()
		await signIn(p, email)
		stage.faults.reset()
		const began = performance.now()
		await expect.poll(() => stage.faults.renewals.length, { timeout: 10_000 }).toBe(2)
		expect(performance.now() - began).toBeGreaterThan(3_000) // two lives, less their margins
		expect(await call(p)).toEqual([200])
		expect(stage.faults.calls.map(c => c.status)).toEqual([200])
		expect(await state(p)).toMatchObject({ status: 'signed-in', stale: false })
	})
}

test('a clock that jumps while the page runs costs one renewal, then nothing', async () => {
	const email = await stage.begin()
	const p = await (await stage.browser()).tab()
	await signIn(p, email)
	stage.faults.reset()
	const tokens = await p.evaluate(async () => {
		const real = Date.now
		Date.now = () => real() + 7_200_000
		return new Set(await Promise.all(Array.from({ length: 20 }, () => window.gh.getToken()))).size
	})
	expect(tokens).toBe(1)
	expect(stage.faults.renewals).toHaveLength(1)
})

test('a hidden page renews nothing by itself, and does once it is shown; an idle person does not slide the session (pitfall 10)', async () => {
	const email = await stage.begin()
	const p = await (await stage.browser()).tab()
	await signIn(p, email)
	await p.evaluate(() => window.gh.refresh()) // to open a page is something that a person does: that is told now
	await p.evaluate(() => Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true }))
	stage.faults.reset()
	await p.waitForFunction(() => window.gh.debug().left < -1)
	expect(stage.faults.renewals).toEqual([])
	await p.evaluate(() => {
		delete (document as { visibilityState?: string }).visibilityState
		document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
	})
	await expect.poll(() => stage.faults.renewals.map(r => r.body)).toEqual(['{"active":false}'])
	await p.keyboard.press('a')
	await p.evaluate(() => window.gh.refresh())
	expect(stage.faults.renewals.at(-1)!.body).toBe('{"active":true}')
	expect(await state(p)).toMatchObject({ status: 'signed-in' })
})

test('a person who is at work in one tab is at work for the tab that renews', async () => {
	const email = await stage.begin()
	const b = await stage.browser()
	const [one, two] = [await b.tab(), await b.tab()]
	await signIn(one, email)
	await two.evaluate(() => window.gh.refresh())
	stage.faults.reset()
	await one.keyboard.press('a')
	await two.evaluate(() => window.gh.refresh())
	expect(stage.faults.renewals[0]!.body).toBe('{"active":true}')
})

test('a page of a session by cookie that nobody touches does not keep it alive', async () => {
	const email = await stage.begin()
	const p = await (await stage.browser({ query: 'cookie' })).tab()
	await signIn(p, email)
	await p.reload() // nothing was touched since
	await begun(p)
	await settled(p)
	stage.faults.reset()
	await p.waitForFunction(() => window.gh.debug().left < -1)
	expect(stage.faults.renewals).toEqual([])
	expect(await call(p)).toEqual([200])
	expect(stage.faults.renewals).toHaveLength(1)
})
