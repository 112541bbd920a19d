'use client'
import { isUnreachable } from '@gatehouse/next/client'
import { useRouter } from 'next/navigation'
import { startTransition } from 'react'

/** What is shown instead of a page that failed. Where Gatehouse cannot be reached nobody was signed out. */
export default function Failed({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
	const router = useRouter()
	const again = () =>
		startTransition(() => {
			router.refresh()
			reset()
		})
	return (
		<div role="alert">
			<h1>{isUnreachable(error) ? 'The sign-in service cannot be reached' : 'Something went wrong'}</h1>
			<button type="button" onClick={again}>
				Try again
			</button>
		</div>
	)
}
