package web

import "strings"

// WithVendor is a page's policy that also lets the scripts of a vendor in, and what they load: its
// CAPTCHA. Its scripts write markup, so trusted types, which forbid that, are no part of it.
func WithVendor(policy string, sources []string) string {
	from := strings.Join(sources, " ")
	var kept []string
	for directive := range strings.SplitSeq(policy, "; ") {
		switch name, _, _ := strings.Cut(directive, " "); name {
		case "require-trusted-types-for", "trusted-types":
			continue
		case "script-src", "style-src", "connect-src":
			directive += " " + from
		}
		kept = append(kept, directive)
	}
	return strings.Join(append(kept, "frame-src "+from), "; ")
}
