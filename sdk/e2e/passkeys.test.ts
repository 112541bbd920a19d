import type { CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { becomes, begun, settled, signIn, Stage, state } from './stage.js'

let stage: Stage
beforeAll(async () => void (stage = await Stage.set()))
afterAll(() => stage?.strike())

/** A browser with an authenticator that is touched when the test says so. */
async function opened() {
	const b = await stage.browser()
	const p = await b.tab()
	const cdp = await b.context.newCDPSession(p)
	await cdp.send('WebAuthn.enable')
	const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
		options: { protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
	})
	const touched = (enabled: boolean) => cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })
	return { p, cdp, authenticatorId, touched }
}

const register = (p: Page) => p.evaluate(() => window.passkeys.register(window.gh, { name: 'Laptop' }).then(() => 'registered', e => e.code + ' ' + e.message))
const enter = (p: Page) => p.evaluate(() => window.passkeys.signIn(window.gh).then(s => s.status, e => e.code as string))
const out = (p: Page) => p.evaluate(() => window.gh.signOut())

/** Somebody with a passkey, signed out. */
async function holder() {
	const email = await stage.begin()
	const o = await opened()
	await signIn(o.p, email)
	expect(await register(o.p)).toBe('registered')
	await out(o.p)
	return { ...o, email }
}

const remaining = async (cdp: CDPSession, authenticatorId: string) => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length

test('a passkey is registered, signs in by a button, and proves again', async () => {
	const { p, email } = await holder()
	expect(await p.evaluate(() => window.passkeys.supported())).toBe(true)
	expect(await enter(p)).toBe('complete')
	expect(await state(p)).toMatchObject({ status: 'signed-in', email })
	expect(await p.evaluate(() => window.passkeys.prove(window.gh).then(s => s.status))).toBe('complete')
	expect(await p.evaluate(() => window.gh.call<{ amr: string[] }>('/me', undefined, { method: 'GET' }).then(me => me.amr))).toContain('hwk')
})

test('what the browser offers in the field signs in; begun twice, as StrictMode does, it is one ceremony', async () => {
	const { p, email, touched } = await holder()
	await touched(false)
	await p.evaluate(() => {
		window.passkeys.autofill(window.gh, () => {})()
		window.passkeys.autofill(window.gh, step => (document.title = step.status), e => (document.title = e.code))
	})
	await touched(true)
	await becomes(p, 'signed-in')
	expect(await state(p)).toMatchObject({ email })
	await p.waitForFunction(() => document.title == 'complete')
})

test('a click goes before an offer that waits, which then is silent', async () => {
	const { p, touched } = await holder()
	await touched(false)
	await p.evaluate(() => void window.passkeys.autofill(window.gh, s => (document.title = s.status), e => (document.title = e.code)))
	const asked = () => stage.faults.passed.filter(x => x.path == '/auth/login/passkey').length
	await expect.poll(asked).toBe(1)
	await p.evaluate(() => void window.passkeys.signIn(window.gh).catch(() => {}))
	await expect.poll(asked).toBe(2)
	expect(await p.title()).toBe('page')
})

test('a click goes before an offer that is still beginning', async () => {
	const { p } = await holder()
	const clicked = await p.evaluate(async () => {
		const events: string[] = []
		window.passkeys.autofill(window.gh, s => events.push(s.status), e => events.push(e.code))
		return [await window.passkeys.signIn(window.gh).then(s => s.status, e => e.code as string), ...events]
	})
	expect(clicked).toEqual(['complete'])
	expect(stage.faults.passed.filter(x => x.path == '/auth/login/passkey')).toHaveLength(1)
})

test('a ceremony that is ended by another says so, and a passkey that opens nothing is told to its keeper', async () => {
	const { p, cdp, authenticatorId, touched } = await holder()
	await touched(false)
	const first = enter(p)
	await expect.poll(() => stage.faults.passed.filter(x => x.path == '/auth/login/passkey').length).toBe(1)
	const second = enter(p).catch(() => 'left')
	expect(await first).toBe('PASSKEY_CANCELLED')
	await p.reload() // which ends the second: nobody has touched anything
	await begun(p)
	await second
	await touched(true)
	expect(await enter(p)).toBe('complete')
	const { items } = await p.evaluate(() => window.gh.call<{ items: { id: string }[] }>('/passkeys', undefined, { method: 'GET' }))
	await p.evaluate(id => window.gh.call('/passkeys/' + id, undefined, { method: 'DELETE' }), items[0]!.id)
	await out(p)
	expect(await enter(p)).toBe('INVALID_CREDENTIALS')
	await expect.poll(() => remaining(cdp, authenticatorId)).toBe(0)
	await p.reload()
	await begun(p)
	expect(await settled(p)).toBe('signed-out')
})

test('a passkey that was refused though somebody has it is not told to be forgotten', async () => {
	const { p, cdp, authenticatorId } = await holder()
	await p.route('**/auth/login/passkey/finish', async route => {
		const body = route.request().postDataJSON()
		const { signature } = body.credential.response
		body.credential.response.signature = signature.slice(0, -6) + [...signature.slice(-6)].reverse().join('')
		await route.continue({ postData: JSON.stringify(body) })
	})
	await p.evaluate(() => {
		const { signalUnknownCredential } = PublicKeyCredential as any
		;(PublicKeyCredential as any).signalUnknownCredential = (about: object) => ((document.title = 'forgotten'), signalUnknownCredential.call(PublicKeyCredential, about))
	})
	expect(await enter(p)).toBe('INVALID_CREDENTIALS')
	expect([await p.title(), await remaining(cdp, authenticatorId)]).toEqual(['page', 1])
	await p.unroute('**/auth/login/passkey/finish')
	expect(await enter(p)).toBe('complete')
})

test('who proved too long ago who they are proves it again, and then makes a passkey', async () => {
	const email = await stage.begin()
	const { p, cdp, authenticatorId } = await opened()
	await signIn(p, email)
	await stage.house.clock('10m')
	expect(await register(p)).toBe('registered')
	expect(await remaining(cdp, authenticatorId)).toBe(1)
	expect(stage.faults.passed.map(x => x.path).filter(path => /step-up|passkeys/.test(path))).toEqual(['/auth/passkeys/register', '/auth/step-up', '/auth/passkeys/register', '/auth/passkeys/register/finish'])
})

test('a button that was given up leaves what is offered in the field', async () => {
	const { p, email, touched } = await holder()
	await touched(false)
	await p.evaluate(() => void window.passkeys.autofill(window.gh, s => (document.title = s.status), e => (document.title = e.code)))
	const given = await p.evaluate(() => {
		const end = new AbortController()
		const pressed = window.passkeys.signIn(window.gh, { signal: end.signal }).then(s => s.status, e => e.code as string)
		end.abort()
		return pressed
	})
	expect(given).toBe('PASSKEY_CANCELLED')
	await touched(true)
	await becomes(p, 'signed-in')
	expect(await state(p)).toMatchObject({ email })
})
