/** What a guarded action answers that was not done. It crosses to the browser as it is, where Next hides what is thrown. */

/**
 * Why an action was not done: `NO_CREDENTIALS` nobody is signed in; `INSUFFICIENT_PERMISSIONS` they may not; `STALE_TOKEN`
 * they must prove again that it is them, as within the last `maxAge` seconds; `UNAVAILABLE` Gatehouse cannot be reached.
 */
export interface Refused {
	readonly refused: 'NO_CREDENTIALS' | 'INSUFFICIENT_PERMISSIONS' | 'STALE_TOKEN' | 'UNAVAILABLE'
	readonly maxAge?: number
}

/** Whether a guarded action was not done. */
export const isRefused = (answer: unknown): answer is Refused => typeof answer == 'object' && !!answer && 'refused' in answer
