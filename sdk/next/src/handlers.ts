/**
 * Gatehouse on the origin of the application: its API and its pages, answered by route handlers that pass everything on, so
 * that its cookies are first-party and every check of where a request comes from sees what the browser sent.
 */
import { passedBack, passedOn } from './fields.js'
import type { Place } from './place.js'
import { send, stream } from './wire.js'

/** Milliseconds after which an exchange is over. */
const patience = 30_000

/** The statuses that have no body. */
const bodiless = [204, 205, 304]

/** Answers a request by what Gatehouse answers. */
export type Handler = (request: Request) => Promise<Response>

/** Makes the handlers of a route file. */
export function createHandlers(place: () => Place): Record<'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS', Handler> {
	const pass: Handler = async request => {
		const { url, mount } = place()
		const { pathname, search } = new URL(request.url)
		// The origin is the configured one, whatever is asked for, and nothing outside of the mount is passed on.
		if (pathname != mount && !pathname.startsWith(mount + '/')) return new Response(null, { status: 404 })
		const target = new URL(url)
		target.pathname = pathname
		target.search = search
		const { method, body } = request
		try {
			const signal = AbortSignal.any([request.signal, AbortSignal.timeout(patience)])
			const answer = await send(target, { method, headers: passedOn(request.headers), body, signal })
			const status = answer.statusCode ?? 502
			const empty = method == 'HEAD' || bodiless.includes(status)
			if (empty) answer.resume()
			return new Response(empty ? null : stream(answer), { status, headers: passedBack(answer) })
		} catch {
			return silent(request)
		}
	}
	return { GET: pass, HEAD: pass, POST: pass, PUT: pass, PATCH: pass, DELETE: pass, OPTIONS: pass }
}

/** The answer where Gatehouse gives none: to a program what Gatehouse itself would say, to a person a sentence. */
function silent(request: Request): Response {
	const error = 'The sign-in service cannot be reached. Please try again in a moment.'
	const init = { status: 503, headers: { 'retry-after': '2', 'cache-control': 'no-store' } }
	if (request.headers.get('accept')?.includes('text/html')) return new Response(error, init)
	return Response.json({ error, code: 'UNAVAILABLE', retryAfter: 2 }, init)
}
