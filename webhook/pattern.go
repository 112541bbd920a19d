package webhook

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
)

const (
	mostPatterns   = 50
	longestPattern = 100
)

var errTooMany = errors.New("too many endpoints")

// pattern is a type of event, the types that begin like it, or all. The types of embedding
// programs are their own, so whether there is such a type is not asked.
var pattern = regexp.MustCompile(`^(\*|[a-zA-Z0-9_:-]+(\.[a-zA-Z0-9_:-]+)*(\.\*)?)$`)

// checkTypes returns patterns as they are kept: sorted, each once, with a space between.
func checkTypes(types []string) (string, error) {
	if len(types) == 0 || len(types) > mostPatterns {
		return "", identity.ErrInvalid.With("types", "must be from 1 to 50 types of events, such as login.failed, login.* or *")
	}
	for _, t := range types {
		if len(t) > longestPattern || !pattern.MatchString(t) {
			return "", identity.ErrInvalid.With("types", "must be types of events, such as login.failed, login.* or *")
		}
	}
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(types))), " "), nil
}

// wants reports whether one of the patterns is that of the type.
func wants(patterns []string, typ string) bool {
	for _, p := range patterns {
		prefix, open := strings.CutSuffix(p, "*") // "login." of login.*, "" of *
		if p == typ || open && strings.HasPrefix(typ, prefix) {
			return true
		}
	}
	return false
}
