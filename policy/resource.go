package policy

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// How much a policy may declare. Threat: what is judged grows with the product of these, and a
// server would be busy with one policy for hours.
const (
	maxPermissions = 1000
	maxRoles       = 500
	maxKinds       = 100
)

var word = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

var (
	// keywords are Cedar's own words.
	keywords = []string{"true", "false", "if", "then", "else", "in", "like", "has", "is"}
	// taken are the types that every schema has, by the house or by Cedar.
	taken = []string{
		string(typeUser), string(typeClient), string(typeRole), string(typeOrgRole), string(typeOrg), string(typeAction), string(typeNothing),
		"Bool", "Boolean", "String", "Long", "Set", "Record", "Entity", "Extension", "ipaddr", "datetime", "duration", "decimal",
	}
	// given are what a resource is described by before any attribute.
	given = []string{"type", "id", "owner", "organization"}
	// declarable are the types that an attribute can have.
	declarable = []string{"Bool", "String", "Long", "datetime", "Set<String>"}
)

// checkResources checks the kinds of resources and their attributes, each by its line. What
// passes is safe to write into the text of a schema.
func (f *File) checkResources() error {
	if len(f.Resources) > maxKinds {
		return f.fault("resources", "resources: more than %d types", maxKinds)
	}
	for _, kind := range slices.Sorted(maps.Keys(f.Resources)) {
		path := "resources." + kind
		if slices.Contains(taken, kind) {
			return f.fault(path, "resources: the name %q is taken: every schema has that type", kind)
		}
		if !word.MatchString(kind) || slices.Contains(keywords, kind) {
			return f.fault(path, "resources: %q is no name of a type: a letter, then letters, digits and '_'", kind)
		}
		for _, attribute := range slices.Sorted(maps.Keys(f.Resources[kind])) {
			if err := f.checkAttribute(kind, attribute); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *File) checkAttribute(kind, attribute string) error {
	path := "resources." + kind + "." + attribute
	switch t := f.Resources[kind][attribute]; {
	case slices.Contains(given, attribute):
		return f.fault(path, "resources: %s.%s is there by itself", kind, attribute)
	case !word.MatchString(attribute) || slices.Contains(keywords, attribute):
		return f.fault(path, "resources: %s.%s is no name of an attribute: a letter, then letters, digits and '_'", kind, attribute)
	case !slices.Contains(declarable, t):
		return f.fault(path, "resources: %s.%s: %q is not Bool, String, Long, datetime or Set<String>", kind, attribute, t)
	}
	return nil
}

// Resource makes a resource of what is said of it in text: type, id, owner, organization, and
// attributes that the policy declares for the type: true, 12, text, 2026-01-02T15:04:05Z, or a
// list with commas. The error says what does not fit.
func (p *Policy) Resource(said map[string]string) (*Resource, error) {
	kind := said["type"]
	attributes, declared := p.file.Resources[kind]
	if kind != "" && !declared {
		return nil, fmt.Errorf("%s is no type of resource that is declared", kind)
	}
	on := &Resource{Attributes: map[string]any{}}
	for _, key := range slices.Sorted(maps.Keys(said)) {
		if err := p.describe(on, kind, key, parse(attributes[key], said[key])); err != nil {
			return nil, err
		}
	}
	return on, nil
}

// String is a resource for people to read: "Post (id: 42, owner: usr_1, locked: true)".
func (on *Resource) String() string {
	if on == nil {
		return "nothing in particular"
	}
	var parts []string
	for _, part := range [][2]string{{"id", on.ID}, {"owner", string(on.Owner)}, {"organization", string(on.Organization)}} {
		if part[1] != "" {
			parts = append(parts, part[0]+": "+part[1])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(on.Attributes)) {
		v := on.Attributes[name]
		if at, ok := v.(time.Time); ok {
			v = at.UTC().Format(time.RFC3339)
		}
		parts = append(parts, fmt.Sprintf("%s: %v", name, v))
	}
	kind := cmp.Or(on.Type, "resource")
	if parts == nil {
		return kind
	}
	return kind + " (" + strings.Join(parts, ", ") + ")"
}

// parse reads a text as a value of a type; what is none stays text, for fit to refuse.
func parse(declared, text string) any {
	switch declared {
	case "Bool":
		if text == "true" || text == "false" {
			return text == "true"
		}
	case "Long":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	case "Set<String>":
		list := []any{}
		for item := range strings.SplitSeq(text, ",") {
			list = append(list, item)
		}
		return list
	}
	return text
}

// describe sets one thing that is said of a resource.
func (p *Policy) describe(on *Resource, kind, key string, v any) error {
	text, isText := v.(string)
	if slices.Contains(given, key) && !isText {
		return fmt.Errorf("%s: %v (%s) is no text", key, v, spoken(v))
	}
	switch key {
	case "type":
		on.Type = text
	case "id":
		on.ID = text
	case "owner":
		on.Owner = identity.UserID(text)
	case "organization":
		on.Organization = identity.TenantID(text)
	default:
		declared, ok := p.file.Resources[kind][key]
		if !ok {
			return fmt.Errorf("%s is not declared as an attribute of %s", key, cmp.Or(kind, "a resource without a type"))
		}
		value, err := fit(declared, v)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		on.Attributes[key] = value
	}
	return nil
}

// fit returns an attribute's value, as YAML or a command line has it, as a Resource has it; an
// error where it does not fit the type that was declared.
func fit(declared string, v any) (any, error) {
	switch declared {
	case "Bool":
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case "String":
		if s, ok := v.(string); ok {
			return s, nil
		}
	case "Long":
		switch v.(type) {
		case int, int64:
			return v, nil
		}
	case "datetime":
		if t, ok := instant(v); ok {
			return t, nil
		}
		return nil, fmt.Errorf("%v is no datetime: write it as 2026-01-02T15:04:05Z", v)
	case "Set<String>":
		if list, ok := stringsOf(v); ok {
			return list, nil
		}
	}
	return nil, fmt.Errorf("%v (%s) is no %s", v, spoken(v), declared)
}

// instant reads a moment: YAML finds it by itself where it is not in quotes (RFC 3339).
func instant(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, true
	case string:
		t, err := time.Parse(time.RFC3339, v)
		return t, err == nil
	}
	return time.Time{}, false
}

func stringsOf(v any) ([]string, bool) {
	list, ok := v.([]any)
	out := make([]string, len(list))
	for i, item := range list {
		s, is := item.(string)
		out[i], ok = s, ok && is
	}
	return out, ok
}

// spoken names the type of a value of YAML as people who write it do.
func spoken(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case bool:
		return "true or false"
	case string:
		return "text"
	case int, int64, uint64, float64:
		return "a number"
	case time.Time:
		return "a moment; text needs quotes"
	case []any:
		return "a list"
	default:
		return "a mapping"
	}
}
