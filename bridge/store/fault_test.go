package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// fault is something that happens to a store, and what mends it.
type fault struct {
	kind   store.Kind
	when   moment
	begins func(t *testing.T, s *store.Store, o store.Options) (mend func())
	secret string
}

// moment is when a fault may be there.
type moment int

const (
	atStart moment = 1 << iota
	inUse
	always = atStart | inUse
)

// soon is for stores whose callers are not to wait for long.
const soon = 500 * time.Millisecond

func moved(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func filled(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// held has another process hold a write transaction.
func held(t *testing.T, _ *store.Store, o store.Options) (mend func()) {
	t.Helper()
	holder := player(self(t), "hold", o)
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatal(line, err)
	}
	return func() {
		in.Close()
		if err := holder.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// sqliteFaults are a file's.
var sqliteFaults = map[string]fault{
	"the folder is missing": {kind: store.Away, when: always, begins: func(t *testing.T, _ *store.Store, o store.Options) func() {
		folder := filepath.Dir(o.File)
		moved(t, folder, folder+".aside")
		return func() { moved(t, folder+".aside", folder) }
	}},
	"the file is taken away": {kind: store.Away, when: inUse, begins: func(t *testing.T, _ *store.Store, o store.Options) func() {
		moved(t, o.File, o.File+".aside")
		return func() { moved(t, o.File+".aside", o.File) }
	}},
	"another file stands in its place": {kind: store.Away, when: inUse, begins: func(t *testing.T, _ *store.Store, o store.Options) func() {
		moved(t, o.File, o.File+".aside")
		filled(t, o.File, "")
		return func() { moved(t, o.File+".aside", o.File) }
	}},
	"it is no database": {kind: store.Other, when: atStart, begins: func(t *testing.T, _ *store.Store, o store.Options) func() {
		filled(t, o.File, strings.Repeat("no database ", 1000))
		return func() { os.Remove(o.File) }
	}},
	"it is a folder": {kind: store.Other, when: atStart, begins: func(t *testing.T, _ *store.Store, o store.Options) func() {
		if err := os.Mkdir(o.File, 0o700); err != nil {
			t.Fatal(err)
		}
		return func() { os.Remove(o.File) }
	}},
	"it is full": {kind: store.Full, when: inUse, begins: func(t *testing.T, s *store.Store, _ store.Options) func() {
		write(t, s, "PRAGMA max_page_count = 1") // as few as it has
		return func() {
			if err := s.Write(t.Context(), execute("PRAGMA max_page_count = 100000")); err != nil {
				t.Error(err)
			}
		}
	}},
	"another process holds it": {kind: store.Locked, when: inUse, begins: held},
}

func postgresFaults(server *storetest.Server) map[string]fault {
	alter := func(o store.Options, what string) string {
		return "ALTER DATABASE " + database(o) + " " + what
	}
	drop := func(t *testing.T, o store.Options) {
		server.Run(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+database(o)+"'")
	}
	return map[string]fault{
		"the server is killed": {kind: store.Away, when: always, begins: func(t *testing.T, _ *store.Store, _ store.Options) func() {
			server.Kill()
			return func() { server.Start(t) }
		}},
		"the password is another": {kind: store.Away, when: always, begins: func(t *testing.T, _ *store.Store, o store.Options) func() {
			filled(t, o.PasswordFile, "wrong-"+server.Password())
			drop(t, o)
			return func() { filled(t, o.PasswordFile, server.Password()) }
		}},
		"the password is missing": {kind: store.Away, when: inUse, begins: func(t *testing.T, _ *store.Store, o store.Options) func() {
			moved(t, o.PasswordFile, o.PasswordFile+".aside")
			drop(t, o)
			return func() { moved(t, o.PasswordFile+".aside", o.PasswordFile) }
		}},
		"it takes no writes": {kind: store.ReadOnly, when: always, begins: func(t *testing.T, _ *store.Store, o store.Options) func() {
			server.Run(t, alter(o, "SET default_transaction_read_only = on"))
			drop(t, o)
			return func() { server.Run(t, alter(o, "RESET default_transaction_read_only")) }
		}},
		"nobody is let in": {kind: store.Away, when: always, begins: func(t *testing.T, _ *store.Store, o store.Options) func() {
			server.Run(t, alter(o, "ALLOW_CONNECTIONS false"))
			drop(t, o)
			return func() { server.Run(t, alter(o, "ALLOW_CONNECTIONS true")) }
		}},
		"it is full": {kind: store.Full, when: inUse, begins: func(t *testing.T, s *store.Store, _ store.Options) func() {
			write(t, s, `CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS
				$$BEGIN RAISE 'No space left on device' USING ERRCODE = 'disk_full'; END$$`)
			write(t, s, "CREATE TRIGGER is_full BEFORE INSERT ON book EXECUTE FUNCTION is_full()")
			return func() { write(t, s, "DROP TRIGGER is_full ON book") }
		}},
		"another process holds it": {kind: store.Locked, when: inUse, begins: held},
	}
}

// database is the name of a test's database.
func database(o store.Options) string {
	_, path, _ := strings.Cut(o.URL, "/test_")
	name, _, _ := strings.Cut(path, "?")
	return "test_" + name
}

// TestFaults: whatever happens to a store is told as what it is, by its writes and its health, and over without a restart.
func TestFaults(t *testing.T) {
	server := storetest.PostgresServer(t)
	of := map[string]map[string]fault{"sqlite": sqliteFaults, "postgres": postgresFaults(server)}
	fresh := func(t *testing.T, dialect string) store.Options {
		o := store.Options{File: filepath.Join(t.TempDir(), "volume", "store.db"), Timeout: soon}
		if dialect == "sqlite" {
			if err := os.Mkdir(filepath.Dir(o.File), 0o700); err != nil {
				t.Fatal(err)
			}
			return o
		}
		o = server.Database(t)
		o.Timeout, o.PasswordFile = soon, filepath.Join(t.TempDir(), "password")
		filled(t, o.PasswordFile, server.Password())
		return o
	}
	each := func(dialect string, test func(*testing.T, fault, store.Options)) {
		for name, f := range of[dialect] {
			f.secret = server.Password()
			t.Run(dialect+"/"+name, func(t *testing.T) { test(t, f, fresh(t, dialect)) })
		}
	}
	both := func(t *testing.T, f fault, o store.Options) {
		if f.when&atStart != 0 {
			t.Run("at the start", func(t *testing.T) { f.atTheStart(t, o) })
		}
		if f.when&inUse != 0 {
			t.Run("in use", func(t *testing.T) { f.inUse(t, o) })
		}
	}
	each("sqlite", both)
	each("postgres", both)
}

// wants says what an error must be, and that it holds no password.
func (f fault) wants(t *testing.T, err error) {
	t.Helper()
	wantKind(t, err, f.kind)
	if strings.Contains(err.Error(), f.secret) {
		t.Errorf("the password stands in %v", err)
	}
}

func (f fault) atTheStart(t *testing.T, o store.Options) {
	var told strings.Builder
	mend := f.begins(t, nil, o)
	f.wants(t, look(t, o))
	s := begin(t, o, &told)
	if err := s.Add("shelf", migrations("shelf")); err != nil {
		t.Fatal(err)
	}
	f.stands(t, s)
	mend()
	f.passes(t, s)
	if got := titles(t, s); got != "first second" {
		t.Errorf("the shelf holds %q", got)
	}
	_ = s.Close()
	f.isTold(t, o, told.String())
}

func (f fault) inUse(t *testing.T, o store.Options) {
	var told strings.Builder
	s := begin(t, o, &told)
	shelf(t, s)
	write(t, s, "DELETE FROM book WHERE title = 'second'")
	mend := f.begins(t, s, o)
	f.stands(t, s)
	mend()
	f.passes(t, s)
	if got := titles(t, s); got != "first second" {
		t.Errorf("the shelf holds %q", got)
	}
	_ = s.Close()
	f.isTold(t, o, told.String())
}

// begin is a store that the test closes.
func begin(t *testing.T, o store.Options, told *strings.Builder) *store.Store {
	t.Helper()
	s, err := store.New(o, slog.New(slog.NewTextHandler(told, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

var second = execute("INSERT INTO book (title, cover) VALUES ('second', $1)", make([]byte, 1<<16))

// stands: it is told as what it is; the breaker opens where the store is away.
func (f fault) stands(t *testing.T, s *store.Store) {
	t.Helper()
	f.wants(t, s.Write(t.Context(), second))
	if f.kind == store.Locked {
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("who waits for others has a store: %v", err)
		}
		return
	}
	for range 3 {
		f.wants(t, s.Write(t.Context(), second))
	}
	f.wants(t, s.Ready(t.Context()))
	if f.kind == store.Away {
		for range 10 {
			err := s.View(t.Context(), func(context.Context, *sql.Tx) error { return nil })
			f.wants(t, err)
			if !store.Refused(err) {
				t.Errorf("a request asks the store that is away: %v", err)
			}
		}
	}
}

// passes: the store is found again, by itself.
func (f fault) passes(t *testing.T, s *store.Store) {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		// Nobody but the store itself asks it, where it is away.
		err := s.Ready(t.Context())
		if err == nil || f.kind != store.Away {
			err = s.Write(t.Context(), second)
		}
		if err == nil {
			break
		}
		if time.Now().After(until) {
			t.Fatal(err)
		}
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// isTold: the log says what it is, and that it is over.
func (f fault) isTold(t *testing.T, o store.Options, told string) {
	t.Helper()
	if f.kind == store.Locked {
		return
	}
	begins := fmt.Sprintf("store: %s: ", f.kind)
	if f.kind == store.Other { // which is no word for whoever reads it
		begins = `msg="store: unavailable"`
	}
	for _, want := range []string{begins, "store: available again"} {
		if strings.Count(told, want) != 1 {
			t.Errorf("%q is told %d times in\n%s", want, strings.Count(told, want), told)
		}
	}
	unavailable := regexp.MustCompile(`(?m)^.*"store: unavailable".*$`).FindString(told)
	if file := "file=" + o.File; o.File != "" && !strings.Contains(unavailable, file) {
		t.Errorf("no %s in\n%s", file, unavailable)
	}
	if strings.Contains(told, f.secret) {
		t.Errorf("the password stands in\n%s", told)
	}
}

// TestWhichFile: what is wrong with a file at the start is told with the file, or the folder that it lacks.
func TestWhichFile(t *testing.T) {
	folder := t.TempDir()
	lacks, text := filepath.Join(folder, "lacking", "store.db"), filepath.Join(folder, "text.db")
	filled(t, text, strings.Repeat("no database ", 1000))
	for file, want := range map[string]string{
		lacks: "the folder " + filepath.Dir(lacks) + " is missing: make it",
		text:  text + ": file is not a database",
	} {
		var told strings.Builder
		s := begin(t, store.Options{File: file}, &told)
		if err := s.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestUnknownCommit: a commit that no answer came for is told as that.
func TestUnknownCommit(t *testing.T) {
	server := storetest.PostgresServer(t)
	s := storetest.Open(t, server.Database(t))
	shelf(t, s)
	err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		if err := second(ctx, tx); err != nil {
			return err
		}
		server.Kill()
		return nil
	})
	wantKind(t, err, store.Away)
	if known, _ := errors.AsType[*store.Error](err); !known.Unknown {
		t.Errorf("%v: it is known", err)
	}
}
