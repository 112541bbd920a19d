/** What the tests need: an API that listens, and calls of it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createApp } from '../app.js'

/** The pages that may call. */
export const origin = 'http://localhost:5173'

/** Serves a handler on a port of chance until the test is over, and returns where. */
export async function serve(t, handler) {
	const server = createServer(handler).listen(0, '127.0.0.1')
	await once(server, 'listening')
	t.after(() => {
		server.closeAllConnections()
		server.close()
	})
	return `http://localhost:${server.address().port}`
}

/** Serves the API for the tokens of an issuer. It fetches keys whenever it knows one not, for tests cannot wait half a minute. */
export const serveApp = (t, options) => serve(t, createApp({ origin, cooldown: 0, ...options }))

/** A port that nobody listens on. */
export async function freePort() {
	const server = createServer().listen(0, '127.0.0.1')
	await once(server, 'listening')
	const { port } = server.address()
	server.close()
	await once(server, 'close')
	return port
}

/** Moves the clock of a house, and of nothing else. */
export async function setClock(house, offset) {
	const { status } = await call(house.issuer + '/dev/clock', { method: 'POST', json: { offset } })
	assert.ok(status < 300)
}

/** Calls, and returns the status, the body and the header fields. */
export async function call(url, { token, method = 'GET', json, headers = {} } = {}) {
	if (token !== undefined) headers = { ...headers, authorization: 'Bearer ' + token }
	if (json) headers = { ...headers, 'content-type': 'application/json' }
	const r = await fetch(url, { method, headers, body: json && JSON.stringify(json) })
	const text = await r.text()
	return { status: r.status, body: text.startsWith('{') ? JSON.parse(text) : text, headers: r.headers }
}

/** Asserts that an answer refuses, with a code that the SDK of Gatehouse knows. */
export function assertRefused(answer, status, code) {
	assert.deepEqual([answer.status, answer.body.code], [status, code])
	assert.match(answer.body.requestId, /^req_/)
	assert.ok(answer.body.error)
	assert.equal(answer.headers.get('cache-control'), 'no-store')
	assert.equal(answer.headers.get('x-request-id'), answer.body.requestId)
	const challenge = answer.headers.get('www-authenticate')
	if (status != 401) assert.equal(challenge, null)
	else assert.match(challenge, code == 'NO_CREDENTIALS' ? /^Bearer realm="gatehouse"$/ : /^Bearer realm="gatehouse", error="invalid_token", error_description="[^"]+"$/)
}
