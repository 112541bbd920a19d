/** Builds the frontend and the Go program, and runs it for all tests, in a folder that is thrown away. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
	export interface ProvidedContext {
		origin: string
		/** Makes the administrator, once. */
		setup: string
	}
}

export default async function start(project: TestProject) {
	execFileSync('node_modules/.bin/vite', ['build', '--mode', 'development', '--logLevel', 'warn'], { stdio: 'inherit', env: { ...process.env, NODE_ENV: 'production' } })
	const folder = mkdtempSync(tmpdir() + '/blog-')
	execFileSync('go', ['build', '-o', folder + '/blog', '.'], { stdio: 'inherit' })
	const port = await free()
	const origin = `http://localhost:${port}`
	const program = spawn(folder + '/blog', ['-listen', `127.0.0.1:${port}`, '-origin', origin, '-data', folder], { stdio: ['ignore', 'pipe', 'inherit'] })
	let setup = ''
	for await (const line of createInterface(program.stdout)) {
		setup = /administrator: (.*)/.exec(line)?.[1] ?? ''
		if (setup) break
	}
	await answers(origin)
	project.provide('origin', origin)
	project.provide('setup', setup)
	return async () => {
		program.kill()
		await once(program, 'exit')
		rmSync(folder, { recursive: true })
	}
}

/** A port that nobody listens on. */
async function free(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1')
	await once(server, 'listening')
	const { port } = server.address() as AddressInfo
	server.close()
	return port
}

/** Waits until the program answers, for ten seconds at the most. */
async function answers(origin: string) {
	for (const end = Date.now() + 10_000; Date.now() < end; ) {
		if (await fetch(origin + '/id/healthz').then(r => r.ok, () => false)) return
		await new Promise(resume => setTimeout(resume, 20))
	}
	throw new Error('the program does not answer')
}
