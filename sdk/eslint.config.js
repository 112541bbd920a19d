// What keeps the packages as they are: their floors, as data, and rules for what no reader should have to watch for.
import hooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'
import comments from './scripts/comments.mjs'

/** A file may import those before it in its list and the packages named, and nothing else. A new file needs a place here. */
const floors = {
	'js/src': {
		packages: [],
		files: ['api.gen', 'errors', 'state', 'return-to', 'tokens', 'tabs', 'wire', 'transport', 'cookie', 'native', 'session', 'refresh', 'fetch', 'sign-in', 'wake', 'client', 'index', 'passkeys', 'axios', 'testing'],
	},
	'react/src': {
		packages: ['@gatehouse/client', 'react'],
		files: ['leave', 'context', 'provider', 'guards', 'texts', 'dialog', 'step-up', 'index'],
	},
	'next/src': {
		packages: ['@gatehouse/client', '@gatehouse/react', 'next', 'react', 'node:http', 'node:https', 'node:stream'], // the program's requests keep their header fields as they came
		files: ['digest', 'refused', 'fields', 'wire', 'place', 'who', 'action', 'proxy', 'guards', 'handlers', 'server', 'index', 'client'],
	},
	'webhook/src': { packages: [], files: ['index'] },
}

const published = Object.keys(floors).map(folder => `${folder}/**`)

/** The rule that keeps imports to some files beside and to some packages. */
function only(files, packages, message) {
	const regex = `^(?!\\./(?:${files.join('|')})\\.js$|(?:${packages.join('|')})(?:/|$))`
	return { 'no-restricted-imports': ['error', { patterns: [{ regex, message }] }] }
}

const downward = Object.entries(floors).flatMap(([folder, { packages, files }]) => [
	{ files: [`${folder}/**`], rules: only([], packages, 'This file has no floor yet: give it one in eslint.config.js.') },
	...files.map((file, at) => ({
		files: [`${folder}/${file}.{ts,tsx}`],
		rules: only(files.slice(0, at), packages, 'Imports go down the floors of eslint.config.js, and to the packages named there.'),
	})),
])

/** Names and forms that no published file has, and why. */
const banned = [
	{
		// Threat: whatever a page keeps there, a script that got into it reads for ever (STO-01).
		selector: 'Identifier[name=/^(localStorage|sessionStorage|indexedDB|window)$/]',
		message: 'Nothing is kept in storage or on the window.',
	},
	{ selector: 'ExportDefaultDeclaration', message: 'A name that is exported is the same wherever it is imported.' },
]

/** The clock on the wall may be wrong or be put forward, so that tokens.ts alone asks it, beside another one. */
const wallClock = {
	selector: 'MemberExpression[object.name="Date"][property.name="now"]',
	message: 'Times are measured by moment() and since() of tokens.ts.',
}

export default tseslint.config(
	{ ignores: ['**/dist/', '**/node_modules/', 'js/src/api.gen.ts'] },
	...tseslint.configs.recommended,
	{
		linterOptions: { reportUnusedDisableDirectives: 'error' },
		rules: {
			'max-lines': ['error', 200],
			'max-lines-per-function': ['error', { max: 150, skipComments: true }],
			'no-console': 'error',
			'@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
			'@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
			'no-empty': ['error', { allowEmptyCatch: true }],
		},
	},
	{
		files: published,
		plugins: { comments },
		rules: { 'comments/commented': 'error', 'no-restricted-syntax': ['error', ...banned, wallClock] },
	},
	{
		// The first compares two clocks; the others are about moments that others name by the clock on the wall.
		files: ['js/src/{tokens,testing}.ts', 'webhook/src/**'],
		rules: { 'no-restricted-syntax': ['error', ...banned] },
	},
	{ files: ['{react,next}/**/*.{ts,tsx}'], plugins: { 'react-hooks': hooks }, rules: hooks.configs.recommended.rules },
	{
		// Tests say a lot in one file, and nothing of theirs is installed.
		files: ['**/test/**', '**/browser/**', 'e2e/**', 'scripts/**', '**/*.config.*'],
		rules: { 'max-lines': ['error', 400], 'no-console': 'off', '@typescript-eslint/no-explicit-any': 'off', '@typescript-eslint/ban-ts-comment': 'off', 'max-lines-per-function': 'off' },
	},
	...downward,
)
