package directory

import (
	"fmt"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
)

// TestSearchAll: what several searches find comes in their order, by one connection too, and one that fails fails them all.
func TestSearchAll(t *testing.T) {
	s := dirtest.Memory(t)
	var people strings.Builder
	var searches []Search
	for i := range 3 * atOnce {
		fmt.Fprintf(&people, "dn: uid=u%d,%s\nobjectClass: account\nuid: u%d\n\n", i, s.People, i)
		searches = append(searches, Search{Base: s.People, Filter: fmt.Sprintf("(uid=u%d)", i), Attributes: []string{"uid"}})
	}
	s.Load(t, people.String())
	c := open(t, s)
	ctx, done := OneWay(t.Context())
	defer done()
	found, err := c.SearchAll(ctx, searches)
	if err != nil || len(found) != len(searches) {
		t.Fatalf("%d found: %v", len(found), err)
	}
	for i, e := range found {
		if e.Value("uid") != fmt.Sprint("u", i) {
			t.Errorf("%d is %s", i, e.DN)
		}
	}
	if found, err = c.SearchAll(t.Context(), nil); len(found) > 0 || err != nil {
		t.Errorf("%v of no search: %v", found, err)
	}
	searches[atOnce].Base = "ou=nowhere," + s.People
	_, err = c.SearchAll(t.Context(), searches)
	wantReason(t, err, reason.Hidden)
}
