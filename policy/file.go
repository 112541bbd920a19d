package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A File is a policy as it is written: policy as code, in one file. The zero File has the
// built-in roles and no permissions but the house's own.
type File struct {
	// Permissions is the registry: only what stands here exists (AUZ-06). Where it is nil, what
	// the roles name without a "*" does.
	Permissions []Permission `yaml:"permissions,omitempty"`
	// Roles says what each role may do, besides the built-in user and moderator, which may do
	// nothing unless they stand here, and admin, which may do everything and cannot (AUZ-02).
	Roles map[string][]Permission `yaml:"roles,omitempty"`
	// OrganizationRoles are roles that somebody has in one organization, besides the built-in
	// owner, who may do everything there, and member (AUZ-21).
	OrganizationRoles map[string][]Permission `yaml:"organizationRoles,omitempty"`
	// Scopes are short names that credentials may be limited to, besides the permissions
	// themselves and the built-in read, write and admin (KEY-06).
	Scopes map[string][]Permission `yaml:"scopes,omitempty"`
	// Resources are the kinds of things that conditions speak of, with the Cedar type of each
	// attribute: {Post: {createdAt: datetime, locked: Bool}}. Each has id, owner and organization.
	Resources map[string]map[string]string `yaml:"resources,omitempty"`
	// Conditions are policies in Cedar (docs.cedarpolicy.com): a permit allows what no role does,
	// a forbid refuses what a role allows.
	Conditions string `yaml:"conditions,omitempty"`
	// Tests say what the policy must decide; Policy.Test runs them.
	Tests []Test `yaml:"tests,omitempty"`

	lines lines
}

// maxFile is how long a policy may be, in bytes.
const maxFile = 1 << 20

// Read reads a policy file in YAML, strictly: a key that it does not know is an error, which
// names the line. Whether what it says makes sense is Compile's to judge.
func Read(text []byte) (*File, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("the policy is longer than %d bytes", maxFile)
	}
	f := &File{lines: lines{}}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(f); err != nil && !errors.Is(err, io.EOF) {
		return nil, readable(err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("the policy has more than one document")
	}
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		return nil, readable(err)
	}
	f.lines.note("", &n)
	return f, nil
}

// readable takes the decoder's own words out of its errors, and keeps the first of many: what
// remains is a line and a reason.
func readable(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if many := (*yaml.TypeError)(nil); errors.As(err, &many) && len(many.Errors) > 0 {
		text = many.Errors[0]
	}
	if !strings.HasPrefix(text, "line ") {
		text = "line 1: " + text // the decoder counts from 0 and leaves that one out
	}
	if at := wrongType.FindStringSubmatch(text); at != nil {
		text = at[1] + "must be " + due(at[2])
	}
	return errors.New(decoderWords.ReplaceAllString(text, ""))
}

var (
	decoderWords = regexp.MustCompile(` in type policy\.\w+`)
	wrongType    = regexp.MustCompile(`(?s)^(line \d+: )cannot unmarshal .* into (.+)$`)
)

// due says for whoever writes the file what a type of Go is.
func due(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case strings.HasPrefix(goType, "map["), goType == "policy.File", goType == "policy.Test", goType == "policy.Subject":
		return "keys with values"
	case goType == "time.Time":
		return "a time"
	default:
		return "a text"
	}
}

// lines knows where in the file something stands, by its path: "roles.user.2". A File that was
// not read has none.
type lines map[string]int

func (l lines) note(path string, n *yaml.Node) {
	l[path] = n.Line
	switch n.Kind {
	case yaml.DocumentNode:
		l.note(path, n.Content[0])
	case yaml.SequenceNode:
		for i, item := range n.Content {
			l.note(path+"."+strconv.Itoa(i), item)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := path + "." + n.Content[i].Value
			l.note(key, n.Content[i+1])
			if n.Content[i+1].Kind != yaml.ScalarNode {
				l[key] = n.Content[i].Line
			}
		}
	default:
	}
}

// line returns the line of a path, or else of what it stands in; 0 where the file was not read.
func (f *File) line(path string) int {
	for {
		if line := f.lines["."+path]; line > 0 {
			return line
		}
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return 0
		}
		path = path[:i]
	}
}

// fault returns an error that names the line of a path, where there is one.
func (f *File) fault(path, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if line := f.line(path); line > 0 {
		return fmt.Errorf("line %d: %w", line, err)
	}
	return err
}
