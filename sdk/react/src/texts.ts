/** What the step-up dialog says, in English where nothing else is given. */
import type { AuthError, Challenge } from '@gatehouse/client'

/** What the dialog says. Every text can be replaced. */
export interface StepUpTexts {
	title: string
	/** Why it asks. */
	reason: (challenge: Challenge) => string
	/** The name of a method, by its name at the server. */
	method: (name: string) => string
	/** The label of what a method wants. */
	label: (name: string) => string
	/** What went wrong, by its code. */
	error: (e: AuthError) => string
	confirm: string
	/** The button for another code, where one is sent. */
	again: string
	cancel: string
	/** There is no way that this dialog knows. */
	none: string
}

/** The methods that the dialog knows, the best first, and what they are called. */
export const names: Record<string, string> = { passkey: 'Passkey', password: 'Password', totp: 'Authenticator app', 'backup-code': 'Backup code', 'email-code': 'Code by mail', sms: 'Code by text message' }

/** The texts where none are given. */
export const english: StepUpTexts = {
	title: 'Confirm that it is you',
	reason: ({ acr }) => (acr == 'aal2' ? 'This needs a second proof.' : 'This needs a proof that is newer than yours.'),
	method: name => names[name] ?? name,
	label: name => (name == 'password' ? 'Your password' : 'The code'),
	error: ({ code, info }) => {
		if (info.retryAfter) return `Too many attempts. Try again in ${info.retryAfter} s.`
		if (/^(INVALID_CREDENTIALS|INVALID_CODE)$/.test(code)) return 'That was not right.'
		return code == 'PASSKEY_CANCELLED' ? 'The passkey was not used.' : `That did not work (${code}).`
	},
	confirm: 'Confirm',
	again: 'Send another code',
	cancel: 'Cancel',
	none: 'Sign out and in again to do this.',
}
