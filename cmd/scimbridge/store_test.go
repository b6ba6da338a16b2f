package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"io"
	"net/http"
	"os"
	"path"
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

// TestRightsToTheStore: check tells which rights to its tables the role of a store lacks. With these and no others serve does what it does.
func TestRightsToTheStore(t *testing.T) {
	owners, file, role := storetest.Postgres(t), configuration(t, company(t).URL()), "r"+strings.ToLower(rand.Text())
	environ := []string{"SCIMBRIDGE_STORE_URL=" + owners.URL, "SCIMBRIDGE_STORE_PASSWORDFILE=" + owners.PasswordFile}
	serve := func() {
		t.Helper()
		log, stop, ended := start(t, file, environ)
		root, lines := listening(t, log)
		ready(t, root, "ok")
		code, made, said := program(t, environ, "token", "new", role, "--config", file)
		if code != exitOK {
			t.Fatalf("exit code %d\n%s", code, said)
		}
		for _, secret := range []string{token, aToken.FindString(made)} {
			answer := send(t, http.MethodPost, root+"/Users", secret, `{"userName":"mara"}`)
			for until := time.Now().Add(time.Minute); answer.StatusCode == http.StatusUnauthorized && time.Now().Before(until); {
				answer.Body.Close()
				time.Sleep(200 * time.Millisecond) // a token that was made just now is known within a second
				answer = send(t, http.MethodPost, root+"/Users", secret, `{"userName":"mara"}`)
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusCreated {
				t.Fatal(answer.Status)
			}
			answer = send(t, http.MethodDelete, root+"/Users/"+path.Base(answer.Header.Get("Location")), token, "")
			answer.Body.Close()
			if answer.StatusCode != http.StatusNoContent {
				t.Fatal(answer.Status)
			}
		}
		stop()
		<-ended
		for line := range lines {
			if strings.Contains(line, "denied") || strings.Contains(line, `"ERROR","msg":"store`) {
				t.Error(line)
			}
		}
	}
	serve()

	owner := storetest.Open(t, owners)
	run := func(statement string) {
		t.Helper()
		if err := owner.Write(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, statement)
			return err
		}); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	run("CREATE ROLE " + role + " LOGIN PASSWORD 'of-a-test'")
	t.Cleanup(func() { run("DROP OWNED BY " + role); run("DROP ROLE " + role) })
	run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + role)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("of-a-test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at, database, _ := strings.Cut(owners.URL, "@")
	scheme, _, _ := strings.Cut(at, "://")
	environ = []string{"SCIMBRIDGE_STORE_URL=" + scheme + "://" + role + "@" + database, "SCIMBRIDGE_STORE_PASSWORDFILE=" + password}
	check := func() (code int, lacks string) {
		code, stdout, _ := program(t, environ, "check", "--config", file, "--connect")
		_, lacks, _ = strings.Cut(stdout, store.ErrRights.Error()+": ")
		lacks, _, _ = strings.Cut(lacks, " [")
		return code, lacks
	}
	code, lacks := check()
	if code != exitFault || !strings.Contains(lacks, "INSERT on journal_records") {
		t.Fatalf("exit code %d, it lacks %s", code, lacks)
	}
	for right := range strings.SplitSeq(lacks, ", ") {
		run("GRANT " + right + " TO " + role)
	}
	if code, lacks = check(); code != exitOK || lacks != "" {
		t.Errorf("exit code %d, it lacks %s", code, lacks)
	}
	serve()
}
