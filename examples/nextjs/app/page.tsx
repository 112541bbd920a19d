/** A page for everybody. */
export default function Home() {
	return (
		<>
			<h1>Posts</h1>
			<p>Everybody may read this page. The dashboard is for whoever is signed in; editors may delete posts.</p>
		</>
	)
}
