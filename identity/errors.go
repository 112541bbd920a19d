package identity

// The errors that more than one package answers with. Each has one stable code; the
// list of all codes is docs/reference/errors.md.
var (
	// ErrRejected is every failed attempt to sign in, whatever the cause: an unknown user,
	// a wrong password and a disabled account look the same from outside (SES-18, BUG-21).
	ErrRejected = &Error{Kind: Unauthenticated, Code: "INVALID_CREDENTIALS", Message: "These credentials are not valid."}
	// ErrInvalid is a request that is malformed; With names the member.
	ErrInvalid = &Error{Kind: Invalid, Code: "VALIDATION_FAILED", Message: "The request is not valid."}
	// ErrNotFound is a thing that is absent, or that the caller may not know of.
	ErrNotFound = &Error{Kind: NotFound, Code: "NOT_FOUND", Message: "Not found."}
	// ErrConflict is a state that does not allow the request, where existence is no secret.
	ErrConflict = &Error{Kind: Conflict, Code: "CONFLICT", Message: "The current state does not allow this."}
	// ErrNoCredentials is a request without any credential where one is demanded.
	ErrNoCredentials = &Error{Kind: Unauthenticated, Code: "NO_CREDENTIALS", Message: "Please sign in."}
	// ErrInvalidToken is a token that is malformed, forged, or not meant for us.
	ErrInvalidToken = &Error{Kind: Unauthenticated, Code: "INVALID_TOKEN", Message: "This token is not valid."}
	// ErrTokenExpired is a token past its time; a silent refresh mends it.
	ErrTokenExpired = &Error{Kind: Unauthenticated, Code: "TOKEN_EXPIRED", Message: "This token has expired."}
	// ErrTokenOutdated is a token whose user has changed; a silent refresh mends it.
	ErrTokenOutdated = &Error{Kind: Unauthenticated, Code: "TOKEN_OUTDATED", Message: "This token is out of date."}
	// ErrTokenRevoked is a token that was ended before its time.
	ErrTokenRevoked = &Error{Kind: Unauthenticated, Code: "TOKEN_REVOKED", Message: "This token was revoked."}
	// ErrAPIKey is an API key that opens nothing, whatever the cause (KEY-10).
	ErrAPIKey = &Error{Kind: Unauthenticated, Code: "INVALID_API_KEY", Message: "Invalid API key"}
	// ErrStale is a caller whose last proof is too old for the route (RFC 9470).
	ErrStale = &Error{Kind: Unauthenticated, Code: "STALE_TOKEN", Message: "Please confirm that it is you."}
	// ErrForbidden is a caller who may not do this.
	ErrForbidden = &Error{Kind: Forbidden, Code: "INSUFFICIENT_PERMISSIONS", Message: "Insufficient permissions"}
	// ErrPolicy is a caller whose roles allow it, and whom a condition of the policy forbids it.
	ErrPolicy = &Error{Kind: Forbidden, Code: "POLICY_DENIED", Message: "The policy does not allow this."}
	// ErrScope is a token or key whose scopes do not cover the request.
	ErrScope = &Error{Kind: Forbidden, Code: "INSUFFICIENT_SCOPE", Message: "This credential may not be used for this."}
	// ErrCSRF is a request that did not prove that it comes from our own pages.
	ErrCSRF = &Error{Kind: Forbidden, Code: "INVALID_CSRF", Message: "This request could not be verified. Reload the page and try again."}
	// ErrRateLimited is a caller who has asked too often; In says how long to wait.
	ErrRateLimited = &Error{Kind: TooMany, Code: "RATE_LIMITED", Message: "Too many attempts. Please wait a little."}
	// ErrLocked is an account, or what was typed as one, that has failed too often; In says how long
	// to wait. It is the same for an account that nobody has.
	ErrLocked = &Error{Kind: TooMany, Code: "ACCOUNT_LOCKED", Message: "Too many failed attempts. Please wait, or use the link that we have mailed if there is such an account."}
	// ErrCaptcha is an attempt that needs the answer to a CAPTCHA, and brought none that passes.
	ErrCaptcha = &Error{Kind: Forbidden, Code: "CAPTCHA_REQUIRED", Message: "Please show that you are not a program."}
	// ErrBreached is a password that may not be set, because attackers have it in their lists (PWD-10).
	ErrBreached = &Error{Kind: Invalid, Code: "BREACHED_PASSWORD", Message: "Password appears in known data breaches."}
	// ErrUnavailable is a house that is overloaded or cut off from its database.
	ErrUnavailable = &Error{Kind: Unavailable, Code: "UNAVAILABLE", Message: "The service is busy. Please try again in a moment."}
	// ErrMustReset is a right proof of somebody who must choose a new password first (BRE-05).
	ErrMustReset = &Error{Kind: Forbidden, Code: "PASSWORD_RESET_REQUIRED", Message: "Please choose a new password before you sign in."}
	// ErrMustEnroll is a right proof of somebody who must set up a second factor first (MFA-14).
	ErrMustEnroll = &Error{Kind: Forbidden, Code: "MFA_ENROLLMENT_REQUIRED", Message: "Please set up a second factor to sign in."}
	// ErrCode is a code that is not accepted, where the caller is known already (MFA-07).
	ErrCode = &Error{Kind: Invalid, Code: "INVALID_CODE", Message: "Invalid code"}
	// ErrInvalidLink is a link without a well-formed token.
	ErrInvalidLink = &Error{Kind: Invalid, Code: "INVALID_LINK", Message: "This link is not valid."}
	// ErrLinkExpired is a link or a sign-in that is over, used, or was never begun.
	ErrLinkExpired = &Error{Kind: Unauthenticated, Code: "LINK_EXPIRED", Message: "This link has expired or was already used."}
)
