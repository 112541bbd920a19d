import { afterEach, beforeEach, expect, test } from 'vitest'
import { createHandlers } from '../src/handlers.js'
import { createPlace } from '../src/place.js'
import { createProxy } from '../src/proxy.js'
import { NextRequest } from 'next/server.js'
import { startHouse } from './house.js'

let house: Awaited<ReturnType<typeof startHouse>>
beforeEach(async () => {
	house = await startHouse()
})
afterEach(() => house.stop())

const handlers = () => createHandlers(createPlace(house.url))
const ask = (path: string, init?: RequestInit) => new Request('https://app.example.com' + path, init)

test('a request arrives as the browser sent it, without what only a proxy may say', async () => {
	const headers = {
		...{ host: 'app.example.com', origin: 'https://app.example.com', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', cookie: 'a=1; b=2', 'x-csrf-token': 't' },
		...{ 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https', 'content-type': 'application/json', 'user-agent': 'Browser' },
	}
	const forged = { 'client-cert': ':MII=:', 'x-forwarded-host': 'elsewhere', 'x-original-uri': '/x', 'x-forwarded-uri': '/x', 'x-real-ip': '1.2.3.4', te: 'trailers', 'x-middleware-subrequest': 'x' }
	await handlers().POST(ask('/id/auth/login?x=%2F', { method: 'POST', headers: { ...headers, ...forged }, body: '{"a":"ä"}' }))
	const [one] = house.asked as [(typeof house.asked)[0]]
	expect([one.method, one.path, one.body]).toEqual(['POST', '/id/auth/login?x=%2F', '{"a":"ä"}'])
	expect(one.headers).toMatchObject(headers)
	for (const name of Object.keys(forged)) expect(one.headers, name).not.toHaveProperty(name)
})

test('an answer comes back as it is: status, place, every cookie, the body as it comes', async () => {
	house.does((_, r) => {
		r.writeHead(303, { location: '/id/account', 'set-cookie': ['session=1; Path=/; Expires=Wed, 01 Jan 2031 00:00:00 GMT', 'gh_hint=2; Path=/'], connection: 'keep-alive, x-hop', 'x-hop': '1', 'keep-alive': 'timeout=5' })
		r.end('moved')
	})
	const r = await handlers().GET(ask('/id/login'))
	expect([r.status, r.headers.get('location'), await r.text()]).toEqual([303, '/id/account', 'moved'])
	expect(r.headers.getSetCookie()).toEqual(['session=1; Path=/; Expires=Wed, 01 Jan 2031 00:00:00 GMT', 'gh_hint=2; Path=/'])
	for (const name of ['connection', 'x-hop', 'keep-alive', 'transfer-encoding']) expect(r.headers.has(name), name).toBe(false)
	house.does((_, r) => void r.writeHead(204).end())
	expect((await handlers().DELETE(ask('/id/auth/sessions/1', { method: 'DELETE' }))).status).toBe(204)
})

test('a body is streamed: its first part is there before its last', async () => {
	let finish = () => {}
	house.does((_, r) => {
		r.write('first')
		finish = () => r.end('last')
	})
	const reader = (await handlers().GET(ask('/id/auth/export'))).body!.getReader()
	expect(new TextDecoder().decode((await reader.read()).value)).toBe('first')
	finish()
	expect(new TextDecoder().decode((await reader.read()).value)).toBe('last')
	expect((await reader.read()).done).toBe(true)
})

test('nothing outside of the mount, and no other origin, is asked', async () => {
	for (const path of ['/idol', '/', '/id/../secret', '/id/%2e%2e/secret', '//elsewhere.example/id/x', '/other/id/x']) {
		expect((await handlers().GET(ask(path))).status, path).toBe(404)
	}
	expect(house.asked).toEqual([])
	await handlers().GET(new Request('https://elsewhere.example/id//elsewhere.example/x'))
	expect(house.asked.map(a => a.path)).toEqual(['/id//elsewhere.example/x'])
})

test('where Gatehouse is gone programs are told UNAVAILABLE, and people a sentence', async () => {
	await house.stop()
	house.stop = async () => {}
	const r = await handlers().GET(ask('/id/auth/me'))
	expect([r.status, r.headers.get('retry-after'), ((await r.json()) as { code: string }).code]).toEqual([503, '2', 'UNAVAILABLE'])
	expect(await (await handlers().GET(ask('/id/login', { headers: { accept: 'text/html' } }))).text()).toContain('cannot be reached')
})

test('the proxy sends to sign in whoever has no cookie, and sets none (WEB-14, pitfall 17)', async () => {
	const proxy = createProxy(createPlace(house.url))
	const out = proxy(new NextRequest('https://app.example.com/dashboard/7?x=1'))
	expect(proxy(new NextRequest('https://app.example.com/dashboard/7', { method: 'POST' })).headers.get('location')).toBeNull() // an action answers for itself
	expect([out.status, out.headers.get('location')]).toEqual([307, 'https://app.example.com/id/login?returnTo=%2Fdashboard%2F7%3Fx%3D1'])
	for (const name of ['session', '__Host-session']) {
		const on = proxy(new NextRequest('https://app.example.com/dashboard/7', { headers: { cookie: name + '=x', 'x-gatehouse-path': '//forged' } }))
		expect(on.headers.get('x-middleware-next')).toBe('1')
		expect(on.headers.get('x-middleware-request-x-gatehouse-path')).toBe('/dashboard/7')
		expect(on.headers.has('set-cookie')).toBe(false)
	}
	expect(out.headers.has('set-cookie')).toBe(false)
	expect(house.asked).toEqual([])
})
