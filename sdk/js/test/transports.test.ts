import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { native, type SecretStore } from '../src/native.js'
import { createToken, moment } from '../src/tokens.js'
import { grant, mark, pass, problem, world } from './world.js'

beforeEach(() => {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
	mark('')
})
afterEach(() => {
	vi.useRealTimers()
	vi.restoreAllMocks()
})

/** The store of a device, which notes what is done to it. */
function keychain(secret: string | null) {
	const done: string[] = []
	const store: SecretStore & { secret: string | null; done: string[] } = {
		secret,
		done,
		get: async () => store.secret,
		set: async s => void (done.push('set ' + s), (store.secret = s)),
		remove: async () => void (done.push('remove'), (store.secret = null)),
	}
	return store
}

test('an application keeps its refresh token in the store of the system, and stores the new one before anybody hears of it (STO-05, WEB-17)', async () => {
	const store = keychain('first')
	const w = world({ '/auth/refresh': () => Response.json(grant({ refreshToken: 'second' })) }, { transport: native(store) })
	w.client.subscribe(() => store.done.push(w.client.getState().status))
	expect(await w.client.ready()).toMatchObject({ status: 'signed-in' })
	expect(JSON.parse(w.asked[0]!.body)).toEqual({ refreshToken: 'first', active: true })
	expect(store.done).toEqual(['set second', 'signed-in'])
	expect(JSON.stringify(w.client.debug())).not.toContain('second')
	await w.client.signOut()
	expect(store.secret).toBeNull()
	expect(w.asked.map(a => [a.path, JSON.parse(a.body)]).at(-1)).toEqual(['/auth/logout', { refreshToken: 'second' }])
})

test('with an empty store nobody is asked, and a dead token is taken out of it; one that could not be tried stays (WEB-04, STO-05)', async () => {
	const none = world({}, { transport: native(keychain(null)) })
	expect(await none.client.ready()).toMatchObject({ status: 'signed-out', reason: 'none' })
	expect(none.asked).toEqual([])
	for (const [answer, left] of [
		[() => problem(401, 'TOKEN_REUSED'), null],
		[() => problem(503, 'UNAVAILABLE'), 'kept'],
		[() => Promise.reject(new TypeError('Failed to fetch')), 'kept'],
	] as const) {
		const store = keychain('kept')
		await world({ '/auth/refresh': answer }, { transport: native(store) }).client.ready()
		expect(store.secret).toBe(left)
	}
})

test('a store that fails says so, signs nobody out, and keeps nobody from signing out (WEB-04, STO-05)', async () => {
	const locked = new Error('the device is locked')
	const fails = () => Promise.reject(locked)
	const w = world({}, { transport: native({ get: fails, set: fails, remove: fails }) })
	expect(await w.client.ready()).toMatchObject({ status: 'unreachable', error: { code: 'STORE_FAILED', cause: locked } })
	await w.client.signOut()
	expect(w.client.getState().status).toBe('signed-out')
	expect(w.paths()).toEqual(['/auth/logout'])
})

test('a sign-in is stored, and asks for the native mode (STO-05)', async () => {
	const store = keychain(null)
	const w = world({ '/auth/login/password': () => Response.json(grant({ refreshToken: 'new' })) }, { transport: native(store) })
	await w.client.signIn('password', { email: 'ada@example.com', password: 'x' })
	expect(JSON.parse(w.asked[0]!.body)).toMatchObject({ mode: 'native' })
	expect(store.secret).toBe('new')
})

test('who signs out without a network is out at once, here; the server is told once it answers, and once only (BUG-39, WEB-12)', async () => {
	mark('aaaaaaaa')
	const w = world({ '/auth/logout': () => Promise.reject(new TypeError('Failed to fetch')) })
	await w.client.ready()
	const failed = w.client.signOut().catch(e => e.code)
	expect(w.client.getState()).toMatchObject({ status: 'signed-out', reason: 'signed-out', user: null })
	expect(await failed).toBe('NETWORK')
	expect(document.cookie).not.toContain('aaaaaaaa')
	expect(await w.client.getToken().catch(e => e.code)).toBe('NO_CREDENTIALS')
	await pass(9_000)
	w.answers['/auth/logout'] = () => Response.json({})
	await pass(60_000)
	expect(w.paths()).toEqual(['/auth/refresh', '/auth/logout', '/auth/logout', '/auth/logout'])
})

test('the server is not told late of a sign-out after which somebody signed in', async () => {
	mark('aaaaaaaa')
	const w = world({ '/auth/logout': () => Promise.reject(new TypeError('Failed to fetch')), '/auth/login/password': () => Response.json(grant()) })
	await w.client.ready()
	await w.client.signOut().catch(() => {})
	await w.client.signIn('password', { email: 'ada@example.com', password: 'x' })
	await pass(60_000)
	expect(w.paths().filter(p => p == '/auth/logout')).toHaveLength(1)
	mark('')
	const hosted = world({ '/auth/logout': () => problem(503, 'UNAVAILABLE') })
	await hosted.client.signOut().catch(() => {})
	mark('bbbbbbbb') // on a hosted page, in another tab
	await pass(60_000)
	expect(hosted.paths().filter(p => p == '/auth/logout')).toHaveLength(1)
})

test('signing out everywhere ends the other sessions first, while there is a token', async () => {
	mark('aaaaaaaa')
	const w = world({ '/auth/logout-all': a => (a.headers.get('authorization') ? Response.json({}) : problem(401, 'NO_CREDENTIALS')) })
	await w.client.signOut({ everywhere: true })
	expect(w.paths()).toEqual(['/auth/refresh', '/auth/logout-all', '/auth/logout'])
	const failing = world({ '/auth/logout-all': () => problem(503, 'UNAVAILABLE') })
	mark('bbbbbbbb')
	await failing.client.ready()
	await expect(failing.client.signOut({ everywhere: true })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
	expect(failing.client.getState().status, 'whoever wants out is out, here at least').toBe('signed-out')
})

test.each([
	['both clocks', 1, 1],
	['the clock of the page alone, for that on the wall was set back', 1, -100],
	['the clock on the wall alone, for the page slept', 0, 1],
])('the life of a token is counted by %s (pitfalls 8 and 9)', (_, page, wall) => {
	let [p, w] = [performance.now(), Date.now()]
	vi.spyOn(performance, 'now').mockImplementation(() => p)
	vi.spyOn(Date, 'now').mockImplementation(() => w)
	const token = createToken('x', 100)
	const wait = (ms: number) => {
		p += page * ms
		w += wall * ms
	}
	expect([token.good(), Math.round(token.left())]).toEqual([true, 100])
	wait(79_000)
	expect([token.good(), Math.round(token.left())]).toEqual([true, 21])
	wait(2_000)
	expect([token.good(), Math.round(token.left())]).toEqual([false, 19])
	wait(20_000)
	expect(token.left()).toBeLessThan(0)
})

test('it is renewed at a moment within its margin, which is never before it (pitfall 9)', () => {
	const at = moment()
	const within = (life: number, from: number, to: number) => {
		const token = createToken('x', life, at)
		for (let i = 0; i < 100; i++) {
			const until = token.until()
			expect(until).toBeGreaterThanOrEqual(from)
			expect(until).toBeLessThanOrEqual(to)
		}
	}
	within(100, 80, 90) // the last fifth
	within(900, 840, 870) // a minute at the most
	expect(createToken().left()).toBeLessThan(0)
	expect(createToken().good()).toBe(false)
})
