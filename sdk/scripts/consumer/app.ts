// Made by gatehouse gen types from the policy; change that, and make it anew.

/** The roles and permissions of this application. */
export type App = {
	role:
		| 'admin'
		| 'editor'
		| 'moderator'
		| 'user'
	permission:
		| 'gatehouse:admin'
		| 'organization:manage'
		| 'organization:read'
		| 'posts:create'
		| 'posts:delete'
		| 'posts:delete:own'
		| 'posts:edit'
		| 'posts:edit:own'
		| 'posts:lock'
		| 'posts:read'
		| 'users:ban'
		| 'users:read'
}
