/**
 * The work that Gatehouse asks of whoever has failed often, so that guessing is dear: the browser tries numbers until
 * the hash of one begins as it must, which takes a moment. The person does nothing. docs/howto/captcha.md has the form.
 */
import { client } from './auth.ts'

interface Challenge {
	parameters: { cost: number; keyLength: number; keyPrefix: string; nonce: string; salt: string }
	signature: string
}

/** The answer to a CAPTCHA, for the member `captcha` of the next attempt. */
export async function work(): Promise<string> {
	const challenge = await client.call<Challenge>('/captcha', undefined, { method: 'GET' })
	for (let counter = 0; ; counter++) {
		const derivedKey = await derive(challenge.parameters, counter)
		if (derivedKey.startsWith(challenge.parameters.keyPrefix)) return btoa(JSON.stringify({ challenge, solution: { counter, derivedKey, time: 0 } }))
	}
}

async function derive({ cost: iterations, keyLength, nonce, salt }: Challenge['parameters'], counter: number): Promise<string> {
	const number = counter.toString(16).padStart(8, '0')
	const key = await crypto.subtle.importKey('raw', bytes(nonce + number), 'PBKDF2', false, ['deriveBits'])
	return hex(await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: bytes(salt), iterations }, key, keyLength * 8))
}

const bytes = (text: string) => Uint8Array.from(text.match(/../g) ?? [], pair => parseInt(pair, 16))
const hex = (buffer: ArrayBuffer) => [...new Uint8Array(buffer)].map(byte => byte.toString(16).padStart(2, '0')).join('')
