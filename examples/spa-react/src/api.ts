/** What this application asks for, with the token. What is refused is thrown as an AuthError. */
import { toError } from '@gatehouse/client'
import { client, type App } from './auth.ts'

export interface Post {
	id: string
	title: string
	text: string
	/** The id of the user who wrote it. */
	author: string
	name: string
}

export interface Account {
	id: string
	email: string
	name: string
	roles: App['role'][]
}

async function ask<R>(method: string, path: string, body?: object): Promise<R> {
	const r = await client.fetch(path, { method, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) })
	if (!r.ok) throw await toError(r)
	return r.status == 204 ? (undefined as R) : r.json()
}

export const posts = {
	list: () => ask<{ items: Post[] }>('GET', '/api/posts').then(answer => answer.items),
	get: (id: string) => ask<Post>('GET', '/api/posts/' + id),
	create: (post: { title: string; text: string }) => ask<Post>('POST', '/api/posts', post),
	edit: (id: string, post: { title: string; text: string }) => ask<Post>('PUT', '/api/posts/' + id, post),
	remove: (id: string) => ask<void>('DELETE', '/api/posts/' + id),
}

/** The administration of the house. */
export const accounts = {
	list: () => ask<{ items: Account[] }>('GET', '/id/admin/api/users').then(answer => answer.items),
	setRoles: (id: string, roles: App['role'][]) => ask<Account>('PUT', `/id/admin/api/users/${id}/roles`, { roles }),
}
