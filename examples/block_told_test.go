package examples_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// TestBlockIsTold: the journal has of a block what stands, whatever becomes of the rest, and of what is tried again what the first time
// came to.
func TestBlockIsTold(t *testing.T) {
	const anna = "uid=anna@contoso.example,ou=people,dc=example,dc=org"
	const blocked, crew = "blocked " + anna, "members removed 1 cn=Crew,ou=groups,dc=example,dc=org (" + anna + ")"
	night := strings.ReplaceAll(crew, "Crew", "Night")
	denied, lost := memdir.Fault{Code: 50, Text: "not this group"}, memdir.Fault{Drop: memdir.DropAfter}
	for name, c := range map[string]struct {
		at     []between
		body   string
		status int
		want   []string // of each record, the newest first
	}{
		"the rename is refused": {
			[]between{{op: "modrdn", fault: memdir.Fault{Code: 53, Text: "not this name"}}},
			operations(replace("active", "false"), replace("userName", `"mara@contoso.example"`), replace("title", `"Boss"`)),
			http.StatusForbidden,
			[]string{"half done: " + blocked},
		},
		"a group is refused, and the answer of another is lost": {
			[]between{{op: "modify", dn: "cn=crew", fault: denied}, {op: "modify", dn: "cn=night", fault: lost}},
			disable, http.StatusOK,
			[]string{"written: " + crew, "half done: " + blocked + "; " + night},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
			o := store.Options{File: filepath.Join(t.TempDir(), "scimbridge.db")}
			d := deploy(t, server, append(stored(t, o), "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms",
				"SCIMBRIDGE_RESOURCES_0_ONBLOCK_LEAVEGROUPS=true")...)
			id := d.user(t, "anna@contoso.example")
			d.group(t, "Crew", id)
			d.group(t, "Night", id)
			kept := storetest.Open(t, o)
			interleaved(server, c.at...)
			if answer, content := d.do(t, http.MethodPatch, "/Users/"+id, c.body); answer.StatusCode != c.status {
				t.Errorf("%d %s", answer.StatusCode, content)
			}
			server.Mem.Fault(nil)
			var got []string
			for _, a := range accounts(t, kept, journal.Query{Newest: true, Subject: id, Operation: "patch"}) {
				if a.Why == "" {
					got = append(got, fmt.Sprintf("%s: %s", a.Outcome, a.Done.Receipt.Words()))
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
