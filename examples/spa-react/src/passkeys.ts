/** Passkeys: the browser's part of signing in, of proving again, and of making one. */
import { AuthError, type Proof, type Step } from '@gatehouse/client'
import { client, type App } from './auth.ts'

export const supported = () => !!globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON

/** Goes both steps: asks what Gatehouse wants signed, and lets the browser sign it. */
export async function use(say: (way: string, proof: Proof) => Promise<Step<App>>, proof: Proof = {}): Promise<Step<App>> {
	const step = await say('passkey', proof)
	if (step.status != 'prompt') return step
	const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(step.prompt.ceremony as PublicKeyCredentialRequestOptionsJSON)
	const credential = await ceremony(() => navigator.credentials.get({ publicKey }))
	return say('passkey/finish', { login: step.login, credential })
}

/** Makes one; who had no backup codes is given some. */
export async function register(name: string): Promise<{ backupCodes?: string[] }> {
	const options = await client.call<PublicKeyCredentialCreationOptionsJSON>('/passkeys/register', { name })
	const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
	const credential = await ceremony(() => navigator.credentials.create({ publicKey }))
	return client.call('/passkeys/register/finish', { name, credential })
}

/** Browsers tell in one word that somebody cancelled, waited too long, or has no such passkey. */
async function ceremony(run: () => Promise<Credential | null>): Promise<PublicKeyCredentialJSON> {
	try {
		return ((await run()) as PublicKeyCredential).toJSON()
	} catch (e) {
		throw new AuthError('PASSKEY_CANCELLED', 0, 'No passkey was used.', {}, e)
	}
}
