import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, expectTypeOf, test } from 'vitest'
import type * as api from '../src/api.gen.js'
import type { ErrorInfo, Grant, Proof, ServerCode, Session, Transport, User } from '../src/index.js'
import type { Registered } from '../src/passkeys.js'

test('the types of the API are those of the document', () => {
	const dir = mkdtempSync(join(tmpdir(), 'gatehouse-types-'))
	try {
		execFileSync('npm', ['run', '--silent', 'types'], { cwd: '..', env: { ...process.env, GATEHOUSE_TYPES: dir }, stdio: 'pipe' })
		const fresh = readFileSync(join(dir, 'api.gen.ts'), 'utf8')
		expect(readFileSync('src/api.gen.ts', 'utf8'), '`npm run types` in sdk/ writes them').toBe(fresh)
	} finally {
		rmSync(dir, { recursive: true })
	}
}, 60_000)

test('what is written by hand agrees with the document: a member that moves is an error of the compiler', () => {
	// Answers: whatever the server sends is what the client reads. Which members come together is not in the document.
	expectTypeOf<Required<api.SignedIn>>().toExtend<Required<Grant>>()
	expectTypeOf<api.Token & { session: api.SessionEnds }>().toExtend<Grant>()
	expectTypeOf<api.User>().toExtend<User>()
	expectTypeOf<api.SessionEnds>().toExtend<Session>()
	expectTypeOf<api.Enrolled>().toExtend<Registered>()
	expectTypeOf<api.Problem>().toExtend<Pick<ErrorInfo, 'requestId' | 'retryAfter' | 'fields'>>()
	expectTypeOf<api.Csrf>().toExtend<{ csrfToken: string }>()
	// Questions: the server refuses a member that it does not know.
	expectTypeOf<keyof Proof>().toExtend<keyof api.Step>()
	expectTypeOf<Omit<Proof, 'credential'>>().toExtend<api.Step>()
	expectTypeOf<Transport['mode']>().toExtend<api.Step['mode']>()
	expectTypeOf<{ email: string; password: string; name?: string; captcha?: string }>().toExtend<api.Register>()
	expectTypeOf<{ refreshToken: string; active: boolean }>().toExtend<api.Refresh>()
	expectTypeOf<{ refreshToken: string }>().toExtend<api.Logout>()
	expectTypeOf<{ name: string; credential: Record<string, unknown> }>().toExtend<api.Registration>()
})

test('every code that is named is in the list of the server', () => {
	const known = readFileSync('../../docs/reference/errors.md', 'utf8')
	const source = readFileSync('src/errors.ts', 'utf8')
	const named = source.slice(source.indexOf('type ServerCode'), source.indexOf('type Code')).match(/(?<=')[A-Z_]+(?=')/g) as ServerCode[]
	expect(named.length).toBeGreaterThan(20)
	expect(named.filter(code => !known.includes('`' + code + '`'))).toEqual([])
})
