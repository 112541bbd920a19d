import type { Refused } from '@gatehouse/next/client'

/** What people are told of an action that was not done. Codes are for programs. */
export const refusals: Record<Refused['refused'], string> = {
	NO_CREDENTIALS: 'Please sign in first.',
	INSUFFICIENT_PERMISSIONS: 'You may not delete posts.',
	STALE_TOKEN: 'Please prove again that it is you.',
	UNAVAILABLE: 'The sign-in service cannot be reached. Please try again.',
}
