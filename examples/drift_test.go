package examples_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/inspect/drift"
	"scimbridge/bridge/inspect/replay"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/config"
	"scimbridge/ldapmap"
)

// lookOf is what `scimbridge drift` looks with, for a bridge of the configuration.
func lookOf(t testing.TB, o store.Options, text []byte, env []string) drift.Look {
	t.Helper()
	c, err := config.Parse("scimbridge.yaml", text, env)
	if err != nil {
		t.Fatal(err)
	}
	client, err := directory.New(c.Directory, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	compiled, err := c.Map()
	if err != nil {
		t.Fatal(err)
	}
	server, err := client.Server(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, problems := ldapmap.For(compiled, server)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s := storetest.Open(t, o)
	if err := journal.Prepare(s); err != nil {
		t.Fatal(err)
	}
	return drift.Look{Store: s, Directory: client, Map: m}
}

// drifted are the entries that differ, by their ids.
func drifted(t testing.TB, l drift.Look, ids ...string) (map[string]drift.Entry, drift.Sums) {
	t.Helper()
	found := map[string]drift.Entry{}
	sums, err := l.All(t.Context(), ids, func(e drift.Entry) error {
		found[e.ID] = e
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, sums
}

// said is what an entry's differences are, in short.
func said(e drift.Entry) string {
	var all []string
	for _, d := range e.Differences {
		all = append(all, strings.TrimSpace(string(d.Kind)+" "+d.Attribute))
	}
	return strings.Join(all, ", ")
}

// TestDrift: what another hand did to what the bridge wrote is told by entry and attribute, with what was left and the record that tells of
// it. What the bridge itself did since, however often and by whatever name, is no drift, and neither is what it does not own.
func TestDrift(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		o := store.Options{File: filepath.Join(t.TempDir(), "scimbridge.db")}
		d := deploy(t, server, stored(t, o)...)
		yaml, env := configured(t, server, basedIn(productOf(server), server), "", stored(t, o)...)
		look := lookOf(t, o, yaml, env)
		tag := label(t)
		user := func(name string) string { return d.user(t, name+tag+"@contoso.example") }
		patch := func(id, body string) { d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, body) }
		conn := server.Connect(t)
		defer conn.Close()
		does := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		anna, bo, cleo, dora := user("anna"), user("bo"), user("cleo"), user("dora")
		emil, fay, gone := user("emil"), user("fay"), user("gone")
		crew := d.group(t, "Crew "+tag, anna, bo, cleo)
		all := []string{anna, bo, cleo, dora, emil, fay, gone, crew}

		// The bridge changes, renames, moves members about, and puts references right.
		patch(anna, operations(replace("title", `"cook"`), replace("displayName", `"Anna"`)))
		patch(anna, operations(replace("title", `"chef"`)))
		patch(dora, operations(replace("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", `{"value":"`+anna+`"}`)))
		patch(anna, operations(replace("userName", `"annika`+tag+`@contoso.example"`)))
		d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, removeMembers(bo))
		d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, addMembers(bo, dora, emil))
		d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, removeMembers(emil))
		patch(emil, disable)
		d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+gone, "")
		if found, sums := drifted(t, look); len(found) > 0 || sums.Unknown > 0 || sums.Entries < len(all) {
			t.Fatalf("%+v: %+v", sums, found)
		}

		// Another hand.
		dn := func(id string) string { return d.entry(t, id).DN }
		modify(t, server, dn(anna), "title", "owner")
		modify(t, server, dn(anna), "description", "which the map does not own")
		patch(anna, operations(replace("displayName", `"Anna L"`))) // the bridge sees the title, and leaves it
		rdn, _, _ := strings.Cut(dn(bo), "=")
		does(conn.ModifyDN(ldap.NewModifyDNRequest(dn(bo), rdn+"=Bodo"+tag, true, "")))
		does(conn.ModifyDN(ldap.NewModifyDNRequest(dn(fay), strings.Split(dn(fay), ",")[0], true, server.Groups)))
		does(conn.Del(ldap.NewDelRequest(dn(cleo), nil)))
		letIn(t, server, dn(emil))
		modify(t, server, dn(crew), "member", dn(anna), dn(bo), dn(emil)) // bo, under another name, stays in
		modify(t, server, dn(dora), "manager")

		found, sums := drifted(t, look)
		exactly := map[string]string{anna: "changed title", dora: "changed manager", cleo: "gone"}
		for id, want := range exactly {
			if got := said(found[id]); got != want {
				t.Errorf("%s: %q, want %q", id, got, want)
			}
		}
		for id, begins := range map[string]string{
			bo: "renamed", emil: "enabled ", fay: "elsewhere, moved", crew: "removed member, added member",
		} {
			if got := said(found[id]); !strings.HasPrefix(got, begins) {
				t.Errorf("%s: %q, want %q", id, got, begins)
			}
		}
		if len(found) != 7 || sums.Differ != 7 || sums.Kinds[drift.Enabled] != 1 {
			t.Errorf("%+v: %+v", sums, found)
		}
		if title := found[anna].Differences; len(title) != 1 || !slices.Equal(title[0].Left, []string{"chef"}) ||
			!slices.Equal(title[0].Now, []string{"owner"}) || title[0].Record == found[anna].Record {
			t.Errorf("the title: %+v", title)
		}
		if out := found[crew].Differences; len(out) != 2 || len(out[0].Left) != 1 || len(out[1].Now) != 1 {
			t.Errorf("the members: %+v", out)
		}
		if some, sums := drifted(t, look, anna, crew); len(some) != 2 || sums.Entries != 2 {
			t.Errorf("of two: %+v", sums)
		}

		// What was forgotten is not told, nor what of it stood in others' records.
		name := found[dora].DN
		if _, err := journal.Forget(t.Context(), look.Store, slog.New(slog.DiscardHandler), dora, "admin"); err != nil {
			t.Fatal(err)
		}
		found, _ = drifted(t, look)
		text := fmt.Sprint(found)
		if found[dora].ID != "" || strings.Contains(text, name) || strings.Contains(said(found[crew]), "removed") {
			t.Errorf("dora was forgotten: %s", text)
		}
	})
}

// letIn lets somebody in by another hand.
func letIn(t testing.TB, server *dirtest.Server, dn string) {
	t.Helper()
	switch {
	case server.Entry(t, dn, "nsAccountLock").Value("nsAccountLock") != "":
		modify(t, server, dn, "nsAccountLock")
	default:
		modify(t, server, dn, "userAccountControl", "512")
	}
}

// ofMuch are the exchanges in which the most comes about, by server.
var ofMuch = map[string][]string{
	"memory": {
		"soft-delete-and-newcomer", "rename-user", "manager", "entra-multi-valued", "group-members-replace", "delete-user", "bulk",
	},
	"active-directory": {"delete-user"}, // whether who has gone was privileged nobody can be asked any more
}

// TestNoDrift: whatever the bridge did, nothing of it is drift. Exchanges of the repository are played before it is looked: a few, or with
// SCIMBRIDGE_TEST_DRIFT all of them on every server.
func TestNoDrift(t *testing.T) {
	t.Parallel()
	whole := os.Getenv("SCIMBRIDGE_TEST_DRIFT") != ""
	for _, s := range servers {
		if !whole && ofMuch[s.name] == nil {
			t.Run(s.name, withoutDrift)
			continue
		}
		for _, file := range exchangeFiles(t) {
			name := exchangeName(file)
			x := readExchange(t, file, s.name)
			if !x.runsOn(s.name) || !whole && !slices.Contains(ofMuch[s.name], name) {
				continue
			}
			t.Run(s.name+"/"+name, func(t *testing.T) {
				if s.name != "active-directory" { // names are its whole domain's
					t.Parallel()
				}
				o := store.Options{File: filepath.Join(t.TempDir(), "scimbridge.db")}
				x.stored = stored(t, o)
				server := x.start(t, s)
				x.run(t, server)
				found, sums := drifted(t, lookOf(t, o, x.text, x.env))
				for _, e := range found {
					var b strings.Builder
					_ = e.Write(&b) // it does not fail
					t.Error(b.String())
				}
				if sums.Unknown+sums.UnderWay > 0 {
					t.Errorf("%+v", sums)
				}
				x.playedAgain(t, o)
			})
		}
	}
}

// withoutDrift leaves out what has no short form on a server.
func withoutDrift(t *testing.T) {
	dirtest.LeaveOutHere(t, "Drift and replay on most servers", "with all exchanges and odd rows they take minutes", "make drift")
}

// playedAgain plays what is in the journal again: by the same map it would be the same, where that can be told.
func (x *exchange) playedAgain(t *testing.T, o store.Options) {
	again := replay.Replay{New: replay.House{Server: x.d.front, Bridge: x.d.bridge}}
	for _, a := range accounts(t, storetest.Open(t, o), journal.Query{Masked: true}) {
		out, err := again.Record(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if out.Verdict != replay.Same && out.Verdict != replay.Passed && out.Verdict != replay.Untold {
			var b strings.Builder
			_ = out.Write(&b) // it does not fail
			t.Error(b.String())
		}
	}
}
