'use server'
import { revalidatePath } from 'next/cache'
import { withPermission } from '../../auth.server'
import { posts } from './store'

/** Deletes a post, for whoever may and has proved within five minutes that it is them. */
export const remove = withPermission('posts:delete', { fresh: '5m' }, async (_user, id: string) => {
	posts.delete(id)
	revalidatePath('/posts')
	return { removed: id }
})

/** Keeps only the first three posts. */
export const tidy = withPermission('posts:delete', async user => {
	const rest = [...posts.keys()].slice(3)
	for (const id of rest) posts.delete(id)
	return { removed: rest.length, by: user.email }
})
