/** A person at a browser: what they do on the pages, and what must hold on every one of them. */
import axe from 'axe-core'
import { createHmac } from 'node:crypto'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject } from 'vitest'

export const origin = inject('origin')
export const password = 'correct horse battery'

let browser: Browser

beforeAll(async () => {
	browser = await chromium.launch({ executablePath: process.env.GATEHOUSE_TEST_CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] })
})
afterAll(() => browser.close())

/** By how many minutes the clock of the server has been moved, here and in the files before. */
const moved = async () => Number(await (await fetch(origin + '/dev/clock')).text())

/** Moves the clock of the server on. */
export async function advance(minutes: number) {
	expect((await fetch(`${origin}/dev/clock?offset=${(await moved()) + minutes}m`, { method: 'POST' })).status).toBe(204)
}

/** The code that an authenticator app shows now (RFC 6238). */
export async function code(secret: string): Promise<string> {
	const bits = [...secret].map(c => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
	const key = Buffer.from(bits.match(/.{8}/g)!.map(byte => parseInt(byte, 2)))
	const counter = Buffer.alloc(8)
	counter.writeBigUInt64BE(BigInt(Math.floor((Date.now() / 1000 + (await moved()) * 60) / 30)))
	const mac = createHmac('sha1', key).update(counter).digest()
	return String((mac.readUInt32BE(mac.at(-1)! & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** The link in the newest mail to somebody. */
export async function mailed(email: string): Promise<string> {
	for (const end = Date.now() + 10_000; Date.now() < end; ) {
		const mails = (await (await fetch(origin + '/dev/outbox', { headers: { accept: 'application/json' } })).json()) as { to: string; links: string[] }[]
		const link = mails.find(mail => mail.to.includes(email))?.links[0]
		if (link) return link
		await new Promise(resume => setTimeout(resume, 50))
	}
	throw new Error('no mail for ' + email)
}

const check = `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] })
	.then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' ')))`

/** One browser of one person. */
export class Person {
	/** What went wrong on the pages, apart from answers that say no. */
	readonly wrongs: string[] = []
	/** What was asked of the house and the API: method, path, status. */
	readonly asked: string[] = []
	private constructor(
		readonly email: string,
		readonly context: BrowserContext,
		readonly page: Page,
	) {}

	static async open(name: string): Promise<Person> {
		const context = await browser.newContext({ baseURL: origin })
		context.setDefaultTimeout(20_000)
		const person = new Person(name + '@example.com', context, await context.newPage())
		context.on('weberror', e => {
			// Pages of the house fade into each other, and Chromium reports that others do not take part.
			if (!/ViewTransition opt-in disabled/.test(String(e.error()))) person.wrongs.push(String(e.error()))
		})
		context.on('console', m => {
			if (/error|warning/.test(m.type()) && !/^Failed to load resource/.test(m.text())) person.wrongs.push(m.text())
		})
		context.on('response', r => {
			const { pathname } = new URL(r.url())
			if (/^\/(id|api)\//.test(pathname)) person.asked.push(`${r.request().method()} ${pathname} ${r.status()}`)
		})
		return person
	}

	/** Opens a browser of somebody new, who signs up and in. */
	static async join(name: string): Promise<Person> {
		const person = await Person.open(name)
		await person.signUp()
		await person.page.goto('/sign-in')
		await person.signIn()
		return person
	}

	async signUp() {
		const { page, email } = this
		await page.goto('/sign-up')
		await page.getByLabel('Name').fill(email.split('@')[0]!)
		await page.getByLabel('E-mail address').fill(email)
		await page.getByLabel('Password').fill(password)
		await page.getByRole('button', { name: 'Sign up' }).click()
		await this.sees('Check your mail')
		await page.goto(await mailed(email))
		await page.locator('main button, form button').first().click()
		await page.waitForURL('**/id/verify-email/done')
	}

	/** Gives address and password on the page that is shown. */
	async signIn() {
		await this.password()
		await this.page.getByText('Sign out everywhere').waitFor({ state: 'attached' })
	}

	async password(text = password) {
		const { page } = this
		await page.getByLabel('E-mail address').fill(this.email)
		await page.getByLabel('Password').fill(text)
		await page.getByRole('button', { name: 'Sign in' }).click()
	}

	async signOut(button = 'Sign out') {
		await this.page.locator('summary').click()
		await this.page.getByRole('button', { name: button, exact: true }).click()
		await this.sees('Sign in')
	}

	async write(title: string) {
		const { page } = this
		await page.goto('/posts/new')
		await page.getByLabel('Title').fill(title)
		await page.getByLabel('Text').fill('Words.')
		await page.getByRole('button', { name: 'Save' }).click()
		await this.sees('Posts')
	}

	/** Goes to a page by a link of the frame, without loading anything but answers. */
	visit(name: string) {
		return this.page.locator('nav').getByRole('link', { name, exact: true }).click()
	}

	sees(heading: string) {
		return this.page.getByRole('heading', { name: heading, exact: true }).first().waitFor()
	}

	/** Holds questions of the page back, until what is returned lets them go. */
	async hold(what: string | RegExp) {
		let letGo = () => {}
		const gone = new Promise<void>(resolve => (letGo = resolve))
		await this.page.route(what, route => gone.then(() => route.continue()))
		return letGo
	}

	/** How often something was asked, since the count was cleared. */
	count(what: RegExp) {
		return this.asked.filter(line => what.test(line)).length
	}

	/** Whether the page keeps to the WCAG, in light and dark. */
	async accessible() {
		if (!(await this.page.evaluate('"axe" in globalThis'))) await this.page.evaluate(axe.source)
		for (const colorScheme of ['light', 'dark'] as const) {
			await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
			const found = await this.page.evaluate(check)
			expect(found, `${this.page.url()} ${colorScheme}`).toEqual([])
		}
	}

	/** What must hold at the end: nothing went wrong, and no browser keeps anything that scripts can read but the mark. */
	async clean() {
		expect(this.wrongs).toEqual([])
		for (const page of this.context.pages()) {
			expect(await page.evaluate(async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length])).toEqual([0, 0, 0])
			expect(await page.evaluate(() => document.cookie.replace(/gh_(hint|left)=[^;]*(; )?/g, ''))).toBe('')
		}
		await this.context.close()
	}
}
