import { AuthError, type Client } from '@gatehouse/client'
import { createTestClient } from '@gatehouse/client/testing'
import { act } from 'react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createStepUp } from '../src/step-up.js'
import { ada, problems, show, stage, text } from './stage.js'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** What the dialog asks of the server, and what that answers. */
async function asking(answers: Record<string, () => Promise<object>>) {
	const t = createTestClient(ada)
	const asked: [string, object][] = []
	t.client.prove = (async (way = '', proof = {}) => {
		asked.push([way, proof])
		return answers[way]!()
	}) as Client['prove']
	const { onStepUp, StepUpDialog } = createStepUp()
	await show(t.client, <StepUpDialog />)
	/** Opens it, as a request does that waits. */
	const open = async (challenge = {}) => {
		let end!: Promise<boolean>
		await act(async () => void (end = onStepUp(challenge)))
		for (const _ of ['what methods there are', 'a code']) await passes(0)
		return { end }
	}
	return { asked, open, answers }
}

const passes = (ms: number) => act(async () => void (await vi.advanceTimersByTimeAsync(ms)))
const refuse = (code: string, info = {}) => Promise.reject(new AuthError(code, 401, code, info))
const button = (words: string) => [...document.querySelectorAll('button')].find(b => b.textContent == words)!
const press = async (words: string) => {
	await act(async () => button(words).click())
	await passes(0)
}
const alert = () => stage.place.querySelector('[role=alert]')?.textContent
const enter = async (value: string) => {
	stage.place.querySelector('input')!.value = value
	await press('Confirm')
}

test('the dialog asks by what the server names, says what went wrong, and lets the request go on', async () => {
	const { asked, open, answers } = await asking({
		'': async () => ({ status: 'mfa', methods: ['totp', 'password', 'smoke-signals'] }),
		password: () => refuse('INVALID_CREDENTIALS'),
	})
	const { end } = await open({ maxAge: 300 })
	expect(text()).toContain('Your password')
	expect(text()).not.toContain('smoke')
	await enter('wrong')
	expect(alert()).toBe('That was not right.')
	await press('Authenticator app')
	expect(alert()).toBeUndefined()
	answers['totp'] = async () => ({ status: 'complete' })
	await enter(' 123456 ')
	expect(await end).toBe(true)
	expect(asked).toEqual([['', {}], ['password', { password: 'wrong' }], ['totp', { code: '123456' }]])
	expect(text()).toBe('')
	expect(problems).toEqual([])
})

test('a password is sent as it was typed', async () => {
	const { asked, open } = await asking({
		'': async () => ({ status: 'mfa', methods: ['password'] }),
		password: async () => ({ status: 'complete' }),
	})
	const { end } = await open()
	await enter(' violet hammer ')
	expect(await end).toBe(true)
	expect(asked.at(-1)).toEqual(['password', { password: ' violet hammer ' }])
})

test('who tried too often waits as long as the server says, and not longer', async () => {
	const { open } = await asking({
		'': async () => ({ status: 'mfa', methods: ['password'] }),
		password: () => refuse('RATE_LIMITED', { retryAfter: 7 }),
	})
	await open()
	await enter('wrong')
	expect(alert()).toContain('7 s')
	expect(button('Confirm').disabled).toBe(true)
	await passes(6_900)
	expect(button('Confirm').disabled).toBe(true)
	await passes(200)
	expect(alert()).toBeUndefined()
	expect(button('Confirm').disabled).toBe(false)
})

test('a code is sent once, asked for once the server says so, and sent again on demand', async () => {
	let sent = 0
	const { asked, open } = await asking({
		'': async () => ({ status: 'mfa', methods: ['email-code'] }),
		'email-code': async () => ({ status: 'prompt', login: `handle ${++sent}`, prompt: {}, expiresIn: 300 }),
		'email-code/finish': () => (sent < 2 ? refuse('INVALID_CODE') : Promise.resolve({ status: 'complete' })),
	})
	const { end } = await open({ acr: 'aal2' })
	expect(text()).toContain('second proof')
	expect(sent).toBe(1)
	await enter('000000')
	expect(alert()).toBe('That was not right.')
	await press('Send another code')
	expect(alert()).toBeUndefined()
	expect(sent).toBe(2)
	await enter('123456')
	expect(await end).toBe(true)
	expect(asked.at(-1)).toEqual(['email-code/finish', { login: 'handle 2', code: '123456' }])
})

test('who cancels, by the button or by Escape, and a dialog that is not there, prove nothing', async () => {
	const { open } = await asking({ '': async () => ({ status: 'mfa', methods: ['password'] }) })
	for (const give of [() => press('Cancel'), () => act(async () => void stage.place.querySelector('dialog')!.dispatchEvent(new Event('cancel')))]) {
		const { end } = await open()
		await give()
		expect(await end).toBe(false)
	}
	expect(await createStepUp().onStepUp({})).toBe(false)
	expect(console.warn).toHaveBeenCalled()
	const { end } = await open()
	await act(async () => stage.root!.render(null))
	expect(await end).toBe(false)
})
