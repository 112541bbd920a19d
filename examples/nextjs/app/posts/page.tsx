import { requirePermission } from '../../auth.server'
import { RemoveButton } from './remove-button'
import { posts } from './store'

/** The posts, for whoever may read them; others do not find the page. */
export default async function Posts() {
	await requirePermission('posts:read', { returnTo: '/posts' })
	return (
		<>
			<h1>Posts</h1>
			{posts.size == 0 && <p>No posts.</p>}
			<ul>
				{[...posts].map(([id, title]) => (
					<li key={id}>
						{title} <RemoveButton id={id} title={title} />
					</li>
				))}
			</ul>
		</>
	)
}
