'use client'
/** @gatehouse/react shows who is signed in, and what to whom. See docs/reference/sdk.md. */
import { createClient, type App, type Client, type Options, type Permission, type Role, type State } from '@gatehouse/client'
import { createElement, type ReactNode } from 'react'
import { useAuth, type Auth } from './context.js'
import { AuthReady, RequireAuth, RequirePermission, RequireRole, SignedIn, SignedOut, type RequirePermissionProps, type RequireRoleProps } from './guards.js'
import { AuthProvider } from './provider.js'

export type { Auth } from './context.js'
export type { ReadyProps, RequirePermissionProps, RequireProps, RequireRoleProps, Slot } from './guards.js'

/**
 * Makes a client and the components and hook of an application, whose roles and permissions T names: a name that it
 * does not have is an error of the compiler. In place of options it takes a client that there is, such as one of
 * @gatehouse/client/testing.
 */
export function createAuth<T extends App = App>(options: Options | Client<T> = {}) {
	const client: Client<T> = 'start' in options ? options : createClient<T>(options)
	return {
		client,
		/** Goes around everything that asks who is signed in. `initial` is what the server that made the page knew. */
		AuthProvider: (props: { initial?: State<T>; children?: ReactNode }) => createElement(AuthProvider, { client: client as unknown as Client, ...(props as object) }),
		useAuth: useAuth as () => Auth<T>,
		AuthReady,
		RequireAuth,
		RequireRole: RequireRole as (props: RequireRoleProps<Role<T>>) => ReactNode,
		RequirePermission: RequirePermission as (props: RequirePermissionProps<Permission<T>>) => ReactNode,
		SignedIn,
		SignedOut,
	}
}
