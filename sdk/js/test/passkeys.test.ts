import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { autofill, prove, register, signIn, supported } from '../src/passkeys.js'
import { AuthError, type Options } from '../src/index.js'
import { grant, mark, pass, problem, world } from './world.js'

/** What a browser is asked for, and how it ends. */
interface Asked {
	mediation?: string
	signal: AbortSignal
	publicKey: { json: Record<string, unknown> }
	yes(id?: string, userHandle?: string): void
	no(name: string): void
}

let asked: Asked[]
let told: [string, unknown][]

/** A browser with passkeys; its person acts when the test says so. */
function browser(more: object = {}) {
	asked = []
	told = []
	const ceremony = (options: { signal: AbortSignal }) =>
		new Promise((resolve, reject) => {
			const no = (name: string) => reject(new DOMException(name, name))
			if (options.signal.aborted) return no('AbortError')
			options.signal.addEventListener('abort', () => no('AbortError'))
			asked.push({
				...(options as unknown as Asked),
				yes: (id = 'key-1', userHandle) => resolve({ id, toJSON: () => ({ id, type: 'public-key', response: { userHandle } }) }),
				no,
			})
		})
	const json = (json: object) => ({ json })
	vi.stubGlobal('PublicKeyCredential', {
		parseRequestOptionsFromJSON: json,
		parseCreationOptionsFromJSON: json,
		isConditionalMediationAvailable: async () => true,
		getClientCapabilities: async () => ({ conditionalCreate: true }),
		signalUnknownCredential: async (about: unknown) => void told.push(['unknown', about]),
		signalAllAcceptedCredentials: async (about: unknown) => void told.push(['accepted', about]),
		...more,
	})
	vi.stubGlobal('navigator', { credentials: { get: ceremony, create: ceremony } })
}

let begun = 0
const prompt = (ceremony: object = {}) => Response.json({ login: 'login-' + ++begun, prompt: { ceremony: { rpId: 'example.com', challenge: 'abc', ...ceremony } }, expiresIn: 300 })
const refusal = (fields?: object) => Response.json({ error: 'x', code: 'INVALID_CREDENTIALS', requestId: 'req_1', fields }, { status: 401 })

const house = (answers: Parameters<typeof world>[0] = {}, options: Options = {}) =>
	world({ '/auth/login/passkey': () => prompt(), '/auth/login/passkey/finish': () => Response.json(grant()), ...answers }, options)

/** Waits until the browser was asked n times. */
async function until(n: number): Promise<Asked> {
	for (let i = 0; i < 50 && asked.length < n; i++) await pass(0)
	expect(asked).toHaveLength(n)
	return asked[n - 1]!
}

beforeEach(() => {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
	begun = 0
	mark('')
	browser()
})
afterEach(() => {
	vi.useRealTimers()
	vi.unstubAllGlobals()
})

test('without passkeys nothing is asked and nothing offered', async () => {
	vi.stubGlobal('PublicKeyCredential', undefined)
	const w = house()
	expect(supported()).toBe(false)
	autofill(w.client, () => {})()
	autofill(w.client, () => {})
	await pass(0)
	for (const way of [signIn, prove, register]) await expect(way(w.client)).rejects.toMatchObject({ code: 'PASSKEY_UNSUPPORTED', status: 0 })
	expect(w.asked).toEqual([])
})

test('a button signs in: begun, asked, finished', async () => {
	const w = house()
	const step = signIn(w.client, { rememberMe: true })
	const it = await until(1)
	expect(it).toMatchObject({ mediation: 'optional', publicKey: { json: { challenge: 'abc' } } })
	it.yes('key-7')
	expect(await step).toMatchObject({ status: 'complete', user: { id: 'usr_1' } })
	expect(w.asked.map(a => [a.path, JSON.parse(a.body)])).toEqual([
		['/auth/login/passkey', { mode: 'token', rememberMe: true }],
		['/auth/login/passkey/finish', { mode: 'token', rememberMe: true, login: 'login-1', credential: { id: 'key-7', type: 'public-key', response: {} } }],
	])
	expect(told).toEqual([])
})

test.each([
	['NotAllowedError', 'PASSKEY_CANCELLED'],
	['AbortError', 'PASSKEY_CANCELLED'],
	['NotSupportedError', 'PASSKEY_UNSUPPORTED'],
	['SecurityError', 'PASSKEY_FAILED'],
	['InvalidStateError', 'PASSKEY_FAILED'],
])('what the browser calls %s is %s, with its cause', async (name, code) => {
	const w = house()
	const step = signIn(w.client).catch(e => e as AuthError)
	;(await until(1)).no(name)
	const e = (await step) as AuthError
	expect([e.code, (e.cause as Error).name]).toEqual([code, name])
})

test('the caller may end a ceremony', async () => {
	const w = house()
	const end = new AbortController()
	const step = signIn(w.client, { signal: end.signal }).catch(e => e.code)
	await until(1)
	end.abort()
	expect(await step).toBe('PASSKEY_CANCELLED')
})

test('a provider is told to forget a passkey only where the server says that it is nobody\'s', async () => {
	const w = house({ '/auth/login/passkey/finish': () => refusal() })
	const first = signIn(w.client).catch(e => e.code)
	;(await until(1)).yes('mine')
	expect(await first).toBe('INVALID_CREDENTIALS')
	expect(told, 'its owner would lose it').toEqual([])
	w.answers['/auth/login/passkey/finish'] = () => refusal({ credential: 'is not known' })
	const second = signIn(w.client).catch(e => e.code)
	;(await until(2)).yes('dead')
	expect(await second).toBe('INVALID_CREDENTIALS')
	expect(told).toEqual([['unknown', { rpId: 'example.com', credentialId: 'dead' }]])
})

test('whoever proves again has their provider told which passkeys there are', async () => {
	mark('aaaaaaaa')
	const w = house({
		'/auth/step-up/passkey': () => prompt({ allowCredentials: [{ id: 'key-1' }, { id: 'key-2' }] }),
		'/auth/step-up/passkey/finish': () => Response.json(grant()),
	})
	await w.client.ready()
	const step = prove(w.client)
	;(await until(1)).yes('key-1', 'handle')
	expect(await step).toMatchObject({ status: 'complete' })
	expect(told).toEqual([['accepted', { rpId: 'example.com', userId: 'handle', allAcceptedCredentialIds: ['key-1', 'key-2'] }]])
})

const options = { rp: { id: 'example.com' }, user: { id: 'handle' }, excludeCredentials: [{ id: 'old' }] }

test('one is made, named, and told beside those that were there', async () => {
	mark('aaaaaaaa')
	const w = house({
		'/auth/passkeys/register': () => Response.json(options),
		'/auth/passkeys/register/finish': () => Response.json({ credentials: [{ id: 'crd_1', method: 'passkey', label: 'Laptop' }] }),
	})
	await w.client.ready()
	const made = register(w.client, { name: 'Laptop' })
	const it = await until(1)
	expect(it.mediation).toBeUndefined()
	it.yes('new')
	expect(await made).toMatchObject({ credentials: [{ label: 'Laptop' }] })
	expect(JSON.parse(w.asked.at(-1)!.body)).toMatchObject({ name: 'Laptop', credential: { id: 'new' } })
	expect(told).toEqual([['accepted', { rpId: 'example.com', userId: 'handle', allAcceptedCredentialIds: ['old', 'new'] }]])
	const auto = register(w.client, { auto: true })
	const unasked = await until(2)
	expect(unasked.mediation).toBe('conditional')
	unasked.yes()
	await auto
	browser({ getClientCapabilities: async () => ({}) })
	const { length } = w.asked
	await expect(register(w.client, { auto: true })).rejects.toMatchObject({ code: 'PASSKEY_UNSUPPORTED' })
	expect(w.asked).toHaveLength(length)
})

test('a proof by passkey that making one asks for does not end the making', async () => {
	mark('aaaaaaaa')
	let fresh = false
	const w = house(
		{
			'/auth/step-up/passkey': () => prompt(),
			'/auth/step-up/passkey/finish': () => ((fresh = true), Response.json(grant())),
			'/auth/passkeys/register': () => (fresh ? Response.json(options) : problem(401, 'STALE_TOKEN')),
			'/auth/passkeys/register/finish': () => Response.json({}),
		},
		{ onStepUp: () => prove(w.client).then(s => s.status == 'complete') },
	)
	await w.client.ready()
	const made = register(w.client)
	;(await until(1)).yes()
	;(await until(2)).yes()
	expect(await made).toEqual({})
})

test('what is offered in a field has a new challenge at three quarters of the life of the old one, until it is stopped', async () => {
	const w = house()
	const stop = autofill(w.client, () => {})
	const first = await until(1)
	expect(first.mediation).toBe('conditional')
	await pass(224_000)
	expect(asked).toHaveLength(1)
	await pass(1_000)
	const second = await until(2)
	expect([first.signal.aborted, second.signal.aborted]).toEqual([true, false])
	stop()
	expect(second.signal.aborted).toBe(true)
	await pass(3_600_000)
	expect(w.asked).toHaveLength(2)
})

test('begun twice, as StrictMode does, it is offered once (BUG-39)', async () => {
	const w = house()
	const done: string[] = []
	autofill(w.client, () => done.push('first'))()
	autofill(w.client, step => done.push(step.status))
	;(await until(1)).yes()
	await pass(0)
	expect(done).toEqual(['complete'])
	expect(w.paths()).toEqual(['/auth/login/passkey', '/auth/login/passkey/finish'])
})

test('a press goes before an offer that is still beginning, and before one that waits; after it failed the offer stands again', async () => {
	const w = house()
	const heard: string[] = []
	autofill(w.client, s => heard.push(s.status), e => heard.push(e.code))
	const pressed = signIn(w.client).catch(e => e.code)
	const it = await until(1)
	expect(it.mediation).toBe('optional')
	it.no('NotAllowedError')
	expect(await pressed).toBe('PASSKEY_CANCELLED')
	const offered = await until(2)
	expect(offered.mediation).toBe('conditional')
	const again = signIn(w.client)
	expect(offered.signal.aborted).toBe(true)
	;(await until(3)).yes()
	expect(await again).toMatchObject({ status: 'complete' })
	await pass(3_600_000)
	expect(asked).toHaveLength(3)
	expect(heard).toEqual([])
})

test('a newer ceremony ends the one before it', async () => {
	const w = house()
	const first = signIn(w.client).catch(e => e.code)
	await until(1)
	const second = signIn(w.client)
	expect(await first).toBe('PASSKEY_CANCELLED')
	;(await until(2)).yes()
	expect(await second).toMatchObject({ status: 'complete' })
})

test('an offer that cannot begin is told once and makes no storm; one that was taken and refused stands again', async () => {
	const w = house({ '/auth/login/passkey': () => problem(429, 'RATE_LIMITED') })
	const heard: string[] = []
	const done: string[] = []
	const stop = autofill(w.client, s => done.push(s.status), e => heard.push(e.code))
	await pass(3_600_000)
	expect([heard, w.asked.length]).toEqual([['RATE_LIMITED'], 1])
	stop()
	w.answers['/auth/login/passkey'] = () => prompt()
	w.answers['/auth/login/passkey/finish'] = () => refusal()
	autofill(w.client, s => done.push(s.status), e => heard.push(e.code))
	;(await until(1)).yes()
	const again = await until(2)
	expect(heard).toEqual(['RATE_LIMITED', 'INVALID_CREDENTIALS'])
	w.answers['/auth/login/passkey/finish'] = () => Response.json({ mfaRequired: true, login: 'h', next: ['totp'], expiresIn: 300 })
	again.yes()
	await pass(0)
	expect(done).toEqual(['mfa'])
})
