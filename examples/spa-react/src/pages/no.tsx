/** The pages that say no. */
import { Link } from 'react-router'
import { Heading } from '../parts/heading.tsx'

/** What is here is not for whoever is signed in. It never leads to the sign-in page, so that nothing goes in circles. */
export function Forbidden() {
	return (
		<section className="card">
			<Heading>Not for you</Heading>
			<p>
				You are signed in, but this page is for others. <Link to="/posts">Back to the posts</Link>
			</p>
		</section>
	)
}

export function NotFound() {
	return (
		<section className="card">
			<Heading>Nothing here</Heading>
			<p>
				There is no such page. <Link to="/">To the front page</Link>
			</p>
		</section>
	)
}
