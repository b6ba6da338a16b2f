package store_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sync/errgroup"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// TestMigrateAtOnce: of three processes, and of several stores in this one, each migration runs once.
func TestMigrateAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		var all errgroup.Group
		for range 3 {
			process := player(self(t), "migrate", o)
			all.Go(func() error {
				said, err := process.CombinedOutput()
				if err != nil {
					t.Errorf("%s", said)
				}
				return err
			})
			all.Go(func() error {
				s, err := storetest.Opened(t.Context(), o)
				if err != nil {
					return err
				}
				defer s.Close()
				return s.Migrate(t.Context(), "shelf", migrations("shelf"))
			})
		}
		if err := all.Wait(); err != nil {
			t.Fatal(err)
		}
		s := storetest.Open(t, o)
		var printed, versions int
		if err := s.Read().QueryRow("SELECT sum(printed) FROM book").Scan(&printed); err != nil {
			t.Fatal(err)
		}
		if err := s.Read().QueryRow("SELECT count(*) FROM shelf_version").Scan(&versions); err != nil {
			t.Fatal(err)
		}
		if printed != 1 || versions != 3 { // goose has a version 0
			t.Errorf("the second migration ran %d times; %d versions are recorded", printed, versions)
		}
	})
}

func TestMigrateAllOrNothing(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		err := s.Migrate(t.Context(), "shelf", migrations("broken"))
		wantKind(t, err, store.Other)
		if !strings.Contains(err.Error(), "002_wrong.sql") {
			t.Errorf("%v does not name the file", err)
		}
		shelf(t, s)
		if got := titles(t, s); got != "first" {
			t.Errorf("the shelf holds %q", got)
		}
	})
}

func TestMigrateFurther(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		shelf(t, s)
		shelf(t, s)
		newer := fstest.MapFS{"003_third.sql": {Data: []byte("-- +goose Up\nINSERT INTO book (title) VALUES ('third');\n")}}
		for _, name := range []string{"001_book.sql", "002_lent.sql"} {
			text, err := fs.ReadFile(migrations("shelf"), name)
			if err != nil {
				t.Fatal(err)
			}
			newer[name] = &fstest.MapFile{Data: text}
		}
		if err := s.Migrate(t.Context(), "shelf", newer); err != nil {
			t.Fatal(err)
		}
		if got := titles(t, s); got != "first third" {
			t.Errorf("the shelf holds %q", got)
		}
		err := s.Migrate(t.Context(), "shelf", migrations("shelf"))
		wantKind(t, err, store.Other)
		if !strings.Contains(err.Error(), "shelf have version 3, and this bridge knows 2") {
			t.Error(err)
		}
		wantKind(t, s.Check(t.Context()), store.Other)
	})
}

func TestMigrateByDialect(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		shelf(t, s) // another room's versions are its own
		if err := s.Migrate(t.Context(), "apart", migrations("apart")); err != nil {
			t.Fatal(err)
		}
		var name string
		if err := s.Read().QueryRow("SELECT name FROM kind").Scan(&name); err != nil || name != string(s.Dialect()) {
			t.Errorf("%s, %v on %s", name, err, s.Dialect())
		}
		if err := s.Migrate(t.Context(), "a b", migrations("apart")); err == nil {
			t.Error("a room has a space in its name")
		}
		if err := s.Migrate(t.Context(), "empty", fstest.MapFS{}); err == nil {
			t.Error("a room has no migrations")
		}
	})
}
