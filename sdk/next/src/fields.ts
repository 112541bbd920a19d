/**
 * Which header fields travel between a browser and Gatehouse. The way in is a list of what may, not of what may
 * not. Threat: Gatehouse believes this server what only a proxy can know, such as a client's certificate
 * (Client-Cert) or for which host a request was (X-Forwarded-Host), and a browser could write such a field itself.
 */
import type { IncomingMessage } from 'node:http'

/**
 * For whom this server asks. Next fills in the two X-Forwarded fields where they are absent; what ends TLS in front of
 * it must write them. Gatehouse believes them once this server is one of its trusted-proxies.
 */
const forWhom = ['host', 'user-agent', 'x-forwarded-for', 'x-forwarded-proto', 'forwarded']

/** What Gatehouse reads besides, whoever sends it. The first three rows decide whether a request is forged. */
const inward = [
	...forWhom,
	...['origin', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-user'],
	...['cookie', 'x-csrf-token', 'authorization', 'x-api-key', 'dpop'],
	...['access-control-request-method', 'access-control-request-headers'],
	...['accept', 'accept-language', 'content-type', 'content-encoding', 'if-none-match', 'range', 'last-event-id'],
]

/** What is of one connection only (RFC 9110 section 7.6.1). */
const ofConnection = ['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']

/** Header fields as Node takes them. */
export type Fields = Record<string, string>

function pick(from: Headers, names: string[]): Fields {
	const fields: Fields = {}
	for (const name of names) {
		const value = from.get(name)
		if (value !== null) fields[name] = value
	}
	return fields
}

/** What Gatehouse is told of a request that it is to answer itself. */
export const passedOn = (from: Headers) => pick(from, inward)

/**
 * What Gatehouse is told when this server asks whose a request is; undefined where no cookie says that it is anybody's. Of
 * the cookies it gets that of the session and no other, and each as often as it came: two of one name count as none.
 */
export function whoseIsIt(from: Headers): Fields | undefined {
	const cookies = (from.get('cookie') ?? '').split(/; */).filter(c => /^(__Host-)?session=/.test(c))
	return cookies.length ? { ...pick(from, forWhom), accept: 'application/json', cookie: cookies.join('; ') } : undefined
}

/** What the browser is told of an answer. Every Set-Cookie stays a field of its own. */
export function passedBack(answer: IncomingMessage): Headers {
	const fields = new Headers()
	const named = (answer.headers.connection ?? '').toLowerCase().split(/ *, */)
	const { rawHeaders } = answer
	for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
		const name = rawHeaders[i]!.toLowerCase()
		if (!ofConnection.includes(name) && !named.includes(name)) fields.append(name, rawHeaders[i + 1]!)
	}
	return fields
}
