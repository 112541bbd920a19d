/** The same for axios: its requests carry the token, and are sent once more where that may help (WEB-01..03). It is known by shape only. */
import type { Client } from './client.js'

/** As much of an instance of axios as is needed. */
export interface Axios {
	defaults: { adapter?: unknown }
	getUri(config?: object): string
}

interface Config {
	method?: string
	data?: unknown
	headers?: unknown
	signal?: unknown
	env?: { fetch?: typeof fetch }
}

/**
 * Lets an instance send its requests by the fetch of a client, with all that it does: the token for origins that may have it, one
 * more attempt after a renewal, one after a step-up. It returns what undoes that. axios 1.12 or newer: older ones take no other fetch, and would send no token.
 */
export function attach(axios: Axios, client: Pick<Client, 'fetch'>): () => void {
	const defaults = axios.defaults as { adapter?: unknown; env?: Config['env'] }
	const { adapter, env } = defaults
	defaults.adapter = 'fetch'
	defaults.env = { ...env, fetch: client.fetch }
	return () => {
		defaults.adapter = adapter
		if (env) defaults.env = env
	}
}
