/** A page and a server that are nowhere: what is asked is written down, what is answered is said beforehand. */
import { vi } from 'vitest'
import { createClient, type Options } from '../src/index.js'

/** What is asked. */
export interface Asked {
	path: string
	body: string
	headers: Headers
}

/** An answer of Gatehouse. */
export const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
	Response.json({ error: code, code, requestId: 'req_1' }, { status, headers: { 'content-type': 'application/json', 'x-request-id': 'req_1', ...headers } })

let sessions = 0

/** What is granted to somebody. */
export const grant = (more: object = {}) => ({
	accessToken: 'token-' + ++sessions,
	expiresIn: 900,
	tokenType: 'Bearer',
	user: { id: 'usr_1', email: 'ada@example.com', name: 'Ada', roles: ['user'] },
	session: { id: 'ses_1', expiresAt: '2030-01-01T00:00:00Z' },
	permissions: ['posts:read', 'posts:delete:own'],
	...more,
})

/** Makes a client and what it asks. Answers by path; a function answers anew every time. */
export function world(answers: Record<string, (asked: Asked) => Response | Promise<Response>> = {}, options: Options = {}) {
	const asked: Asked[] = []
	const all: typeof answers = { '/auth/refresh': () => Response.json(grant()), '/auth/logout': () => Response.json({}), ...answers }
	const fetch: typeof globalThis.fetch = async (input, init) => {
		const request = new Request(typeof input == 'string' ? new URL(input, location.href) : input, init)
		const one = { path: new URL(request.url).pathname, body: await request.text(), headers: request.headers }
		asked.push(one)
		const answer = all[one.path]
		if (!answer) throw new TypeError('Failed to fetch')
		return answer(one)
	}
	const client = createClient({ fetch, ...options })
	const states: string[] = [client.getState().status]
	client.subscribe(() => states.push(client.getState().status))
	return { client, asked, answers: all, states, paths: () => asked.map(a => a.path) }
}

/** Leaves the mark of a session, or takes it away. */
export const mark = (value: string) => {
	document.cookie = value ? `gh_hint=${value}; path=/` : 'gh_hint=; path=/; max-age=0'
}

/** Lets time pass for both clocks and all timers. */
export const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
