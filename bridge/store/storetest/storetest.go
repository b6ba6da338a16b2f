// Package storetest gives a test stores of its own: a fresh SQLite file, and a fresh database on a private PostgreSQL that the tests of a
// process share and that ends with it.
//
// Where PostgreSQL cannot run the test fails if CI=true, and else is skipped; `make test` ends by saying what was left out.
package storetest

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"scimbridge/bridge/store"
)

// Each runs a test on a fresh store of each kind.
func Each(t *testing.T, test func(*testing.T, store.Options)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// EachOpen runs a test on an open store of each kind, which is closed at its end.
func EachOpen(t *testing.T, test func(*testing.T, *store.Store)) {
	t.Helper()
	Each(t, func(t *testing.T, o store.Options) { test(t, Open(t, o)) })
}

// Open opens a store until the end of the test.
func Open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := Opened(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Opened is a store that is there, which the caller closes; its error says what is wrong with it.
func Opened(ctx context.Context, o store.Options) (*store.Store, error) {
	s, err := store.New(o, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if err := s.Check(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// SQLite names a file that is not there yet.
func SQLite(t testing.TB) store.Options {
	return store.Options{File: filepath.Join(t.TempDir(), "store.db")}
}

// Postgres is a fresh database.
func Postgres(t testing.TB) store.Options {
	t.Helper()
	server, err := shared()
	if err != nil {
		leaveOutOrFail(t, err)
	}
	return server.Database(t)
}
