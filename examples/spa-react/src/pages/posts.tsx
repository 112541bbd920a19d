/** The posts: everybody's to read, one's own to change, and all of them a moderator's to tidy up. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from 'react-router'
import { posts, type Post } from '../api.ts'
import { useAuth } from '../auth.ts'
import { Problem } from '../parts/form.tsx'
import { Heading } from '../parts/heading.tsx'
import { Waiting } from '../parts/waiting.tsx'

export function Posts() {
	const { can } = useAuth()
	const { data, error, isPending } = useQuery({ queryKey: ['posts'], queryFn: posts.list })
	return (
		<>
			<div className="row">
				<Heading>Posts</Heading>
				{can('posts:create') && (
					<Link to="/posts/new" className="button">
						Write a post
					</Link>
				)}
			</div>
			<Problem error={error} />
			{isPending && <Waiting />}
			{data?.length == 0 && <p className="quiet">Nobody has written anything yet.</p>}
			{data?.map(post => <Item key={post.id} post={post} />)}
		</>
	)
}

function Item({ post }: { post: Post }) {
	const { user, can } = useAuth()
	const own = post.author == user?.id
	return (
		<article id={'post-' + post.id} className="card">
			<h2>{post.title}</h2>
			<p className="quiet">by {own ? 'you' : post.name}</p>
			<p className="text">{post.text}</p>
			<div className="row">
				{can(own ? 'posts:edit:own' : 'posts:edit') && (
					<Link to={`/posts/${post.id}/edit`} aria-label={`Edit “${post.title}”`}>
						Edit
					</Link>
				)}
				{can(own ? 'posts:delete:own' : 'posts:delete') && <Delete post={post} />}
			</div>
		</article>
	)
}

/** Deleting wants a proof of the last five minutes. Where there is none the dialog asks, and then it goes on. */
function Delete({ post }: { post: Post }) {
	const queries = useQueryClient()
	const { mutate, isPending, error } = useMutation({
		mutationFn: () => posts.remove(post.id),
		onSuccess: () => queries.invalidateQueries({ queryKey: ['posts'] }),
	})
	return (
		<>
			<button type="button" aria-label={`Delete “${post.title}”`} disabled={isPending} onClick={() => mutate()}>
				Delete
			</button>
			<Problem error={error} />
		</>
	)
}
