import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { grant, mark, problem, world } from './world.js'

// What is told between tabs comes by the real clock, so this one stands still instead of being advanced.
beforeEach(() => {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
	mark('aaaaaaaa')
})
afterEach(async () => {
	ends.splice(0).forEach(end => end())
	await turns()
	vi.useRealTimers()
})

const ends: (() => void)[] = []

/** Lets everything happen that waits for nothing but its turn. */
const turns = async (n = 10) => {
	for (let i = 0; i < n; i++) await new Promise(resolve => setImmediate(resolve))
}

/** Another tab: what it says has arrived everywhere once it hears its own echo. */
async function anotherTab(news: object) {
	const [mouth, ear] = [new BroadcastChannel('gatehouse:/auth'), new BroadcastChannel('gatehouse:/auth')]
	await new Promise(heard => {
		ear.onmessage = heard
		mouth.postMessage(news)
	})
	await turns()
	for (const channel of [mouth, ear]) channel.close()
}

const person = (id: string) => grant({ user: { id, email: id + '@example.com', name: id, roles: [] }, session: { id: 'ses_' + id, expiresAt: '2030-01-01T00:00:00Z' } })
const ok = (id = 'ada') => Response.json(person(id))
const failing = () => problem(503, 'UNAVAILABLE')

/** A page, and how its next renewal ends. `late` ends the one that it began with. */
function page() {
	let next: () => Response | Promise<Response> = () => new Promise(resolve => (late = resolve))
	let late: (r: Response) => void = () => {}
	const w = world({ '/auth/refresh': () => next(), '/auth/login/password': () => ok('bob') })
	ends.push(w.client.start())
	const answer = async (r: () => Response) => {
		next = r
		late(r())
		await turns()
	}
	const renewed = async (r: () => Response) => {
		const waits = w.client.getState().status == 'loading'
		await answer(r)
		if (!waits) await w.client.refresh().catch(() => {})
	}
	return { ...w, answer, renewed }
}

type Place = ReturnType<typeof page>

/** How each state is come to. */
const states: Record<string, (p: Place) => Promise<unknown>> = {
	loading: turns.bind(null, 10),
	unreachable: p => p.answer(failing),
	'signed out': p => p.answer(() => problem(401, 'REFRESH_EXPIRED')),
	'signed in': p => p.answer(ok),
	stale: p => p.answer(ok).then(() => p.renewed(failing)),
}

/** What may happen in each. */
const events: Record<string, (p: Place) => Promise<unknown>> = {
	granted: p => p.renewed(ok),
	ended: p => p.renewed(() => problem(401, 'TOKEN_REVOKED')),
	failed: p => p.renewed(failing),
	'signs in': p => p.client.signIn('password', { email: 'bob', password: 'x' }),
	'signs out': p => p.client.signOut(),
	'another tab signs in': () => anotherTab({ in: person('bob'), age: 0 }),
	'another tab signs out': () => anotherTab({ out: 'signed-out' }),
}

const ada = 'signed-in ada'
const bob = 'signed-in bob'
const out = 'signed-out signed-out'

/** The whole machine: what each event makes of each state. */
const table: Record<string, Record<string, string>> = {
	loading: { granted: ada, ended: 'signed-out revoked', failed: 'unreachable', 'signs in': bob, 'signs out': out, 'another tab signs in': bob, 'another tab signs out': out },
	unreachable: { granted: ada, ended: 'signed-out revoked', failed: 'unreachable', 'signs in': bob, 'signs out': out, 'another tab signs in': bob, 'another tab signs out': out },
	// Why somebody is out is said once, and what comes later changes nothing of it.
	'signed out': { granted: ada, ended: 'signed-out expired', failed: 'signed-out expired', 'signs in': bob, 'signs out': 'signed-out expired', 'another tab signs in': bob, 'another tab signs out': 'signed-out expired' },
	'signed in': { granted: ada, ended: 'signed-out revoked', failed: ada + ' stale', 'signs in': bob, 'signs out': out, 'another tab signs in': bob, 'another tab signs out': out },
	stale: { granted: ada, ended: 'signed-out revoked', failed: ada + ' stale', 'signs in': bob, 'signs out': out, 'another tab signs in': bob, 'another tab signs out': out },
}

const name = ({ client }: Place) => {
	const s = client.getState()
	return [s.status, s.status == 'signed-out' ? s.reason : s.status == 'signed-in' ? s.user.id : '', s.status == 'signed-in' && s.stale ? 'stale' : ''].filter(Boolean).join(' ')
}

describe('every event in every state (WEB-04, WEB-05, WEB-12)', () => {
	for (const [state, row] of Object.entries(table))
		test.each(Object.entries(row))(`${state}: %s is %s`, async (event, expected) => {
			const p = page()
			await states[state]!(p)
			await events[event]!(p)
			expect(name(p)).toBe(expected)
			// What was asked before is answered now: it is about nobody any more.
			await p.answer(() => ok('late'))
			expect(name(p)).toBe(expected)
			expect(p.states.lastIndexOf('loading'), 'the first state never comes back').toBe(0)
		})
	test('the table has every state and every event', () => {
		expect(Object.keys(table)).toEqual(Object.keys(states))
		for (const row of Object.values(table)) expect(Object.keys(row)).toEqual(Object.keys(events))
	})
})

test('what another tab renewed is taken over without asking, and what is older is not', async () => {
	const p = page()
	await p.answer(ok)
	const own = await p.client.getToken()
	await anotherTab({ in: { ...person('ada'), expiresIn: 600 }, age: 0 })
	expect(await p.client.getToken()).toBe(own)
	const newer = { ...person('ada'), expiresIn: 1200 }
	await anotherTab({ in: newer, age: 1000 })
	expect(await p.client.getToken()).toBe(newer.accessToken)
	expect(p.paths()).toEqual(['/auth/refresh'])
})

test('no secret but the access token is told to other tabs, and not that where it is not to be shared (STO-01)', async () => {
	const told: { in?: Record<string, unknown> }[] = []
	const ear = new BroadcastChannel('gatehouse:/auth')
	ear.onmessage = e => told.push(e.data)
	const grants = () => Response.json(grant({ refreshToken: 'refresh', backupCodes: ['code'] }))
	for (const shareToken of [true, false]) {
		const w = world({ '/auth/refresh': grants }, { shareToken })
		ends.push(w.client.start())
		await turns()
	}
	ear.close()
	expect(told.map(m => !!m.in?.['accessToken'])).toEqual([true, false])
	expect(JSON.stringify(told)).not.toMatch(/"(refresh|code)"/)
})
