/**
 * What can go wrong: one class of errors with stable codes. The codes of the server are in
 * docs/reference/errors.md; those that the client adds are named here. Sentences are for people and
 * change; codes do not.
 */

/** Codes that no server sends: what the client itself has to say. */
export type ClientCode =
	| 'NETWORK' // no answer came
	| 'OFFLINE' // no answer came, and the browser says that there is no network
	| 'TIMEOUT' // no answer came in fifteen seconds, or before the caller's own signal
	| 'STORE_FAILED' // what keeps the secret of a native application did not
	| 'STEP_UP_CANCELLED' // the person did not want to prove again who they are
	| 'PASSKEY_CANCELLED' // the ceremony was ended by the person, by the browser, or by another one
	| 'PASSKEY_UNSUPPORTED'
	| 'PASSKEY_FAILED'

/** Codes of the server on which an application is likely to act; there are more. */
export type ServerCode =
	| 'VALIDATION_FAILED'
	| 'INVALID_CODE'
	| 'WEAK_PASSWORD'
	| 'BREACHED_PASSWORD'
	| 'INVALID_LINK'
	| 'NO_CREDENTIALS'
	| 'INVALID_CREDENTIALS'
	| 'INVALID_TOKEN'
	| 'TOKEN_EXPIRED'
	| 'TOKEN_OUTDATED'
	| 'TOKEN_REVOKED'
	| 'TOKEN_INACTIVE'
	| 'STALE_TOKEN'
	| 'NO_REFRESH_TOKEN'
	| 'REFRESH_EXPIRED'
	| 'TOKEN_REUSED'
	| 'LINK_EXPIRED'
	| 'INSUFFICIENT_PERMISSIONS'
	| 'POLICY_DENIED'
	| 'CAPTCHA_REQUIRED'
	| 'PASSWORD_RESET_REQUIRED'
	| 'MFA_ENROLLMENT_REQUIRED'
	| 'NOT_FOUND'
	| 'CONFLICT'
	| 'RATE_LIMITED'
	| 'ACCOUNT_LOCKED'
	| 'INTERNAL'
	| 'UNAVAILABLE'

/** Every code, known here or not: HTTP_502 is an answer without one. */
export type Code = ClientCode | ServerCode | (string & {})

/** What an API demands of a proof that it found too old or too weak (RFC 9470). */
export interface Challenge {
	/** Seconds that the last proof may be old; 0 where nothing is said. */
	maxAge?: number
	/** The assurance that is wanted, such as "aal2". */
	acr?: string | undefined
}

/** What is known of an error besides its code. */
export interface ErrorInfo {
	/** Names the decision for `gatehouse explain` and for the log. */
	requestId?: string | undefined
	/** Seconds after which the same may succeed. */
	retryAfter?: number | undefined
	/** Sentences by member of the body. */
	fields?: Record<string, string> | undefined
	/** Of STALE_TOKEN. */
	challenge?: Challenge | undefined
	/** Of MFA_ENROLLMENT_REQUIRED: the sign-in under way, and what may be set up to end it. */
	enroll?: { login: string; methods: string[] } | undefined
}

/** What went wrong. Only the client's fetch throws others too: those of the browser, as fetch does. `status` is 0 where no answer came. */
export class AuthError extends Error {
	override readonly name = 'AuthError'
	constructor(
		readonly code: Code,
		readonly status = 0,
		message: string = code,
		readonly info: ErrorInfo = {},
		cause?: unknown,
	) {
		super(message, { cause })
	}
}

/** Reads the error in an answer, which need not be one of Gatehouse. It takes the body. */
export async function toError(r: Response): Promise<AuthError> {
	const body = await r.json().catch(() => 0)
	const header = (name: string) => r.headers.get(name) || ''
	const demand = (name: string) => new RegExp(name + '="?([^",]+)').exec(header('www-authenticate'))?.[1]
	const code: Code = body?.code ?? (demand('error')?.startsWith('insufficient_user') ? 'STALE_TOKEN' : 'HTTP_' + r.status) // RFC 9470 section 3
	return new AuthError(code, r.status, body?.error, {
		requestId: header('x-request-id'),
		retryAfter: +header('retry-after') || undefined, // which may be a date, and then says nothing
		fields: body?.fields,
		challenge: code == 'STALE_TOKEN' ? { maxAge: +(demand('max_age') ?? 0), acr: demand('acr_values') } : undefined,
		enroll: body?.enroll && { login: body.login, methods: body.enroll },
	})
}
