/** Who calls, and what they may do, by the access tokens of Gatehouse. Copy this file into an API of yours; it asks nobody at each request. */
import { createRemoteJWKSet, jwtVerify } from 'jose'

/** What an answer says that refuses: its codes are those of Gatehouse, so that its clients know what to do. */
export class Refusal extends Error {
	constructor(status, code, message, headers = {}) {
		super(message)
		Object.assign(this, { status, code, headers })
	}
}

const realm = 'Bearer realm="gatehouse"'
const refused = (code, message) => new Refusal(401, code, message, { 'WWW-Authenticate': `${realm}, error="invalid_token", error_description="${message}"` })
const noCredentials = () => new Refusal(401, 'NO_CREDENTIALS', 'Please sign in.', { 'WWW-Authenticate': realm })
const invalid = () => refused('INVALID_TOKEN', 'This token is not valid.')
const unavailable = () => new Refusal(503, 'UNAVAILABLE', 'Please try again shortly.', { 'Retry-After': '5' })

/** Seconds that the clocks of two machines may differ. */
const skew = 60

/** What is wrong with a token itself. Everything else is an outage, for which nobody is sent to sign in again. */
const faults = /^ERR_(JWT|JWS|JOSE_ALG|JOSE_NOT_SUPPORTED|JWKS_NO_MATCHING|JWKS_MULTIPLE)/

/**
 * Whether a token says that its bearer may do something: by their roles and, where the token is limited by scopes, by these too. Who may
 * act on everything may act on their own. What was said of an organization counts for no route here, for none is about one.
 */
export function may({ perms = [], scope, sid, org }, permission) {
	const has = names => names.includes(permission) || names.includes(permission.replace(/:own$/, ''))
	const limited = scope !== undefined || !sid // a service that acts for itself may do what it names
	return !org && has(perms) && (!limited || has((scope ?? '').split(' ')))
}

/** Makes the guard of an API from the public URL of Gatehouse. `cooldown` bounds how often a token with an unknown key has keys fetched. */
export function createGuard({ issuer, audience = issuer, cooldown = 30_000 }) {
	// A minute is what Gatehouse allows: a key that was stolen and replaced is believed no longer.
	const keys = createRemoteJWKSet(new URL(issuer.replace(/\/$/, '') + '/.well-known/jwks.json'), { cacheMaxAge: 60_000, cooldownDuration: cooldown })
	// Threats: a token that names its own algorithm, an ID token, a token for another service, one without an end.
	const expected = { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'], clockTolerance: skew, requiredClaims: ['sub', 'exp', 'iat', 'jti'] }

	/** The claims of the token of a request. */
	async function verify(request) {
		const [field, second] = request.headersDistinct.authorization ?? []
		if (!field) throw noCredentials()
		const token = /^Bearer ([^\s,]+)$/i.exec(field)?.[1]
		if (!token || second) throw invalid() // of two, each could be the credential
		const { payload } = await jwtVerify(token, keys, expected).catch(e => {
			if (e.code == 'ERR_JWT_EXPIRED') throw refused('TOKEN_EXPIRED', 'This token has expired.')
			throw faults.test(e.code) ? invalid() : unavailable()
		})
		if (payload.iat > Date.now() / 1000 + skew) throw invalid() // of the future
		return payload
	}

	/**
	 * Lets pass who may do something, and leaves the claims at request.caller. With an `owner`, which returns the ID of whose the resource is,
	 * those who may only act on their own pass too; for others there is no such resource. Without a permission whoever is signed in passes.
	 */
	return (permission, owner) => async (request, _response, next) => {
		const caller = (request.caller = await verify(request))
		const forbidden = () => new Refusal(403, 'INSUFFICIENT_PERMISSIONS', permission ? `Requires permission: ${permission}` : 'This token is for something else.')
		if (!permission) {
			if (caller.scope !== undefined || !caller.sid) throw forbidden() // made for one thing, it does not open everything
		} else if (!may(caller, permission)) {
			if (!owner || !may(caller, permission + ':own')) throw forbidden()
			if (owner(request) !== caller.sub) throw new Refusal(404, 'NOT_FOUND', 'There is no such thing.')
		}
		next()
	}
}
