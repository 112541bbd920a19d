import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Fault } from './faults.js'
import { renew, signIn, Stage, state } from './stage.js'

const seconds = 60
const life = 5

let stage: Stage
beforeAll(async () => void (stage = await Stage.set(undefined, '--lifetime-access', `${life}s`)))
afterAll(() => stage?.strike())

/** A fault for about one request in six, by numbers that come again with every run. */
function weather() {
	let seed = 20261126
	const next = () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff
	const faults: Fault[] = ['drop', 'twice', 'unavailable', 'limited', 'portal', { delay: 400 }]
	return (path: string) => (path == '/auth/refresh' && next() < 0.17 ? faults[Math.floor(next() * faults.length)] : undefined)
}

/** What a page does until it is told to stop: calls now and then, and renews. It counts what it saw. */
function work(page: Page, ms: number) {
	return page.evaluate(async ms => {
		const until = performance.now() + ms
		const seen = { calls: 0, refused: 0 }
		while (performance.now() < until) {
			await new Promise(resume => setTimeout(resume, 50 + Math.random() * 250))
			seen.calls++
			const status = await window.gh.fetch('/api').then(r => r.status, () => 0)
			if (status == 401) seen.refused++
			if (Math.random() < 0.05) await window.gh.refresh().catch(() => {})
		}
		return { ...seen, states: window.states }
	}, ms)
}

test(`eight tabs for ${seconds} s of faults and short tokens: nobody innocent is out, nothing runs in circles; then a thief is found (FLO-01)`, { timeout: 120_000 }, async () => {
	const email = await stage.begin()
	const b = await stage.browser()
	const tabs = await Promise.all(Array.from({ length: 8 }, () => b.tab()))
	await signIn(tabs[0]!, email)
	await Promise.all(tabs.map(p => p.waitForFunction(() => window.gh.getState().status == 'signed-in')))
	stage.faults.weather = weather()
	const seen = await Promise.all(tabs.map(p => work(p, seconds * 1000)))
	const renewals = stage.faults.renewals.length
	const calls = seen.reduce((n, s) => n + s.calls, 0)
	stage.faults.weather = () => undefined
	for (const s of seen) expect(s.states.slice(s.states.indexOf('signed-in')).filter(x => x != 'signed-in')).toEqual([])
	for (const p of tabs) expect(await state(p)).toMatchObject({ status: 'signed-in' })
	// A renewal for every life of a token, those that were asked for (one call in twenty), and as many again for faults.
	expect(renewals).toBeLessThan(2 * (seconds / (life * 0.8) + calls / 20) + 10)
	expect(stage.faults.calls.length).toBeLessThan(calls * 1.5)

	const loot = (await b.context.cookies(stage.faults.url + '/auth')).find(c => c.name == 'refresh')!.value
	await renew(tabs[0]!)
	await stage.house.clock('1m')
	await stage.house.ask('/auth/refresh', { json: {}, headers: { cookie: 'refresh=' + loot, 'user-agent': 'thief' } })
	await renew(tabs[1]!)
	await Promise.all(tabs.map(p => p.waitForFunction(() => window.gh.getState().status == 'signed-out')))
	expect(await state(tabs[1]!)).toMatchObject({ reason: 'reused' })
})
