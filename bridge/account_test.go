package bridge_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/compile"
)

// accounting is a house with a journal in a store.
type accounting struct {
	house
	store  *store.Store
	ledger *journal.Ledger
}

func buildAccounting(t *testing.T, s *store.Store, users ...func(*compile.Options)) accounting {
	t.Helper()
	l, err := journal.Open(s, journal.Options{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Shut)
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	types := usersAndGroups(server)
	for _, change := range users {
		change(&types[0])
	}
	return accounting{buildOn(t, server, bridge.Options{Ledger: l}, types...), s, l}
}

// accounts are the records of a request, a line each: what it is about, what it came to and what the client was told.
func (a accounting) accounts(t *testing.T, request string) (lines []string, all []journal.Account) {
	t.Helper()
	if err := journal.Find(t.Context(), a.store, journal.Query{RequestID: request}, func(r journal.Account) error {
		rdn, _, _ := strings.Cut(r.DN, ",")
		line := []string{string(r.Kind), r.Operation, r.Type, rdn, r.Name, string(r.Why), string(r.Outcome)}
		if d := r.Done; d != nil {
			line = append(line, http.StatusText(d.Status), d.Reason, d.Receipt.Words())
		} else {
			line = append(line, http.StatusText(r.Status), r.Reason)
		}
		lines = append(lines, strings.Join(strings.Fields(strings.Join(line, " ")), " "))
		all = append(all, r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return lines, all
}

// TestAccounts: what the journal in the store says of each kind of write is what became of it, and what the client was told.
func TestAccounts(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		a := buildAccounting(t, s)
		call := func(id string) bridge.Call { return bridge.Call{RequestID: id, Caller: "entra"} }
		mara, err := a.Create(t.Context(), call("create"), "User", []byte(`{"userName":"mara","password":"hunter2"}`), bridge.View{})
		if err != nil {
			t.Fatal(err)
		}
		id := mara.Resource["id"].(string)
		anna := a.user(t, "anna")
		group := a.create(t, "Group", `{"displayName":"G","members":[{"value":"`+id+`"},{"value":"`+anna+`"}]}`).Resource["id"].(string)
		patch := func(request, typ, id, operation string) {
			t.Helper()
			if _, err := a.patch(t, call(request), typ, id, operation); err != nil {
				t.Log(request, err)
			}
		}
		patch("patch", "User", id, `{"op":"replace","path":"title","value":"cook"}`)
		patch("nothing", "User", id, `{"op":"replace","path":"title","value":"cook"}`)
		patch("rename", "User", id, `{"op":"replace","path":"userName","value":"maria"}`)
		patch("leave", "Group", group, `{"op":"remove","path":"members[value eq \"`+anna+`\"]"}`)
		patch("taken", "User", id, `{"op":"replace","path":"userName","value":"anna"}`)
		a.server.Mem.Fault(func(op, _ string) memdir.Fault {
			if op == "modify" {
				return memdir.Fault{Code: 50, Text: "no"}
			}
			return memdir.Fault{}
		})
		patch("refused", "User", id, `{"op":"replace","path":"title","value":"chef"}`)
		a.faults(map[string]memdir.Fault{"modrdn 0": {Code: 53, Text: "no"}, "modify 2": {Code: 50, Text: "no"}})
		patch("half", "User", id, `{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"userName","value":"mari"}`)
		a.faults(map[string]memdir.Fault{"modify 0": {Drop: memdir.DropAfter}})
		patch("lost", "User", id, `{"op":"replace","path":"title","value":"y"}`)
		a.server.Mem.Fault(nil)
		if _, err := a.Delete(t.Context(), call("delete"), "User", id); err != nil {
			t.Fatal(err)
		}
		const people = ",ou=people,dc=example,dc=org"
		for request, want := range map[string][]string{
			"create":  {"intent create User uid=mara mara written Created created uid=mara" + people + "; password set uid=mara" + people},
			"patch":   {"intent patch User uid=mara mara written OK changed uid=mara" + people + " (title)"},
			"nothing": nil,
			"leave": {
				"intent patch Group cn=G G written No Content members removed 1 cn=G,ou=groups,dc=example,dc=org (uid=anna" + people + ")",
			},
			"taken": nil, // it is the front's to tell
			"refused": {
				"intent patch User uid=maria maria refused Forbidden refused",
			},
			"lost": {"intent patch User uid=maria maria written OK changed uid=maria" + people + " (title)"},
		} {
			if got, _ := a.accounts(t, request); !cmp.Equal(got, want) {
				t.Errorf("%s: got\n%s\nwant\n%s", request, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		for request, want := range map[string]journal.Outcome{
			"rename": journal.Written, "half": journal.HalfDone, "delete": journal.Written,
		} {
			lines, all := a.accounts(t, request)
			if len(all) == 0 || all[0].Outcome != want || all[0].Done.Status == 0 {
				t.Errorf("%s: %s", request, strings.Join(lines, "\n"))
			}
			if request == "delete" && all[0].Whole.Value("entryUUID") != id {
				t.Errorf("the whole entry is %v", all[0].Whole)
			}
		}
		created, _ := a.accounts(t, "create")
		byID := 0
		if err := journal.Find(t.Context(), s, journal.Query{Subject: id}, func(journal.Account) error { byID++; return nil }); err != nil {
			t.Fatal(err)
		}
		if byID < 7 || len(created) != 1 { // the create too, whose id nobody knew
			t.Errorf("%d records have the id", byID)
		}
	})
}

// TestRefusedByName: who was not made is found by the name that was asked for, and forgotten by it. Whoever was to get a name that is
// another's is found by his own alone.
func TestRefusedByName(t *testing.T) {
	a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)))
	mara, anna := a.user(t, "mara"), a.user(t, "anna")
	refuse := func(request, operation, id string, err error) {
		t.Helper()
		f := bridge.Explain(err)
		if f.Reason != reason.Uniqueness || f.Name != "mara" {
			t.Fatalf("%+v", f)
		}
		a.Refused(bridge.Call{RequestID: request, Caller: "entra"}, operation, "User", id, []byte(`{"userName":"mara"}`), f)
	}
	_, err := a.Create(t.Context(), bridge.Call{Caller: "entra"}, "User", []byte(`{"userName":"mara"}`), bridge.View{})
	refuse("create", "create", "", err)
	_, err = a.patch(t, bridge.Call{Caller: "entra"}, "User", anna, `{"op":"replace","path":"userName","value":"mara"}`)
	refuse("rename", "patch", anna, err)
	var found []string
	if err := journal.Find(t.Context(), a.store, journal.Query{Subject: "mara", Outcome: journal.Refused}, func(r journal.Account) error {
		found = append(found, r.RequestID)
		return nil
	}); err != nil || !slices.Equal(found, []string{"create"}) {
		t.Errorf("by the name %q are found, %v", found, err)
	}
	who, err := journal.Who(t.Context(), a.store, "mara")
	if err != nil || !slices.Equal(who.IDs, []string{mara}) {
		t.Errorf("mara is %+v, %v", who, err)
	}
	if f, err := journal.Forgettable(t.Context(), a.store, "mara"); err != nil || f.Erased != 3 { // with the receipt
		t.Errorf("of mara %d records would go, %v", f.Erased, err)
	}
}

// While the journal cannot be written nothing is changed, reads go on, and so do writes afterwards.
func TestUnrecorded(t *testing.T) {
	o := storetest.SQLite(t)
	a := buildAccounting(t, storetest.Open(t, o))
	id := a.user(t, "mara")
	back := away(t, o)
	sent := a.count("modify")
	_, err := a.patch(t, bridge.Call{}, "User", id, `{"op":"replace","path":"title","value":"cook"}`)
	if f := bridge.Explain(err); f.Status != http.StatusServiceUnavailable || f.RetryAfter == 0 || f.Reason != reason.StoreAway {
		t.Errorf("%+v", f)
	}
	if sent() != 0 {
		t.Error("something was sent")
	}
	if _, err := a.Get(t.Context(), bridge.Call{}, "User", id, bridge.View{}); err != nil {
		t.Error(err)
	}
	back()
	if _, err := a.patch(t, bridge.Call{}, "User", id, `{"op":"replace","path":"title","value":"cook"}`); err != nil {
		t.Error(err)
	}
}

// What was begun before the journal could be written no more is put right all the same, and on record when it can be: a group lets go of
// the name that its member was refused.
func TestUnrecordedAmends(t *testing.T) {
	o := storetest.SQLite(t)
	a := buildAccounting(t, storetest.Open(t, o))
	id := a.user(t, "mara")
	a.create(t, "Group", fmt.Sprintf(`{"displayName":"crew","members":[{"value":%q}]}`, id))
	var once sync.Once
	var back func()
	a.server.Mem.Fault(func(op, _ string) memdir.Fault {
		if op != "modrdn" {
			return memdir.Fault{}
		}
		once.Do(func() { back = away(t, o) })
		return memdir.Fault{Code: ldap.LDAPResultEntryAlreadyExists}
	})
	_, err := a.patch(t, bridge.Call{RequestID: "rename"}, "User", id, `{"op":"replace","path":"userName","value":"anna"}`)
	if why := bridge.Explain(err).Reason; why == reason.None || why == reason.PartlyDone {
		t.Errorf("the client is told %s: %v", why, err)
	}
	if held := a.server.Entry(t, "cn=crew,"+a.server.Groups).Values("member"); strings.Contains(fmt.Sprint(held), "uid=anna") {
		t.Errorf("the group holds %q", held)
	}
	back()
	a.user(t, "bo") // whose record is written after them
	_, all := a.accounts(t, "rename")
	amends := func(r journal.Account) bool { return r.Why == journal.Amend && r.Outcome == journal.Written }
	if !slices.ContainsFunc(all, amends) {
		t.Error("what was put right is not on record")
	}
}

// away has the store held by another until what comes back is called.
func away(t *testing.T, o store.Options) (back func()) {
	held, end, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		_ = storetest.Open(t, o).Write(context.WithoutCancel(t.Context()), func(context.Context, *sql.Tx) error {
			close(held)
			<-end
			return nil
		})
	}()
	<-held
	return func() { close(end); <-ended }
}

// A panic leaves no write open: it is on record that nobody knows what became of it, and what the client is told.
func TestPanicIsRecorded(t *testing.T) {
	a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)))
	id := a.user(t, "mara")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("there was no panic")
			}
		}()
		_, _ = bridge.DeleteInPanic(t.Context(), a.Bridge, bridge.Call{RequestID: "panic"}, "User", id)
	}()
	a.user(t, "anna") // whose record is written after it
	want := []string{"intent delete User uid=mara mara unknown Internal Server Error panic"}
	if got, _ := a.accounts(t, "panic"); !cmp.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// count counts operations of a name from now on.
func (a accounting) count(op string) func() int {
	n := 0
	a.server.Mem.Fault(func(name, _ string) memdir.Fault {
		if name == op {
			n++
		}
		return memdir.Fault{}
	})
	return func() int { return n }
}

// TestMadeAndNotSeen: where the directory goes behind its answer to a change, the client is told that the change is made, and so says the
// journal. Where it goes before, it is told neither.
func TestMadeAndNotSeen(t *testing.T) {
	const made = "the directory has made the change"
	for name, c := range map[string]struct {
		faults map[string]memdir.Fault
		made   bool
	}{
		"behind the answer":   {map[string]memdir.Fault{"search after": {Code: ldap.LDAPResultUnavailable}}, true},
		"in place of another": {map[string]memdir.Fault{"add 0": {Code: ldap.LDAPResultUnavailable}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := buildAccounting(t, storetest.Open(t, storetest.SQLite(t)))
			a.user(t, "anna") // what is known of the directory is known
			a.faults(c.faults)
			_, err := a.Create(t.Context(), bridge.Call{RequestID: "create"}, "User", []byte(`{"userName":"mara"}`), bridge.View{})
			a.server.Mem.Fault(nil)
			f := bridge.Explain(err)
			if f.Status != http.StatusServiceUnavailable || f.Reason != reason.Unavailable || strings.Contains(f.Detail, made) != c.made {
				t.Errorf("%+v", f)
			}
			_, all := a.accounts(t, "create")
			if len(all) != 1 || (all[0].Outcome == journal.Written) != c.made {
				t.Errorf("on record: %+v", all)
			}
		})
	}
}
