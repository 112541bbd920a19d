/**
 * What the tabs of a browser tell each other, and how one of them at a time asks the server. Both only
 * save requests: that a race costs nobody their session is the server's doing, so neither has to work.
 */

/** Tells other tabs, and hears from them. */
export interface Tabs<Message> {
	open(): void
	close(): void
	tell(m: Message): void
	/**
	 * Runs a task while no other tab runs one, or after five seconds of waiting regardless; it is told how
	 * many milliseconds it waited. The task must be bounded: the others wait for it.
	 */
	alone<R>(task: (waited: number) => Promise<R>): Promise<R>
}

const patience = 5000

/** Makes the tabs of one name, which tabs of the same origin share. */
export function createTabs<Message>(name: string, hear: (m: Message) => void): Tabs<Message> {
	let channel: BroadcastChannel | undefined
	return {
		open() {
			if (!globalThis.BroadcastChannel) return
			channel = new BroadcastChannel(name)
			channel.onmessage = e => hear(e.data)
		},
		close() {
			channel?.close()
			channel = undefined // one that is closed throws
		},
		tell: m => channel?.postMessage(m),
		async alone(task) {
			const began = performance.now()
			const go = () => task(performance.now() - began)
			const locks = globalThis.document && navigator.locks
			if (!locks) return go()
			let done: ReturnType<typeof task> | undefined
			await locks.request(name, { signal: AbortSignal.timeout?.(patience) }, () => (done = go())).catch(() => {})
			return done ?? go() // refused, or not had in time
		},
	}
}
