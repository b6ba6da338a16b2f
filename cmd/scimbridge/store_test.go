package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// ready waits until the health check begins with a word, and returns the last that it said.
func ready(t *testing.T, root, word string) {
	t.Helper()
	said := ""
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get(strings.TrimSuffix(root, "/scim/v2") + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if said = string(text); err == nil && strings.HasPrefix(said, word) {
			return
		}
	}
	t.Fatalf("/readyz says %q, want %q", said, word)
}

// TestServeWithoutStore: what is off stands in the log.
func TestServeWithoutStore(t *testing.T) {
	log, stop, ended := start(t, configuration(t, company(t).URL()), nil)
	root, lines := listening(t, log)
	ready(t, root, "ok")
	stop()
	<-ended
	told := false
	for line := range lines {
		told = told || strings.Contains(line, `"no store is configured","off":["journal","stored tokens","guard.limits","undo"]`)
	}
	if !told {
		t.Error("nothing tells what is off")
	}
}

// TestServeOpensTheStore: by default in systemd's folder.
func TestServeOpensTheStore(t *testing.T) {
	folder := t.TempDir()
	log, stop, ended := start(t, configuration(t, company(t).URL()), []string{"STATE_DIRECTORY=" + folder + ":/nowhere"})
	root, _ := listening(t, log)
	ready(t, root, "ok")
	stop()
	<-ended
	if info, err := os.Stat(filepath.Join(folder, "scimbridge.db")); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
}

// TestServeBeforeItsStore: the bridge starts without its store, serves reads, tells, and finds it when it comes.
func TestServeBeforeItsStore(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "volume")
	log, stop, ended := start(t, configuration(t, company(t).URL()), []string{"SCIMBRIDGE_STORE_FILE=" + filepath.Join(folder, "s.db")})
	root, lines := listening(t, log)
	ready(t, root, "store-away: the bridge's own store cannot be reached\n")
	answer := send(t, http.MethodGet, root+"/Users", token, "")
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Error(answer.Status)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	ready(t, root, "ok")
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	want := []string{`"store: unavailable"`, `"store: open"`, `"store: available again"`}
	for line := range lines {
		if len(want) > 0 && strings.Contains(line, want[0]) {
			want = want[1:]
		}
	}
	if len(want) > 0 {
		t.Errorf("the log does not tell %s", want[0])
	}
}

// TestServeOnWithoutItsStore: where writes go on without the store, the bridge is ready without it, says so, and writes down later what it
// did.
func TestServeOnWithoutItsStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.db")
	if err := os.Mkdir(file, 0o700); err != nil { // a folder is no store
		t.Fatal(err)
	}
	log, stop, ended := start(t, configuration(t, company(t).URL()), []string{
		"SCIMBRIDGE_STORE_FILE=" + file, "SCIMBRIDGE_JOURNAL_ONFAILURE=continue",
	})
	root, _ := listening(t, log)
	ready(t, root, "ok, but store-failed: ")
	answer := send(t, http.MethodPost, root+"/Users", token, `{"userName":"mara"}`)
	answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		t.Error(answer.Status)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	ready(t, root, "ok\n")
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	found := 0
	if err := journal.Find(t.Context(), storetest.Open(t, store.Options{File: file}), journal.Query{Outcome: journal.Written},
		func(journal.Account) error { found++; return nil }); err != nil || found != 1 {
		t.Errorf("%d records: %v", found, err)
	}
}
