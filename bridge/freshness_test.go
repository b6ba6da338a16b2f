package bridge_test

import (
	"testing"

	"scimbridge/bridge"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
)

// TestAListIsOfItsMark: who is renamed between the look-up of a filter's ids and the mark of the list is found by the new name by all who
// ask later.
func TestAListIsOfItsMark(t *testing.T) {
	server := dirtest.Memory(t)
	h := buildOn(t, server, bridge.Options{}, usersAndGroups(server)...)
	other := buildOn(t, server, bridge.Options{}, usersAndGroups(server)...)
	user := h.user(t, "u")
	h.create(t, "Group", `{"displayName":"G","members":[{"value":"`+user+`"}]}`)
	total := func(start int) int {
		t.Helper()
		filter := `members.value eq "` + user + `" and displayName pr`
		l, err := h.Query(t.Context(), bridge.Call{}, "Group", bridge.Query{Filter: filter, StartIndex: start, Count: 5})
		if err != nil {
			t.Fatal(err)
		}
		return l.Total
	}
	total(1)
	h.user(t, "v") // the mark has been seen to move
	h.at("search", 1, memdir.Fault{}, func() {
		if _, err := other.patch(t, bridge.Call{}, "User", user, `{"op":"replace","path":"userName","value":"renamed"}`); err != nil {
			t.Error(err)
		}
	})
	total(1)
	if n := total(2); n != 1 {
		t.Errorf("%d groups in the list, want 1", n)
	}
}
