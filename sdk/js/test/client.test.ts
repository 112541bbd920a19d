import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from 'vitest'
import { sessionCookie } from '../src/cookie.js'
import { AuthError, createClient, safeReturnTo, toError } from '../src/index.js'
import { createIssuer, createTestClient } from '../src/testing.js'
import { grant, mark, pass, problem, world } from './world.js'

beforeEach(() => {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance', 'queueMicrotask'] })
	vi.spyOn(console, 'warn').mockImplementation(() => {})
	mark('')
})
afterEach(() => {
	vi.useRealTimers()
	vi.restoreAllMocks()
})

test('without the mark of a session nobody is asked (WEB-05)', async () => {
	const w = world()
	w.client.start()
	expect(w.client.getState()).toMatchObject({ status: 'signed-out', reason: 'none' })
	expect(w.asked).toEqual([])
})

const outcomes: [string, () => Response | Promise<Response>, object][] = [
	['granted', () => Response.json(grant()), { status: 'signed-in', stale: false }],
	['no token', () => problem(401, 'NO_REFRESH_TOKEN'), { status: 'signed-out', reason: 'none' }],
	['no session', () => problem(401, 'NO_CREDENTIALS'), { status: 'signed-out', reason: 'none' }],
	['not a token', () => problem(401, 'INVALID_TOKEN'), { status: 'signed-out', reason: 'none' }],
	['ran out', () => problem(401, 'REFRESH_EXPIRED'), { status: 'signed-out', reason: 'expired' }],
	['ended', () => problem(401, 'TOKEN_REVOKED'), { status: 'signed-out', reason: 'revoked' }],
	['stolen', () => problem(401, 'TOKEN_REUSED'), { status: 'signed-out', reason: 'reused' }],
	['no network', () => Promise.reject(new TypeError('Failed to fetch')), { status: 'unreachable', error: { code: 'NETWORK' } }],
	['late', () => Promise.reject(Object.assign(new Error(), { name: 'TimeoutError' })), { status: 'unreachable', error: { code: 'TIMEOUT' } }],
	['overloaded', () => problem(503, 'UNAVAILABLE'), { status: 'unreachable', error: { code: 'UNAVAILABLE', status: 503 } }],
	['broken', () => new Response('<h1>502</h1>', { status: 502 }), { status: 'unreachable', error: { code: 'HTTP_502' } }],
	['limited', () => problem(429, 'RATE_LIMITED'), { status: 'unreachable', error: { code: 'RATE_LIMITED' } }],
	['portal', () => new Response('<h1>Terms</h1>', { headers: { 'content-type': 'text/html' } }), { status: 'unreachable', error: { code: 'NETWORK' } }],
	['another 401', () => new Response('', { status: 401 }), { status: 'unreachable', error: { code: 'HTTP_401' } }],
	['another code', () => problem(401, 'SOMETHING_ELSE'), { status: 'unreachable', error: { code: 'SOMETHING_ELSE' } }],
	['forbidden', () => problem(403, 'TOKEN_REVOKED'), { status: 'unreachable', error: { code: 'TOKEN_REVOKED' } }],
]

test.each(outcomes)('what renewal answers decides the state: %s (WEB-04)', async (_, answer, expected) => {
	mark('aaaaaaaa')
	const w = world({ '/auth/refresh': answer })
	expect(await w.client.ready()).toMatchObject(expected)
	mark('bbbbbbbb')
	const signedIn = world()
	await signedIn.client.ready()
	signedIn.answers['/auth/refresh'] = answer
	await signedIn.client.refresh().catch(() => {})
	const { status } = expected as { status: string }
	const later = { ...expected, ...((expected as { reason?: string }).reason == 'none' && { reason: 'expired' }) } // somebody was
	expect(signedIn.client.getState()).toMatchObject(status == 'unreachable' ? { status: 'signed-in', stale: true } : later)
	expect(signedIn.states.slice(1)).not.toContain('loading')
})

test('after a failure callers get it at once, attempts grow apart, and Retry-After is kept (pitfall 6)', async () => {
	mark('aaaaaaaa')
	const w = world({ '/auth/refresh': () => problem(503, 'UNAVAILABLE', { 'retry-after': '30' }) })
	w.client.start()
	await pass(0)
	expect(w.asked).toHaveLength(1)
	const refused = await Promise.all(Array.from({ length: 50 }, () => w.client.getToken().catch(e => e.code)))
	expect(new Set(refused)).toEqual(new Set(['UNAVAILABLE']))
	await pass(29_000)
	expect(w.asked).toHaveLength(1)
	await pass(1_500)
	expect(w.asked).toHaveLength(2)
	w.answers['/auth/refresh'] = () => problem(503, 'UNAVAILABLE')
	await pass(3_600_000)
	expect(w.asked.length).toBeGreaterThan(60) // once a minute at the most seldom
	expect(w.asked.length).toBeLessThan(150)
})

test('a token is renewed in the last fifth of its life, behind whoever asks, and waited for once it is over', async () => {
	mark('aaaaaaaa')
	vi.spyOn(Math, 'random').mockReturnValue(0) // the timer comes last of all
	const w = world({ '/auth/refresh': () => Response.json(grant({ expiresIn: 100 })) })
	const first = await w.client.getToken()
	await pass(79_000)
	expect(await w.client.getToken()).toBe(first)
	expect(w.asked).toHaveLength(1)
	await pass(2_000)
	expect(await w.client.getToken()).toBe(first)
	await pass(0)
	expect(w.asked).toHaveLength(2)
	await pass(101_000)
	expect(await w.client.getToken()).not.toBe(first)
})

test('what starts, stops and starts asks once, and what stopped asks no more (BUG-39)', async () => {
	mark('aaaaaaaa')
	const w = world()
	const stop = w.client.start()
	w.client.start()()
	stop()
	stop()
	const again = w.client.start()
	await pass(0)
	expect(w.asked).toHaveLength(1)
	again()
	await pass(3_600_000)
	expect(w.asked).toHaveLength(1)
})

test('whoever is told late that somebody signed out leaves the mark of the next one alone', async () => {
	vi.useRealTimers()
	mark('aaaaaaaa')
	const w = world()
	const stop = w.client.start()
	await w.client.ready()
	mark('bbbbbbbb') // somebody signed in since, in another tab
	const other = new BroadcastChannel('gatehouse:/auth')
	other.postMessage({ out: 'signed-out' })
	await vi.waitFor(() => expect(w.client.getState().status).toBe('signed-out'))
	expect(document.cookie).toContain('gh_hint=bbbbbbbb')
	other.close()
	stop()
})

test('the session of a cookie is exchanged with a token against forgery, which is got anew once (CSR-01)', async () => {
	mark('aaaaaaaa')
	let good = 'one'
	const w = world(
		{
			'/auth/csrf-token': () => Response.json({ csrfToken: good }),
			'/auth/token': a => (a.headers.get('x-csrf-token') == good ? Response.json(grant()) : problem(403, 'INVALID_CSRF')),
		},
		{ transport: sessionCookie },
	)
	await w.client.ready()
	await w.client.refresh()
	good = 'two'
	await w.client.refresh()
	expect(w.paths()).toEqual(['/auth/csrf-token', '/auth/token', '/auth/token', '/auth/token', '/auth/csrf-token', '/auth/token'])
	w.answers['/auth/token'] = () => problem(403, 'INVALID_CSRF')
	await w.client.refresh().catch(() => {})
	expect(w.asked).toHaveLength(9)
	expect(w.client.getState()).toMatchObject({ status: 'signed-in', stale: true })
})

test.each([
	['the hosted page of this origin', {}, '/login?returnTo=%2Fa%3Fb'],
	['a hosted page elsewhere', { url: 'https://id.example.com/auth' }, 'https://id.example.com/login?returnTo=http%3A%2F%2Flocalhost%3A3000%2Fa%3Fb'],
	['a page of the application, whose Gatehouse is elsewhere', { url: 'https://id.example.com/auth', loginPath: '/sign-in' }, '/sign-in?returnTo=%2Fa%3Fb'],
])('the way back is a path on the same origin, and whole on another: %s (WEB-10)', (_, options, there) => {
	const went = vi.spyOn(location, 'assign').mockImplementation(() => {})
	createClient(options).goToLogin({ returnTo: '/a?b' })
	expect(went).toHaveBeenCalledWith(there)
})

test('steps of a sign-in are returned, errors are thrown, and the mode is said', async () => {
	const w = world()
	const say = (answer: () => Response) => (w.answers['/auth/login/password'] = answer)
	const enter = () => w.client.signIn('password', { email: 'ada@example.com', password: 'x' })
	say(() => Response.json({ mfaRequired: true, login: 'h', next: ['totp'], expiresIn: 300 }))
	expect(await enter()).toEqual({ status: 'mfa', login: 'h', methods: ['totp'], expiresIn: 300 })
	say(() => Response.json({ error: 'x', code: 'MFA_ENROLLMENT_REQUIRED', login: 'h', enroll: ['totp'] }, { status: 403 }))
	expect(await enter()).toEqual({ status: 'enroll', login: 'h', methods: ['totp'] })
	say(() => problem(403, 'PASSWORD_RESET_REQUIRED'))
	expect(await enter()).toEqual({ status: 'password-reset' })
	say(() => problem(401, 'INVALID_CREDENTIALS'))
	await expect(enter()).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS', status: 401, info: { requestId: 'req_1' } })
	say(() => Response.json(grant()))
	expect(await enter()).toMatchObject({ status: 'complete', user: { email: 'ada@example.com' } })
	expect(JSON.parse(w.asked.at(-1)!.body)).toEqual({ mode: 'token', email: 'ada@example.com', password: 'x' })
	expect(w.client.can('posts:read')).toBe(true)
	expect(w.client.can('posts:delete:own')).toBe(true)
	expect(w.client.can('posts:delete')).toBe(false)
	expect([w.client.hasRole('user'), w.client.hasRole('admin', 'user'), w.client.hasRole('admin')]).toEqual([true, true, false])
})

test('a listener that throws keeps no other from hearing', async () => {
	const w = world()
	const heard: string[] = []
	const thrown: unknown[] = []
	process.once('unhandledRejection', e => thrown.push(e))
	w.client.subscribe(() => {
		throw new Error('mine')
	})
	w.client.subscribe(() => heard.push(w.client.getState().status))
	const stop = w.client.start()
	expect(heard).toEqual(['signed-out'])
	vi.useRealTimers()
	stop() // or it hears of the next test
	await vi.waitFor(() => expect(String(thrown)).toContain('mine'))
})

test('what helps to find a fault tells no secret (DBG-02)', async () => {
	mark('aaaaaaaa')
	const w = world()
	const token = await w.client.getToken()
	const told = JSON.stringify(w.client.debug())
	for (const secret of [token, 'ada@example.com', 'Ada', 'aaaaaaaa']) expect(told).not.toContain(secret)
	for (let i = 0; i < 60; i++) await w.client.refresh()
	expect(w.client.debug().trail).toHaveLength(50)
})

test('errors are read from bodies, header fields, or the status alone (RFC 9470 section 3)', async () => {
	const stale = new Response('', { status: 401, headers: { 'www-authenticate': 'Bearer error="insufficient_user_authentication", max_age="300", acr_values="aal2"' } })
	expect(await toError(stale)).toMatchObject({ code: 'STALE_TOKEN', info: { challenge: { maxAge: 300, acr: 'aal2' } } })
	expect(await toError(problem(429, 'RATE_LIMITED', { 'retry-after': '7' }))).toMatchObject({ code: 'RATE_LIMITED', info: { retryAfter: 7, requestId: 'req_1' } })
	expect(await toError(Response.json({ error: 'x', code: 'VALIDATION_FAILED', fields: { email: 'is missing' } }, { status: 400 }))).toMatchObject({ info: { fields: { email: 'is missing' } } })
	for (const body of ['', 'null', '7', '"text"', '[]', '{}']) expect((await toError(new Response(body, { status: 418 }))).code).toBe('HTTP_418')
})

const vectors = JSON.parse(readFileSync('../../internal/pages/testdata/return_to.json', 'utf8')) as { text: string; path: string | null }[]

test.each(vectors)('where to go after signing in is judged as the server judges: $text', ({ text, path }) => {
	expect(safeReturnTo(text, 'FALLBACK')).toBe(path ?? 'FALLBACK')
})

test('a misspelt role or permission is an error of the compiler', () => {
	const client = createClient<{ role: 'admin' | 'user'; permission: 'posts:read' }>()
	expectTypeOf(client.can).parameter(0).toEqualTypeOf<'posts:read'>()
	expectTypeOf(client.hasRole).parameter(0).toEqualTypeOf<'admin' | 'user'>()
	const state = client.getState()
	// @ts-expect-error nobody is known before the status is
	expect(() => state.user.email).toThrow()
	if (state.status == 'signed-in') expectTypeOf(state.user.email).toBeString()
})

test('a client for tests is whoever it is told to be, at once (TST-05)', async () => {
	const late = createTestClient<{ permission: 'posts:read' }>('loading')
	void late.client.ready()
	expect(late.client.getState().status).toBe('loading')
	await late.become({ permissions: ['posts:read'] })
	expect([late.client.getState().status, late.client.can('posts:read')]).toEqual(['signed-in', true])
	expect(createTestClient({ name: 'Bob' }).client.getState()).toMatchObject({ status: 'signed-in', user: { name: 'Bob' } })
	expect(createTestClient().client.getState()).toMatchObject({ status: 'signed-out' })
	expect(createTestClient('unreachable').client.getState()).toMatchObject({ status: 'unreachable', error: { code: 'NETWORK' } })
	const some = createTestClient({ permissions: ['posts:read'], roles: ['admin'] }, r => Response.json({ saw: r.headers.get('authorization') }))
	await some.client.ready()
	expect([some.client.can('posts:read'), some.client.hasRole('admin')]).toEqual([true, true])
	expect(await (await some.client.fetch('/api/x')).json()).toEqual({ saw: 'Bearer token-1' })
	await some.become(null)
	expect(some.client.getState()).toMatchObject({ status: 'signed-out' })
	await some.become({ id: 'usr_2', email: 'bob@example.com' })
	expect(some.client.getState()).toMatchObject({ status: 'signed-in', user: { email: 'bob@example.com' } })
	const none = createTestClient('unreachable')
	expect((await none.client.ready()).status).toBe('unreachable')
	expect(await none.client.getToken().catch(e => e instanceof AuthError)).toBe(true)
})

const part = (text: string) => JSON.parse(atob(text.replace(/-/g, '+').replace(/_/g, '/')))

test('tokens for tests have the claims that the server gives its own, and verify by its keys (TST-05, RFC 9068)', async () => {
	vi.useRealTimers()
	const issuer = await createIssuer('https://id.example.com')
	const [key] = issuer.jwks().keys
	const verify = async (token: string) => {
		const [head, body, signature] = token.split('.')
		const bytes = (s: string) => Uint8Array.from(atob(s.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0))
		const imported = await crypto.subtle.importKey('jwk', key!, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
		const good = await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, imported, bytes(signature!), new TextEncoder().encode(head + '.' + body))
		return { good, head: part(head!), body: part(body!) }
	}
	const source = readFileSync('../../token/token.go', 'utf8')
	const claims = [...source.slice(source.indexOf('type Claims struct'), source.indexOf('// Own reports')).matchAll(/json:"(\w+)/g)].map(m => m[1])
	expect(claims).toEqual(expect.arrayContaining(Object.keys(part((await issuer.token({ perms: [], scope: 'x', org: 'x', org_roles: [] })).split('.')[1]!))))
	const now = Date.now() / 1000
	const good = await verify(await issuer.token({ roles: ['editor'], perms: ['posts:edit'] }))
	expect(good).toMatchObject({ good: true, head: { alg: 'ES256', typ: 'at+jwt' }, body: { iss: 'https://id.example.com', aud: 'https://id.example.com', roles: ['editor'], perms: ['posts:edit'] } })
	expect(good.body.exp).toBeGreaterThan(now)
	expect((await verify(await issuer.token({ expiresIn: -120 }))).body.exp).toBeLessThan(now)
	expect((await verify(await issuer.forged())).good).toBe(false)
	const other = await verify(await issuer.token({ aud: 'https://other.example.com', ver: 0, provedAgo: 600, org: 'org_1' }))
	expect(other).toMatchObject({ good: true, body: { aud: 'https://other.example.com', ver: 0, org: 'org_1' } })
	expect(other.body.iat - other.body.auth_time).toBe(600)
})
