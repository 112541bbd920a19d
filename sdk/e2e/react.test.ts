import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { passphrase } from './house.js'
import { signIn, Stage, stored } from './stage.js'

let stage: Stage
beforeAll(async () => void (stage = await Stage.set({ '/page.js': 'page/page.ts', '/react.js': 'page/react.tsx' })))
afterAll(() => stage?.strike())

const shown = (p: Page) => p.evaluate(() => (window as unknown as { shown: string[] }).shown)

/** Somebody who signed in on another page, in the application. */
async function inside(...roles: string[]) {
	const email = await stage.begin(...roles)
	const b = await stage.browser()
	await signIn(await b.tab(), email)
	const p = await b.context.newPage()
	const problems: string[] = []
	p.on('pageerror', e => problems.push(e.message))
	p.on('console', m => m.type() == 'error' && !m.text().startsWith('Failed to load resource') && problems.push(m.text()))
	stage.faults.reset()
	await p.goto(stage.faults.url + '/react?a=b#c')
	await p.waitForSelector('#who')
	return { b, p, email, problems }
}

test('a reload in StrictMode is one renewal, and shows neither nobody nor a way to sign in (BUG-39, WEB-05, WEB-07)', async () => {
	const { p, email, problems } = await inside()
	expect(stage.faults.renewals).toHaveLength(1)
	await p.addInitScript(() => {
		const seen = ((window as unknown as { seen: string[] }).seen = [] as string[])
		new MutationObserver(() => seen.push(document.getElementById('r')?.textContent ?? '')).observe(document, { subtree: true, childList: true, characterData: true })
	})
	await p.reload()
	await p.waitForSelector('#who')
	const seen = await p.evaluate(() => (window as unknown as { seen: string[] }).seen.filter(Boolean))
	expect(new Set(seen.map(s => (s.startsWith(email) ? 'in' : s)))).toEqual(new Set(['wait', 'in']))
	expect(await stored(p)).toBe(0)
	expect(problems).toEqual([])
})

test('what a page remembers outlives a renewal; another user begins anew, and nothing of the first is left (pitfall 13, 15)', async () => {
	const { b, p, email } = await inside()
	await p.click('#count')
	await p.evaluate(() => window.gh.refresh())
	expect(await p.textContent('#who')).toBe(email + ' 1')
	const bob = 'bob.react@example.com'
	stage.house.user(bob, 'admin')
	await signIn(await b.tab(), bob)
	await p.waitForFunction(bob => document.getElementById('who')?.textContent == bob + ' 0', bob)
	expect(await p.textContent('b')).toBe('administrator')
	expect((await shown(p)).slice(-2)).toEqual(['unmount', 'mount ' + bob])
})

test('who is not signed in goes to the hosted page with the way back, query and fragment too (WEB-08, WEB-10)', async () => {
	await stage.begin()
	const p = await (await stage.browser()).context.newPage()
	await p.goto(stage.faults.url + '/react?x=1#h')
	await p.waitForURL('**/login?*')
	expect(new URL(p.url()).searchParams.get('returnTo')).toBe('/react?x=1#h')
	expect(await p.title()).toContain('Sign in')
})

test('five lines suffice: whoever signs in on the hosted page comes back and is in, and a reload asks nothing of them (WEB-08, WEB-10)', async () => {
	const email = await stage.begin()
	const p = await (await stage.browser()).context.newPage()
	await p.goto(stage.faults.url + '/react?cookie&x=1#h')
	await p.waitForURL('**/login?*')
	await p.fill('input[name=email]', email)
	await p.fill('input[name=password]', passphrase)
	await p.keyboard.press('Enter')
	await p.waitForSelector('#who')
	expect(p.url()).toBe(stage.faults.url + '/react?cookie&x=1#h')
	await p.reload()
	await p.waitForSelector('#who')
	expect(await p.textContent('#who')).toBe(email + ' 0')
	expect(await stored(p)).toBe(0)
})

test('a page to sign in on that comes back without anybody is left three times, then told of (BUG-38)', async () => {
	await stage.begin()
	const p = await (await stage.browser()).context.newPage()
	let pages = 0
	p.on('framenavigated', () => pages++)
	await p.goto(stage.faults.url + '/react?circle')
	// The page to sign in on is the application again, as where its own route is guarded by mistake.
	await p.waitForFunction(() => document.body.textContent?.includes('REDIRECT_LOOP'), undefined, { timeout: 15_000 })
	expect(pages).toBeLessThanOrEqual(4)
	expect(await stored(p)).toBe(0)
})

test('the dialog proves it by password, and the request that waited goes on; who cancels stays signed in', async () => {
	const { p, problems } = await inside()
	stage.faults.mood = 'stale'
	await p.click('#danger')
	await p.waitForSelector('dialog[open] input[type=password]')
	expect(await p.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('proof')
	await p.fill('dialog input', 'wrong')
	await p.click('.gatehouse-step-up-confirm')
	await p.waitForSelector('dialog [role=alert]')
	await p.fill('dialog input', passphrase)
	await p.click('.gatehouse-step-up-confirm')
	await p.waitForFunction(() => document.querySelector('output')?.textContent == '200')
	expect(await p.$('dialog')).toBeNull()
	stage.faults.mood = 'stale'
	await p.click('#danger')
	await p.waitForSelector('dialog[open]')
	await p.keyboard.press('Escape')
	await p.waitForFunction(() => document.querySelector('output')?.textContent == 'STEP_UP_CANCELLED')
	expect(await p.evaluate(() => window.gh.getState().status)).toBe('signed-in')
	expect(problems).toEqual([])
})
