// What is published: the tarballs are right by publint and by Are the Types Wrong, pull in nothing that is not ours, and
// applications compile against them under both ways of resolving modules.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { folders } from './folders.mjs'

const scratch = mkdtempSync(join(tmpdir(), 'gatehouse-packages-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

const run = (command, args, cwd = '.') => execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
const bin = name => resolve('node_modules/.bin', name)
const installed = name => {
	const to = join(scratch, 'node_modules', name)
	mkdirSync(dirname(to), { recursive: true })
	return to
}

/** The packages have one version, and depend on each other and on nothing else. */
function checkDependencies(packages) {
	const [{ version }] = packages
	for (const about of packages) {
		if (about.version != version) throw new Error(`${about.name} has version ${about.version}, others have ${version}`)
		for (const [name, wanted] of Object.entries({ ...about.dependencies, ...about.optionalDependencies })) {
			if (!packages.some(p => p.name == name) || wanted != version) throw new Error(`${about.name} depends on ${name} ${wanted}`)
		}
	}
}

/** Packs a folder, has the tarball judged, and installs it as npm would. */
function publish(folder, { name }) {
	const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch, `./${folder}`], { encoding: 'utf8' }))
	const tarball = join(scratch, filename)
	run(bin('publint'), ['run', tarball, '--strict'])
	run(bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii', '--quiet'])
	const to = installed(name)
	mkdirSync(to)
	run('tar', ['-xzf', tarball, '--strip-components=1', '-C', to])
}

/** Compiles the applications of scripts/consumer, in which every line that must not compile is marked. */
function consume() {
	for (const name of ['react', 'react-dom', '@types/react', 'csstype', 'next']) symlinkSync(resolve('node_modules', name), installed(name))
	cpSync('scripts/consumer', join(scratch, 'src'), { recursive: true })
	writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }')
	for (const [moduleResolution, module] of [['bundler', 'esnext'], ['nodenext', 'nodenext']]) {
		const compilerOptions = { strict: true, noEmit: true, jsx: 'react-jsx', target: 'es2022', lib: ['es2023', 'dom', 'dom.iterable'], types: [], module, moduleResolution, exactOptionalPropertyTypes: true, skipLibCheck: false }
		const config = `tsconfig.${moduleResolution}.json`
		writeFileSync(join(scratch, config), JSON.stringify({ compilerOptions, include: ['src'] }))
		run(bin('tsc'), ['-p', config], scratch)
		console.log(`an application compiles under ${moduleResolution}`)
	}
}

const packages = folders.map(folder => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
checkDependencies(packages)
folders.forEach((folder, i) => publish(folder, packages[i]))
consume()
