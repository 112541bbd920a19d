/** The API beside a real Gatehouse: its tokens, its clock, its keys, and the fetch of its SDK. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createClient } from '../../../sdk/js/dist/index.js'
import { native } from '../../../sdk/js/dist/native.js'
import { passphrase, startHouse } from '../house.js'
import { assertRefused, call, freePort, origin, serveApp, setClock } from './lib.js'

let house

before(async () => {
	house = await startHouse(await freePort(), '--dev-no-limits')
	for (const role of ['user', 'moderator']) house.addUser(`${role}@example.com`, role)
})
after(() => house?.stop())

/** Moves the clock of the house, and of nothing else. */
const clock = offset => setClock(house, offset)

/** Signs somebody in, and returns their token. */
async function tokenOf(role) {
	const { body } = await call(house.issuer + '/auth/login/password', { method: 'POST', json: { email: `${role}@example.com`, password: passphrase, mode: 'native' } })
	return body.accessToken
}

const keyOf = token => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid

test('who may do what (AUZ-07)', async t => {
	const api = await serveApp(t, { issuer: house.issuer })
	const [user, moderator] = [await tokenOf('user'), await tokenOf('moderator')]
	const post = async text => (await call(api + '/posts', { method: 'POST', token: user, json: { text } })).body.id

	assertRefused(await call(api + '/posts'), 401, 'NO_CREDENTIALS')
	assert.equal((await call(api + '/posts', { token: user })).status, 200)
	assertRefused(await call(api + '/posts', { method: 'POST', token: moderator, json: { text: 'No' } }), 403, 'INSUFFICIENT_PERMISSIONS')
	assertRefused(await call(api + '/posts', { method: 'POST', token: user, json: { words: 'No' } }), 400, 'VALIDATION_FAILED')

	const [first, second] = [await post('One'), await post('Two')]
	assert.equal((await call(`${api}/posts/${first}`, { method: 'DELETE', token: moderator })).status, 204)
	assert.equal((await call(`${api}/posts/${second}`, { method: 'DELETE', token: user })).status, 204)
	assertRefused(await call(`${api}/posts/${second}`, { method: 'DELETE', token: user }), 404, 'NOT_FOUND')
	assertRefused(await call(`${api}/posts/${second}`, { method: 'DELETE', token: moderator }), 404, 'NOT_FOUND')
	house.addUser('other@example.com', 'user')
	const third = await post('Three')
	assertRefused(await call(`${api}/posts/${third}`, { method: 'DELETE', token: await tokenOf('other') }), 404, 'NOT_FOUND')
	assert.equal((await call(api + '/posts', { token: user })).body.items.length, 1)
})

test('a token for another API', async t => {
	const api = await serveApp(t, { issuer: house.issuer, audience: 'https://other.example' })
	assertRefused(await call(api + '/posts', { token: await tokenOf('user') }), 401, 'INVALID_TOKEN')
})

test('a token that is over is renewed by the fetch of the SDK, and the call is sent once more', async t => {
	const api = await serveApp(t, { issuer: house.issuer })
	let secret = null
	const store = { get: async () => secret, set: async text => void (secret = text), remove: async () => void (secret = null) }
	const client = createClient({ url: house.issuer + '/auth', transport: native(store), apiOrigins: [api] })
	t.after(client.start())

	await clock('-20m')
	t.after(() => clock('0'))
	const step = await client.signIn('password', { email: 'user@example.com', password: passphrase })
	assert.equal(step.status, 'complete')
	const old = await client.getToken()
	assertRefused(await call(api + '/posts', { token: old }), 401, 'TOKEN_EXPIRED')

	await clock('0')
	const answer = await client.fetch(api + '/posts')
	assert.equal(answer.status, 200)
	assert.notEqual(await client.getToken(), old)
})

test('keys are rotated while the API runs (JWT-13, JWT-14)', async t => {
	const api = await serveApp(t, { issuer: house.issuer })
	const before = await tokenOf('user')
	assert.equal((await call(api + '/posts', { token: before })).status, 200)
	// The key that comes next is published already: only the one after it is news.
	for (let times = 0; times < 2; times++) {
		const old = keyOf(await tokenOf('user'))
		house.run(['key', 'rotate'])
		let token
		do {
			await new Promise(resume => setTimeout(resume, 200)) // a server that runs takes up to five seconds
			token = await tokenOf('user')
		} while (keyOf(token) == old)
		assert.equal((await call(api + '/posts', { token })).status, 200)
	}
	assert.equal((await call(api + '/posts', { token: before })).status, 200)
})

test('pages of one origin may call', async t => {
	const api = await serveApp(t, { issuer: house.issuer })
	const ask = from => call(api + '/posts', { method: 'OPTIONS', headers: { origin: from, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' } })
	const ours = await ask(origin)
	assert.equal(ours.status, 204)
	assert.equal(ours.headers.get('access-control-allow-origin'), origin)
	assert.match(ours.headers.get('access-control-allow-headers'), /Authorization/)
	assert.equal(ours.headers.get('access-control-allow-credentials'), null)
	for (const from of ['https://evil.example', 'null', origin + '.evil.example']) {
		assert.equal((await ask(from)).headers.get('access-control-allow-origin'), null)
	}
	const refused = await call(api + '/posts', { headers: { origin } })
	assert.equal(refused.headers.get('access-control-allow-origin'), origin)
	assert.match(refused.headers.get('access-control-expose-headers'), /WWW-Authenticate/)
})
