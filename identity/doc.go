// Package identity is the vocabulary of the house: what a user, a credential, a
// challenge, a proof, a session, a client, a grant, a principal and an event are.
//
// It owns types and the rules that need nothing but the type itself. It knows no
// database and no request and imports only the standard library, so that every other
// package can speak it. Read this folder first.
//
//	User ──owns──▶ Credential ──answers──▶ Challenge ──yields──▶ Proof
//	                                                              │ one or more
//	Client ──is given──▶ Grant ◀──consents── User                 ▼
//	                       │ issues                            Session
//	                       ▼                                      │
//	                     Token ───────── resolve to ──────▶ Principal ──causes──▶ Event
//
// The words are those of RFC 6749 (client, grant), RFC 9110 section 11 (scheme,
// credentials), OpenID Connect Core (auth_time, amr, acr) and NIST SP 800-63B (factor).
package identity
