import { afterAll, beforeAll, expect, test } from 'vitest'
import { becomes, begun, call, renew, settled, signIn, Stage, state } from './stage.js'

let stage: Stage
beforeAll(async () => void (stage = await Stage.set()))
afterAll(() => stage?.strike())

test('a stolen token that is used late is found by the next honest use, and the page says why', async () => {
	const email = await stage.begin()
	const b = await stage.browser()
	const p = await b.tab()
	await signIn(p, email)
	const jar = async () => (await b.context.cookies(stage.faults.url + '/auth')).find(c => c.name == 'refresh')!.value
	const loot = await jar()
	expect(await renew(p)).toBe('ok')
	await stage.house.clock('2m')
	const thief = await stage.house.ask('/auth/refresh', { json: {}, headers: { cookie: 'refresh=' + loot, 'user-agent': 'thief' } })
	expect(thief.status).toBe(200) // the child was never used: it might have been lost
	await renew(p)
	expect(await state(p)).toMatchObject({ status: 'signed-out', reason: 'reused' })
	const again = await stage.house.ask('/auth/refresh', { json: {}, headers: { cookie: String(thief.headers['set-cookie']).match(/refresh=[^;]+/)![0] } })
	expect(again.body.code).toBe('TOKEN_REUSED')
	await p.reload()
	stage.faults.passed = []
	await begun(p)
	expect(await settled(p)).toBe('signed-out')
	expect(stage.faults.passed).toEqual([]) // the mark is gone with the session
})

for (const query of ['', 'cookie']) {
	const name = query || 'token'

	test(`${name}: who is signed out elsewhere, or suspended, is out with the next request`, async () => {
		const email = await stage.begin()
		const here = await (await stage.browser({ query })).tab()
		const there = await (await stage.browser()).tab()
		await signIn(here, email)
		await call(here)
		await signIn(there, email)
		await there.evaluate(() => window.gh.call('/logout-all', { except: 'current' }))
		expect(await call(here)).toEqual([401])
		expect(await state(here)).toMatchObject({ status: 'signed-out' })
		const admin = `admin.${name}@example.com`
		stage.house.user(admin, 'admin')
		const desk = await (await stage.browser()).tab()
		await signIn(desk, admin)
		const { id } = await there.evaluate(() => window.gh.getState().user!)
		await desk.evaluate(id => window.gh.call(`/../admin/api/users/${id}`, { disabled: true }, { method: 'PATCH' }), id)
		expect(await call(there)).toEqual([401])
		expect(await state(there)).toMatchObject({ status: 'signed-out' })
	})

	test(`${name}: signing out everywhere ends the other devices too`, async () => {
		const email = await stage.begin()
		const [here, there] = [await (await stage.browser({ query })).tab(), await (await stage.browser()).tab()]
		await signIn(here, email)
		await signIn(there, email)
		await here.evaluate(() => window.gh.signOut({ everywhere: true }))
		expect(await state(here)).toMatchObject({ status: 'signed-out', reason: 'signed-out' })
		await renew(there)
		await becomes(there, 'signed-out')
		expect(await state(there)).toMatchObject({ reason: 'revoked' })
	})

	test(`${name}: a session that ran out says so`, async () => {
		const email = await stage.begin()
		const p = await (await stage.browser({ query })).tab()
		await signIn(p, email)
		await stage.house.clock(query ? '25h' : '721h')
		await renew(p)
		expect(await state(p)).toMatchObject({ status: 'signed-out', reason: 'expired' })
	})
}
