/** The example in Chromium, as it is built for production: only there does Next fetch ahead and keep pages. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setUp, type Stage } from './stage.js'

let stage: Stage
beforeAll(async () => {
	stage = await setUp()
})
afterAll(() => stage?.tearDown())

/** In short: who gets in, who is taken for whom, whether cookies grow. The others are `more`. */
const short = !!process.env.GATEHOUSE_TEST_SHORT
const more = test.skipIf(short)
const loads = short ? 10 : 50

const ada = 'ada@example.com'
const bob = 'bob@example.com'

test('somebody signs in, is led back, and is never shown as signed out (WEB-14, WEB-15, STO-04, pitfalls 12 and 16)', async () => {
	const context = await stage.someone()
	const page = await context.newPage()
	await page.goto('/dashboard/7?x=1')
	expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/id/login?returnTo=%2Fdashboard%2F7%3Fx%3D1')
	await stage.prove(page, ada)
	await page.waitForURL('/dashboard/7?x=1')

	const complaints: string[] = []
	page.on('console', m => m.type() == 'error' && complaints.push(m.text()))
	page.on('pageerror', e => complaints.push(String(e)))
	const asked: string[] = []
	page.on('request', r => r.url().includes('/id/') && asked.push(r.url()))
	await page.addInitScript(() => {
		const seen = ((globalThis as { seen?: string[] }).seen = [] as string[])
		const look = () => seen.push([...document.querySelectorAll('nav a, #who')].map(e => e.textContent).join(' '))
		new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true })
	})
	await page.goto('/posts')
	await page.getByRole('button', { name: 'Delete “Post 1”' }).waitFor()
	const seen = await page.evaluate(() => (globalThis as { seen?: string[] }).seen!)
	expect(seen.some(s => s.includes(ada))).toBe(true)
	expect(seen.filter(s => s.includes('Sign in'))).toEqual([])
	expect(complaints).toEqual([])
	expect(asked).toEqual([])
	const html = await (await context.request.get('/posts')).text()
	expect(html).toContain(ada)
	expect(html).toContain('aria-label="Delete “Post 1”"')
	await context.close()
})

test(`cookies do not grow over ${loads} loads with twenty links that are fetched ahead (pitfalls 4 and 17)`, async () => {
	const { context, page } = await stage.signedIn(ada)
	const jar = async () => (await context.cookies()).map(c => `${c.name}=${c.value}`).sort()
	let ahead = 0
	let set = 0
	page.on('request', r => {
		if (r.headers()['next-router-prefetch'] && r.url().includes('/dashboard/')) ahead++
	})
	page.on('response', async r => {
		if (await r.headerValue('set-cookie')) set++
	})
	const before = await jar()
	await page.goto('/dashboard', { waitUntil: 'networkidle' })
	expect(ahead).toBeGreaterThanOrEqual(20)
	for (let i = 1; i < loads; i++) await page.goto('/dashboard')
	await page.waitForLoadState('networkidle')
	expect(await jar()).toEqual(before)
	expect(set).toBe(0)
	await context.close()

	const stranger = await stage.someone()
	const other = await stranger.newPage()
	for (let i = 0; i < 10; i++) await other.goto('/')
	await other.goto('/', { waitUntil: 'networkidle' })
	expect((await stranger.cookies()).filter(c => c.name != 'visit')).toEqual([])
	await stranger.close()
})

test('to get around the proxy gains nothing (WEB-18, CVE-2025-29927, pitfall 18)', async () => {
	for (const name of ['middleware', 'src/middleware', 'proxy', 'src/proxy']) {
		for (const cookie of ['', 'session=planted', 'session=planted; session=twice', '__Host-session=planted']) {
			const headers = { 'x-middleware-subrequest': Array(5).fill(name).join(':'), cookie }
			const r = await fetch(stage.url + '/dashboard', { headers, redirect: 'manual' })
			expect(r.status).toBe(307)
			expect(r.headers.get('location')).toContain('/id/login?returnTo=%2Fdashboard')
			expect(await r.text()).not.toContain('Dashboard of')
			const ahead = await fetch(stage.url + '/dashboard/3', { headers: { ...headers, rsc: '1', 'next-router-prefetch': '1' }, redirect: 'manual' })
			expect(await ahead.text()).not.toContain('Room')
		}
	}
})

test('an action whose page no matcher knows is refused to whoever may not (WEB-18, pitfall 18)', async () => {
	const stranger = await (await stage.someone()).newPage()
	const click = async (page: typeof stranger) => {
		await page.goto('/tidy')
		await page.getByRole('button', { name: 'Keep only three posts' }).click()
		await page.locator('output:not(:empty)').waitFor()
		return page.locator('output').textContent()
	}
	expect(await click(stranger)).toBe('Please sign in first.')
	const { page: his, context: bobs } = await stage.signedIn(bob)
	expect(await click(his)).toBe('You may not delete posts.')

	const { page: hers, context: adas } = await stage.signedIn(ada)
	const sent = hers.waitForRequest(r => !!r.headers()['next-action'])
	expect(await click(hers)).toBe('Posts deleted: 6.')
	const { 'next-action': action, 'content-type': type, ...rest } = (await sent).headers()
	const again = (cookie: string, to = '/tidy') =>
		fetch(stage.url + to, { method: 'POST', headers: { 'next-action': action!, 'content-type': type!, accept: rest.accept!, cookie }, body: '[]' }).then(r => r.text())
	expect(await again('')).toContain('NO_CREDENTIALS')
	expect(await again('session=planted', '/')).toContain('NO_CREDENTIALS')
	const cookies = await bobs.cookies()
	expect(await again(cookies.map(c => `${c.name}=${c.value}`).join('; '), '/')).toContain('INSUFFICIENT_PERMISSIONS')
	await his.goto('/posts')
	expect(await his.getByRole('button', { name: /^Delete/ }).count()).toBe(0)
	await Promise.all([stranger.context().close(), bobs.close(), adas.close()])
})

more('a proof that is too old is asked for again before what is dangerous', async () => {
	const { context, page } = await stage.signedIn(ada)
	const clock = (offset: string) => fetch(stage.url + '/id/dev/clock', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ offset }) })
	expect((await clock('10m')).status).toBeLessThan(300)
	try {
		await page.goto('/posts')
		await page.getByRole('button', { name: 'Delete “Post 2”' }).click()
		await page.waitForURL('/id/step-up?returnTo=/posts')
		await page.getByRole('link', { name: 'Password' }).click()
		await stage.prove(page)
		await page.waitForURL('/posts')
		await page.getByRole('button', { name: 'Delete “Post 2”' }).click()
		await page.getByText('Post 2').waitFor({ state: 'detached' })
	} finally {
		await clock('0')
		await context.close()
	}
})

test('two people at once are never taken for each other (WEB-16)', async () => {
	const [a, b] = await Promise.all([stage.signedIn(ada), stage.signedIn(bob)])
	const load = async (who: typeof a, mine: string, other: string, path: string) => {
		const html = await (await who.context.request.get(path)).text()
		expect(html).toContain(mine)
		expect(html).not.toContain(other)
	}
	const loads = Array.from({ length: 30 }, (_, i) => {
		const path = ['/dashboard', `/dashboard/${i}`, '/'][i % 3]!
		return [load(a, ada, bob, path), load(b, bob, ada, path)]
	})
	await Promise.all(loads.flat())
	await Promise.all([a.context.close(), b.context.close()])
})

for (const how of ['kept by the router', 'kept by the browser'] as const) {
	more(`what was seen is gone after a sign-out and Back, where it was ${how} (pitfall 15)`, async () => {
		const { context, page } = await stage.signedIn(ada)
		if (how == 'kept by the router') {
			await page.getByRole('link', { name: 'Home' }).click()
			await page.waitForURL('/')
		} else await page.goto('/')
		await page.getByRole('button', { name: 'Sign out' }).click()
		await page.getByRole('link', { name: 'Sign in' }).waitFor()
		await expect.poll(async () => (await context.cookies()).filter(c => c.name == 'session')).toEqual([])
		await page.goBack({ waitUntil: 'commit' })
		await page.waitForURL(/\/id\/login/)
		expect(await page.getByText('Dashboard of').count()).toBe(0)
		await context.close()
	})
}

more('pages are rendered anew when another tab signs in or out (vercel/next.js 54766)', async () => {
	const context = await stage.someone()
	const first = await context.newPage()
	await first.goto('/', { waitUntil: 'networkidle' })
	const second = await context.newPage()
	await second.goto('/dashboard')
	await stage.prove(second, ada)
	await second.waitForURL('/dashboard')

	const rendered = first.waitForResponse(r => r.url().includes('_rsc') && new URL(r.url()).pathname == '/')
	await first.evaluate(() => dispatchEvent(new Event('pageshow'))) // looking at the tab again
	await first.locator('#who').waitFor()
	expect((await rendered).status()).toBe(200)
	await first.getByRole('link', { name: 'Dashboard' }).click()
	await first.getByText('Dashboard of ' + ada).waitFor()

	let renderings = 0
	first.on('request', r => {
		if (new URL(r.url()).pathname == '/dashboard' && !r.headers()['next-router-prefetch']) renderings++
	})
	await second.getByRole('button', { name: 'Sign out' }).click()
	await first.waitForURL(/\/id\/login/)
	expect(renderings).toBeLessThanOrEqual(4) // once, and again where Gatehouse was told later than this tab
	expect(renderings).toBeGreaterThan(0)
	await context.close()
})

more('where Gatehouse cannot be reached nobody is signed out, and nobody let in (pitfall 5)', async () => {
	const { context, page } = await stage.signedIn(ada)
	const before = await context.cookies()
	await stage.silence()
	try {
		await page.goto('/dashboard')
		await page.getByRole('heading', { name: 'The sign-in service cannot be reached' }).waitFor()
		expect(await page.getByRole('link', { name: 'Sign in' }).count()).toBe(0)
		expect(await page.getByText('Dashboard of').count()).toBe(0)
		await page.goto('/tidy')
		await page.getByRole('button', { name: 'Keep only three posts' }).click()
		await page.getByText('The sign-in service cannot be reached. Please try again.').waitFor()
		const api = await context.request.get('/id/auth/me')
		expect([api.status(), (await api.json()).code]).toEqual([503, 'UNAVAILABLE'])
		await page.goto('/dashboard')
	} finally {
		await stage.resume()
	}
	expect(await context.cookies()).toEqual(before)
	await page.getByRole('button', { name: 'Try again' }).click()
	await page.getByText('Dashboard of ' + ada).waitFor()
	await page.locator('#who').waitFor()
	await context.close()
})

more('a sign-out that Gatehouse was not told of says so, and can be tried again', async () => {
	const { context, page } = await stage.signedIn(ada)
	const sessions = async () => (await context.cookies()).filter(c => c.name == 'session').length
	await page.goto('/')
	await stage.silence()
	try {
		await page.getByRole('button', { name: 'Sign out' }).click()
		await page.getByText('could not be told that you signed out').waitFor()
	} finally {
		await stage.resume()
	}
	expect(await sessions()).toBe(1)
	await page.getByRole('button', { name: 'Try again' }).click()
	await expect.poll(sessions).toBe(0)
	expect(await page.getByText('could not be told').count()).toBe(0)
	await context.close()
})

more('Gatehouse sees the browser behind the application: its address, its origin, its cookies apart', async () => {
	const front = { 'x-forwarded-for': '198.51.100.9, 203.0.113.7', 'user-agent': 'Front/1' } // as what ends TLS writes it
	const json = { ...front, 'content-type': 'application/json' }
	const body = JSON.stringify({ email: ada, password: stage.password, mode: 'cookie' })
	const signIn = (headers: Record<string, string>) => fetch(stage.url + '/id/auth/login', { method: 'POST', headers: { ...json, ...headers }, body })
	const r = await signIn({})
	expect(r.status).toBe(200)
	const set = r.headers.getSetCookie()
	expect(set.filter(c => /^(session|gh_hint)=[^;,]+; Path=\/; /.test(c)).length).toBe(2)
	const cookie = set.map(c => c.split(';')[0]).join('; ')
	const { items } = (await (await fetch(stage.url + '/id/auth/sessions', { headers: { ...front, cookie } })).json()) as { items: { current: boolean; ip: string }[] }
	expect(items.find(s => s.current)?.ip).toBe('203.0.113.7')

	expect((await signIn({ origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' })).status).toBe(403)
	const unproved = await fetch(stage.url + '/id/auth/logout-all', { method: 'POST', headers: { ...json, cookie }, body: '{}' })
	expect([unproved.status, ((await unproved.json()) as { code: string }).code]).toEqual([403, 'INVALID_CSRF'])
})
