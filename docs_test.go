package gatehouse_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocs keeps the lists of codes and events as complete as the code: what a client can
// meet, it can look up; what the lists promise, the code can answer.
func TestDocs(t *testing.T) {
	source := sources(t, func(name string) bool { return !strings.HasSuffix(name, "_test.go") })
	for _, list := range []struct {
		file           string
		inCode, inFile *regexp.Regexp
	}{
		{"docs/reference/errors.md", regexp.MustCompile(`Code:\s+"([A-Z_]+)"`), regexp.MustCompile("\\| \\d{3} \\| `([A-Z_]+)`")},
		{"docs/reference/events.md", regexp.MustCompile(`(?:Event[A-Za-z]+\s+= |Type: )"([a-z]+\.[a-z_]+)"`), regexp.MustCompile("`([a-z]+\\.[a-z_]+)`")},
	} {
		text, err := os.ReadFile(list.file)
		if err != nil {
			t.Fatal(err)
		}
		code, file := found(list.inCode, source), found(list.inFile, string(text))
		if len(code) < 10 {
			t.Fatalf("%s: only %d found in the code; has its shape changed?", list.file, len(code))
		}
		for _, name := range code {
			if !slices.Contains(file, name) {
				t.Errorf("%s does not tell of %s", list.file, name)
			}
		}
		for _, name := range file {
			if !slices.Contains(code, name) {
				t.Errorf("%s tells of %s, which is not in the code", list.file, name)
			}
		}
	}
}

func found(shape *regexp.Regexp, text string) []string {
	var names []string
	for _, m := range shape.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// sources returns the text of every Go file of the tree whose name is wanted.
func sources(t *testing.T, want func(name string) bool) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(".", func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || !want(name) {
			return err
		}
		text, err := os.ReadFile(name)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
