/**
 * Requests that carry the token. One that is refused because its token is over is sent once more with another, and once
 * more after the person has proved again who they are: never in a loop, and the token never goes to
 * an origin that is not named.
 */
import { AuthError, toError, type Challenge } from './errors.js'
import type { Refresher } from './refresh.js'
import type { Page } from './session.js'

/** Lets the person prove again who they are; true once they did. */
export type StepUp = (challenge: Challenge) => Promise<boolean>

/** What a new token may mend. */
const mendable = /^TOKEN_(EXPIRED|OUTDATED|REVOKED|INACTIVE)$/

/** For how many milliseconds nobody renews for an API that refused a token which was just renewed. */
const lesson = 10_000

/** Makes the fetch of a page, which carries the token to where it `may` go, and its step-up. */
export function createFetch(page: Page, refresher: Refresher, fetch: typeof globalThis.fetch, may: (url: string) => boolean, onStepUp?: StepUp) {
	let asking: Promise<boolean> | undefined
	let learnt = 0 // until when nobody renews, by the clock of the page

	/** Asks the person to prove again who they are: once, for all that wait. */
	function stepUp(challenge: Challenge = {}): Promise<boolean> {
		const ask = async () => {
			const before = page.token.text
			const proved = !!(await onStepUp?.(challenge))
			if (proved) await refresher.getToken({ force: page.token.text == before }) // the proof of a cookie brings none
			return proved
		}
		return (asking ??= ask().finally(() => {
			asking = undefined
		}))
	}

	/** Sends, `once` for what cannot be sent again, and returns the last answer. */
	async function carry(send: (token: string) => Promise<Response>, once: boolean): Promise<Response> {
		const user = () => page.state.user?.id
		const who = user() ?? (await refresher.getToken(), user())
		let token = await refresher.getToken()
		// What one person asked for is never sent in the name of another, who signed in meanwhile.
		if (user() != who) throw new AuthError('NO_CREDENTIALS', 401)
		let r = await send(token)
		let renewed = once || performance.now() < learnt
		let proved = once || !onStepUp
		let mended = false
		while (r.status == 401 || r.status == 403) {
			const e = await toError(r.clone())
			if (!renewed && mendable.test(e.code)) {
				renewed = mended = true
				// Another caller may have renewed it already. Where it cannot be had, the refusal stands.
				if (page.token.text == token) await refresher.refresh(true).catch(() => {})
			} else if (!proved && e.code == 'STALE_TOKEN') {
				proved = true
				if (!(await stepUp(e.info.challenge))) throw new AuthError('STEP_UP_CANCELLED', 401, undefined, e.info, e)
				token = '' // the next one carries the proof
			} else {
				if (mended && mendable.test(e.code)) {
					learnt = performance.now() + lesson
					page.note('refused', e.code) // fresh tokens are: issuer, audience or clock of the API are wrong
				}
				return r
			}
			if (page.token.text == token || page.token.left() <= 0 || user() != who) return r
			token = page.token.text
			r = await send(token)
		}
		return r
	}

	const carrying: typeof globalThis.fetch = async (input, init) => {
		const request = new Request(input, init)
		if (may(request.url)) {
			await refresher.restore()
			if (page.state.status != 'signed-out') {
				const once = !!(init?.body as ReadableStream)?.getReader // a stream is read once
				return carry(token => {
					const copy = once ? request : request.clone()
					copy.headers.set('authorization', 'Bearer ' + token)
					return fetch(copy)
				}, once)
			}
		}
		return fetch(request)
	}

	return { fetch: carrying, stepUp }
}
