package inspect_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"scimbridge/bridge/inspect"
)

var update = flag.Bool("update", false, "write the table of codes into the README")

// TestCodes holds the table of codes to what the code finds, both ways, and the README to the table.
func TestCodes(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{"configuration": true, inspect.ProbeLeft: true} // the program's own, and what has a name
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == "codes.go" {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				used[text(n)] = true
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
					known(t, file, text(n.Value))
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if to, ok := left.(*ast.SelectorExpr); ok && to.Sel.Name == "Code" && len(n.Rhs) == len(n.Lhs) {
						known(t, file, text(n.Rhs[i]))
					}
				}
			}
			return true
		})
	}
	for _, c := range inspect.Codes {
		if !used[c.Name] {
			t.Errorf("nothing finds %s", c.Name)
		}
	}
	content, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const head = "| code | severity |"
	before, rest, found := strings.Cut(string(content), head)
	table, after, _ := strings.Cut(rest, "\n\n")
	if want := strings.TrimSuffix(inspect.CodesTable(), "\n"); !found || head+table != want {
		if !*update {
			t.Fatal("the README has another table: go test ./bridge/inspect -run TestCodes -update writes it")
		}
		if err := os.WriteFile("README.md", []byte(before+want+"\n\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// text is a literal's; "" of what is none.
func text(e ast.Expr) string {
	if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		text, _ := strconv.Unquote(literal.Value)
		return text
	}
	return ""
}

func known(t *testing.T, file, code string) {
	t.Helper()
	is := func(c inspect.Code) bool { return c.Name == code }
	if code != "" && !slices.ContainsFunc(inspect.Codes, is) {
		t.Errorf("%s: %s is not in the table of codes", file, code)
	}
}

// tabled holds findings to the table.
func tabled(t *testing.T, all inspect.Findings) {
	t.Helper()
	for _, f := range all {
		is := func(c inspect.Code) bool { return c.Name == f.Code && slices.Contains(c.Severities, f.Severity) }
		if !slices.ContainsFunc(inspect.Codes, is) {
			t.Errorf("the table of codes has no %s %s", f.Severity, f.Code)
		}
	}
}
