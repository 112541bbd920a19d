/** Writing a post, and writing it anew. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useId } from 'react'
import { useNavigate, useParams } from 'react-router'
import { posts, type Post } from '../api.ts'
import { Field, Form, Problem } from '../parts/form.tsx'
import { Heading } from '../parts/heading.tsx'
import { Waiting } from '../parts/waiting.tsx'

type Words = Pick<Post, 'title' | 'text'>

export function NewPost() {
	return (
		<section className="card">
			<Heading>Write a post</Heading>
			<Writing save={posts.create} />
		</section>
	)
}

export function EditPost() {
	const { id = '' } = useParams()
	const { data, error, isPending } = useQuery({ queryKey: ['posts', id], queryFn: () => posts.get(id) })
	return (
		<section className="card">
			<Heading>Edit a post</Heading>
			<Problem error={error} />
			{isPending && <Waiting />}
			{data && <Writing post={data} save={words => posts.edit(id, words)} />}
		</section>
	)
}

function Writing({ post, save }: { post?: Words; save: (words: Words) => Promise<Post> }) {
	const navigate = useNavigate()
	const queries = useQueryClient()
	const id = useId()
	return (
		<Form
			send="Save"
			onSend={async ({ title = '', text = '' }) => {
				await save({ title, text })
				await queries.invalidateQueries({ queryKey: ['posts'] })
				await navigate('/posts')
			}}
		>
			<Field label="Title" name="title" defaultValue={post?.title} />
			<div className="field">
				<label htmlFor={id}>Text</label>
				<textarea id={id} name="text" rows={6} required defaultValue={post?.text} />
			</div>
		</Form>
	)
}
