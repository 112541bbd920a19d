/** Everything that a case needs: a house, the faults before it, and a Chromium; and what cases ask of a page. */
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { Faults } from './faults.js'
import { open, passphrase, type House } from './house.js'

/** How a browser is opened. */
export interface Opened {
	/** The query of the page: "cookie", "apart". */
	query?: string
	/** Runs in every page before the page's own script. */
	before?: () => void
}

/** The stage. */
export class Stage {
	private people = 0
	private contexts: BrowserContext[] = []

	private constructor(
		readonly house: House,
		readonly faults: Faults,
		readonly chromium: Browser,
	) {}

	/** Sets it up, with flags for the house. */
	static async set(entries: Record<string, string> = { '/page.js': 'page/page.ts' }, ...flags: string[]): Promise<Stage> {
		const faults = await Faults.listen(entries)
		const house = await open(faults.url, ...flags)
		faults.house = house.port
		const path = process.env.GATEHOUSE_TEST_CHROMIUM ?? '/usr/bin/chromium'
		// Playwright turns off the cache of pages for Back and Forward, which people have.
		const launch = { executablePath: path, args: ['--no-sandbox', '--disable-gpu'], ignoreDefaultArgs: ['--disable-back-forward-cache'] }
		return new Stage(house, faults, await chromium.launch(launch))
	}

	async strike() {
		await this.chromium.close()
		await this.house.stop()
		await this.faults.close()
	}

	/** Begins a case with somebody new. */
	async begin(...roles: string[]): Promise<string> {
		for (const c of this.contexts.splice(0)) await c.close()
		await this.house.clock('0')
		this.faults.reset()
		const email = `person${++this.people}@example.com`
		this.house.user(email, ...roles)
		return email
	}

	/** Opens another browser, with cookies of its own. */
	async browser({ query = '', before }: Opened = {}): Promise<Visitor> {
		const context = await this.chromium.newContext()
		this.contexts.push(context)
		if (before) await context.addInitScript(before)
		return new Visitor(this.faults.url + '/?' + query, context)
	}
}

/** A browser of somebody. */
export class Visitor {
	constructor(
		readonly url: string,
		readonly context: BrowserContext,
	) {}

	/** Opens a tab, in which the client has begun. */
	async tab(): Promise<Page> {
		const page = await this.context.newPage()
		await page.goto(this.url)
		await begun(page)
		return page
	}
}

/** Waits for the client of a page. */
export const begun = (page: Page) => page.waitForFunction(() => !!window.gh)

/** Signs in, and says how far that came. */
export const signIn = (page: Page, email: string) =>
	page.evaluate(([email, password]) => window.gh.signIn('password', { email: email!, password: password! }).then(s => s.status), [email, passphrase])

/** The state of a page, once it is no longer the first. */
export const settled = (page: Page) => page.evaluate(() => window.gh.ready().then(s => s.status))

/** The state of a page now, with what it says of itself. */
export const state = (page: Page) =>
	page.evaluate(() => {
		const s = window.gh.getState()
		return { status: s.status, ...('reason' in s && { reason: s.reason }), ...('stale' in s && { stale: s.stale, permissions: s.permissions }), email: s.user?.email }
	})

/** Waits until a page is in a state. */
export const becomes = (page: Page, status: string) => page.waitForFunction(s => window.gh.getState().status == s, status, { polling: 10, timeout: 10_000 })

/** Calls the API n times at once, and returns the statuses or codes. */
export const call = (page: Page, n = 1) =>
	page.evaluate(n => Promise.all(Array.from({ length: n }, () => window.gh.fetch('/api').then(r => r.status as number | string, e => e.code as string))), n)

/** Renews, and returns "ok" or a code. */
export const renew = (page: Page) => page.evaluate(() => window.gh.refresh().then(() => 'ok', e => e.code as string))

/** How much is in storage of any kind. */
export const stored = (page: Page) =>
	page.evaluate(async () => localStorage.length + sessionStorage.length + (await indexedDB.databases()).length + (await caches.keys()).length)
