/**
 * What proxy.ts (middleware.ts in Next 15) runs. It is a comfort and guards nothing: whoever has no cookie is sent to
 * sign in before anything is rendered. It believes any cookie, sets none and asks nobody; pages and actions verify, so
 * that to get around it gains nothing (CVE-2025-29927).
 */
import { safeReturnTo } from '@gatehouse/client'
import { NextResponse } from 'next/server'
import { loginAt, type Place } from './place.js'

/** The field of a request that tells a page its own path. It is only used to come back to, and checked for that. */
export const pathField = 'x-gatehouse-path'

/** What is read of a NextRequest. */
export interface Passing {
	readonly method: string
	readonly url: string
	readonly headers: Headers
	readonly cookies: { has(name: string): boolean }
	readonly nextUrl: { readonly pathname: string; readonly search: string }
}

/** Makes the proxy. */
export function createProxy(place: () => Place): (request: Passing) => Response {
	return request => {
		const { pathname, search } = request.nextUrl
		const path = safeReturnTo(pathname + search)
		const { cookies, method } = request
		// An action is sent by POST, and answers for itself: what asks for it is a program, which could not show a page.
		if (/^(GET|HEAD)$/.test(method) && !cookies.has('__Host-session') && !cookies.has('session')) {
			return NextResponse.redirect(new URL(loginAt(place(), path), request.url), 307)
		}
		const headers = new Headers(request.headers)
		headers.set(pathField, path)
		return NextResponse.next({ request: { headers } })
	}
}
