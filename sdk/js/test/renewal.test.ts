import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sessionCookie } from '../src/cookie.js'
import { AuthError } from '../src/index.js'
import { native } from '../src/native.js'
import { grant, mark, pass, problem, world } from './world.js'

beforeEach(() => {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance', 'queueMicrotask'] })
	mark('aaaaaaaa')
})
afterEach(() => void vi.useRealTimers())

const failing = () => problem(503, 'UNAVAILABLE')
const bob = () => Response.json(grant({ user: { id: 'usr_2', email: 'bob@example.com', name: 'Bob', roles: [] }, session: { id: 'ses_2', expiresAt: '2030-01-01T00:00:00Z' } }))

test('a Retry-After that is a date makes no storm (RFC 9110 section 10.2.3, pitfall 6)', async () => {
	const w = world({ '/auth/refresh': () => problem(503, 'UNAVAILABLE', { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }) })
	w.client.start()
	await pass(0)
	await expect(w.client.getToken()).rejects.toMatchObject({ code: 'UNAVAILABLE', info: { retryAfter: undefined } })
	expect(w.asked).toHaveLength(1)
	await pass(3_600_000)
	expect(w.asked.length).toBeGreaterThan(60)
	expect(w.asked.length).toBeLessThan(150)
})

test('a renewal that was wished for and failed leaves the token that still works (pitfall 6)', async () => {
	const w = world({ '/api': () => Response.json({}) })
	const token = await w.client.getToken()
	w.answers['/auth/refresh'] = failing
	await expect(w.client.refresh()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
	expect(w.client.getState()).toMatchObject({ status: 'signed-in', stale: true })
	expect(await w.client.getToken()).toBe(token)
	expect((await w.client.fetch('/api')).status).toBe(200)
	w.answers['/auth/refresh'] = () => Response.json(grant())
	await w.client.refresh()
	expect(await w.client.getToken()).not.toBe(token)
})

test('only a client that was started renews by itself, and one that was stopped while it asked does not', async () => {
	const idle = world({}, { transport: native({ get: async () => 'kept', set: async () => {}, remove: async () => {} }) })
	await idle.client.getToken()
	expect(vi.getTimerCount(), 'a command line would not end').toBe(0)
	let answer = (_: Response) => {}
	const w = world({ '/auth/refresh': () => new Promise(resolve => (answer = resolve)) })
	w.client.start()()
	await pass(0)
	answer(Response.json(grant()))
	await pass(3_600_000)
	expect(w.client.getState().status).toBe('signed-in')
	expect(w.asked).toHaveLength(1)
})

test('what a server could not know, a page that was given it finds out by itself', async () => {
	const w = world()
	w.client.hydrate({ status: 'unreachable', user: null, session: null, error: new AuthError('NETWORK') })
	w.client.start()
	await pass(1_000)
	expect(w.client.getState().status).toBe('signed-in')
})

test('a request that somebody began is not sent in the name of another, who signed in meanwhile', async () => {
	const w = world({ '/api': () => Response.json({}) })
	await w.client.ready()
	await pass(900_000)
	w.answers['/auth/refresh'] = bob
	await expect(w.client.fetch('/api', { method: 'POST', body: 'of Ada' })).rejects.toMatchObject({ code: 'NO_CREDENTIALS' })
	expect(w.paths()).not.toContain('/api')
	expect(w.client.getState()).toMatchObject({ user: { id: 'usr_2' } })
	await w.client.fetch('/api')
	expect(w.paths()).toContain('/api')
})

test('the cookie of a session that proves too little by now is over: only a sign-in proves more', async () => {
	const w = world({ '/auth/csrf-token': () => Response.json({ csrfToken: 'x' }), '/auth/token': () => problem(401, 'STALE_TOKEN') }, { transport: sessionCookie })
	expect(await w.client.ready()).toMatchObject({ status: 'signed-out', reason: 'revoked' })
})
