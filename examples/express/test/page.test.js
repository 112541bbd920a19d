/** A page of another origin in Chromium, whose rules Node does not have: cookies, preflights, and what a script may read. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { passphrase, startHouse } from '../house.js'
import { freePort, serve, serveApp, setClock } from './lib.js'

const sdk = new URL('../../../sdk/', import.meta.url)
const { chromium } = createRequire(new URL('package.json', sdk))('playwright-core')

/** Serves an empty page, and the client as it is built. */
function pages({ url }, response) {
	const script = /^\/[\w.-]+\.js$/.test(url)
	response.setHeader('content-type', script ? 'text/javascript' : 'text/html').end(script ? readFileSync(new URL('js/dist' + url, sdk)) : '<!doctype html><title>page</title>')
}

test('a page signs in and calls the API; a token that is over is renewed, and the call is sent once more', async t => {
	const origin = await serve(t, pages)
	const house = await startHouse(await freePort(), '--origins', origin)
	t.after(() => house.stop())
	house.addUser('user@example.com', 'user')
	const api = await serveApp(t, { issuer: house.issuer, origin })
	const browser = await chromium.launch({ executablePath: process.env.GATEHOUSE_TEST_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
	t.after(() => browser.close())
	const page = await browser.newPage()
	const answers = []
	page.on('response', r => r.request().method() != 'OPTIONS' && answers.push([new URL(r.url()).pathname, r.status()].join(' ')))

	await setClock(house, '-20m') // so that the API finds the token old, of which the page knows nothing
	await page.goto(origin)
	const status = await page.evaluate(
		async ({ url, api, password }) => {
			const { createClient } = await import('/index.js')
			globalThis.gh = createClient({ url, apiOrigins: [api] })
			gh.start()
			return (await gh.signIn('password', { email: 'user@example.com', password })).status
		},
		{ url: house.issuer + '/auth', api, password: passphrase },
	)
	assert.equal(status, 'complete')
	await setClock(house, '0')

	answers.length = 0
	const post = await page.evaluate(async api => {
		const r = await gh.fetch(api + '/posts', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"text":"Hello"}' })
		return r.json()
	}, api)
	assert.equal(post.text, 'Hello')
	assert.deepEqual(answers, ['/posts 401', '/auth/refresh 200', '/posts 201'])

	await page.goto(origin.replace('localhost', '127.0.0.1')) // another origin, which nobody named
	assert.equal(await page.evaluate(api => fetch(api + '/posts').then(() => 'read', () => 'kept'), api), 'kept')
})
