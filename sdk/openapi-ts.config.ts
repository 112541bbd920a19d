import { defineConfig } from '@hey-api/openapi-ts'

/**
 * The bodies that the server documents, as types: js/src/api.gen.ts. `npm run types` writes it, and a test compares. What
 * each route takes and answers is not in it: it is ten times as long, and `call` wants only the names of the bodies.
 */
export default defineConfig({
	input: '../docs/reference/openapi.json',
	output: {
		path: process.env.GATEHOUSE_TYPES ?? 'js/src',
		fileName: { name: () => 'api' },
		clean: false, // what is written by hand is beside it
		entryFile: false,
		header: ['/**', ' * The bodies of the API, written by `npm run types` from docs/reference/openapi.json. Do not edit it.', ' */'],
	},
	parser: {
		filters: { orphans: true },
		patch: {
			input(spec) {
				spec.paths = {}
				delete spec.servers
				delete spec.components?.headers
			},
		},
	},
	plugins: ['@hey-api/typescript'],
})
