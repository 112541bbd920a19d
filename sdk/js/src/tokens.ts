/**
 * The access token, in the memory of this page and nowhere else (STO-01, STO-02): a script that steals
 * storage finds nothing. How long it lives is what the server said, counted from when it was asked, by
 * whichever of two clocks has moved further: a wrong clock does no harm, sleep and jumps end it early.
 */

/** A moment by both clocks: that of the page, which stands still in some sleeps, and that on the wall. */
export interface Moment {
	page: number
	wall: number
}

/** The moment `ago` milliseconds before now. */
export const moment = (ago = 0): Moment => ({ page: performance.now() - ago, wall: Date.now() - ago })

/** Milliseconds since a moment. */
export const since = (m: Moment) => Math.max(performance.now() - m.page, Date.now() - m.wall)

/** A token that lives for seconds from a moment on; "" is none. */
export function createToken(text = '', life = 0, from = moment()) {
	const left = () => (text ? life - since(from) / 1000 : -1)
	const margin = Math.min(60, life * 0.2)
	return {
		text,
		/** Seconds that it is good for; below 0 where there is none. */
		left,
		/** Whether it is so good that nobody need renew it yet: outside of the last fifth, or minute, of its life. */
		good: () => left() > margin,
		/** Seconds until a random point in the second half of that margin, so that tabs do not march in step. */
		until: () => left() - margin * (0.5 + Math.random() / 2),
	}
}
