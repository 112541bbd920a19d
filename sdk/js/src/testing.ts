/**
 * For the tests of applications: a client that asks no server, and tokens as Gatehouse issues them, good and bad (TST-05).
 * Nothing of it belongs into a program that runs.
 */
import { createClient, type Client, type Options } from './client.js'
import { AuthError } from './errors.js'
import { loading, type App, type Permission, type Role, type State } from './state.js'
import type { Grant } from './transport.js'

/** Somebody, or as much of them as a test cares for. */
export interface Person<T extends App = App> {
	id?: string
	email?: string
	name?: string
	roles?: Role<T>[]
	permissions?: Permission<T>[]
}

/** Who a client is to think that is signed in: somebody, nobody, nobody knows yet, or nobody can be asked. */
export type Cast<T extends App = App> = Person<T> | null | 'loading' | 'unreachable'

/** A client without a server. */
export interface TestClient<T extends App = App> {
	client: Client<T>
	/** Changes who is signed in, and waits until the client knows. That nobody knows yet never comes back. */
	become(cast: Exclude<Cast<T>, 'loading'>): Promise<void>
}

/** What Gatehouse would grant to somebody. */
function granted<T extends App>({ id = 'usr_test', email = 'ada@example.com', name = 'Ada', roles = ['user' as Role<T>], permissions = [] }: Person<T>): Grant {
	const expiresAt = '2100-01-01T00:00:00Z' // the same each time: a renewal that brings nothing new changes no state
	return { expiresIn: 900, user: { id, email, name, roles }, session: { id: 'ses_' + id, expiresAt }, permissions }
}

/** What a client knows of a cast, so that what is shown with it needs not wait. */
function known<T extends App>(cast: Cast<T>): State {
	if (cast == 'loading') return loading
	if (cast == 'unreachable') return { status: cast, user: null, session: null, error: new AuthError('NETWORK') }
	if (cast === null) return { status: 'signed-out', user: null, session: null, reason: 'none' }
	const { user, session, permissions = [] } = granted(cast)
	return { status: 'signed-in', user, session, permissions, stale: false }
}

/** Makes one, which in a page knows at once what it is told. `answer` is what the API of the application answers; without it everything is 200 with an empty object. */
export function createTestClient<T extends App = App>(cast: Cast<T> = null, answer: (request: Request) => Response | Promise<Response> = () => Response.json({}), options: Omit<Options, 'fetch' | 'transport'> = {}): TestClient<T> {
	let turn = 0
	let changed = () => {}
	const client = createClient<T>({
		...options,
		fetch: async (input, init) => answer(new Request(input, init)),
		transport: () => ({
			mode: 'native',
			present: () => cast !== null,
			renew: async () => {
				while (cast == 'loading') await new Promise<void>(resolve => (changed = resolve))
				if (cast == 'unreachable') throw new AuthError('NETWORK')
				if (cast === null) throw new AuthError('TOKEN_REVOKED', 401)
				return { ...granted(cast), accessToken: `token-${++turn}` }
			},
		}),
	})
	client.hydrate(known(cast))
	return {
		client,
		async become(next) {
			cast = next
			changed()
			await client.refresh().catch(() => {})
		},
	}
}

/** What a token says; times are seconds from now. */
export interface Claims {
	sub?: string
	roles?: string[]
	perms?: string[]
	scope?: string
	/** When it is over: below 0 it is over already; 900 by default. */
	expiresIn?: number
	/** How long ago the person proved who they are; 0 by default. */
	provedAgo?: number
	/** The version of the user: an API that knows a later one answers TOKEN_OUTDATED. 1 by default. */
	ver?: number
	/** The organization, and the roles there. */
	org?: string
	org_roles?: string[]
	aud?: string
	iss?: string
	acr?: string
	amr?: string[]
}

/** Whoever signs tokens: as Gatehouse does (RFC 9068, ES256), with a key of its own. */
export interface Issuer {
	/** What an API reads at /.well-known/jwks.json. */
	jwks(): { keys: JsonWebKey[] }
	/** A token; what is not said is as it would be for somebody with the role `user`. */
	token(claims?: Claims): Promise<string>
	/** A token with the claims of a good one and the signature of another. */
	forged(claims?: Claims): Promise<string>
}

/** Makes an Issuer. `url` is both who issues tokens and whom they are for. */
export async function createIssuer(url = 'https://id.example.com'): Promise<Issuer> {
	const curve = { name: 'ECDSA', namedCurve: 'P-256' }
	const [own, other] = await Promise.all([crypto.subtle.generateKey(curve, true, ['sign']), crypto.subtle.generateKey(curve, true, ['sign'])])
	const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', own.publicKey)
	const sign = async (key: CryptoKey, { expiresIn = 900, provedAgo = 0, ...claims }: Claims = {}) => {
		const now = Math.floor(Date.now() / 1000)
		const head = { alg: 'ES256', typ: 'at+jwt', kid: 'test' }
		const body = {
			iss: url,
			aud: url,
			sub: 'usr_test',
			client_id: 'gatehouse',
			iat: now - Math.max(0, 900 - expiresIn),
			exp: now + expiresIn,
			jti: crypto.randomUUID(),
			sid: 'ses_test',
			auth_time: now - provedAgo,
			acr: 'aal1',
			amr: ['pwd'],
			ver: 1,
			roles: ['user'],
			...claims,
		}
		const text = [head, body].map(part => encoded(new TextEncoder().encode(JSON.stringify(part)))).join('.')
		const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, new TextEncoder().encode(text))
		return text + '.' + encoded(new Uint8Array(signature))
	}
	return {
		jwks: () => ({ keys: [{ kty: kty!, crv: crv!, x: x!, y: y!, alg: 'ES256', use: 'sig', kid: 'test' } as JsonWebKey] }),
		token: claims => sign(own.privateKey, claims),
		forged: claims => sign(other.privateKey, claims),
	}
}

const encoded = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
