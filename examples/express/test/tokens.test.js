/** Tokens that no Gatehouse makes, by an issuer of our own: all but the right one are refused. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { before, test } from 'node:test'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { may } from '../tokens.js'
import { assertRefused, call, serve, serveApp } from './lib.js'

let key, spki, jwks

before(async () => {
	const pair = await generateKeyPair('ES256', { extractable: true })
	key = pair.privateKey
	spki = await exportSPKI(pair.publicKey)
	jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] }
})

const now = () => Math.floor(Date.now() / 1000)
const part = value => Buffer.from(JSON.stringify(value)).toString('base64url')
const claims = iss => ({ iss, aud: iss, sub: 'usr_1', sid: 'ses_1', jti: 'j1', iat: now(), exp: now() + 900, roles: ['user'], perms: ['posts:read'] })
const right = { alg: 'ES256', typ: 'at+jwt', kid: 'k1' }

/** Signs claims of the issuer, changed by `change`, under a header changed by `header`. */
const sign = (iss, change = {}, header = {}, by = key) => new SignJWT({ ...claims(iss), ...change }).setProtectedHeader({ ...right, ...header }).sign(by)

/** The HMAC of a token by the text of the public key, which who confuses algorithms takes for right. */
function confused(iss) {
	const text = `${part({ ...right, alg: 'HS256' })}.${part(claims(iss))}`
	return `${text}.${createHmac('sha256', spki).update(text).digest('base64url')}`
}

/** An issuer that publishes keys, and an API that believes it. */
async function stage(t) {
	let up = true
	const issuer = await serve(t, (request, response) => response.writeHead(up && request.url == '/.well-known/jwks.json' ? 200 : 503).end(JSON.stringify(jwks)))
	return { issuer, api: await serveApp(t, { issuer }), down: () => (up = false) }
}

test('tokens that are right in all but one thing (GEN-11, JWT-02..04)', async t => {
	const { issuer, api } = await stage(t)
	const { privateKey: stranger } = await generateKeyPair('ES256')
	const ok = await sign(issuer)
	const [head, body, signature] = ok.split('.')
	const cases = {
		'no signature': ['INVALID_TOKEN', `${head}.${body}.`],
		'alg none': ['INVALID_TOKEN', `${part({ ...right, alg: 'none' })}.${body}.`],
		'alg none with a signature': ['INVALID_TOKEN', `${part({ ...right, alg: 'none' })}.${body}.${signature}`],
		'HS256 by the public key': ['INVALID_TOKEN', confused(issuer)],
		'other claims under the signature': ['INVALID_TOKEN', `${head}.${part({ ...claims(issuer), perms: ['posts:delete'] })}.${signature}`],
		'a key of its own in the header': ['INVALID_TOKEN', await sign(issuer, {}, { kid: undefined, jwk: jwks.keys[0] }, stranger)],
		'the key of a stranger': ['INVALID_TOKEN', await sign(issuer, {}, {}, stranger)],
		'an unknown key': ['INVALID_TOKEN', await sign(issuer, {}, { kid: 'k2' })],
		'an ID token': ['INVALID_TOKEN', await sign(issuer, {}, { typ: 'JWT' })],
		'no type': ['INVALID_TOKEN', await sign(issuer, {}, { typ: undefined })],
		'another issuer': ['INVALID_TOKEN', await sign(issuer, { iss: 'https://evil.example' })],
		'another audience': ['INVALID_TOKEN', await sign(issuer, { aud: 'https://other.example' })],
		'no audience': ['INVALID_TOKEN', await sign(issuer, { aud: undefined })],
		'no subject': ['INVALID_TOKEN', await sign(issuer, { sub: undefined })],
		'no end': ['INVALID_TOKEN', await sign(issuer, { exp: undefined })],
		'of the future': ['INVALID_TOKEN', await sign(issuer, { iat: now() + 120 })],
		'over for longer than clocks differ': ['TOKEN_EXPIRED', await sign(issuer, { exp: now() - 62 })],
		'over, and for another audience': ['INVALID_TOKEN', await sign(issuer, { exp: now() - 62, aud: 'https://other.example' })],
		'not even a token': ['INVALID_TOKEN', 'x'],
	}
	for (const [name, [code, token]] of Object.entries(cases)) {
		await t.test(name, async () => assertRefused(await call(api + '/posts', { token }), 401, code))
	}
	for (const change of [{}, { exp: now() - 30 }, { iat: now() + 30 }, { aud: ['https://other.example', issuer] }]) {
		assert.equal((await call(api + '/posts', { token: await sign(issuer, change) })).status, 200)
	}
})

test('two credentials, and none', async t => {
	const { issuer, api } = await stage(t)
	const token = await sign(issuer)
	assertRefused(await call(api + '/posts'), 401, 'NO_CREDENTIALS')
	assertRefused(await call(api + '/posts', { headers: { authorization: 'Basic eDp5' } }), 401, 'INVALID_TOKEN')
	assertRefused(await call(api + '/posts', { headers: { authorization: `Bearer ${token}, Bearer ${token}` } }), 401, 'INVALID_TOKEN')
	assert.equal((await call(api + '/posts', { headers: { authorization: `bearer ${token}` } })).status, 200)
	const twice = request(api + '/posts', { headers: ['Host', new URL(api).host, 'Authorization', `Bearer ${token}`, 'Authorization', `Bearer ${token}`] }).end()
	const [answer] = await once(twice, 'response')
	answer.resume()
	assert.equal(answer.statusCode, 401)
})

test('an issuer that is down signs nobody out', async t => {
	const { issuer, api, down } = await stage(t)
	down()
	const answer = await call(api + '/posts', { token: await sign(issuer) })
	assertRefused(answer, 503, 'UNAVAILABLE')
	assert.ok(Number(answer.headers.get('retry-after')) > 0)
})

test('a token with scopes opens what it names, and one of an organization nothing', async t => {
	const { issuer, api } = await stage(t)
	const status = async (path, change) => (await call(api + path, { token: await sign(issuer, change) })).status
	assert.equal(await status('/posts', { scope: 'posts:read' }), 200)
	assert.equal(await status('/posts', { scope: 'posts:create' }), 403)
	assert.equal(await status('/posts', { scope: 'posts:read-all' }), 403)
	assert.equal(await status('/posts', { org: 'org_1' }), 403)
	assert.equal(await status('/posts', { perms: undefined }), 403)
	assert.equal(await status('/me', {}), 200)
	assert.equal(await status('/me', { scope: 'posts:read' }), 403)
	assert.equal(await status('/me', { sid: undefined, sub: 'cli_1' }), 403)
})

test('who may act on everything may act on their own, and not the other way round', () => {
	const user = perms => ({ sid: 'ses_1', perms })
	assert.ok(may(user(['posts:delete']), 'posts:delete:own'))
	assert.ok(may(user(['posts:delete:own']), 'posts:delete:own'))
	assert.ok(!may(user(['posts:delete:own']), 'posts:delete'))
	assert.ok(!may(user(['posts:delete']), 'posts:del'))
	assert.ok(!may(user(undefined), 'posts:delete'))
	assert.ok(!may({ perms: ['posts:delete'] }, 'posts:delete'))
})
