/** createServerAuth: everything that a Next application needs on its server. */
import type { App, State } from '@gatehouse/client'
import { headers } from 'next/headers'
import { cache } from 'react'
import { createWithPermission } from './action.js'
import { whoseIsIt, type Fields } from './fields.js'
import { createGuards } from './guards.js'
import { createHandlers } from './handlers.js'
import { createPlace } from './place.js'
import { createProxy } from './proxy.js'
import { ask } from './who.js'

/** How it is made. */
export interface ServerOptions {
	/** Where this server reaches Gatehouse, with the path of its public URL: http://127.0.0.1:8080/id. */
	url: string | undefined
}

/** Makes it, for an application whose roles and permissions T names. */
export function createServerAuth<T extends App = App>({ url }: ServerOptions) {
	const place = createPlace(url)

	// Kept for one rendering, and even there by the cookie: two people cannot share an answer.
	const known = cache((fields: string) => ask(place(), JSON.parse(fields) as Fields))

	// Every call reads the header fields of its request, which Next forbids inside 'use cache' and unstable_cache: it throws
	// there, and what is known of one person cannot be kept for another.
	const whose = async () => whoseIsIt(await headers())

	/**
	 * Who is signed in: the same union as in the browser, and never `loading`. It asks Gatehouse, once for each rendering,
	 * and believes nothing else (WEB-14, WEB-16, WEB-18).
	 */
	async function auth(): Promise<State<T>> {
		const fields = await whose()
		return (await (fields ? known(JSON.stringify(fields)) : ask(place(), undefined))) as State<T>
	}

	return {
		auth,
		...createGuards<T>(place, auth),
		withPermission: createWithPermission<T>(place, auth, whose),
		/** What app/<mount>/[[...path]]/route.ts exports. */
		handlers: createHandlers(place),
		/** What proxy.ts exports, or middleware.ts in Next 15. */
		proxy: createProxy(place),
	}
}
