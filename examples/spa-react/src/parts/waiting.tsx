/** Stands where an answer will be. It shows after a moment only, so that quick answers do not make it flash. */
export function Waiting() {
	return (
		<p className="waiting quiet" role="status">
			One moment …
		</p>
	)
}
