/** Who may do what: the owner, everybody else, a moderator, an administrator. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { origin, password, Person } from './person.ts'

let ada: Person
let bob: Person
let root: Person
beforeAll(async () => {
	ada = await Person.join('ada.lovelace')
	bob = await Person.join('bob')
	await ada.write('Ada’s')
})
afterAll(() => Promise.all([ada, bob, root].map(person => person.clean())))

const button = (person: Person) => person.page.getByRole('button', { name: 'Delete “Ada’s”' })

test('another user reads it, sees no button, and for them there is nothing to delete (WEB-11)', async () => {
	const { page, context } = bob
	const asked = page.waitForRequest('**/api/posts')
	await page.reload()
	const token = (await (await asked).allHeaders())['authorization']!
	await page.getByText('by ada.lovelace').waitFor()
	expect(await button(bob).count()).toBe(0)
	const post = (await page.locator('article').getAttribute('id'))!.replace('post-', '')
	for (const method of ['DELETE', 'PUT']) {
		const r = await context.request.fetch(`${origin}/api/posts/${post}`, { method, headers: { authorization: token } })
		expect([r.status(), ((await r.json()) as { code: string }).code]).toEqual([404, 'NOT_FOUND'])
	}
	await ada.visit('Posts')
	await button(ada).waitFor()
})

test('the pages of an administrator are not for them (WEB-09)', async () => {
	const { page } = bob
	expect(await page.getByRole('link', { name: 'People' }).count()).toBe(0)
	await page.goto('/admin')
	await bob.sees('Not for you')
	expect(page.url()).toBe(origin + '/403')
	expect(bob.count(/admin/)).toBe(0)
	await bob.accessible()
	await bob.visit('Posts')
	await page.getByText('by ada.lovelace').waitFor()
})

test('a role that is given meanwhile opens what it opens, without signing in again', async () => {
	root = await Person.open('root')
	const { page } = root
	await page.goto(inject('setup'))
	await page.getByLabel('Name').fill('Root')
	await page.getByLabel('Email').fill(root.email)
	await page.getByLabel('Password').first().fill(password)
	await page.getByRole('button', { name: 'Create administrator' }).click()
	await page.waitForURL('**/id/setup/done')
	const letGo = await root.hold('**/id/admin/api/users')
	await page.goto('/admin')
	await root.signIn()
	await root.sees('People')
	await page.getByText('One moment …').waitFor()
	letGo()
	await page.getByRole('group', { name: 'bob' }).waitFor()
	await root.accessible()
	await page.getByRole('group', { name: 'bob' }).getByLabel('moderator').click()
	await page.getByRole('group', { name: 'bob' }).getByLabel('moderator', { exact: true }).and(page.locator(':checked')).waitFor()

	bob.asked.length = 0
	await bob.page.getByRole('link', { name: 'Paper' }).click()
	await bob.visit('Posts')
	await button(bob).waitFor()
	expect(bob.count(/refresh 200/)).toBe(1)
	expect(bob.count(/login/)).toBe(0)
	await button(bob).click()
	await bob.page.getByText('Nobody has written anything yet.').waitFor()
})

test('every page has its title, says that it waits, and keeps to the WCAG, in light and dark', async () => {
	const stranger = await Person.open('stranger')
	for (const [path, heading] of [
		['/', 'A blog for the few'],
		['/sign-up', 'Sign up'],
		['/check-mail', 'Check your mail'],
		['/sign-in', 'Sign in'],
		['/nowhere', 'Nothing here'],
	] as const) {
		await stranger.page.goto(path)
		await stranger.sees(heading)
		expect(await stranger.page.title()).toBe(heading + ' – Paper')
		await stranger.accessible()
	}
	await stranger.clean()
	await ada.write('Another')
	await ada.accessible()
	const edit = (await ada.page.getByRole('link', { name: 'Edit “Another”' }).getAttribute('href'))!
	for (const [path, heading, questions] of [
		['/posts', 'Posts', 1],
		['/posts/new', 'Write a post', 0],
		[edit, 'Edit a post', 1],
		['/security', 'Security', 2],
	] as const) {
		const letGo = await ada.hold(/api\/posts|credentials|sessions/)
		await ada.page.goto(path)
		await ada.sees(heading)
		expect(await ada.page.title()).toBe(heading + ' – Paper')
		expect(await ada.page.getByText('One moment …').count()).toBe(questions)
		letGo()
		await ada.page.getByText('One moment …').first().waitFor({ state: 'detached' })
		await ada.page.waitForLoadState('networkidle')
		await ada.accessible()
	}
	await ada.page.locator('summary').click()
	await ada.accessible()
})
