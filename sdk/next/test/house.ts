/** A server that answers as Gatehouse does, and keeps what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What it was asked. */
export interface Asked {
	method: string
	path: string
	headers: IncomingMessage['headers']
	body: string
}

/** Starts one below /id; `answer` may be replaced. */
export async function startHouse() {
	const asked: Asked[] = []
	const house = { answer: (_asked: Asked, r: ServerResponse) => void r.end() }
	const server = createServer(async (q, r) => {
		let body = ''
		for await (const part of q) body += part
		const one = { method: q.method!, path: q.url!, headers: q.headers, body }
		asked.push(one)
		house.answer(one, r)
	})
	await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/id`
	return {
		url,
		asked,
		/** Answers from now on with a status and JSON. */
		says(status: number, json: unknown) {
			house.answer = (_, r) => void r.writeHead(status, { 'content-type': 'application/json' }).end(typeof json == 'string' ? json : JSON.stringify(json))
		},
		/** Answers from now on by a function. */
		does(answer: (asked: Asked, r: ServerResponse) => void) {
			house.answer = answer
		},
		stop: () => new Promise<void>(done => (server.close(() => done()), server.closeAllConnections())),
	}
}

/** What GET /auth/me says of somebody. */
export const me = (permissions = ['posts:read']) => ({
	user: { id: 'usr_1', email: 'ada@example.com', emailVerified: true, name: 'Ada', roles: ['editor'] },
	permissions,
	org: null,
	session: { id: 'ses_1', createdAt: '2026-01-01T00:00:00Z', expiresAt: '2026-01-02T00:00:00Z' },
	authTime: '2026-01-01T00:00:00Z',
	amr: ['pwd'],
	acr: 'aal1',
})
