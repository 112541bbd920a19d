/** The example and a browser, for the tests beside it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

const example = new URL('../../../examples/nextjs/scripts/stage.mjs', import.meta.url).href

/** What scripts/stage.mjs of the example has. */
interface Example {
	password: string
	serve(options: { app?: string; data: string; flags: string[] }): Promise<{ url: string; silence(): Promise<void>; resume(): Promise<void>; stop(): Promise<unknown> }>
}

/** A browser, and the example running. */
export type Stage = Awaited<ReturnType<typeof setUp>>

/** Starts both. GATEHOUSE_TEST_APP names a copy of the example that is built with another Next. */
export async function setUp() {
	const { serve, password } = (await import(example)) as Example
	const data = mkdtempSync(join(tmpdir(), 'gatehouse-next-'))
	const flags = ['--risk-mode', 'off', '--dev-no-limits', '--trusted-proxies', '127.0.0.0/8,::1/128', '--log-level', 'warn']
	const app = process.env.GATEHOUSE_TEST_APP
	const running = await serve({ data: join(data, 'house'), flags, ...(app && { app }) })
	const browser: Browser = await chromium.launch({ executablePath: process.env.GATEHOUSE_TEST_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
	const { url } = running

	/** A browser of somebody who is not signed in. */
	const someone = () => browser.newContext({ baseURL: url })

	/** Signs in by the page of Gatehouse, which this page shows. */
	async function prove(page: Page, email?: string) {
		if (email) await page.fill('#email', email)
		await page.fill('#password', password)
		await page.click('button.primary')
	}

	/** A browser that is signed in, and shows the dashboard. */
	async function signedIn(email: string): Promise<{ context: BrowserContext; page: Page }> {
		const context = await someone()
		const page = await context.newPage()
		await page.goto('/dashboard')
		await prove(page, email)
		await page.waitForURL('/dashboard')
		return { context, page }
	}

	return {
		...running,
		someone,
		prove,
		signedIn,
		password,
		async tearDown() {
			await browser.close()
			await running.stop()
			rmSync(data, { recursive: true, force: true })
		},
	}
}
