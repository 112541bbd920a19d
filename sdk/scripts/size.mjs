// What every entry of the packages costs a page, minified and compressed; the two budgets are promises.
import { build } from 'esbuild'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { folders } from './folders.mjs'

const budgets = { '@gatehouse/client': 4500, '@gatehouse/react': 6000 }

/** What an application has anyway, and what is counted once: the client, with the package that brings it. */
const external = name => ['react', 'react-dom', 'next', ...(name == '@gatehouse/react' ? [] : ['@gatehouse/client', '@gatehouse/react'])]

let over = false
for (const folder of folders) {
	const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
	for (const [path, { default: file }] of Object.entries(about.exports)) {
		const name = join(about.name, path)
		const made = await build({ entryPoints: [join(folder, file)], bundle: true, minify: true, format: 'esm', target: 'es2022', write: false, external: external(name), platform: folder == 'next' ? 'node' : 'browser' })
		const bytes = gzipSync(made.outputFiles[0].contents, { level: 9 }).length
		const budget = budgets[name]
		console.log(`${name.padEnd(28)} ${String(bytes).padStart(6)} bytes${budget ? ` of ${budget}${name.endsWith('react') ? ', with the client' : ''}` : ''}`)
		over ||= bytes > budget
	}
}
if (over) {
	console.error('The budget is exceeded.')
	process.exitCode = 1
}
