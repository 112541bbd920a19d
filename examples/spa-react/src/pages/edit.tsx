/** Writing a post, and writing it anew. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useId } from 'react'
import { useNavigate, useParams } from 'react-router'
import { posts, type Post } from '../api.ts'
import { Field, Form, Problem } from '../parts/form.tsx'

type Words = Pick<Post, 'title' | 'text'>

export function NewPost() {
	return <Writing title="Write a post" save={posts.create} />
}

export function EditPost() {
	const { id = '' } = useParams()
	const { data, error } = useQuery({ queryKey: ['posts', id], queryFn: () => posts.get(id) })
	if (!data) return <Problem error={error} />
	return <Writing title="Edit a post" post={data} save={words => posts.edit(id, words)} />
}

function Writing({ title, post, save }: { title: string; post?: Words; save: (words: Words) => Promise<Post> }) {
	const navigate = useNavigate()
	const queries = useQueryClient()
	const id = useId()
	return (
		<section className="card">
			<h1>{title}</h1>
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
		</section>
	)
}
