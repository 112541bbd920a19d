/** The main flow: from signing up to signing out, in one browser with two tabs. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { advance, origin, password, Person } from './person.ts'

let ada: Person
beforeAll(async () => {
	ada = await Person.open('ada')
})
afterAll(() => ada.clean())

test('somebody whom nobody knows reads the front page without a question to the house (WEB-05)', async () => {
	await ada.page.goto('/')
	await ada.sees('A blog for the few')
	await ada.page.getByRole('link', { name: 'Sign up' }).first().waitFor()
	expect(ada.asked).toEqual([])
})

test('a deep link comes back after signing up and in, with query and hash (FLO-01, FLO-02, WEB-08, WEB-10, STR-01)', async () => {
	const { page } = ada
	await ada.signUp()
	await page.locator('main').getByRole('link').first().click() // the house leads to the form of the application
	await page.waitForURL(origin + '/sign-in')
	await page.goto('/posts?sort=new#post-1')
	await ada.sees('Sign in')
	const login = page.waitForResponse('**/id/auth/login/password')
	await ada.signIn()
	expect(page.url()).toBe(origin + '/posts?sort=new#post-1')
	expect(await (await login).json()).toMatchObject({ accessToken: expect.any(String), user: { email: ada.email, roles: ['user'] } })
	const refresh = (await ada.context.cookies(origin + '/id/auth/refresh')).find(cookie => cookie.name == 'refresh')
	expect(refresh).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/id/auth' })
	await page.goto('/sign-in') // for whoever is in it leads on
	await page.waitForURL(origin + '/posts')
})

test('what she wrote is there, and she may change it (WEB-01)', async () => {
	await ada.write('First')
	await ada.page.getByRole('link', { name: 'Edit “First”' }).click()
	await ada.page.getByLabel('Text').fill('Better words.')
	await ada.page.getByRole('button', { name: 'Save' }).click()
	await ada.page.getByText('Better words.').waitFor()
})

test('a token that is over is renewed once for all that wait, and nobody notices (WEB-02, WEB-03)', async () => {
	await advance(16)
	ada.asked.length = 0
	await ada.visit('Security')
	await ada.page.getByText('this one').waitFor()
	await ada.page.getByText('Password').waitFor()
	expect(ada.count(/sessions 401|credentials 401/)).toBe(2)
	expect(ada.count(/refresh 200/)).toBe(1)
	expect(ada.count(/sessions 200|credentials 200/)).toBe(2)
})

test('a reload shows the page at once, and never the way in (WEB-05, WEB-07, STO-07)', async () => {
	const { page } = ada
	await ada.visit('Posts')
	await page.getByText('Better words.').waitFor()
	await page.addInitScript(() => {
		const seen = ((window as unknown as { seen: string[] }).seen = [])
		new MutationObserver(() => (seen as string[]).push(document.body?.innerText ?? '')).observe(document, { childList: true, subtree: true })
	})
	ada.asked.length = 0
	await page.reload()
	await page.getByText('Better words.').waitFor()
	const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen.join())
	expect(seen).toContain('Better words.')
	expect(seen).not.toMatch(/Sign in|Sign up/)
	expect(ada.count(/refresh/)).toBe(1)
})

test('deleting asks who she is: once she has said so it goes on, and if she does not nothing happens (WEB-11)', async () => {
	const { page } = ada
	const button = page.getByRole('button', { name: 'Delete “First”' })
	const dialog = page.getByRole('dialog')
	await button.click()
	await dialog.getByLabel('Password').waitFor()
	await ada.accessible()
	await dialog.getByRole('button', { name: 'Not now' }).click()
	await dialog.waitFor({ state: 'detached' })
	await page.getByText('Better words.').waitFor()
	await button.click()
	await dialog.getByLabel('Password').fill('wrong horse battery')
	await dialog.getByRole('button', { name: 'Continue' }).click()
	await dialog.getByRole('alert').waitFor()
	await dialog.getByLabel('Password').fill(password)
	await dialog.getByRole('button', { name: 'Continue' }).click()
	await page.getByText('Better words.').waitFor({ state: 'detached' })
	expect(ada.count(/DELETE .* 204/)).toBe(1)
})

test('where the house does not answer she stays signed in, and sees that (WEB-04)', async () => {
	const { page, context } = ada
	// So busy that the page does not try again by itself before she does.
	await context.route('**/id/auth/refresh', route => route.fulfill({ status: 503, headers: { 'retry-after': '60' } }))
	await advance(16)
	await ada.visit('Security')
	await page.getByText('No connection').waitFor()
	await ada.accessible()
	await page.reload()
	await ada.sees('No answer')
	await ada.accessible()
	await context.unroute('**/id/auth/refresh')
	await page.getByRole('button', { name: 'Try again' }).click()
	await page.getByText('this one').waitFor()
})

test('she is told where signing out failed, until she is back', async () => {
	const { page } = ada
	for (const [button, path, sentence] of [
		['Sign out', '**/id/auth/logout', 'The server could not be told'],
		['Sign out everywhere', '**/id/auth/logout-all', 'Your other devices may still be signed in'],
	] as const) {
		await page.route(path, route => route.abort())
		await ada.signOut(button)
		await page.getByRole('alert').getByText(sentence).waitFor()
		await ada.accessible()
		await page.unroute(path)
		await ada.signIn()
	}
})

test('signing out is heard in the other tab, and Back shows nothing (WEB-12)', async () => {
	const { page, context } = ada
	const other = await context.newPage()
	await other.goto('/posts')
	await other.getByText('Write a post').waitFor()
	await ada.visit('Posts')
	await ada.signOut()
	await other.getByRole('heading', { name: 'Sign in' }).waitFor()
	expect(await page.getByRole('alert').count()).toBe(0) // what failed before is no news
	expect((await context.cookies()).map(cookie => cookie.name)).not.toContain('refresh')
	await page.goBack()
	await ada.sees('Sign in')
	expect(await page.getByText('Write a post').count()).toBe(0)
	await other.close()
})
