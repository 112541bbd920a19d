/** For applications that are no pages, such as those of React Native: the refresh token is kept by the system (STO-05). */
import { AuthError } from './errors.js'
import type { MakeTransport } from './transport.js'

/** Where a secret is kept: the Keychain, the Keystore, expo-secure-store. Never a file in the clear, and not AsyncStorage. */
export interface SecretStore {
	get(): Promise<string | null>
	set(secret: string): Promise<void>
	remove(): Promise<void>
}

const kept = <R>(work: Promise<R>) =>
	work.catch((e: unknown) => {
		throw new AuthError('STORE_FAILED', 0, undefined, {}, e)
	})

/** Renews by a refresh token in a store (mode native). It is put there before anybody hears of the new one, so that none is lost. */
export const native =
	(store: SecretStore): MakeTransport =>
	() => ({
		mode: 'native',
		present: () => true, // the store alone knows, and answers later
		async renew(ask, active) {
			const refreshToken = await kept(store.get())
			if (!refreshToken) throw new AuthError('NO_REFRESH_TOKEN', 401)
			return ask('/refresh', { refreshToken, active }, { credentials: 'omit' })
		},
		async keep({ refreshToken }) {
			if (refreshToken) await kept(store.set(refreshToken))
		},
		async forget() {
			const refreshToken = await store.get().catch(() => '') // to sign out goes on regardless
			await store.remove().catch(() => {})
			return refreshToken ? { refreshToken } : {}
		},
	})
