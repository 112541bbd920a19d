/** Where to go after signing in. The rule is that of the server, and so are the examples it is tested by. */

/** A path with query and fragment, in the characters of RFC 3986 and no others. */
const local = /^(?!.*#.*#)\/[\w.~!$&'()*+,;=:@/?#%-]*$/

/** What a decoded path must not have: another origin for a beginning, dot segments, control characters, /auth. */
const wrong = /^\/[/\\]|^\/auth(\/|$)|\/\.{1,2}(\/|$)|[\0-\x1f\x7f-\x9f]/

/**
 * Returns text if it is a path of this origin, with query and fragment, else the fallback. Threat: a
 * link to the sign-in page that ends on a page of somebody else's (CWE-601).
 */
export function safeReturnTo(text: unknown, fallback = '/'): string {
	try {
		if (typeof text == 'string' && text.length <= 2048 && local.test(text)) {
			decodeURIComponent(text) // throws where a percent sign begins nothing
			if (!wrong.test(decodeURIComponent(text.replace(/[?#].*/, '')))) return text
		}
	} catch {}
	return fallback
}
