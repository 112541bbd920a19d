package gatehouse_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

var (
	fileOfPage = regexp.MustCompile("(?s)`([a-z/_]+\\.go)`:\n\n```go\n(.*?)```")
	lineOfPage = regexp.MustCompile(`(?m)^\+(\t+.*)$`)
)

// TestAddAMethod follows docs/howto/add-a-method.md to the letter: one new folder and its
// lines on the roster are a method that keeps the rules of the house and passes its test. Nothing
// is written into the tree; the compiler is told where the files would be.
func TestAddAMethod(t *testing.T) {
	page, err := os.ReadFile("docs/howto/add-a-method.md")
	if err != nil {
		t.Fatal(err)
	}
	added := map[string]string{}
	for _, m := range fileOfPage.FindAllStringSubmatch(string(page), -1) {
		added[m[1]] = m[2]
	}
	added["gatehouse.go"] = onRoster(t, lineOfPage.FindAllString(string(page), -1))
	house := fstest.MapFS{}
	for name, text := range added {
		house[name] = &fstest.MapFile{Data: []byte(text)}
		if dir := filepath.Dir(name); dir != "method/paperword" && name != "gatehouse.go" {
			t.Errorf("%s is in another folder", name)
		}
	}
	if len(added) != 3 {
		t.Fatalf("%d files; has the shape of the page changed?", len(added))
	}
	for _, finding := range append(findings(tree(t, house)), unlisted(tree(t, house))...) {
		t.Error(finding)
	}
	program := filepath.Join(t.TempDir(), "paperword.test")
	for _, command := range []*exec.Cmd{
		exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay="+overlay(t, added), "-o", program, "./method/paperword"),
		exec.CommandContext(t.Context(), program),
	} {
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}

// onRoster returns gatehouse.go with the two lines of the page: what is imported, and what is
// listed.
func onRoster(t *testing.T, lines []string) string {
	t.Helper()
	text, err := os.ReadFile("gatehouse.go")
	if err != nil || len(lines) != 2 {
		t.Fatalf("%v, %q", err, lines)
	}
	const imports, roster = "import (\n", "g.Flow.Methods = append([]authn.Method{\n"
	all := string(text)
	for i, after := range []string{imports, roster} {
		if strings.Count(all, after) != 1 {
			t.Fatalf("gatehouse.go has not one %q", after)
		}
		all = strings.Replace(all, after, after+lines[i][1:]+"\n", 1)
	}
	return all
}

// overlay tells the compiler to find files in the tree that are not there.
func overlay(t *testing.T, files map[string]string) (name string) {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir, replace := t.TempDir(), map[string]string{}
	for name, text := range files {
		there := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(there, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, name)] = there
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(name, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
