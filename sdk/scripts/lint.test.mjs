// The rules of eslint.config.js bite: a pattern that matches nothing would be silent for ever.
import { ESLint } from 'eslint'
import assert from 'node:assert/strict'
import { test } from 'node:test'

const eslint = new ESLint()

/** The rules that a text breaks as the file of a name. */
async function broken(filePath, text) {
	const [{ messages }] = await eslint.lintText('/** A file. */\n' + text, { filePath })
	return [...new Set(messages.map(m => m.ruleId))]
}

const cases = [
	['js/src/fetch.ts', "import './session.js'", []],
	['js/src/session.ts', "import './fetch.js'", ['no-restricted-imports']],
	['js/src/session.ts', "import type {} from './session.js'", ['no-restricted-imports']],
	['js/src/session.ts', "export * from './fetch.js'", ['no-restricted-imports']],
	['js/src/newcomer.ts', "import './errors.js'", ['no-restricted-imports']],
	['js/src/client.ts', "import './newcomer.js'", ['no-restricted-imports']],
	['js/src/client.ts', "import 'react'", ['no-restricted-imports']],
	['react/src/guards.tsx', "import 'react'\nimport '@gatehouse/client/passkeys'\nimport './leave.js'", []],
	['react/src/guards.tsx', "import '@gatehouse/clients'", ['no-restricted-imports']],
	['react/src/guards.tsx', "import './index.js'", ['no-restricted-imports']],
	['js/src/client.ts', 'sessionStorage.clear()', ['no-restricted-syntax']],
	['js/src/client.ts', 'globalThis.localStorage?.clear()', ['no-restricted-syntax']],
	['react/src/leave.ts', 'window.open()', ['no-restricted-syntax']],
	['js/src/client.ts', 'Date.now()', ['no-restricted-syntax']],
	['js/src/tokens.ts', 'Date.now()', []],
	['js/src/tokens.ts', 'indexedDB.open("x")', ['no-restricted-syntax']],
	['js/src/client.ts', '/** It. */\nexport default 1', ['no-restricted-syntax']],
	['js/src/client.ts', 'export type {}\nvoid (0 as any)', ['@typescript-eslint/no-explicit-any']],
	['js/src/client.ts', 'console.log(1)', ['no-console']],
	['js/src/client.ts', 'void 0\n'.repeat(200), ['max-lines']],
	['js/src/client.ts', 'export const x = 1', ['comments/commented']],
	['js/src/client.ts', '\n/** It. */\nexport const x = 1', []],
	['react/src/guards.tsx', "import { useState } from 'react'\nif (document) useState()", ['react-hooks/rules-of-hooks']],
]

for (const [file, text, want] of cases) {
	test(`${file}: ${text.slice(0, 60)}`, async () => assert.deepEqual(await broken(file, text), want))
}

test('a file without a comment', async () => {
	const [{ messages }] = await eslint.lintText("import './errors.js'\n", { filePath: 'js/src/client.ts' })
	assert.deepEqual(messages.map(m => m.messageId), ['file'])
})
