import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from 'vitest'
import { createServerAuth, isRefused, UnreachableError, type Refused } from '../src/index.js'
import { me, startHouse } from './house.js'

const request = vi.hoisted(() => ({ headers: new Headers(), forbidden: false }))
vi.mock('next/headers', () => ({
	headers: async () => {
		if (request.forbidden) throw new Error('headers() inside "use cache"')
		return request.headers
	},
}))
vi.mock('next/navigation', () => ({
	redirect: (to: string) => {
		throw new Error('redirect ' + to)
	},
	notFound: () => {
		throw new Error('not found')
	},
}))

type Words = { role: 'editor'; permission: 'posts:read' | 'posts:delete' | 'posts:delete:own' }

let house: Awaited<ReturnType<typeof startHouse>>
beforeEach(async () => {
	house = await startHouse()
	request.headers = new Headers({ cookie: 'a=b; session=s1; theme=dark', host: 'app.example.com', 'user-agent': 'Browser', 'x-forwarded-for': '203.0.113.7', authorization: 'Bearer no' })
	request.forbidden = false
})
afterEach(() => house.stop())

const make = () => createServerAuth<Words>({ url: house.url })

test('auth() asks with the cookie of the session and nothing else that could be a credential (WEB-14, WEB-16, STO-04)', async () => {
	house.says(200, me())
	expect(await make().auth()).toEqual({
		status: 'signed-in',
		user: { id: 'usr_1', email: 'ada@example.com', name: 'Ada', roles: ['editor'] },
		session: { id: 'ses_1', expiresAt: '2026-01-02T00:00:00Z' },
		permissions: ['posts:read'],
		stale: false,
	})
	const [{ method, path, headers }] = house.asked as [(typeof house.asked)[0]]
	expect([method, path]).toEqual(['GET', '/id/auth/me'])
	expect(headers).toMatchObject({ cookie: 'session=s1', host: 'app.example.com', 'user-agent': 'Browser', 'x-forwarded-for': '203.0.113.7' })
	expect(headers).not.toHaveProperty('authorization')
})

test('two cookies of one name arrive as two, for Gatehouse to refuse', async () => {
	request.headers.set('cookie', 'session=planted; session=s1; __Host-session=s2; xsession=no')
	house.says(401, { code: 'NO_CREDENTIALS' })
	expect((await make().auth()).status).toBe('signed-out')
	expect(house.asked[0]!.headers.cookie).toBe('session=planted; session=s1; __Host-session=s2')
})

test('without a cookie nobody is asked', async () => {
	request.headers.delete('cookie')
	expect(await make().auth()).toEqual({ status: 'signed-out', user: null, session: null, reason: 'none' })
	expect(house.asked).toEqual([])
})

test('every call asks anew, outside of a rendering (WEB-18)', async () => {
	const { auth } = make()
	house.says(200, me())
	expect((await auth()).status).toBe('signed-in')
	house.says(401, { code: 'INVALID_TOKEN' })
	expect((await auth()).status).toBe('signed-out')
})

const silences: [what: string, status: number, body: unknown, code: string][] = [
	['an overload', 503, { code: 'UNAVAILABLE' }, 'UNAVAILABLE'],
	['a limit', 429, { code: 'RATE_LIMITED' }, 'RATE_LIMITED'],
	["a page of somebody else's", 200, '<html>', 'HTTP_200'],
	['an answer about nobody', 200, {}, 'HTTP_200'],
	["somebody else's 401", 401, 'who are you?', 'HTTP_401'],
	['a redirect', 302, '', 'HTTP_302'],
]
test.each(silences)('%s signs nobody out and lets nobody in (pitfall 5)', async (_what, status, body, code) => {
	house.says(status, body)
	const { auth, requireUser, withPermission } = make()
	const state = await auth()
	expect(state).toMatchObject({ status: 'unreachable', user: null, error: { code } })
	expect(structuredClone(state)).toEqual(state) // it must cross to the browser
	await expect(requireUser()).rejects.toBeInstanceOf(UnreachableError)
	await expect(requireUser()).rejects.toMatchObject({ digest: 'GATEHOUSE_UNREACHABLE' })
	expect(await withPermission('posts:read', async () => 1)()).toEqual({ refused: 'UNAVAILABLE' })
})

test('a kept connection that Gatehouse closes at the next question is no failure', async () => {
	house.says(200, me())
	const { auth } = make()
	await auth()
	house.does((_, r) => {
		house.says(200, me())
		r.socket!.destroy()
	})
	expect((await auth()).status).toBe('signed-in')
	expect(house.asked.length).toBe(3)
})

test('a Gatehouse that is gone is unreachable', async () => {
	house.says(200, me())
	const { auth } = make()
	expect((await auth()).status).toBe('signed-in')
	await house.stop()
	expect(await auth()).toMatchObject({ status: 'unreachable', error: { code: 'NETWORK' } })
	house.stop = async () => {}
})

test('inside of a cache auth() throws, so that nobody is kept for another', async () => {
	house.says(200, me())
	const { auth } = make()
	await auth()
	request.forbidden = true
	await expect(auth()).rejects.toThrow('use cache')
})

test('guards send away whoever may not (WEB-15, WEB-18, pitfall 16)', async () => {
	house.says(200, me())
	const { requireUser, requirePermission } = make()
	expect((await requireUser()).roles).toEqual(['editor'])
	expect((await requirePermission('posts:read')).id).toBe('usr_1')
	await expect(requirePermission('posts:delete')).rejects.toThrow('not found')
	await expect(requirePermission('posts:delete', { else: '/sorry' })).rejects.toThrow('redirect /sorry')
	house.says(200, me(['posts:delete']))
	expect((await requirePermission('posts:delete:own')).id).toBe('usr_1')

	house.says(401, { code: 'NO_CREDENTIALS' })
	await expect(requireUser()).rejects.toThrow('redirect /id/login?returnTo=%2F')
	await expect(requireUser({ returnTo: '/a?b=c' })).rejects.toThrow('redirect /id/login?returnTo=%2Fa%3Fb%3Dc')
	await expect(requirePermission('posts:read', { returnTo: '//elsewhere.example' })).rejects.toThrow(/returnTo=%2F$/)
	request.headers.set('x-gatehouse-path', '/rooms/7')
	await expect(requireUser()).rejects.toThrow('redirect /id/login?returnTo=%2Frooms%2F7')
	request.headers.set('x-gatehouse-path', 'https://elsewhere.example/')
	await expect(requireUser()).rejects.toThrow(/returnTo=%2F$/)
})

test('an action runs for whoever may, and says why it does not for others (WEB-18)', async () => {
	const run = vi.fn(async (user: { email: string }, n: number) => `${user.email} ${n}`)
	const action = make().withPermission('posts:delete', run)
	expectTypeOf(action).toEqualTypeOf<(n: number) => Promise<string | Refused>>()
	house.says(401, { code: 'NO_CREDENTIALS' })
	expect(await action(1)).toEqual({ refused: 'NO_CREDENTIALS' })
	house.says(200, me())
	expect(await action(1)).toEqual({ refused: 'INSUFFICIENT_PERMISSIONS' })
	expect(run).not.toHaveBeenCalled()
	house.says(200, me(['posts:delete']))
	const answer = await action(1)
	expect(isRefused(answer)).toBe(false)
	expect(answer).toBe('ada@example.com 1')
})

test('Gatehouse decides whether a proof is fresh', async () => {
	const run = vi.fn(async () => 'done')
	const action = make().withPermission('posts:delete', { fresh: '5m' }, run)
	const check = (status: number, code?: string) =>
		house.does(({ path }, r) => void r.writeHead(path.includes('/check') ? status : 200).end(JSON.stringify(path.includes('/check') ? { code } : me(['posts:delete']))))
	check(401, 'STALE_TOKEN')
	expect(await action()).toEqual({ refused: 'STALE_TOKEN', maxAge: 300 })
	check(401, 'NO_CREDENTIALS')
	expect(await action()).toEqual({ refused: 'NO_CREDENTIALS' })
	for (const status of [403, 429, 500]) {
		check(status, 'X')
		expect(await action()).toEqual({ refused: 'UNAVAILABLE' })
	}
	expect(run).not.toHaveBeenCalled()
	check(200)
	expect(await action()).toBe('done')
	expect(house.asked.at(-1)!.path).toBe('/id/auth/check?scheme=cookie&fresh=300s')
})

test('slips of the pen are found early', async () => {
	expect(() => make().withPermission('posts:read', { fresh: '5 minutes' }, async () => 1)).toThrow("fresh must be such as '5m'")
	// @ts-expect-error There is no such permission.
	make().withPermission('posts:delte', async () => 1)
	for (const url of [undefined, '', '/id', 'ftp://house']) await expect(createServerAuth({ url }).auth()).rejects.toThrow('createServerAuth needs url')
})
