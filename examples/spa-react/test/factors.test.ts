/** More than a password: an authenticator app, backup codes, passkeys, devices, and what guessing costs. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { advance, code, Person } from './person.ts'

let carol: Person
let secret = ''
let backupCode = ''
beforeAll(async () => {
	carol = await Person.join('carol')
})
afterAll(() => carol.clean())

test('an authenticator app is set up, and its backup codes are shown once', async () => {
	const { page } = carol
	await carol.visit('Security')
	await page.getByRole('button', { name: 'Set up' }).click()
	await page.getByAltText('The key below, as a QR code').waitFor()
	expect(await page.getByRole('img').evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0)
	secret = (await page.locator('p code').textContent())!.replaceAll(' ', '')
	await carol.accessible()
	await page.getByLabel('Code').fill(await code(secret))
	await page.getByRole('button', { name: 'Confirm' }).click()
	await carol.sees('Your backup codes')
	const codes = await page.locator('.codes code').allTextContents()
	expect(codes).toHaveLength(10)
	backupCode = codes[0]!
	await carol.accessible()
	await page.getByRole('button', { name: 'I have kept them' }).click()
	await page.getByText('10 left').waitFor()
	expect(await page.getByText(backupCode).count()).toBe(0)
})

test('a sign-in that cannot go on begins anew', async () => {
	const { page } = carol
	const again = page.getByRole('button', { name: 'Start over' })
	await carol.signOut()
	const answer = { error: 'Please set up a second factor to sign in.', code: 'MFA_ENROLLMENT_REQUIRED', login: 'handle', enroll: ['totp'] }
	await page.route('**/id/auth/login/password', route => route.fulfill({ status: 403, json: answer }), { times: 1 })
	await carol.password()
	await page.getByText('you have none yet').waitFor()
	await carol.accessible()
	await again.click()
	await carol.password()
	await page.getByLabel('Code of your authenticator app').waitFor()
	await advance(6) // it is good for five
	await page.getByLabel('Code of your authenticator app').fill(await code(secret))
	await page.getByRole('button', { name: 'Continue' }).click()
	await page.getByRole('alert').waitFor()
	await again.click()
	await page.getByLabel('E-mail address').waitFor()
})

test('signing in then asks for its code', async () => {
	const { page } = carol
	await carol.password()
	await page.getByLabel('Code of your authenticator app').waitFor()
	await carol.accessible()
	await page.getByLabel('Code of your authenticator app').fill('000000')
	await page.getByRole('button', { name: 'Continue' }).click()
	await page.getByRole('alert').waitFor()
	await page.getByLabel('Code of your authenticator app').fill(await code(secret))
	await page.getByRole('button', { name: 'Continue' }).click()
	await carol.sees('Security')
})

test('or for a backup code', async () => {
	const { page } = carol
	await carol.signOut()
	await carol.password()
	await page.getByRole('button', { name: 'Use a backup code' }).click()
	await page.getByLabel('Backup code').fill(backupCode)
	await page.getByRole('button', { name: 'Continue' }).click()
	await page.getByText('9 left').waitFor()
})

test('a passkey is made, and signs in alone', async () => {
	const { page, context } = carol
	const cdp = await context.newCDPSession(page)
	await cdp.send('WebAuthn.enable')
	await cdp.send('WebAuthn.addVirtualAuthenticator', {
		options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
	})
	await page.getByLabel('A name for it').fill('Key of the test')
	await page.getByRole('button', { name: 'Add a passkey' }).click()
	await page.getByText('Key of the test').waitFor()
	await carol.signOut()
	await page.getByRole('button', { name: 'Use a passkey' }).click()
	await carol.sees('Security')
})

test('another device is signed out from here', async () => {
	const { page } = carol
	const other = await Person.open('carol')
	await other.page.goto('/security')
	await other.password()
	await other.page.getByRole('button', { name: 'Use your authenticator app' }).click() // the passkey is offered first
	await advance(1)
	await other.page.getByLabel('Code of your authenticator app').fill(await code(secret))
	await other.page.getByRole('button', { name: 'Continue' }).click()
	await other.sees('Security')
	await page.reload()
	const letGo = await carol.hold('**/id/auth/logout-all')
	await page.getByRole('button', { name: 'Sign out all others' }).click()
	await page.getByRole('button', { name: /^Sign out .+ on .+, .*:/, disabled: true }).waitFor() // its label says which one
	await page.getByRole('button', { name: 'Sign out all others', disabled: true }).waitFor()
	letGo()
	await page.getByRole('button', { name: 'Sign out all others' }).waitFor({ state: 'detached' })
	await other.visit('Posts')
	await other.page.getByText('Your session was ended on another device.').waitFor()
	await other.clean()
})

test('whoever failed often has the browser work for another attempt, and gets in', async () => {
	const dora = await Person.join('dora')
	const { page } = dora
	await dora.signOut('Sign out everywhere')
	for (let i = 0; i < 7; i++) {
		const refused = page.waitForResponse('**/id/auth/login/password')
		await dora.password('wrong horse battery')
		await refused
		await page.getByRole('alert').waitFor()
		await advance(1) // each failure makes the next one wait longer
	}
	dora.asked.length = 0
	await dora.signIn()
	expect(dora.asked).toContain('GET /id/auth/captcha 200')
	await dora.clean()
})
