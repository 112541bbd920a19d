/** A real Gatehouse: the program, on a folder of its own, with a clock that can be put forward. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** Everybody's password. */
export const passphrase = 'violet hammer seventeen'

/** What it answers. */
export interface Answer {
	status: number
	headers: IncomingHttpHeaders
	body: any
}

/** A program that runs. */
export interface House {
	/** Where it listens itself, behind whatever stands before it. */
	port: number
	/** Makes somebody whose address is proved. */
	user(email: string, ...roles: string[]): void
	/** Moves its clock, which browsers do not notice: "20m", "0". */
	clock(offset: string): Promise<void>
	/** Asks it, as a program that is no browser. */
	ask(path: string, init?: { method?: string; json?: unknown; headers?: Record<string, string> }): Promise<Answer>
	stop(): Promise<void>
}

let built: string | undefined

/** The program: that of GATEHOUSE_TEST_BINARY, or built once. */
export function binary(): string {
	if (process.env.GATEHOUSE_TEST_BINARY) return process.env.GATEHOUSE_TEST_BINARY
	if (!built) {
		const folder = mkdtempSync(join(tmpdir(), 'gatehouse-e2e-'))
		process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
		built = join(folder, 'gatehouse')
		execFileSync('go', ['build', '-o', built, './cmd/gatehouse'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
	}
	return built
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1')
	await once(server, 'listening')
	const { port } = server.address() as AddressInfo
	server.close()
	await once(server, 'close')
	return port
}

/** Starts a house that browsers reach at a URL, with further flags. */
export async function open(publicURL: string, ...flags: string[]): Promise<House> {
	const data = mkdtempSync(join(tmpdir(), 'gatehouse-e2e-data-'))
	const port = await freePort()
	const run = binary()
	const common = ['--data', data, '--dev-argon2', 'm=8192,t=1,p=1', '--breach-check', 'off']
	const args = ['serve', '--dev', '--listen', `127.0.0.1:${port}`, '--public-url', publicURL, '--metrics-listen', '', ...common]
	const server = spawn(run, [...args, '--dev-no-limits', '--risk-mode', 'off', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
	let log = ''
	for (const stream of [server.stdout, server.stderr]) stream?.on('data', d => (log = (log + d).slice(-20_000)))
	const ask: House['ask'] = async (path, { json, headers, method = json === undefined ? 'GET' : 'POST' } = {}) => {
		const host = new URL(publicURL).host // which fetch would not let one say
		const q = request({ host: '127.0.0.1', port, path, method, agent: false, headers: { 'content-type': 'application/json', host, ...headers } })
		q.end(json === undefined ? undefined : JSON.stringify(json))
		const [r] = (await once(q, 'response')) as [IncomingMessage]
		let body = ''
		for await (const part of r) body += part
		return { status: r.statusCode!, headers: r.headers, body: body.startsWith('{') ? JSON.parse(body) : body }
	}
	await ready(server, () => ask('/readyz'), () => log)
	return {
		port,
		ask,
		user: (email, ...roles) => {
			const granted = roles.flatMap(role => ['--role', role])
			execFileSync(run, ['user', 'create', ...common, '--email', email, '--password-stdin', '--verified', ...granted], { input: passphrase, stdio: ['pipe', 'ignore', 'inherit'] })
		},
		clock: async offset => {
			const r = await ask('/dev/clock', { json: { offset } })
			if (r.status >= 300) throw new Error(JSON.stringify(r.body))
		},
		stop: async () => {
			server.kill('SIGTERM')
			if (server.exitCode === null) await once(server, 'exit')
			rmSync(data, { recursive: true, force: true })
		},
	}
}

async function ready(server: ChildProcess, ask: () => Promise<Answer>, log: () => string) {
	for (let tries = 0; tries < 200; tries++) {
		if (server.exitCode !== null) throw new Error(`gatehouse ended: ${log()}`)
		const answer = await ask().catch(() => undefined)
		if (answer?.status == 200) return
		await new Promise(resume => setTimeout(resume, 50))
	}
	throw new Error(`gatehouse is not ready: ${log()}`)
}
