import axios, { type AxiosError } from 'axios'
import { beforeEach, expect, test } from 'vitest'
import { attach } from '../src/axios.js'
import type { Options } from '../src/index.js'
import { grant, mark, problem, world, type Asked } from './world.js'

beforeEach(() => mark('aaaaaaaa'))

/** An API that takes the newest token alone, or none where `poison` says so. */
function house(options: Options = {}) {
	const now = { token: '', poison: '' }
	const w = world(
		{
			'/auth/refresh': () => {
				const g = grant()
				now.token = g.accessToken
				return Response.json(g)
			},
			'/api/posts': (a: Asked) => (now.poison ? problem(401, now.poison) : a.headers.get('authorization') == 'Bearer ' + now.token ? Response.json({ echo: a.body }) : problem(401, 'TOKEN_EXPIRED')),
		},
		options,
	)
	const instance = axios.create({ baseURL: location.origin })
	const detach = attach(instance, w.client)
	const count = (path: string) => w.paths().filter(p => p == path).length
	return { ...w, now, instance, detach, count }
}

test('requests of axios carry the token, are renewed for once, and keep their bodies (WEB-01, WEB-02, WEB-03, BUG-38)', async () => {
	const w = house()
	await w.client.ready()
	w.now.token = 'another'
	const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => w.instance.post('/api/posts', { n })))
	expect(answers.map(a => a.data.echo)).toEqual(Array.from({ length: 10 }, (_, n) => JSON.stringify({ n })))
	expect(w.count('/auth/refresh')).toBe(2)
	w.answers['/api/posts'] = () => problem(401, 'SOMETHING_ELSE')
	await expect(w.instance.get('/api/posts')).rejects.toMatchObject({ response: { status: 401, data: { code: 'SOMETHING_ELSE' } } })
	expect(w.count('/auth/refresh')).toBe(2)
	w.detach()
	expect(w.instance.defaults.adapter).toEqual(axios.defaults.adapter)
	expect(w.instance.defaults.env).toEqual(axios.defaults.env)
})

test('an API that refuses fresh tokens is called twice, and then not renewed for (WEB-02)', async () => {
	const w = house()
	await w.client.ready()
	w.now.poison = 'TOKEN_EXPIRED'
	await expect(w.instance.get('/api/posts')).rejects.toMatchObject({ response: { status: 401, data: { code: 'TOKEN_EXPIRED' } } })
	expect([w.count('/api/posts'), w.count('/auth/refresh')]).toEqual([2, 2])
	await expect(w.instance.get('/api/posts')).rejects.toMatchObject({ response: { status: 401 } })
	expect([w.count('/api/posts'), w.count('/auth/refresh')]).toEqual([3, 2])
	expect(w.client.debug().trail.map(([, what]) => what)).toContain('refused') // whoever looks for a fault finds it
})

test('other origins get no token', async () => {
	const w = house()
	await w.client.ready()
	w.answers['/elsewhere'] = a => Response.json({ saw: a.headers.get('authorization') })
	expect((await w.instance.get('/elsewhere')).data).toEqual({ saw: 'Bearer ' + w.now.token })
	expect((await w.instance.get('https://elsewhere.example/elsewhere')).data).toEqual({ saw: null })
})

test('a proof is asked for once, and one that is cancelled has its code', async () => {
	let proves = true
	const w = house({ onStepUp: async () => proves && !!(w.now.poison = '') })
	await w.client.ready()
	w.now.poison = 'STALE_TOKEN'
	proves = false
	const e: AxiosError = await w.instance.delete('/api/posts').catch(e => e)
	expect([e.code, (e.cause as Error).name]).toEqual(['STEP_UP_CANCELLED', 'AuthError'])
	expect(w.count('/api/posts')).toBe(1)
})
