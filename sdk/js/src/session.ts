/**
 * The session as this page knows it: token and state move together, listeners and other tabs hear of it. Its
 * epoch moves whenever somebody signs in or out, so that an answer to a question of before is dropped.
 */
import { loading, type OutReason, type SignedOut, type State } from './state.js'
import { createTabs } from './tabs.js'
import { createToken, moment, since, type Moment } from './tokens.js'
import { clearHint, hint, type Grant } from './transport.js'

/** What tabs tell each other: somebody is in, with what they were granted; is out; or is at work. */
type News = { in: Grant; age: number } | { out: OutReason } | { active: true }

/** Something that happened lately: milliseconds after the page began, what, and perhaps a code. */
export type Trace = [at: number, what: string, code?: string | undefined]

/** The session of one page. */
export type Page = ReturnType<typeof createPage>

/** Makes it. `share` says whether tokens are told to other tabs: if not, each tab asks for its own. */
export function createPage(name: string, share: boolean) {
	const listeners = new Set<() => void>()
	const tabs = createTabs<News>(name, hear)
	const trail: Trace[] = []
	let ended = -Infinity // when somebody was signed out, by the clock of the page
	const page = {
		/** Who is signed in; set sets it. */
		state: loading as State,
		/** The access token; accept and drop set it. */
		token: createToken(),
		/** Moves when somebody signs in or out. */
		epoch: 0,
		/** The mark of the session that this page knows. */
		mark: '',
		/** Whether the person did something since the last renewal, in this tab or another. */
		active: true, // to open a page is something that a person does
		/** Runs after every change. */
		changed: () => {},
		tabs,
		trail,
		note,
		subscribe(tell: () => void) {
			listeners.add(tell)
			return () => {
				listeners.delete(tell)
			}
		},
		set,
		accept,
		drop,
		/** Notes that the person does something. */
		stir() {
			if (!page.active) tabs.tell({ active: true })
			page.active = true
		},
	}

	/** Notes what happened: no token, no address, no name. */
	function note(what: string, code?: string) {
		trail.push([performance.now() | 0, what, code])
		if (trail.length > 50) trail.shift()
	}

	/** Sets the state, and tells of it. A renewal mostly brings what was known: then the value stays the same, and pages need not draw it anew. */
	function set(state: State) {
		note(state.status, (state as SignedOut).reason)
		if (JSON.stringify(state) == JSON.stringify(page.state)) return page.changed()
		page.state = state
		page.changed()
		for (const tell of [...listeners]) {
			try {
				tell()
			} catch (e) {
				void Promise.reject(e) // told as unhandled, and no other listener goes without
			}
		}
	}

	/** Takes what was granted for a question that was asked at a moment. */
	function accept(grant: Grant, asked: Moment, tell = true) {
		const { user, session, permissions = [], accessToken, expiresIn } = grant
		if (page.state.session?.id != session.id) page.epoch++
		page.token = createToken(accessToken, expiresIn, asked)
		page.mark = hint()
		set({ status: 'signed-in', user, session, permissions, stale: false })
		if (tell) tabs.tell({ in: { ...grant, accessToken: share ? accessToken : '', refreshToken: '', backupCodes: [] }, age: since(asked) })
	}

	/** Knows nobody any more. Who was told leaves the mark alone: it may be that of somebody who signed in since. */
	function drop(reason: OutReason, tell = true) {
		page.epoch++
		if (reason != 'none') ended = performance.now()
		page.token = createToken()
		page.mark = ''
		if (tell) {
			clearHint()
			tabs.tell({ out: reason })
		}
		if (page.state.status != 'signed-out') set({ status: 'signed-out', user: null, session: null, reason })
	}

	function hear(news: News) {
		if ('active' in news) page.active = true
		else if ('out' in news) drop(news.out, false)
		else if (performance.now() - news.age < ended) return // asked for before that, and told too late
		else if (page.state.session?.id != news.in.session.id || (news.in.accessToken && news.in.expiresIn! - news.age / 1000 > page.token.left())) {
			page.active = false // whoever renewed told the server
			accept(news.in, moment(news.age), false)
		}
	}

	return page
}
