package main

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// holding has three of these users blocked, where two may be; the third is held.
func holding(t *testing.T, s *store.Store, users ...string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	options := guard.Options{Limits: []guard.Limit{{Effect: "blocked", Most: 2}}}
	limiter, err := guard.NewLimiter(s, options, []string{"User"}, log)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := journal.Open(s, journal.Options{}, log, limiter.Settle)
	if err != nil {
		t.Fatal(err)
	}
	defer ledger.Shut()
	for _, user := range users {
		e := &ldif.Entry{DN: "uid=" + user}
		plan := ldif.Plan{
			Before: e, Effects: []ldif.Effect{{Kind: ldif.Blocked, DN: e.DN, ID: user}},
			Steps: []ldif.Step{{Change: ldif.Change{Kind: ldif.Modify, DN: e.DN}, Before: e}},
		}
		_, err := ledger.Begin(t.Context(), journal.Intent{Type: "User", Plan: plan}, nil, limiter.Check("User", plan))
		if _, held := errors.AsType[*guard.Held](err); err != nil && !held {
			t.Fatal(err)
		}
	}
}

// TestHoldCommand holds each command's help, text and JSON to testdata/hold.txtar.
func TestHoldCommand(t *testing.T) {
	config, o := configuration(t, "ldap://127.0.0.1:1"), storetest.SQLite(t)
	environ := []string{"USER=admin", "SCIMBRIDGE_STORE_FILE=" + o.File}
	s := storetest.Open(t, o)
	normal := &stable{ids: map[string]string{}}
	golden(t, "testdata/hold.txtar", func(section string) string {
		line, storeless := strings.CutSuffix(section, " (without a store)")
		if users, is := strings.CutPrefix(line, "blocked: "); is {
			holding(t, s, strings.Fields(users)...)
			return ""
		}
		env := environ
		if storeless {
			env = environ[:1]
		}
		return prints(t, env, config, normal.text, append([]string{"hold"}, strings.Fields(line)...)...)
	})
}
