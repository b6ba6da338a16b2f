package compile

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"scimbridge/scim"
)

// Each function does what its example says, passes on what is unassigned, and README's table says the same.
func TestFunctions(t *testing.T) {
	rt := fullResourceType(Options{Type: "User"})
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, f := range functions {
		value := func(source string) string {
			t.Helper()
			e, err := newExpression(source, rt)
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.Drawn([32]byte{}).Eval(scim.Resource{}, rt, "dc=example")
			if err != nil && f.name() != "rdn" {
				t.Errorf("%s: %v", source, err)
			}
			return got
		}
		if got := value(f.example); got != f.result {
			t.Errorf("%s is %q, want %q", f.example, got, f.result)
		}
		if f.do != nil && f.shape().In(0) != anything {
			filled := make([]string, f.shape().NumIn())
			for i := range filled {
				filled[i] = map[string]string{"string": `"x"`, "int": "1", "[]string": `""`}[f.shape().In(i).String()]
			}
			filled[0] = "nil"
			if f.name() == "dateTime" {
				filled[1] = `"fileTime"`
			}
			if got := value(f.name() + "(" + strings.Join(filled, ", ") + ")"); got != "" {
				t.Errorf("%s makes %q of what is unassigned", f.name(), got)
			}
		}
		fmt.Fprintf(&table, "| `%s` | %s | `%s` is `%s` |\n", f.call, f.does, f.example, f.result)
	}
	if !strings.Contains(string(readme), table.String()) {
		t.Errorf("README lacks\n%s", table.String())
	}
}
