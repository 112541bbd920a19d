/** A Gatehouse to try things with: in development, on a folder that is gone afterwards. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cheap = ['--dev-argon2', 'm=8192,t=1,p=1', '--breach-check', 'off']

/** Everybody's password. */
export const passphrase = 'violet hammer seventeen'

/** Starts it on a port, with the policy of the blog and with tokens that tell permissions. */
export async function startHouse(port, ...flags) {
	const folder = mkdtempSync(join(tmpdir(), 'gatehouse-express-'))
	const program = process.env.GATEHOUSE_TEST_BINARY ?? build(join(folder, 'gatehouse'))
	const data = ['--data', join(folder, 'data')]
	const issuer = `http://localhost:${port}`
	const policy = ['--policy', join(root, 'examples/policy/blog.yaml'), '--token-permissions']
	const serve = ['serve', '--dev', '--listen', `127.0.0.1:${port}`, '--public-url', issuer, '--metrics-listen', '', '--risk-mode', 'off']
	const server = spawn(program, [...serve, ...data, ...cheap, ...policy, ...flags], { stdio: ['ignore', 'ignore', 'inherit'] })
	const house = {
		issuer,
		/** Runs another command on the same data. */
		run: (args, input = '') => execFileSync(program, [...args, ...data], { input, encoding: 'utf8' }),
		/** Makes somebody whose address is proved. */
		addUser: (email, role) => house.run(['user', 'create', ...cheap, '--email', email, '--role', role, '--verified', '--password-stdin'], passphrase),
		async stop() {
			server.kill()
			if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
			rmSync(folder, { recursive: true, force: true })
		},
	}
	try {
		await ready(issuer, server)
	} catch (e) {
		await house.stop()
		throw e
	}
	return house
}

function build(to) {
	execFileSync('go', ['build', '-o', to, './cmd/gatehouse'], { cwd: root, stdio: 'inherit' })
	return to
}

/** Waits until it answers, half a minute at the most. */
async function ready(issuer, server) {
	for (let tries = 0; tries < 300; tries++) {
		if (server.exitCode !== null) throw new Error('gatehouse ended')
		if ((await fetch(issuer + '/readyz').catch(() => undefined))?.ok) return
		await new Promise(resume => setTimeout(resume, 100))
	}
	throw new Error('gatehouse does not answer')
}
