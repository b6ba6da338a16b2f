package store_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// look looks at a store for the shelf.
func look(t *testing.T, o store.Options) error {
	t.Helper()
	return store.Look(t.Context(), o, func(s *store.Store) error { return s.Add("shelf", migrations("shelf")) })
}

// TestLook makes and migrates nothing, and says nothing against what a bridge would make or migrate; of what a newer one wrote it does.
func TestLook(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		if err := look(t, o); o.File != "" && !errors.Is(err, fs.ErrNotExist) || o.File == "" && err != nil {
			t.Errorf("before there is one: %v", err)
		}
		if _, err := os.Stat(o.File); !os.IsNotExist(err) {
			t.Errorf("the file is there: %v", err)
		}
		s := storetest.Open(t, o)
		if err := look(t, o); err != nil {
			t.Errorf("an empty one: %v", err)
		}
		if _, err := first(t, o); err == nil || !strings.Contains(err.Error(), "version 0 of 2") {
			t.Errorf("the tables are there: %v", err)
		}
		shelf(t, s)
		if err := look(t, o); err != nil || titles(t, s) != "first" {
			t.Errorf("a store in use: %v, %s", err, titles(t, s))
		}
		older := fstest.MapFS{"001_book.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}}
		err := store.Look(t.Context(), o, func(s *store.Store) error { return s.Add("shelf", older) })
		if wantKind(t, err, store.Other); !errors.Is(err, store.ErrNewer) {
			t.Error(err)
		}
	})
}

// TestLookAtTheSchema: a role that may make no tables is told before it is to make them.
func TestLookAtTheSchema(t *testing.T) {
	o := storetest.Postgres(t)
	owner := storetest.Open(t, o)
	role, of := newRole(t, o, owner)
	if err := look(t, of); err == nil || !strings.Contains(err.Error(), "may make no tables") {
		t.Error(err)
	}
	write(t, owner, "GRANT CREATE ON SCHEMA public TO "+role)
	if err := look(t, of); err != nil {
		t.Error(err)
	}
}

// TestLookAtTheRights: a role that may read tables which are up to date, and not write them, is told what it lacks, and no more than that.
func TestLookAtTheRights(t *testing.T) {
	o := storetest.Postgres(t)
	owner := storetest.Open(t, o)
	shelf(t, owner)
	role, of := newRole(t, o, owner)
	write(t, owner, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+role)
	look := func() error {
		return store.Look(t.Context(), of, func(s *store.Store) error {
			return s.Add("shelf", migrations("shelf"),
				store.Use{Table: "book", Rights: "SELECT, INSERT"}, store.Use{Table: "to_come", Rights: "UPDATE"})
		})
	}
	if err := look(); !errors.Is(err, store.ErrRights) || !strings.HasSuffix(err.Error(), ": INSERT on book") {
		t.Error(err)
	}
	write(t, owner, "GRANT INSERT ON book TO "+role)
	if err := look(); err != nil {
		t.Error(err)
	}
}
