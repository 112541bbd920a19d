/**
 * Renewing the access token: one flight at a time in a tab, one tab at a time in a browser, and none
 * for a while after it failed. Only what Gatehouse itself says at renewal signs anybody out: a network that is
 * gone, an overloaded server or another's 401 never does.
 */
import { AuthError } from './errors.js'
import type { Page } from './session.js'
import type { OutReason, SignedIn } from './state.js'
import { createToken, moment } from './tokens.js'
import { hint, type Transport } from './transport.js'
import type { Ask } from './wire.js'

/** The answers at renewal after which nobody is signed in, and why. */
const over: Record<string, OutReason> = {
	NO_CREDENTIALS: 'none',
	NO_REFRESH_TOKEN: 'none',
	INVALID_TOKEN: 'none',
	REFRESH_EXPIRED: 'expired',
	TOKEN_REVOKED: 'revoked',
	TOKEN_REUSED: 'reused',
}

/** Renews the token of a page. */
export type Refresher = ReturnType<typeof createRefresher>

/** Makes the Refresher of a page. `alive` is false where nothing may be renewed, as on a server. */
export function createRefresher(page: Page, transport: Transport, ask: Ask, alive: boolean) {
	let flight: Promise<void> | undefined
	let fails = 0
	let failed: AuthError | undefined
	let quiet = 0 // until when nothing is asked unasked, by the clock of the page
	let timer: ReturnType<typeof setTimeout> | undefined
	let on = false // whether somebody started, and nobody stopped

	/**
	 * Renews, unless somebody is at it already. Forced, it does so though the token seems good or the last attempt failed; one
	 * that was refused, or is not enough, is used by nobody any more.
	 */
	function refresh(force = false, refused = force): Promise<void> {
		if (!alive) return Promise.reject(new AuthError('NO_CREDENTIALS', 401))
		if (flight) return flight
		if (!force && failed && performance.now() < quiet) {
			plan() // the last timer may have found a hidden page
			return Promise.reject(failed)
		}
		const { epoch } = page
		const mark = hint()
		const before = page.token.text
		if (refused) page.token = createToken(before, 0)
		const wanted = () => force && page.token.text == before
		const settled = () => page.epoch != epoch || (page.token.good() && !wanted()) // another tab was first, or it is about somebody else
		flight = page.tabs
			.alone(waited => renew(settled, waited))
			.catch(e => fail(e, epoch, mark, wanted()))
			.finally(() => {
				flight = undefined
				plan()
			})
		return flight
	}

	async function renew(settled: () => boolean, waited: number) {
		if (settled()) return
		if (waited > 10) {
			await new Promise(resume => setTimeout(resume, 25)) // the news of whoever had the lock may still be under way
			if (settled()) return
		}
		const { epoch, active } = page
		const asked = moment()
		page.active = false
		page.note('renew')
		try {
			const grant = await transport.renew(ask, active)
			if (!grant?.session) throw new AuthError('NETWORK') // perhaps a captive portal's JSON
			if (page.epoch == epoch) await transport.keep?.(grant)
			if (page.epoch == epoch) page.accept(grant, asked)
		} catch (e) {
			page.active ||= active
			throw e
		}
	}

	function fail(error: AuthError, epoch: number, mark: string, wanted: boolean) {
		if (page.epoch != epoch) return
		const reason = error.status == 401 && hint() == mark && over[error.code] // with another mark it is about a session of before
		if (reason) {
			transport.forget?.()
			return page.drop(reason == 'none' && page.state.user ? 'expired' : reason) // somebody was
		}
		fails++
		failed = error
		quiet = performance.now() + 1000 * Math.max(error.info?.retryAfter ?? 0, Math.min(60, 2 ** fails) * (0.5 + Math.random() / 2))
		page.note('failed', error.code)
		const state = page.state
		if (state.user) page.set({ ...state, stale: true })
		else if (state.status != 'signed-out') page.set({ status: 'unreachable', user: null, session: null, error })
		if (wanted || page.token.left() <= 0) throw error
	}

	/** Arms the timer: a convenience for pages that are looked at, and no more than that. */
	function plan() {
		clearTimeout(timer)
		const { state, token } = page
		const wrong = 'error' in state || (state as SignedIn).stale
		if (!wrong) {
			fails = 0
			failed = undefined
		}
		if (!on || flight || !(wrong || token.text)) return
		timer = setTimeout(tick, Math.max(500, failed ? quiet - performance.now() : token.until() * 1000))
	}

	/** Hidden pages do not ask, nor, where asking keeps a session alive, pages that nobody touches: idle is idle. */
	function tick() {
		if (globalThis.document?.visibilityState != 'hidden' && (failed || page.active || !transport.slides)) refresh(true, false).catch(() => {})
	}

	/** Ends the first state: without a request where nothing says that somebody is signed in. */
	async function restore(): Promise<void> {
		if (page.state.status != 'loading') return
		if (alive && !transport.present()) page.drop('none', false)
		else await refresh()
	}

	/** The access token, renewed if it is over; one that is about to be is good still, and renewed behind. */
	async function getToken({ force }: { force?: boolean } = {}): Promise<string> {
		await restore()
		if (page.state.status != 'signed-out') {
			if (force || page.token.left() <= 0) await refresh(force)
			else if (!page.token.good()) refresh().catch(() => {})
		}
		const token = page.token.text
		if (!token) throw new AuthError('NO_CREDENTIALS', 401)
		return token
	}

	return {
		refresh,
		restore,
		getToken,
		plan,
		/** Arms the timer for as long as it is true. */
		run(start: boolean) {
			on = start
			plan()
		},
	}
}
