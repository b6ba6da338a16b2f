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
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
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

// settles has a bridge make the looks that it owes, until the end that it returns, or the test's.
func settles(t *testing.T, b *bridge.Bridge) (end func()) {
	ctx, leave := context.WithCancel(context.Background())
	var settling sync.WaitGroup
	settling.Go(func() { b.Settle(ctx) })
	end = func() {
		leave()
		settling.Wait()
	}
	t.Cleanup(end)
	return end
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
		found, first := a.lookedUp(t, "r")
		first.Done = &found
		if owes, err := bridge.Inherits(a.Bridge, t.Context(), first); !owes || !found.Owes || err != nil {
			t.Errorf("%t, %t: %v", owes, found.Owes, err)
		}
		settles(t, a.Bridge)
		a.holds(t, holds, "other")
	}
}

// TestOwedOnRecord: what a bridge owes, and had not come to when it ended, the next one does: a rename is refused behind what it put into a
// group, and the directory is away by then.
func TestOwedOnRecord(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
		on := func() (h house, end func()) {
			l, err := journal.Open(s, journal.Options{Lease: time.Second}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			return buildOn(t, server, bridge.Options{Ledger: l, Directory: hasty(t, server)}, usersAndGroups(server)...), l.Shut
		}
		h, end := on()
		id := h.user(t, "before")
		h.create(t, "Group", `{"displayName":"G","members":[{"value":"`+id+`"},{"value":"`+h.user(t, "other")+`"}]}`)
		lost := memdir.Fault{Drop: memdir.DropBefore}
		h.faults(map[string]memdir.Fault{
			"modrdn 0": {Code: ldap.LDAPResultAssertionFailed}, "search after": lost, "modify after": lost, "bind after": lost,
		})
		_, err := h.patch(t, bridge.Call{}, "User", id, `{"op":"replace","path":"userName","value":"after"}`)
		if server.Mem.Fault(nil); status(err) < http.StatusInternalServerError {
			t.Fatal(err)
		}
		h.holds(t, "after", "before", "other")
		end()
		h, end = on()
		defer end()
		ctx, leave := context.WithCancel(t.Context())
		var adopting sync.WaitGroup
		adopting.Go(func() { h.Adopt(ctx) })
		defer adopting.Wait()
		defer leave()
		defer settles(t, h.Bridge)()
		h.holds(t, "before", "other")
		for owed := 1; owed > 0; time.Sleep(20 * time.Millisecond) {
			if err := s.Read().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM journal_owed").Scan(&owed); err != nil {
				t.Fatal(err)
			}
		}
	})
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

// TestOwedOfTheLast: where the name of nobody is the last that the group holds, its placeholder comes in its place.
func TestOwedOfTheLast(t *testing.T) {
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	h := buildOn(t, server, bridge.Options{Directory: hasty(t, server)}, usersAndGroups(server)...)
	h.stopsRenaming(t)
	h.modifies(t, func(m *ldap.ModifyRequest) { m.Replace("member", []string{"uid=after," + server.People}) })
	settles(t, h.Bridge)
	h.holds(t)
}

// TestOwedToSomebody: a name that somebody has whom the map does not know stays, and it is not tried over and over.
func TestOwedToSomebody(t *testing.T) {
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	h := buildOn(t, server, bridge.Options{Directory: hasty(t, server)}, usersAndGroups(server)...)
	h.stopsRenaming(t)
	stranger := ldap.NewAddRequest("uid=after,"+server.People, nil)
	stranger.Attribute("objectClass", []string{"account"})
	if err := server.Connect(t).Add(stranger); err != nil {
		t.Fatal(err)
	}
	*h.records = nil
	end := settles(t, h.Bridge)
	time.Sleep(5 * time.Second) // the time of two tries
	end()
	if n := len(*h.records); n == 0 || n > 3 {
		t.Errorf("tried %d times", n)
	}
	h.holds(t, "after", "before", "other")
}

// TestOwedAfterAReload: a look is made by the map that holds by then: of what is no matter of the bridge's any more nothing is changed.
func TestOwedAfterAReload(t *testing.T) {
	for types, holds := range map[int][]string{1: {"after", "before", "other"}, 2: {"before", "other"}} {
		server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
		d := hasty(t, server)
		h := buildOn(t, server, bridge.Options{Directory: d}, usersAndGroups(server)...)
		h.stopsRenaming(t)
		next := buildOn(t, server, bridge.Options{Directory: d}, usersAndGroups(server)[:types]...)
		next.Succeed(h.Bridge, false)
		settles(t, next.Bridge)
		time.Sleep(4 * time.Second)
		next.holds(t, holds...)
	}
}

// stopsRenaming makes a group of two, and has the rename of one of them stop between the group and him.
func (h house) stopsRenaming(t *testing.T) {
	t.Helper()
	id := h.user(t, "before")
	h.create(t, "Group", `{"displayName":"G","members":[{"value":"`+id+`"},{"value":"`+h.user(t, "other")+`"}]}`)
	lost := memdir.Fault{Drop: memdir.DropBefore}
	h.faults(map[string]memdir.Fault{"modrdn 0": lost, "search after": lost, "modify after": lost, "bind after": lost})
	_, err := h.patch(t, bridge.Call{RequestID: "r"}, "User", id, `{"op":"replace","path":"userName","value":"after"}`)
	h.server.Mem.Fault(nil)
	if status(err) < http.StatusInternalServerError {
		t.Fatal(err)
	}
	h.holds(t, "after", "before", "other")
}

// modifies changes the group G.
func (h house) modifies(t *testing.T, change func(*ldap.ModifyRequest)) {
	t.Helper()
	request := ldap.NewModifyRequest("cn=G,"+h.server.Groups, nil)
	change(request)
	if err := h.server.Connect(t).Modify(request); err != nil {
		t.Fatal(err)
	}
}
