import { createRequire } from 'node:module'
import { defineConfig } from 'vitest/config'

/** The tests run twice: on the React of today, and on the oldest that is promised. */
const on = (name: string, from: string) => ({
	esbuild: { jsx: 'automatic' as const },
	resolve: {
		alias: [
			{ find: /^(react|react-dom)(\/.*)?$/, replacement: '$1$2', customResolver: (id: string) => createRequire(new URL(from, import.meta.url)).resolve(id) },
		],
	},
	test: { name, environment: 'happy-dom', include: ['test/*.test.tsx'], server: { deps: { inline: [/.*/] } } },
})

export default defineConfig({ test: { projects: [on('react 19', './package.json'), on('react 18', '../react-18/package.json')] } })
