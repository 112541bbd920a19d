// Package gatehouse_test keeps the rules of the house. They are judged on the source alone, so they
// hold for packages that do not compile yet. ARCHITECTURE.md gives the reasons.
package gatehouse_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "github.com/gatehouse-id/gatehouse"

// order is the whole architecture: a package may import packages of earlier lines and none of its own.
// This is a statement of policy; do not change it to mend a build.
const order = `
identity                                                                                # words
< policy, internal/{secret,password,breach,jose,oauth}                                  # mathematics
< internal/{sqldb,sqldb/schema,ephemeral,web,outbound}                                  # plumbing
< sqlite, postgres, redis, internal/ephemeral/ephemeraltest                             # drivers
< audit, internal/sqldb/sqldbtest                                                       # nouns
< throttle, keyring, internal/notify
< account, session, token, client, tenant, access, apikey, webhook
< guard, verify                                                                         # gate
< scheme/schemetest
< authn, scheme/*, guardgrpc
< method/methodtest
< method/*, internal/{provider,recovery,risk,captcha,signals,scim,transfer,incident,diagnose}   # verbs
< internal/{api,pages,console}                                                          # faces
< gatehouse                                                                             # the door
< cmd/gatehouse, examples/*, test/*
`

// laws keep an import to the packages named by only, and to the line of from and all later lines.
var laws = []struct{ path, only, from string }{
	{path: "net/http", only: "internal/{web,outbound}", from: "guard"},
	{path: "database/sql", only: "internal/{sqldb,sqldb/*,notify}, sqlite, postgres, audit, throttle, keyring, " +
		"account, session, token, client, tenant, access, apikey, webhook"},
}

const (
	maxFile = 400 // lines
	maxFunc = 60  // lines
)

var vague = strings.Fields("util utils common helper helpers model models types misc base shared manager service impl dto")

func TestHouse(t *testing.T) {
	for _, finding := range findings(tree(t, os.DirFS("."))) {
		t.Error(finding)
	}
}

// TestRoster checks that whoever adds a way to sign in, or a scheme, also opens the door to it.
func TestRoster(t *testing.T) {
	for _, finding := range unlisted(tree(t, os.DirFS("."))) {
		t.Error(finding)
	}
}

// source is one Go file of the tree.
type source struct {
	name  string // from the root: session/lookup.go
	pkg   string // its folder: session; the root's is gatehouse
	lines int
	set   *token.FileSet
	file  *ast.File
}

// tree parses every Go file of the module.
func tree(t *testing.T, house fs.FS) (files []source) {
	t.Helper()
	foreign := []string{".git", "node_modules", "testdata", "vendor", "sdk"}
	err := fs.WalkDir(house, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains(foreign, d.Name()) {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(house, name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		files = append(files, source{name, within(path.Join(module, path.Dir(name))), strings.Count(string(text), "\n"), set, file})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// within names a package of ours as the order does; other import paths stay as they are.
func within(imported string) string {
	if imported == module {
		return path.Base(module)
	}
	return strings.TrimPrefix(imported, module+"/")
}

func (s source) imports() (paths []string) {
	for _, spec := range s.file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, imported)
	}
	return paths
}

func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

func (s source) at(p token.Pos, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: ", s.name, s.set.Position(p).Line) + fmt.Sprintf(format, args...)
}

// findings says what breaks the rules. Tests are free of those that only shape the product.
func findings(files []source) (found []string) {
	for _, s := range files {
		found = slices.Concat(found, oversized(s), vaguelyNamed(s), nakedNotes(s))
		if !s.isTest() {
			found = slices.Concat(found, climbing(s), lawless(s), undocumented(s), hidden(s))
		}
	}
	return append(found, withoutPackageComment(files)...)
}

var group = regexp.MustCompile(`[^\s,{]*\{[^}]*\}`)

// patterns reads "policy, internal/{secret,jose}" as three patterns of path.Match.
func patterns(list string) []string {
	list = group.ReplaceAllStringFunc(list, func(g string) string {
		prefix, names, _ := strings.Cut(strings.TrimSuffix(g, "}"), "{")
		return prefix + strings.ReplaceAll(names, ",", ","+prefix)
	})
	return strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune("<, \n", r) })
}

func matches(list, pkg string) bool {
	return slices.ContainsFunc(patterns(list), func(p string) bool {
		ok, _ := path.Match(p, pkg)
		return ok
	})
}

// floor is the number of the package's line in the order, or -1.
func floor(pkg string) int {
	return slices.IndexFunc(strings.Split(strings.TrimSpace(order), "\n"), func(line string) bool {
		list, _, _ := strings.Cut(line, "#")
		return matches(list, pkg)
	})
}

// climbing finds packages outside the order and imports that do not go down.
func climbing(s source) (found []string) {
	own := floor(s.pkg)
	if own < 0 {
		return []string{s.at(s.file.Package, "%s is on no floor", s.pkg)}
	}
	for _, imported := range s.imports() {
		if pkg := within(imported); pkg != imported && floor(pkg) >= own {
			found = append(found, s.at(s.file.Package, "%s may not import %s: it is not below", s.pkg, pkg))
		}
	}
	return found
}

func lawless(s source) (found []string) {
	for _, law := range laws {
		if matches(law.only, s.pkg) || law.from != "" && floor(s.pkg) >= floor(law.from) {
			continue
		}
		for _, imported := range s.imports() {
			if imported == law.path || strings.HasPrefix(imported, law.path+"/") {
				found = append(found, s.at(s.file.Package, "%s may not know %s", s.pkg, imported))
			}
		}
	}
	return found
}

func oversized(s source) (found []string) {
	if ast.IsGenerated(s.file) {
		return nil
	}
	if s.lines > maxFile {
		found = append(found, s.at(s.file.Package, "%d lines, the most is %d", s.lines, maxFile))
	}
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; n > maxFunc {
				found = append(found, s.at(f.Pos(), "%s has %d lines, the most is %d", f.Name.Name, n, maxFunc))
			}
		}
	}
	return found
}

// vaguelyNamed judges the last word of a name, the one that says what the thing is.
func vaguelyNamed(s source) (found []string) {
	file := strings.TrimSuffix(strings.TrimSuffix(path.Base(s.name), ".go"), "_test")
	pkg := strings.TrimSuffix(s.file.Name.Name, "_test")
	for _, name := range []string{file, pkg} {
		if last := name[strings.LastIndex(name, "_")+1:]; slices.Contains(vague, last) {
			found = append(found, s.at(s.file.Package, "the name %q says nothing", last))
		}
	}
	return found
}

var note = regexp.MustCompile(`\b(?:TODO|FIXME)\b(\(#\d+\))?`)

// nakedNotes finds promises in comments that name no issue.
func nakedNotes(s source) (found []string) {
	for _, comment := range s.file.Comments {
		for _, m := range note.FindAllStringSubmatch(comment.Text(), -1) {
			if m[1] == "" {
				found = append(found, s.at(comment.Pos(), "%s names no issue", m[0]))
			}
		}
	}
	return found
}

// hidden finds code that runs before anybody called it.
func hidden(s source) (found []string) {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			found = append(found, s.at(f.Pos(), "init runs unasked"))
		}
	}
	return found
}

func withoutPackageComment(files []source) (found []string) {
	documented := map[string]bool{}
	for _, s := range files {
		if !s.isTest() {
			documented[s.pkg] = documented[s.pkg] || s.file.Doc.Text() != ""
		}
	}
	for pkg, ok := range documented {
		if !ok {
			found = append(found, pkg+": no package comment")
		}
	}
	slices.Sort(found)
	return found
}

// undocumented finds exported names without a comment; a comment on the group counts.
func undocumented(s source) (found []string) {
	blame := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		said := func(c *ast.CommentGroup) bool { return c.Text() != "" }
		if name.IsExported() && !slices.ContainsFunc(docs, said) {
			found = append(found, s.at(name.Pos(), "%s has no comment", name.Name))
		}
	}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type)) {
				blame(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					blame(spec.Name, d.Doc, spec.Doc, spec.Comment)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						blame(name, d.Doc, spec.Doc, spec.Comment)
					}
				}
			}
		}
	}
	return found
}

// receiver is T of T, *T, T[K] and *T[K, V].
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// unlisted finds methods and schemes that neither the door nor the program knows.
func unlisted(files []source) (found []string) {
	var listed []string
	for _, s := range files {
		if s.name == "gatehouse.go" || s.name == "cmd/gatehouse/roster.go" {
			listed = append(listed, s.imports()...)
		}
	}
	for _, s := range files {
		if matches("method/*, scheme/*", s.pkg) && !strings.HasSuffix(s.pkg, "test") && !slices.Contains(listed, module+"/"+s.pkg) {
			found = append(found, s.pkg+" is not on the roster")
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

const head = "// Package x has a comment.\npackage x\n"

func importing(pkg string) string { return head + "import _ " + strconv.Quote(pkg) + "\n" }

func ours(pkg string) string { return importing(module + "/" + pkg) }

// offences are trees of one file, each with the one thing the house says of it; "" is praise.
var offences = []struct{ name, text, want string }{
	{"session/a.go", ours("internal/sqldb"), ""},
	{"session/a.go", ours("token"), "session may not import token"},
	{"session/a.go", ours("guard"), "session may not import guard"},
	{"session/a_test.go", ours("guard"), ""},
	{"identity/a.go", importing(module), "identity may not import gatehouse"},
	{"cmd/gatehouse/a.go", importing(module), ""},
	{"method/methodtest/a.go", ours("authn"), ""},
	{"method/methodtest/a.go", ours("method/totp"), "may not import method/totp"},
	{"scheme/schemetest/a.go", ours("scheme/basic"), "may not import scheme/basic"},
	{"lobby/a.go", head, "lobby is on no floor"},
	{"sdk/lobby/a.go", head, ""},
	{"account/a.go", importing("net/http"), "account may not know net/http"},
	{"account/a.go", importing("net/http/httptest"), "account may not know net/http/httptest"},
	{"internal/web/a.go", importing("net/http"), ""},
	{"guard/a.go", importing("net/http"), ""},
	{"guard/a.go", importing("database/sql"), "guard may not know database/sql"},
	{"internal/notify/a.go", importing("database/sql"), ""},
	{"token/a.go", head + strings.Repeat("\n", maxFile-1), "401 lines"},
	{"token/a.go", "// Code generated by x. DO NOT EDIT.\n\n" + head + strings.Repeat("\n", maxFile), ""},
	{"token/a.go", head + "func f() {" + strings.Repeat("\n", maxFunc-1) + "}", ""},
	{"token/a_test.go", head + "func f() {" + strings.Repeat("\n", maxFunc) + "}", "f has 61 lines"},
	{"token/helpers_test.go", head, `"helpers" says nothing`},
	{"token/key_manager.go", head, `"manager" says nothing`},
	{"method/a/a.go", "// Package util has a comment.\npackage util", `"util" says nothing`},
	{"token/a.go", "package token", "token: no package comment"},
	{"token/a.go", head + "func F() {}", "F has no comment"},
	{"token/a.go", head + "type t[K any] struct{}\nfunc (*t[K]) F() {}", ""},
	{"token/a.go", head + "type (\n// T is.\nT[K any] struct{}\n)\nfunc (*T[K]) F() {}", "F has no comment"},
	{"token/a.go", head + "type T int", "T has no comment"},
	{"token/a.go", head + "const a, B = 1, 2", "B has no comment"},
	{"token/a.go", head + "// Limits.\nvar (\nA = 1\nB = 2\n)", ""},
	{"token/a.go", head + "func init() {}", "init runs unasked"},
	{"token/a.go", head + "// TODO: tidy\n", "TODO names no issue"},
	{"token/a.go", head + "// FIXME(#12): tidy\n", ""},
}

// TestOffences proves that every rule of TestHouse can fail, and only where it should.
func TestOffences(t *testing.T) {
	for _, o := range offences {
		found := findings(tree(t, fstest.MapFS{o.name: {Data: []byte(o.text)}}))
		if o.want == "" && len(found) > 0 || o.want != "" && (len(found) != 1 || !strings.Contains(found[0], o.want)) {
			t.Errorf("%s:\n%.200s\ngot %q, want %q", o.name, o.text, found, o.want)
		}
	}
}

// TestStrangers proves that TestRoster misses nobody.
func TestStrangers(t *testing.T) {
	house := fstest.MapFS{"gatehouse.go": {Data: []byte(ours("method/totp"))}}
	house["cmd/gatehouse/roster.go"] = &fstest.MapFile{Data: []byte(ours("scheme/basic"))}
	for _, pkg := range []string{"method/totp", "method/sms", "method/methodtest", "scheme/basic"} {
		house[pkg+"/a.go"] = &fstest.MapFile{Data: []byte(head)}
	}
	if found := unlisted(tree(t, house)); !slices.Equal(found, []string{"method/sms is not on the roster"}) {
		t.Errorf("got %q", found)
	}
}
