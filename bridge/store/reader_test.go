package store_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"os"
	"strings"
	"testing"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// reader is a store that is read alone, and the room that is looked for in it.
func reader(t *testing.T, o store.Options) *store.Store {
	t.Helper()
	s, err := store.NewReader(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Add("shelf", migrations("shelf")); err != nil {
		t.Fatal(err)
	}
	return s
}

// first is the first title that a reader of its own finds.
func first(t *testing.T, o store.Options) (title string, err error) {
	t.Helper()
	return title, reader(t, o).View(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT title FROM book ORDER BY title").Scan(&title)
	})
}

// TestReader: it sees what others write while they do, makes nothing, and writes nothing.
func TestReader(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		_, err := first(t, o)
		if o.File != "" {
			wantKind(t, err, store.Away)
			if _, err := os.Stat(o.File); !os.IsNotExist(err) {
				t.Errorf("the file is there: %v", err)
			}
		}
		s := storetest.Open(t, o)
		_, err = first(t, o)
		wantKind(t, err, store.Other)
		if !strings.Contains(err.Error(), "version 0 of 2: start the bridge") {
			t.Error(err)
		}
		shelf(t, s)
		r := reader(t, o)
		if got, err := first(t, o); err != nil || got != "first" {
			t.Error(got, err)
		}
		wantKind(t, r.Write(t.Context(), execute("DELETE FROM book")), store.ReadOnly)
		write(t, s, "UPDATE book SET title = 'another'")
		if got, err := first(t, o); err != nil || got != "another" {
			t.Error(got, err)
		}
	})
}

// TestReaderRights: a role of PostgreSQL's that may only select reads, and one that may not is told.
func TestReaderRights(t *testing.T) {
	o := storetest.Postgres(t)
	s := storetest.Open(t, o)
	shelf(t, s)
	role, o := newRole(t, o, s)
	_, err := first(t, o)
	if wantKind(t, err, store.Other); !strings.Contains(err.Error(), "permission denied") {
		t.Error(err)
	}
	write(t, s, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+role)
	if got, err := first(t, o); err != nil || got != "first" {
		t.Error(got, err)
	}
}

// newRole makes a role of PostgreSQL's, for the test's duration, and tells how it reaches the owner's database.
func newRole(t *testing.T, o store.Options, owner *store.Store) (role string, of store.Options) {
	t.Helper()
	const password = "of-a-test"
	role = "r" + strings.ToLower(rand.Text())
	write(t, owner, "CREATE ROLE "+role+" LOGIN PASSWORD '"+password+"'")
	dropAtEnd(t, owner, role)
	return role, as(t, o, role, password)
}

// dropAtEnd drops a role, which is the server's.
func dropAtEnd(t *testing.T, s *store.Store, role string) {
	t.Cleanup(func() {
		_ = s.Write(context.Background(), execute("DROP OWNED BY "+role))
		_ = s.Write(context.Background(), execute("DROP ROLE "+role))
	})
}

// as is the database as a role reaches it.
func as(t *testing.T, o store.Options, role, password string) store.Options {
	user, rest, _ := strings.Cut(strings.TrimPrefix(o.URL, "postgres://"), "@")
	o.URL = strings.Replace(o.URL, user+"@"+rest, role+"@"+rest, 1)
	o.PasswordFile = filepathOf(t, password)
	return o
}

func filepathOf(t *testing.T, text string) string {
	t.Helper()
	path := t.TempDir() + "/password"
	filled(t, path, text)
	return path
}
