/** The heading of a page, which is also its title in tabs, in the history and for screen readers. */
export function Heading({ children }: { children: string }) {
	return (
		<>
			<title>{`${children} – Paper`}</title>
			<h1>{children}</h1>
		</>
	)
}
