/** When a page looks up: it is shown again, comes back from the cache, or finds the network. */
import type { Page } from './session.js'
import type { Refresher } from './refresh.js'
import { hint } from './transport.js'

/** Listens, until the function that is returned is called. `near` says that the mark of a session can be read. */
export function listen(page: Page, refresher: Refresher, near: boolean): () => void {
	const off = new AbortController()
	const on = (run: (e: Event) => void, ...names: string[]) => {
		for (const name of names) addEventListener(name, run, { signal: off.signal, capture: true })
	}
	const look = (e: Event) => {
		if (document.visibilityState != 'visible') return
		const now = hint()
		const { status } = page.state
		const moved = near && now != page.mark
		if (status == 'signed-in' && moved && !now) page.drop('signed-out', false) // while this page was frozen
		else if (status == 'signed-out' ? moved && now : status == 'unreachable' || moved || !page.token.good()) {
			refresher.refresh(moved || e.type == 'online', moved).catch(() => {})
		}
	}
	on(look, 'visibilitychange', 'pageshow', 'online') // the first passes the window on its way to the document
	on(page.stir, 'pointerdown', 'keydown')
	return () => off.abort()
}
