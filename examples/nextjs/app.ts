/** The words of this application. A permission that stands in neither list is an error of the compiler. */
export type App = {
	role: 'admin' | 'editor' | 'user'
	permission: 'posts:read' | 'posts:delete'
}
