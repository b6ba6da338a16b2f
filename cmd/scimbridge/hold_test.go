package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

var updateHolds = flag.Bool("update-holds", false, "write testdata/hold.txtar anew")

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
	const golden = "testdata/hold.txtar"
	archive, err := txtar.ParseFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	config, o := configuration(t, "ldap://127.0.0.1:1"), storetest.SQLite(t)
	environ := []string{"USER=admin", "SCIMBRIDGE_STORE_FILE=" + o.File}
	s := storetest.Open(t, o)
	normal := &stable{ids: map[string]string{}}
	var got []txtar.File
	for _, file := range archive.Files {
		line, storeless := strings.CutSuffix(file.Name, " (without a store)")
		if users, is := strings.CutPrefix(line, "blocked: "); is {
			holding(t, s, strings.Fields(users)...)
			got = append(got, txtar.File{Name: file.Name})
			continue
		}
		arguments, env := strings.Fields(line), environ
		if storeless {
			env = environ[:1]
		}
		if !strings.Contains(line, "--help") {
			arguments = append(arguments, "--config", config)
		}
		code, stdout, stderr := program(t, env, append([]string{"hold"}, arguments...)...)
		text := stdout
		if !strings.Contains(line, "--help") {
			text = normal.text(stdout + stderr)
		}
		if code != exitOK {
			text += fmt.Sprintf("exit code %d\n", code)
		}
		got = append(got, txtar.File{Name: file.Name, Data: []byte(text)})
	}
	if *updateHolds {
		content := txtar.Format(&txtar.Archive{Comment: archive.Comment, Files: got})
		if err := os.WriteFile(filepath.FromSlash(golden), content, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	for i, file := range archive.Files {
		if diff := cmp.Diff(string(file.Data), string(got[i].Data)); diff != "" {
			t.Errorf("hold %s: %s", file.Name, diff)
		}
	}
}
