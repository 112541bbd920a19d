/** Leaving for the page to sign in on: once, and not in circles. */

let leaving = false
let acted = false

/**
 * Notes that a person does something, until the function that is returned is called: whoever clicks on one guarded link
 * after another goes in no circle.
 */
export function watch(): () => void {
	const off = new AbortController()
	const act = () => {
		acted = true
	}
	for (const name of ['pointerdown', 'keydown']) addEventListener(name, act, { signal: off.signal, passive: true, capture: true })
	return () => off.abort()
}

/** Notes that somebody is signed in: to leave after that is no circle, in however many tabs at once. */
export function arrive() {
	acted = true
}

/**
 * Runs a function that leaves, unless this page is leaving already. It returns false where that would be the fourth time
 * that nobody asked for, with less than twenty seconds between: the way to sign in comes back without anybody signed in.
 * The count is in a cookie that says nothing else; storage stays empty.
 */
export function leave(go: () => void): boolean {
	if (leaving) return true
	const times = acted ? 0 : Number(/(?:^|; )gh_left=(\d+)/.exec(document.cookie)?.[1] ?? 0)
	acted = false
	if (times >= 3) return false
	document.cookie = `gh_left=${times + 1}; path=/; max-age=20; samesite=lax`
	leaving = true
	setTimeout(() => {
		leaving = false // for a way that stays on this page
	})
	go()
	return true
}
