/**
 * npm test: the test of ../../sdk/next in Chromium, which drives this application. `npm test -- --next 15.5.29` builds a copy of
 * it with another Next in a temporary folder, and drives that; `--short` runs the cases that app.test.ts has for it.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './stage.mjs'

const here = resolve(import.meta.dirname, '..')
const sdk = resolve(here, '../../sdk')
const { next, short } = parseArgs({ options: { next: { type: 'string' }, short: { type: 'boolean' } } }).values
const app = next ? copy(next) : here

/** A copy with another Next. Before 16 proxy.ts is called middleware.ts, and says that it runs in Node. */
function copy(version) {
	const to = mkdtempSync(join(tmpdir(), 'gatehouse-app-'))
	cpSync(here, to, { recursive: true, filter: from => !['node_modules', '.next', '.gatehouse', 'package-lock.json'].includes(basename(from)) })
	const edit = (name, change) => writeFileSync(join(to, name), change(readFileSync(join(to, name), 'utf8')))
	edit('package.json', text => text.replaceAll('file:../../sdk', 'file:' + sdk).replace(/"next": ".*"/, `"next": "${version}"`))
	if (Number(version.split('.')[0]) < 16) {
		edit('proxy.ts', text => text.replace('{ proxy }', '{ proxy as middleware }').replace('config = {', "config = {\n\truntime: 'nodejs',"))
		renameSync(join(to, 'proxy.ts'), join(to, 'middleware.ts'))
	}
	return to
}

try {
	build(app)
	const env = { ...process.env, GATEHOUSE_TEST_APP: app, ...(short && { GATEHOUSE_TEST_SHORT: 'yes' }) }
	execFileSync('npx', ['vitest', 'run', '--root', 'next', '--config', 'browser.config.ts'], { cwd: sdk, env, stdio: 'inherit' })
} finally {
	if (app != here) rmSync(app, { recursive: true, force: true })
}
