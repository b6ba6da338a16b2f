package examples_test

import (
	"fmt"
	"net/http"
	"testing"

	"scimbridge/bridge/journal"
	"scimbridge/examples/bridgetest"
)

// TestJournalOfPhotos: a record holds photos of 1 MB as any value, and an undo gives the one before back to the octet. What that takes is
// what the page on sizing says: 1.4 MB each time that a record shows the photo, in the request, the change, and the entry before and after.
func TestJournalOfPhotos(t *testing.T) {
	const large = 1 << 20
	server := memory(t)
	line := fmt.Sprintf("SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_%d_", lineOf(t, server, "preferredLanguage"))
	u := undoerOf(t, bridgetest.Build(t), server, line+"SCIM=photos.value", line+"LDAP=jpegPhoto", line+"AS=photo")
	last := int64(0)
	takes := func(what string, photos int64) {
		t.Helper()
		var all int64
		if err := u.store.Read().QueryRow("SELECT SUM(LENGTH(payload)) FROM journal_records").Scan(&all); err != nil {
			t.Fatal(err)
		}
		if took := all - last; took < photos*large || took > photos*large*3/2+100_000 {
			t.Errorf("%s: the records take %d octets, and show %d photos", what, took, photos)
		}
		last = all
	}
	one, two := picture(large, 1), picture(large, 2)
	id := u.create(t, "/Users", `"userName":"mara","active":true,"photos":`+photos(one))
	takes("a create", 2)
	u.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("photos", photos(two))))
	takes("another photo", 5) // two of them in the change: the old one is taken out by name
	changed := u.last(t)
	u.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("title", `"Chief"`)))
	takes("a title", 2)
	u.undoes(t, "undone", changed, "--apply")
	if photoOf(t, u.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")) != one {
		t.Error("the photo before is not back")
	}
	if _, err := journal.Verify(t.Context(), u.store, nil, func(f journal.Fault) { t.Error(f) }); err != nil {
		t.Error(err)
	}
}
