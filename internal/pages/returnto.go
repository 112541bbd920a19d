package pages

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// local is a path with query and fragment in the characters of RFC 3986 and no others:
// browsers drop tabs and newlines and read a backslash as a slash, url.Parse does neither.
var local = regexp.MustCompile(`^/` + chars(`/`) + `(?:\?` + chars(`/?`) + `)?(?:#` + chars(`/?`) + `)?$`)

func chars(more string) string {
	return `(?:[A-Za-z0-9._~!$&'()*+,;=:@` + more + `-]|%[0-9A-Fa-f]{2})*`
}

const longestReturn = 2048

// ReturnTo returns text, built anew, if it is a path of this origin to which a browser may
// be sent after signing in, with query and fragment. Threat: a link to our sign-in page
// that ends on a page of somebody else's (CWE-601). What can be read as another origin is
// refused, and so are dot segments, control characters and /auth, which is for programs.
// testdata/return_to.json says it by example.
func ReturnTo(text string) (path string, ok bool) {
	if len(text) > longestReturn || !local.MatchString(text) {
		return "", false
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || u.Path == "" || strings.HasPrefix(u.Path, "//") {
		return "", false
	}
	first, _, _ := strings.Cut(u.Path[1:], "/")
	if strings.HasPrefix(first, `\`) || first == "auth" || strings.ContainsFunc(u.Path, unicode.IsControl) {
		return "", false
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return "", false
		}
	}
	return u.String(), true
}

// returnable is ReturnTo for pages of ours and for those on the origins that may call the API, which
// are named exactly: the applications that have a part of the same site to themselves.
func (p *Pages) returnable(text string) (to string, ok bool) {
	for _, origin := range p.Site.CORS {
		if path, there := strings.CutPrefix(text, origin); there {
			path, ok = ReturnTo(path)
			return origin + path, ok
		}
	}
	return ReturnTo(text)
}

// destination returns where to go after signing in: to what was asked for, else to the
// account. The path is the browser's, so it includes the mount.
func (p *Pages) destination(asked, chosen string) string {
	path, ok := p.returnable(asked)
	if !ok || strings.HasPrefix(path, p.Site.Mount()+"/auth/") {
		return p.link("/account", chosen)
	}
	return path
}
