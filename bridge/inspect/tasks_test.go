package inspect_test

import (
	"strings"
	"testing"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/inspect"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// TestIndexesOnce: what a server is told of indexes is one change for an attribute, whatever kinds it lacks, and one task, for while one
// runs 389 Directory Server fails others.
func TestIndexesOnce(t *testing.T) {
	s, faults := subject(t, broad)
	if faults != nil {
		t.Fatal(faults)
	}
	v := inspect.Bound(s, maptest.Server(t, ldif.DS389))
	v.Problems = nil // what the schema here lacks of the map is not what this is about
	v.Meetings = []directory.Meeting{{Ended: directory.AtEnd}}
	v.Settings.Databases = []inspect.Database{{DN: "cn=index", Suffix: "dc=example,dc=org", Backend: "userRoot"}}
	for _, file := range inspect.Files(s, v) {
		if file.Name == "indexes.ldif" && strings.Count(file.Text, ",cn=index,cn=tasks,cn=config\n") == 1 {
			return
		}
	}
	t.Errorf("written are %+v", inspect.Files(s, v))
}
