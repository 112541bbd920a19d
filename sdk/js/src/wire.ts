/** One question to Gatehouse and its answer. */
import { AuthError, toError } from './errors.js'

/**
 * Asks: sends a body as JSON to a path below the API, by POST if nothing else is said, and returns what is
 * answered. It throws AuthError.
 */
export type Ask = <R = unknown>(path: string, body?: unknown, init?: RequestInit) => Promise<R>

/**
 * Makes the Ask of an API. With a plain fetch no answer can ask for another question, so none waits for itself (BUG-38).
 * After `patience` milliseconds no answer is expected any more; without it somebody may take their time to prove who they are.
 */
export function createAsk(base: string, fetch: typeof globalThis.fetch, patience?: number): Ask {
	return async (path, body, init) => {
		const headers = new Headers(init?.headers)
		if (body) headers.set('content-type', 'application/json')
		let r
		try {
			r = await fetch(base + path, { method: 'POST', credentials: 'include', signal: (patience && AbortSignal.timeout?.(patience)) || null, ...init, headers, body: body ? JSON.stringify(body) : null })
			if (r.ok) return r.status == 204 ? undefined : await r.json()
		} catch (e) {
			if (e instanceof AuthError) throw e
			throw new AuthError((e as Error).name == 'TimeoutError' ? 'TIMEOUT' : globalThis.navigator?.onLine === false ? 'OFFLINE' : 'NETWORK', 0, undefined, {}, e) // perhaps a captive portal's page
		}
		throw await toError(r)
	}
}
