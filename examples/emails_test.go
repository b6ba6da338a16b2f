package examples_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestOneAddress: of two addresses for one place in the directory the primary one is kept, and what an operation says of an address by its
// type is written though the map keeps none; where several stand and nothing tells which is meant, it is refused.
func TestOneAddress(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		address := func(value, more string) string { return fmt.Sprintf(`{"value":"%s@contoso.example"%s}`, value, more) }
		work := func(op, value string) string {
			return operations(fmt.Sprintf(`{"op":"%s","path":"emails[type eq \"work\"].value","value":"%s@contoso.example"}`, op, value))
		}
		for _, form := range []string{"typed", "plain"} {
			var env []string
			if form == "plain" {
				env = []string{fmt.Sprintf("SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_%d_SCIM=emails.value", lineOf(t, server, "emails"))}
			}
			d := deploy(t, server, env...)
			one := form == "typed" || productOf(server).oneMail
			holds := func(what, user string, want ...string) {
				t.Helper()
				got := d.entry(t, user).Values("mail")
				for i := range want {
					want[i] += "@contoso.example"
				}
				if slices.Sort(got); !slices.Equal(got, want) {
					t.Errorf("%s, %s: %q, want %q", form, what, got, want)
				}
			}
			both := `"emails":[` + address("a", `,"type":"work"`) + "," + address("b", `,"type":"work","primary":true`) + `]`
			user := d.create(t, "/Users", `"userName":"`+form+`@contoso.example",`+both)
			if one {
				holds("the primary of two", user, "b")
			} else {
				holds("both", user, "a", "b")
				d.want(t, http.StatusBadRequest, http.MethodPatch, "/Users/"+user, work("Replace", "c"))
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, work("Add", "a"))
				holds("refused", user, "a", "b")
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user,
					operations(`{"op":"Remove","path":"emails[value eq \"a@contoso.example\"]"}`))
			}
			for _, op := range []string{"Add", "Replace"} {
				value := strings.ToLower(op)
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, work(op, value))
				holds(op, user, value)
			}
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user,
				operations(`{"op":"Remove","path":"emails[type eq \"work\"].value"}`))
			holds("removed", user)
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, work("Add", "first"))
			holds("the first", user, "first")
		}
	})
}

// lineOf is the number of the line in the map of users that names a SCIM attribute.
func lineOf(t testing.TB, server *dirtest.Server, attribute string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(productOf(server).folder, "scimbridge.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, lines, _ := strings.Cut(string(text), "attributes:\n")
	for i, line := range strings.Split(lines, "\n") {
		if strings.Contains(line, attribute) {
			return i
		}
	}
	t.Fatal("the map has no ", attribute)
	return 0
}
