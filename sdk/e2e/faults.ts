/**
 * What stands between the browser and the house: it serves the page, has an API of its own, and does to requests what
 * networks do. The house has always acted when an answer is lost.
 */
import { build } from 'esbuild'
import { once } from 'node:events'
import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What passed: a request for the house, or one for the API. */
export interface Passed {
	method: string
	path: string
	status: number
	body: string
}

/** What becomes of a request for the house. */
export type Fault = 'drop' | 'twice' | 'unavailable' | 'portal' | 'limited' | { delay: number } | { together: number }

/** What the API does instead of asking the house whether a token is good. */
export type Mood = 'right' | 'poison' | 'foreign' | 'stale'

const csp = "default-src 'none'; script-src 'self'; connect-src 'self' https://evil.example; style-src 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
const here = dirname(fileURLToPath(import.meta.url))

/** The proxy. */
export class Faults {
	readonly url: string
	/** Where the house listens; set once it does. */
	house = 0
	/** Faults for the next requests for the house whose path begins so, the first first. */
	faults: { path: string; fault: Fault }[] = []
	/** Asked for every request for the house where no fault is waiting. */
	weather: (path: string) => Fault | undefined = () => undefined
	mood: Mood = 'right'
	passed: Passed[] = []
	calls: Passed[] = []

	private held: (() => void)[] = []

	private constructor(
		private readonly server: Server,
		private readonly scripts: Map<string, string>,
	) {
		this.url = `http://localhost:${(server.address() as AddressInfo).port}`
		server.on('request', (q, r) => void this.serve(q, r).catch(() => r.destroy()))
	}

	/** Listens, with scripts made of entries beside this file. */
	static async listen(entries: Record<string, string>): Promise<Faults> {
		const scripts = new Map<string, string>()
		for (const [path, entry] of Object.entries(entries)) {
			const made = await build({ entryPoints: [join(here, entry)], bundle: true, format: 'esm', target: 'es2022', write: false, jsx: 'automatic', define: { 'process.env.NODE_ENV': '"development"' } })
			scripts.set(path, made.outputFiles[0]!.text)
		}
		const server = createServer().listen(0, '127.0.0.1')
		await once(server, 'listening')
		return new Faults(server, scripts)
	}

	/** Begins a case: nothing is wrong and nothing has passed. */
	reset() {
		this.faults = []
		this.weather = () => undefined
		this.mood = 'right'
		this.passed = []
		this.calls = []
	}

	/** How often the house was asked to renew, and what it said. */
	get renewals() {
		return this.passed.filter(p => p.path == '/auth/refresh' || p.path == '/auth/token')
	}

	async close() {
		this.server.closeAllConnections()
		this.server.close()
		await once(this.server, 'close')
	}

	private async serve(q: IncomingMessage, r: ServerResponse) {
		const path = new URL(q.url!, this.url).pathname
		const body = await text(q)
		const script = this.scripts.get(path)
		if (script) return send(r, 200, 'text/javascript', script)
		if (path == '/' || path == '/other') return send(r, 200, 'text/html', '<!doctype html><title>page</title><div id=r></div><script type=module src=/page.js></script>')
		if (path.startsWith('/react')) return send(r, 200, 'text/html', '<!doctype html><title>react</title><div id=r></div><script type=module src=/react.js></script>')
		if (path.startsWith('/api')) return this.api(q, r, path, body)
		const at = this.faults.findIndex(f => path.startsWith(f.path))
		const fault = at < 0 ? this.weather(path) : this.faults.splice(at, 1)[0]!.fault
		await this.forward(q, r, path, body, fault)
	}

	private async forward(q: IncomingMessage, r: ServerResponse, path: string, body: string, fault: Fault | undefined) {
		if (fault == 'unavailable') return problem(r, 503, 'UNAVAILABLE', { 'retry-after': '1' })
		if (fault == 'limited') return problem(r, 429, 'RATE_LIMITED', { 'retry-after': '2' })
		if (fault == 'portal') return send(r, 200, 'text/html', '<!doctype html>Please accept the terms of this network.')
		if (typeof fault == 'object') await ('delay' in fault ? new Promise(resume => setTimeout(resume, fault.delay)) : this.gathered(fault.together))
		const answer = await this.ask(q, q.url!, body)
		this.passed.push({ method: q.method!, path, status: answer.status, body })
		if (fault == 'twice') this.passed.push({ method: q.method!, path, status: (await this.ask(q, q.url!, body)).status, body })
		if (fault == 'drop') return r.destroy()
		r.writeHead(answer.status, answer.headers)
		r.end(answer.body)
	}

	/** Waits until so many wait. */
	private gathered(n: number): Promise<void> {
		return new Promise(go => {
			this.held.push(go)
			if (this.held.length == n) for (const one of this.held.splice(0)) one()
		})
	}

	/** The API of an application: whether a token is good, the house is asked. */
	private async api(q: IncomingMessage, r: ServerResponse, path: string, body: string) {
		const done = (status: number) => this.calls.push({ method: q.method!, path, status, body })
		if (this.mood == 'poison') return done(401), problem(r, 401, 'TOKEN_EXPIRED')
		if (this.mood == 'foreign') return done(401), problem(r, 401, 'SOMETHING_ELSE')
		if (this.mood == 'stale') {
			this.mood = 'right'
			return done(401), problem(r, 401, 'STALE_TOKEN', { 'www-authenticate': 'Bearer error="insufficient_user_authentication", max_age="300"' })
		}
		q.method = 'GET'
		delete q.headers['content-length']
		delete q.headers.cookie
		const me = await this.ask(q, '/auth/me', '')
		done(me.status)
		if (me.status != 200) return void r.writeHead(me.status, me.headers).end(me.body)
		send(r, 200, 'application/json', JSON.stringify({ echo: body, me: JSON.parse(me.body) }))
	}

	private async ask(q: IncomingMessage, path: string, body: string) {
		const { connection: _, 'transfer-encoding': __, ...headers } = q.headers
		const out = ask({ host: '127.0.0.1', port: this.house, method: q.method, path, headers, agent: false })
		out.end(body)
		const [answer] = (await once(out, 'response')) as [IncomingMessage]
		return { status: answer.statusCode!, headers: answer.headers, body: await text(answer) }
	}
}

async function text(stream: IncomingMessage): Promise<string> {
	let all = ''
	for await (const part of stream) all += part
	return all
}

function send(r: ServerResponse, status: number, type: string, body: string) {
	r.writeHead(status, { 'content-type': type, 'content-security-policy': csp, 'cache-control': 'no-cache' })
	r.end(body)
}

function problem(r: ServerResponse, status: number, code: string, headers: Record<string, string> = {}) {
	r.writeHead(status, { 'content-type': 'application/json', ...headers })
	r.end(JSON.stringify({ error: code, code, requestId: 'req_test' }))
}
