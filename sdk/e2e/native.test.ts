import { createClient, type Client } from '@gatehouse/client'
import { native } from '@gatehouse/client/native'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { passphrase } from './house.js'
import { Stage } from './stage.js'

let stage: Stage
beforeAll(async () => void (stage = await Stage.set()))
afterAll(() => stage?.strike())

/** A device: its Keychain outlives every start of the application. */
function device() {
	let kept: string | null = null
	const store = { get: async () => kept, set: async (s: string) => void (kept = s), remove: async () => void (kept = null) }
	const client = (): Client => createClient({ url: stage.faults.url + '/auth', transport: native(store) })
	return { client, kept: () => kept }
}

test('an application that is no page keeps its refresh token in the store it is given, and is restored by it (STO-05, WEB-17, STR-01)', async () => {
	const email = await stage.begin()
	const phone = device()
	const first = phone.client()
	expect(await first.ready()).toMatchObject({ status: 'signed-out', reason: 'none' })
	expect(stage.faults.passed).toEqual([])
	expect(await first.signIn('password', { email, password: passphrase })).toMatchObject({ status: 'complete' })
	const kept = phone.kept()
	expect(kept).toBeTruthy()
	const second = phone.client() // it was closed, and is opened again
	expect(await second.ready()).toMatchObject({ status: 'signed-in', user: { email } })
	expect(phone.kept()).not.toBe(kept)
	await stage.house.clock('20m')
	expect((await second.fetch(stage.faults.url + '/api')).status).toBe(200)
	stage.faults.weather = path => (path == '/auth/refresh' ? 'drop' : undefined)
	expect(await second.refresh().catch(e => e.code)).toBe('NETWORK')
	stage.faults.weather = () => undefined
	await second.refresh()
	await second.signOut()
	expect(phone.kept()).toBeNull()
	expect(await phone.client().ready()).toMatchObject({ status: 'signed-out' })
})

test('what was ended elsewhere is forgotten by the device', async () => {
	const email = await stage.begin()
	const [phone, other] = [device(), device()]
	const [here, there] = [phone.client(), other.client()]
	for (const c of [here, there]) await c.signIn('password', { email, password: passphrase })
	await there.signOut({ everywhere: true })
	await here.refresh()
	expect(here.getState()).toMatchObject({ status: 'signed-out', reason: 'revoked' })
	expect(phone.kept()).toBeNull()
})
