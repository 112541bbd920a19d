/** For pages beside hosted pages, and those made on a server: the cookie of a session, exchanged for short tokens (STO-04). */
import { refreshCookie, type MakeTransport } from './transport.js'
import { AuthError } from './errors.js'
import type { Ask } from './wire.js'

/** Renews by the cookie of a session (mode cookie). */
export const sessionCookie: MakeTransport = near => {
	let csrf = ''
	const exchange = (ask: Ask): ReturnType<typeof ask<never>> =>
		ask<never>('/token', {}, { headers: { 'x-csrf-token': csrf } }).catch(e => {
			// The session proves less than is demanded by now, and without a token nothing can be proved beside it.
			throw e.code == 'STALE_TOKEN' ? new AuthError('TOKEN_REVOKED', 401, e.message, e.info, e) : e
		})
	const prepare = async (ask: Ask) => {
		csrf = (await ask<{ csrfToken: string }>('/csrf-token', undefined, { method: 'GET' })).csrfToken
	}
	return {
		...refreshCookie(near),
		mode: 'cookie',
		slides: true,
		async renew(ask) {
			if (csrf) {
				try {
					return await exchange(ask)
				} catch (e) {
					if ((e as AuthError).code != 'INVALID_CSRF') throw e // it was that of another session
				}
			}
			await prepare(ask)
			return exchange(ask)
		},
	}
}
