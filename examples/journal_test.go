package examples_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/examples/bridgetest"
	"scimbridge/ldapmap/ldif"
)

// stored is the variable that gives a bridge this store.
func stored(t testing.TB, o store.Options) []string {
	t.Helper()
	env := []string{"SCIMBRIDGE_STORE_FILE=" + o.File, "SCIMBRIDGE_STORE_URL=" + o.URL}
	if o.PasswordFile != "" {
		env = append(env, "SCIMBRIDGE_STORE_PASSWORDFILE="+o.PasswordFile)
	}
	return env
}

// accounts are the records of a query, the oldest first.
func accounts(t testing.TB, s *store.Store, q journal.Query) (found []journal.Account) {
	t.Helper()
	if err := journal.Find(t.Context(), s, q, func(a journal.Account) error {
		found = append(found, a)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

// TestIntentBeforeChange: when the directory hears of a change its intent is durable, whatever becomes of the bridge then; the next one
// looks it up.
func TestIntentBeforeChange(t *testing.T) {
	binary := bridgetest.Build(t)
	storetest.Each(t, func(t *testing.T, o store.Options) {
		server := openLDAP(t)
		proxy := dirtest.Counted(t, server)
		p := startProgram(t, binary, server, append(stored(t, o), "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)...)
		id := p.user(t, "mara@contoso.example")
		s := storetest.Open(t, o)
		asked := make(chan []journal.Account, 1) // what the journal knew when the directory was about to hear
		proxy.Before(func(operation string) {
			if operation != "modify" {
				return
			}
			proxy.Before(nil)
			asked <- accounts(t, s, journal.Query{Subject: id, Outcome: journal.Pending})
			if err := p.Process.Kill(); err != nil {
				t.Error(err)
			}
		})
		if answer, content, err := p.try(http.MethodPatch, "/Users/"+id, operations(replace("title", `"cook"`))); err == nil {
			t.Fatalf("%s %s", answer.Status, content)
		}
		var known []journal.Account
		select {
		case known = <-asked:
		default:
		}
		if len(known) != 1 {
			t.Fatalf("the journal knew of %d intents", len(known))
		}
		if !slices.ContainsFunc(known[0].Plan.Steps[0].Change.Mods, func(m ldif.Mod) bool { return m.Name == "title" }) {
			t.Errorf("the journal knew of %+v", known)
		}
		if now := accounts(t, s, journal.Query{Subject: id, Outcome: journal.Pending}); len(now) != 1 || now[0].ID != known[0].ID {
			t.Errorf("and then of %+v", now)
		}
		startProgram(t, binary, server, append(stored(t, o), "SCIMBRIDGE_JOURNAL_LEASE=1s")...)
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			a, err := journal.Get(t.Context(), s, known[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			if a.Outcome != journal.Pending { // the proxy had it still, and the directory heard of it
				if a.Outcome != journal.Written || !a.Done.Found {
					t.Errorf("it was found to be %s: %+v", a.Outcome, a.Done)
				}
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("nobody looked it up")
			}
		}
	})
}

// TestJournal: what is done and refused on each server is on record as it was, told to the letter: it takes no look at the directory to say
// what somebody was before.
func TestJournal(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		o := store.Options{File: filepath.Join(t.TempDir(), "scimbridge.db")}
		d := deploy(t, server, stored(t, o)...)
		s := storetest.Open(t, o)
		id := d.create(t, "/Users", `"userName":"mara@contoso.example","displayName":"Mara","active":true,"password":"Hunter2-hunter2"`)
		anna := d.user(t, "anna@contoso.example")
		group := d.group(t, "Cooks", id, anna)
		modify(t, server, d.entry(t, id).DN, "description", "known by hand")
		patch := func(status int, path, body string) {
			t.Helper()
			d.want(t, status, http.MethodPatch, path, body)
		}
		patch(http.StatusOK, "/Users/"+id, operations(replace("title", `"cook"`)))
		patch(http.StatusOK, "/Users/"+id, disable)
		patch(http.StatusNoContent, "/Groups/"+group, removeMembers(anna))
		patch(http.StatusOK, "/Users/"+id, operations(replace("userName", `"maria@contoso.example"`)))
		patch(http.StatusConflict, "/Users/"+id, operations(replace("userName", `"anna@contoso.example"`)))
		before := server.Entry(t, d.entry(t, id).DN, "*")
		d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+id, "")
		d.want(t, http.StatusNotFound, http.MethodDelete, "/Users/"+id, "")

		removals := 2 // by the patch, and by the delete where the bridge takes out who is deleted
		if server.KeepsReferences {
			removals = 1
		}
		for _, c := range []struct {
			effect ldif.EffectKind
			about  string
			count  int
		}{
			{ldif.Created, id, 1},
			{ldif.Blocked, id, 1},
			{ldif.MembersRemoved, group, removals},
			{ldif.Deleted, id, 1},
		} {
			found := accounts(t, s, journal.Query{Effect: c.effect, Subject: c.about, Outcome: journal.Written})
			if len(found) != c.count {
				t.Errorf("%s: %d records", c.effect, len(found))
			}
		}
		refused := accounts(t, s, journal.Query{Subject: id, Outcome: journal.Refused})
		if len(refused) != 2 || refused[0].Status != http.StatusConflict || refused[1].Status != http.StatusNotFound {
			t.Errorf("refused: %+v", refused)
		}
		deleted := accounts(t, s, journal.Query{Effect: ldif.Deleted, Subject: "maria@contoso.example"})
		if len(deleted) != 1 || deleted[0].Whole == nil || deleted[0].Done == nil || deleted[0].Done.Status != http.StatusNoContent {
			t.Fatalf("the delete: %+v", deleted)
		}
		for _, a := range before.Attributes {
			if got := deleted[0].Whole.Values(a.Name); !slices.Equal(got, a.Values) && !ldif.Secret(a.Name) {
				t.Errorf("%s was %q, and the journal has %q", a.Name, a.Values, got)
			}
		}
		for _, a := range accounts(t, s, journal.Query{}) {
			if a.Outcome == journal.Pending || strings.Contains(string(a.Body), "unter2") {
				t.Errorf("%s is %s: %s", a.ID, a.Outcome, a.Body)
			}
			if a.Done != nil && a.Done.Status == 0 {
				t.Errorf("nobody was told anything of %s: %+v", a.ID, a)
			}
		}
	})
}
