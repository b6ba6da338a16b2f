package faults_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// ofServers are faults that servers, and the bridge's own store, have by themselves.
var ofServers = []fault{
	shows("the server's certificate is another server's", dirtest.Certificate{Name: "dc9.example.org"}),
	shows("the server's certificate is of an authority that is not trusted", dirtest.Certificate{Stranger: true}),
	shows("the server's certificate has expired", dirtest.Certificate{Expired: true}),
	{
		name: "the server is read-only (53)", shared: true,
		not:    map[string]string{"active-directory": "a controller that is read-only refers"},
		breaks: func(t *testing.T, s *site) { s.server.ReadOnly(t, true) },
		mend:   func(t *testing.T, s *site) { s.server.ReadOnly(t, false) },
	},
	{
		name: "the server refers changes to one that is not configured (10)", shared: true,
		proxied: map[string]bool{"active-directory": true}, // it is the only controller
		breaks: func(t *testing.T, s *site) {
			if s.server.Kind == ldif.ActiveDirectory {
				s.proxy.Refer(elsewhere, "add", "modify", "delete", "modrdn")
			} else {
				s.server.ReferChanges(t, elsewhere)
			}
		},
		mend: func(t *testing.T, s *site) {
			if s.server.Kind != ldif.ActiveDirectory {
				s.server.ReferChanges(t, "")
			}
		},
	},
	{
		name: "the server takes its database away, as for an import (1)", shared: true,
		not:    map[string]string{"openldap": isNeverAway, "active-directory": isNeverAway},
		breaks: func(t *testing.T, s *site) { s.server.Offline(t, true) },
		mend:   func(t *testing.T, s *site) { s.server.Offline(t, false) },
	},
	{
		name: "the server's database is locked: it answers what is read, and writes wait", shared: true, unsure: true,
		proxied: map[string]bool{"389ds": true, "active-directory": true},
		breaks: func(t *testing.T, s *site) {
			if s.server.Kind == ldif.OpenLDAP {
				s.unlock = s.server.Lock(t)
			} else {
				s.proxy.Hold("modify")
			}
		},
		each: func(t *testing.T, s *site, op string) {
			if op == "disable" { // some more wait by then, at once
				each(directory.DefaultFailures, func(int) {
					answer, content, err := s.send(touch, "")
					if said := told(t, answer, content); err != nil || !strings.Contains(said, "did not confirm") {
						t.Errorf("a write that is to wait: %v %s", err, said)
					}
				})
				if answer, content, err := s.send("read", "-beside"); err != nil || answer.StatusCode != http.StatusOK {
					t.Errorf("what is read: %v %s", err, content)
				}
			}
		},
		mend: func(t *testing.T, s *site) {
			if s.unlock != nil {
				s.unlock()
			}
			for until := time.Now().Add(settling); s.server.Entry(t, s.dns["write"], "title").Value("title") != "changed"; {
				if time.Now().After(until) {
					t.Fatal("the first write is not done")
				}
			}
		},
	},
	limits("a list is longer than the server's limit of entries (4)", dirtest.Limits{Entries: 2}),
	limits("a list is longer than the server's limit of what it looks through (11)", dirtest.Limits{Looked: 2}),
	{
		name: "searches take longer than the server's limit of time (3)", proxied: everywhere,
		breaks: func(_ *testing.T, s *site) { s.proxy.Answer(3, "", "search") },
	},
	{
		name: "the server's database is full (80), and the change large", large: 50_000,
		not:    map[string]string{"389ds": growsWithTheDisk, "active-directory": growsWithTheDisk},
		own:    func(t testing.TB) *dirtest.Server { return slapd(t, dirtest.MaxSize(1<<20)) },
		breaks: func(t *testing.T, s *site) { s.server.Full(t, true) },
		mend:   func(t *testing.T, s *site) { s.server.Full(t, false) },
	},
	{
		name: "no space is left under the store", not: ofTheStore,
		prepare: func(_ *testing.T, s *site) { s.env = append(s.env, noBeats) },
		breaks:  func(t *testing.T, s *site) { s.fills(t, true) },
		mend:    func(t *testing.T, s *site) { s.fills(t, false) },
	},
	{
		name: "the disk under the store is full (ENOSPC)", not: ofTheStore,
		prepare: func(t *testing.T, s *site) {
			s.disk = smallDisk(t)
			s.env = append(s.env, noBeats, "SCIMBRIDGE_STORE_FILE="+filepath.Join(s.disk, "store.db"))
		},
		breaks: func(t *testing.T, s *site) { s.fillsDisk(t) },
		mend:   func(t *testing.T, s *site) { s.emptiesDisk(t) },
	},
	{
		name: "no space is left under the store, and `journal.onFailure` says `continue`", not: ofTheStore,
		prepare: func(_ *testing.T, s *site) { s.env = append(s.env, "SCIMBRIDGE_JOURNAL_ONFAILURE=continue", noBeats) },
		breaks:  func(t *testing.T, s *site) { s.fills(t, true) },
		mend:    func(t *testing.T, s *site) { s.fills(t, false) },
	},
}

// noBeats has the journal give no sign of life meanwhile, for which there is room in a full store.
const noBeats = "SCIMBRIDGE_JOURNAL_LEASE=1h"

const elsewhere = "ldap://elsewhere.example/"

// Why a row is not run on a server.
const (
	isNeverAway      = "its database is never away while it runs"
	growsWithTheDisk = "its database has no limit of its own"
	pagesAll         = "it has no limit for a list in pages"
	noMatter         = "the store is the bridge's own, whatever the directory"
)

var ofTheStore = map[string]string{"389ds": noMatter, "active-directory": noMatter}

// everywhere are the servers that do not do so unless they are large and much used.
var everywhere = map[string]bool{"openldap": true, "389ds": true, "active-directory": true}

// shows is a row about a certificate.
func shows(name string, c dirtest.Certificate) fault {
	return fault{
		name: name, shared: true,
		prepare: func(_ *testing.T, s *site) { s.env = append(s.env, "SCIMBRIDGE_DIRECTORY_URLS="+s.server.LDAPS) },
		breaks:  func(t *testing.T, s *site) { s.server.Show(t, c) },
		mend:    func(t *testing.T, s *site) { s.server.Show(t, dirtest.Certificate{}) },
	}
}

// limits is a row about what the server lets the bridge's account search.
func limits(name string, l dirtest.Limits) fault {
	return fault{
		name: name, shared: true, lists: true, not: map[string]string{"active-directory": pagesAll},
		prepare: func(t *testing.T, s *site) {
			if s.server.Account == "" {
				s.server.OwnAccount(t)
			}
		},
		breaks: func(t *testing.T, s *site) { s.server.Limit(t, l) },
		mend:   func(t *testing.T, s *site) { s.server.Limit(t, dirtest.Limits{}) },
	}
}

// fills leaves the store no room, or gives it some.
func (s *site) fills(t *testing.T, yes bool) {
	t.Helper()
	most := 100_000
	if yes {
		most = 1 // or as many pages as it has
	}
	if err := s.bridge.Store.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", most))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if yes {
		s.fillsStore(t)
	}
}

// fillsStore writes until what room is left in the store's files is used up.
func (s *site) fillsStore(t *testing.T) {
	t.Helper()
	for n := 0; !strings.Contains(s.readiness(t), "store-full"); n++ {
		if _, _, err := s.send("write", fmt.Sprint("-filling-", n)); err != nil || n == 1000 {
			t.Fatalf("it is not full yet: %v", err)
		}
	}
}
