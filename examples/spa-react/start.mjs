/**
 * Starts everything: builds the SDK, installs, builds the frontend, runs the Go program. With --dev Vite serves the
 * frontend instead, and every change shows at once.
 */
import { execSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'

process.chdir(import.meta.dirname)
const dev = process.argv.includes('--dev')
const sdk = '../../sdk'
const install = 'npm ci --no-audit --no-fund --ignore-scripts'
const run = (command, cwd = '.') => execSync(command, { cwd, stdio: 'inherit' })
const changed = path => (existsSync(path) ? statSync(path).mtimeMs : 0)
const newest = folder => Math.max(...readdirSync(folder).map(name => changed(`${folder}/${name}`)))

if (!existsSync(`${sdk}/node_modules`)) run(install, sdk)
run('npx tsc -b', sdk)
// The packages of the SDK are installed as copies, or they would bring a React of their own; they are copied anew when they have changed.
const needed = Math.max(changed('package-lock.json'), newest(`${sdk}/js/dist`), newest(`${sdk}/react/dist`))
if (changed('node_modules/.package-lock.json') < needed) run(install)
if (!dev) run('npx vite build --mode development') // the pages then say where the mails are

run('go build -o data/blog .')
const children = [spawn('data/blog', dev ? ['-origin', 'http://localhost:5173'] : [], { stdio: 'inherit' })]
if (dev) children.push(spawn('node_modules/.bin/vite', [], { stdio: 'inherit' }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => children.forEach(child => child.kill(signal)))
for (const child of children) child.on('exit', code => (children.forEach(other => other.kill()), (process.exitCode = code ?? 0)))
