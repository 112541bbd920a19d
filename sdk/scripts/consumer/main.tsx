// An application that compiles, and slips of the pen that must not.
import { AuthError, createClient, safeReturnTo, type State } from '@gatehouse/client'
import { attach } from '@gatehouse/client/axios'
import { sessionCookie } from '@gatehouse/client/cookie'
import { native } from '@gatehouse/client/native'
import * as passkeys from '@gatehouse/client/passkeys'
import { createIssuer, createTestClient } from '@gatehouse/client/testing'
import { createAuth } from '@gatehouse/react'
import type { App } from './app.js'

export const { client: gh, AuthProvider, RequireAuth, RequirePermission, RequireRole, useAuth } = createAuth<App>({ url: '/auth' })

export function Posts() {
	const auth = useAuth()
	if (auth.status != 'signed-in') return <a href={safeReturnTo('/login')}>Sign in</a>
	const roles: readonly App['role'][] = auth.user.roles
	return (
		<main>
			{auth.user.email} {roles.join()}
			<RequirePermission permission="posts:delete:own">
				<button onClick={() => void auth.fetch('/api/posts/1', { method: 'DELETE' })}>Delete</button>
			</RequirePermission>
			<RequireRole role={['admin', 'moderator']} fallback="No">
				<button onClick={() => void auth.signOut({ everywhere: true })}>Out</button>
			</RequireRole>
		</main>
	)
}

export function Slips() {
	const auth = useAuth()
	// @ts-expect-error nobody is known before the status is
	auth.user.email.trim()
	// @ts-expect-error no such permission
	auth.can('posts:burn')
	// @ts-expect-error no such role
	auth.hasRole('editr')
	return (
		<>
			{/* @ts-expect-error no such permission */}
			<RequirePermission permission="posts:burn" />
			{/* @ts-expect-error no such role */}
			<RequireRole role="editr" />
		</>
	)
}

export async function all(axios: Parameters<typeof attach>[0], store: Parameters<typeof native>[0]) {
	attach(axios, gh)
	const beside = createClient<App>({ url: 'https://id.example.com/auth', transport: sessionCookie })
	const phone = createClient<App>({ url: 'https://id.example.com/auth', transport: native(store) })
	const step = await phone.signIn('password', { email: 'ada@example.com', password: 'violet hammer seventeen' })
	if (step.status == 'mfa') await phone.signIn('totp', { login: step.login, code: '123456' })
	if (passkeys.supported()) await passkeys.signIn(gh)
	const state: State<App> = beside.getState()
	if (state.status == 'unreachable') throw new AuthError(state.error.code)
	const { client, become } = createTestClient<App>({ permissions: ['posts:read'] })
	await become(null)
	return [client.can('posts:read'), await (await createIssuer()).token({ expiresIn: -1 })]
}
