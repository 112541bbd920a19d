/** The pages that say no. */
import { Link } from 'react-router'

/** What is here is not for whoever is signed in. It never leads to the sign-in page, so that nothing goes in circles. */
export function Forbidden() {
	return (
		<section className="card">
			<h1>Not for you</h1>
			<p>
				You are signed in, but this page is for others. <Link to="/posts">Back to the posts</Link>
			</p>
		</section>
	)
}

export function NotFound() {
	return (
		<section className="card">
			<h1>Nothing here</h1>
			<p>
				There is no such page. <Link to="/">To the front page</Link>
			</p>
		</section>
	)
}
