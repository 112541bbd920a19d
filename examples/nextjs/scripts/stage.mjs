/** Builds the example and runs it beside Gatehouse: for `npm start`, and for the test. It needs Go and Node, and nothing installed. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const here = resolve(import.meta.dirname, '..')
const root = resolve(here, '../..')
const sdk = join(root, 'sdk')

/** Who can sign in, and with what. */
export const password = 'correct horse battery staple'
export const people = [
	{ email: 'ada@example.com', role: 'editor' },
	{ email: 'bob@example.com', role: 'user' },
]

/** Gatehouse, where none is given. */
const program = join(here, '.gatehouse/gatehouse')

const quiet = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }
const npm = ['ci', '--no-audit', '--no-fund', '--ignore-scripts']

function run(command, args, options = {}) {
	execFileSync(command, args, { cwd: here, stdio: ['pipe', 2, 2], env: quiet, ...options })
}

/** When a folder or file was last changed; 0 where it is not. */
function changed(path) {
	if (!existsSync(path)) return 0
	const stat = statSync(path)
	return stat.isDirectory() ? Math.max(0, ...readdirSync(path).map(name => changed(join(path, name)))) : stat.mtimeMs
}

/** Builds what is older than what it is made of: the SDK, its copies here, the application in a folder, and Gatehouse. */
export function build(app = here) {
	const packages = ['js', 'react', 'next']
	const built = name => changed(join(sdk, name, 'dist/index.js'))
	if (packages.some(name => built(name) < changed(join(sdk, name, 'src')))) {
		if (!existsSync(join(sdk, 'node_modules'))) run('npm', npm, { cwd: sdk })
		run('npx', ['tsc', '-b', ...packages], { cwd: sdk })
	}
	const installed = changed(join(app, 'node_modules/.package-lock.json'))
	if (packages.some(name => installed < changed(join(sdk, name, 'dist')))) run('npm', existsSync(join(app, 'package-lock.json')) ? npm : ['install', ...npm.slice(1)], { cwd: app })
	run('npx', ['next', 'build'], { cwd: app })
	if (!process.env.GATEHOUSE_TEST_BINARY) run('go', ['build', '-o', program, './cmd/gatehouse'], { cwd: root })
}

/** Starts Gatehouse and the application, and returns them once both answer. */
export async function serve({ app = here, port = 0, data = join(here, '.gatehouse/data'), flags = [] } = {}) {
	port ||= await freePort()
	const inner = await freePort()
	const url = `http://localhost:${port}`
	const gatehouse = process.env.GATEHOUSE_TEST_BINARY ?? program
	const settings = { GATEHOUSE_DATA: data, GATEHOUSE_POLICY: join(here, 'policy.yaml'), GATEHOUSE_BREACH_CHECK: 'off' }
	if (!existsSync(data)) {
		for (const { email, role } of people) {
			run(gatehouse, ['user', 'create', '--email', email, '--role', role, '--verified', '--password-stdin'], { input: password, env: { ...quiet, ...settings } })
		}
	}
	const start = () => begin(gatehouse, ['serve', '--dev', '--listen', `127.0.0.1:${inner}`, '--metrics-listen', '', '--public-url', url + '/id', ...flags], here, settings)
	let house = start()
	const pages = begin(process.execPath, [join(app, 'node_modules/next/dist/bin/next'), 'start', '-H', 'localhost', '-p', String(port)], app, { GATEHOUSE_URL: `http://127.0.0.1:${inner}/id` })
	const stop = () => Promise.all([end(house), end(pages)])
	const ready = () => answers(url + '/id/readyz', house, pages)
	await ready().catch(e => stop().then(() => Promise.reject(e)))
	return {
		url,
		/** Ends Gatehouse alone. */
		silence: () => end(house),
		/** Begins it again. */
		async resume() {
			house = start()
			await ready()
		},
		/** Ends both. */
		stop,
	}
}

function begin(command, args, cwd = here, env = {}) {
	const child = spawn(command, args, { cwd, env: { ...quiet, ...env }, stdio: ['ignore', 2, 2], detached: true })
	child.gone = new Promise(done => child.once('exit', done))
	return child
}

function end(child) {
	child.kill('SIGTERM')
	return child.gone
}

/** Waits until a URL answers 200, through the application. */
async function answers(url, ...children) {
	for (;;) {
		if (children.some(c => c.exitCode !== null)) throw new Error('it ended before it answered')
		const r = await fetch(url).catch(() => null)
		if (r?.ok) return
		await pause(100)
	}
}

function freePort() {
	return new Promise(done => {
		const probe = createServer().listen(0, '127.0.0.1', () => {
			const { port } = probe.address()
			probe.close(() => done(port))
		})
	})
}
