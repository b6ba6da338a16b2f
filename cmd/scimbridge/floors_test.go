package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "scimbridge/"
	memdir = "bridge/directory/memdir"
	ldap   = "github.com/go-ldap/ldap/v3"
	fiber  = "github.com/gofiber/fiber/v2"
)

// root is the top of the repository.
var root = filepath.Join("..", "..")

// floors are the packages of the house, the top floor first: an import goes down this list, never up.
var floors = []string{
	"cmd/scimbench",
	"cmd/scimbridge",
	"config",
	"bridge/admin",
	"bridge/inspect/replay",
	"bridge/front",
	"bridge",
	"bridge/inspect/drift",
	"bridge/inspect/layout",
	"bridge/inspect",
	"bridge/inspect/preview",
	"bridge/access",
	"bridge/guard",
	"bridge/webhook",
	"bridge/journal/report",
	"bridge/journal",
	"bridge/store",
	"bridge/directory",
	"bridge/tracing",
	"bridge/reason",
	"bridge/origin",
	"bridge/release",
	"ldapmap/draft",
	"ldapmap/search",
	"ldapmap/read",
	"ldapmap",
	"ldapmap/compile",
	"ldapmap/ldif",
	"scim/patch",
	"scim/filter",
	"scim",
	"scim/schema",
	"scim/stringprep",
}

// besides are the packages that stand on no floor, each with what it may import of ours. Any test may import them.
var besides = map[string][]string{
	memdir:                     {"ldapmap/ldif"},
	"bridge/directory/dirtest": {"ldapmap/ldif", memdir},
	"bridge/store/storetest":   {"bridge/store", "bridge/directory/dirtest"},
	"ldapmap/maptest": {
		"ldapmap", "ldapmap/compile", "ldapmap/draft", "ldapmap/ldif", "ldapmap/read", "scim", "scim/schema", memdir,
	},
	"cmd/scimbench/history": {"ldapmap/ldif"},
	"cmd/scimbench/soak": {
		"cmd/scimbench/history", "bridge/directory/dirtest", "bridge/journal", "bridge/store", "bridge/store/storetest", "examples",
		"examples/bridgetest", "examples/truth", "ldapmap/ldif",
	},
	"bridge/access/issuertest":   {},
	"bridge/clocktest":           {},
	"bridge/heaptest":            {},
	"bridge/logtest":             {},
	"bridge/tracing/tracingtest": {},
	"config/schematest":          {"config"},
	"examples":                   {},
	"examples/bridgetest": {
		"bridge", "bridge/access", "bridge/admin", "bridge/directory", "bridge/directory/dirtest", "bridge/front", "bridge/guard",
		"bridge/journal", "bridge/store", "bridge/store/storetest", "config",
	},
	"examples/readmetest": {},
	"examples/truth":      {"bridge/directory/dirtest", "bridge/journal", "ldapmap/ldif"},
	"examples/webhook":    {},
}

// demo are those of them that the program's demo imports.
var demo = []string{memdir, "examples"}

// topLevel is what stands at the top of the repository, beside what begins with a dot. scimbridge is what `make build` leaves, dist
// what `make packages` does.
var topLevel = []string{
	"cmd", "config", "bridge", "ldapmap", "scim", "examples",
	"go.mod", "go.sum", "README.md", "Makefile", "Dockerfile", "LICENSE", "CHANGELOG.md", "scimbridge", "dist",
}

func TestFloors(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, ".") && !slices.Contains(topLevel, name) {
			t.Errorf("%s does not belong at the top of the repository", name)
		}
	}
	eachGoFile(t, func(name, source string) {
		for _, fault := range faults(t, name, source) {
			t.Errorf("%s: %s", name, fault)
		}
	})
}

// eachGoFile calls do with the name of each Go file, from the top of the repository and with slashes, and what it says.
func eachGoFile(t *testing.T, do func(name, source string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(file) != ".go":
			return nil
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		do(filepath.ToSlash(name), string(source))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFloorsFindsFaults: each file breaks one rule, or none.
func TestFloorsFindsFaults(t *testing.T) {
	for name, c := range map[string]struct {
		file, source string
		faults       int
	}{
		"down":                          {"bridge/x.go", `package bridge; import "scimbridge/ldapmap"`, 0},
		"up":                            {"bridge/x.go", `package bridge; import "scimbridge/config"`, 1},
		"up in a test":                  {"bridge/x_test.go", `package bridge; import "scimbridge/config"`, 1},
		"up in a test from outside":     {"bridge/x_test.go", `package bridge_test; import "scimbridge/config"`, 0},
		"not in the table":              {"bridge/util/x.go", `package util`, 1},
		"imports what has no floor":     {"bridge/x.go", `package bridge; import "scimbridge/bridge/util"`, 1},
		"memdir for the demo":           {"cmd/scimbridge/x.go", `package main; import "scimbridge/bridge/directory/memdir"`, 0},
		"the examples for the demo":     {"cmd/scimbridge/x.go", `package main; import "scimbridge/examples"`, 0},
		"the examples in the product":   {"bridge/x.go", `package bridge; import "scimbridge/examples"`, 1},
		"the examples import":           {"examples/x.go", `package examples; import "scimbridge/config"`, 1},
		"memdir in the product":         {"bridge/x.go", `package bridge; import "scimbridge/bridge/directory/memdir"`, 1},
		"memdir in a test":              {"bridge/x_test.go", `package bridge; import "scimbridge/bridge/directory/memdir"`, 0},
		"memdir imports":                {"bridge/directory/memdir/x.go", `package memdir; import "scimbridge/bridge/directory"`, 1},
		"dirtest in the product":        {"cmd/scimbridge/x.go", `package main; import "scimbridge/bridge/directory/dirtest"`, 1},
		"dirtest in a test":             {"bridge/x_test.go", `package bridge; import "scimbridge/bridge/directory/dirtest"`, 0},
		"an example's test":             {"examples/openldap/x_test.go", `package openldap_test; import "scimbridge/config"`, 0},
		"an example's code":             {"examples/openldap/x.go", `package openldap`, 1},
		"scim knows no LDAP":            {"scim/filter/x.go", `package filter; import "github.com/go-ldap/ldap/v3"`, 1},
		"fiber belongs to front":        {"bridge/front/x.go", `package front; import "github.com/gofiber/fiber/v2/middleware/recover"`, 0},
		"fiber elsewhere":               {"bridge/x.go", `package bridge; import "github.com/gofiber/fiber/v2"`, 1},
		"fiber in scim":                 {"scim/x.go", `package scim; import "github.com/gofiber/fiber/v2"`, 1},
		"reading knows no drafting":     {"ldapmap/read/x.go", `package read; import "scimbridge/ldapmap/draft"`, 1},
		"compiling knows no directory":  {"ldapmap/compile/x.go", `package compile; import "scimbridge/ldapmap"`, 1},
		"drafting reads":                {"ldapmap/draft/x.go", `package draft; import "scimbridge/ldapmap/read"`, 0},
		"the map's tests' world":        {"ldapmap/search/x_test.go", `package search; import "scimbridge/ldapmap/maptest"`, 0},
		"ldapmap calls pure functions":  {"ldapmap/x.go", `package ldapmap; import "github.com/go-ldap/ldap/v3"; var _ = ldap.EscapeDN`, 0},
		"ldapmap dials":                 {"ldapmap/x.go", `package ldapmap; import l "github.com/go-ldap/ldap/v3"; var _ = l.DialURL`, 1},
		"ldapmap on the network":        {"ldapmap/ldif/x.go", `package ldif; import "net"`, 1},
		"the directory knows no SCIM":   {"bridge/directory/x.go", `package directory; import "scimbridge/scim/schema"`, 1},
		"the directory names reasons":   {"bridge/directory/x.go", `package directory; import "scimbridge/bridge/reason"`, 0},
		"the directory knows its plans": {"bridge/directory/x.go", `package directory; import "scimbridge/ldapmap/ldif"`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if found := faults(t, c.file, c.source); len(found) != c.faults {
				t.Errorf("found %q, want %d", found, c.faults)
			}
		})
	}
}

// source is one Go file of the repository.
type source struct {
	pkg     string // its folder, with slashes
	test    bool   // it ends in _test.go
	outside bool   // a test in a package of its own (package x_test), which stands outside the house
	imports []string
	tree    *ast.File
}

// faults says what is wrong with a file's imports.
func faults(t *testing.T, name, text string) (found []string) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	s := source{pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), tree: tree}
	s.outside = s.test && strings.HasSuffix(tree.Name.Name, "_test")
	for _, spec := range tree.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		s.imports = append(s.imports, imported)
	}
	if !s.known() {
		return []string{"package " + s.pkg + " is not in the table of floors"}
	}
	for _, imported := range s.imports {
		if ours, ok := strings.CutPrefix(imported, module); ok && !s.may(ours) {
			found = append(found, fmt.Sprintf("%s does not import %s", s.pkg, ours))
		}
		if why := s.foreign(imported); why != "" {
			found = append(found, why)
		}
	}
	if s.under("ldapmap") && s.dials() {
		found = append(found, "ldapmap knows no connection")
	}
	return found
}

// known says whether the file's package is in the tables; the folder of an example holds tests alone.
func (s source) known() bool {
	_, beside := besides[s.pkg]
	return slices.Contains(floors, s.pkg) || beside || s.under("examples") && s.test
}

// may says whether the file may import this package of ours.
func (s source) may(imported string) bool {
	if s.outside || s.test && s.under("examples") || imported == s.pkg {
		return true
	}
	if _, beside := besides[imported]; beside && s.test {
		return true
	}
	if allowed, beside := besides[s.pkg]; beside {
		return slices.Contains(allowed, imported)
	}
	if s.under("bridge/directory") && (imported == "scim" || strings.HasPrefix(imported, "scim/")) {
		return false
	}
	if slices.Contains(demo, imported) {
		return s.under("cmd")
	}
	if strings.HasPrefix(imported, "cmd/scimbench/") { // which start servers, as tests do
		return s.under("cmd/scimbench")
	}
	return slices.Index(floors, imported) > slices.Index(floors, s.pkg)
}

// foreign says why the file must not import this package of others, or "".
func (s source) foreign(imported string) string {
	switch {
	case strings.HasPrefix(imported, fiber) && !s.under("bridge/front"):
		return "fiber belongs to bridge/front"
	case imported == ldap && s.under("scim"):
		return "scim knows no LDAP"
	case (imported == "net" || imported == "net/http" || imported == "crypto/tls") && s.under("ldapmap"):
		return "ldapmap knows no network"
	}
	return ""
}

// dials says whether the file names what makes an LDAP connection.
func (s source) dials() (dials bool) {
	name := ""
	for i, imported := range s.imports {
		if imported == ldap {
			name = "ldap"
			if spec := s.tree.Imports[i]; spec.Name != nil {
				name = spec.Name.Name
			}
		}
	}
	ast.Inspect(s.tree, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			of, plain := selector.X.(*ast.Ident)
			what := selector.Sel.Name
			dials = dials || plain && name != "" && of.Name == name && (strings.HasPrefix(what, "Dial") || what == "NewConn")
		}
		return true
	})
	return dials
}

func (s source) under(folder string) bool {
	return s.pkg == folder || strings.HasPrefix(s.pkg, folder+"/")
}
