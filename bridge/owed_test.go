package bridge_test

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/store/storetest"
)

// hasty asks the server, and waits for no answer longer than a moment.
func hasty(t *testing.T, server *dirtest.Server) *directory.Client {
	t.Helper()
	d, err := directory.New(directory.Options{
		URLs: []string{server.URL}, Timeout: 300 * time.Millisecond,
		Bind: directory.BindOptions{DN: server.BindDN, Password: server.Password},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// settles has a bridge make the looks that it owes, as long as the test runs.
func settles(t *testing.T, b *bridge.Bridge) {
	ctx, leave := context.WithCancel(context.Background())
	var settling sync.WaitGroup
	settling.Go(func() { b.Settle(ctx) })
	t.Cleanup(func() {
		leave()
		settling.Wait()
	})
}

// holds waits until the group holds these, by their uids, and its own placeholder.
func (h house) holds(t *testing.T, want ...string) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var uids []string
		for _, dn := range h.server.Entry(t, "cn=G,"+h.server.Groups, "member").Values("member") {
			if parsed, err := ldap.ParseDN(dn); err == nil && parsed.RDNs[0].Attributes[0].Type == "uid" {
				uids = append(uids, parsed.RDNs[0].Attributes[0].Value)
			}
		}
		if slices.Sort(uids); slices.Equal(uids, want) {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("the group holds %q, want %q", uids, want)
		}
	}
}

// TestOwedOfOneThatDied: who looks up what became of a rename, in which a bridge died, has its group let go of the name that is nobody's.
func TestOwedOfOneThatDied(t *testing.T) {
	for drop, holds := range map[memdir.Drop]string{memdir.DropBefore: "before", memdir.DropAfter: "after"} {
		a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)))
		id := a.user(t, "before")
		a.create(t, "Group", `{"displayName":"G","members":[{"value":"`+id+`"},{"value":"`+a.user(t, "other")+`"}]}`)
		lost := memdir.Fault{Drop: memdir.DropBefore}
		a.faults(map[string]memdir.Fault{"modrdn 0": {Drop: drop}, "search after": lost, "modify after": lost, "bind after": lost})
		_, err := a.patch(t, bridge.Call{RequestID: "r"}, "User", id, `{"op":"replace","path":"userName","value":"after"}`)
		a.server.Mem.Fault(nil)
		t.Log(err)
		a.holds(t, "after", "before", "other")
		a.house = buildOn(t, a.server, bridge.Options{Ledger: a.ledger, Directory: hasty(t, a.server)}, usersAndGroups(a.server)...)
		_, _ = a.lookedUp(t, "r")
		settles(t, a.Bridge)
		a.holds(t, holds, "other")
	}
}

// TestOwedLater: a rename that no answer came to may be done late. While the server that hangs may do it yet, nothing goes from the group;
// where that is not known, it is looked at once more.
func TestOwedLater(t *testing.T) {
	for _, hangs := range []bool{true, false} {
		server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
		h := buildOn(t, server, bridge.Options{Directory: hasty(t, server)}, usersAndGroups(server)...)
		bridge.LooksLater(h.Bridge, 5*time.Second)
		settles(t, h.Bridge)
		id := h.user(t, "before")
		h.create(t, "Group", `{"displayName":"G","members":[{"value":"`+id+`"},{"value":"`+h.user(t, "other")+`"}]}`)
		lost, goesOn := memdir.Fault{Drop: memdir.DropBefore}, make(chan struct{})
		faults := map[string]memdir.Fault{"modrdn 0": lost, "search after": lost, "modify after": lost, "bind after": lost}
		if hangs {
			faults = map[string]memdir.Fault{"modrdn 0": {Until: goesOn}}
		}
		h.faults(faults)
		_, err := h.patch(t, bridge.Call{}, "User", id, `{"op":"replace","path":"userName","value":"after"}`)
		if status(err) < http.StatusInternalServerError {
			t.Fatal(err)
		}
		if hangs {
			time.Sleep(4 * time.Second) // longer than what is left must stand
			h.holds(t, "after", "before", "other")
			close(goesOn)
			h.holds(t, "after", "other")
			continue
		}
		server.Mem.Fault(nil)
		h.holds(t, "before", "other")
		late := ldap.NewModifyDNRequest("uid=before,"+server.People, "uid=after", true, "")
		if err := server.Connect(t).ModifyDN(late); err != nil {
			t.Fatal(err)
		}
		h.holds(t, "other")
	}
}
