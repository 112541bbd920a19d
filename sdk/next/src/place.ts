/** Where Gatehouse is: for this server, and for browsers. */

/** Where Gatehouse is. */
export interface Place {
	/** Where this server asks: http://127.0.0.1:8080/id. */
	readonly url: URL
	/** Below which path of the application browsers find all of it: /id, or "" where it is at the root. */
	readonly mount: string
}

/**
 * Makes a Place of what is configured, once it is needed: a build has no environment, and nobody to ask.
 */
export function createPlace(configured: string | undefined): () => Place {
	let place: Place | undefined
	return () => {
		if (place) return place
		const url = URL.canParse(configured ?? '') ? new URL(configured!) : undefined
		if (!url || !/^https?:$/.test(url.protocol)) {
			throw new Error(`createServerAuth needs url, such as http://127.0.0.1:8080/id (the path is that of the public URL), and not ${configured}`)
		}
		return (place = { url, mount: url.pathname.replace(/\/+$/, '') })
	}
}

/** A path of Gatehouse, as this server asks for it. */
export function at({ url, mount }: Place, path: string, search = ''): URL {
	const target = new URL(url)
	target.pathname = mount + path
	target.search = search
	return target
}

/** The page to sign in on, which leads back. */
export const loginAt = (place: Place, returnTo: string) => `${place.mount}/login?returnTo=${encodeURIComponent(returnTo)}`
