package store_test

import (
	"context"
	"database/sql"
	"testing"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// What is asked for again and again is read once, in one transaction and another, and over connections that come and go.
func TestStatement(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		write := func(do func(context.Context, *sql.Tx) error) {
			t.Helper()
			if err := s.Write(t.Context(), do); err != nil {
				t.Fatal(err)
			}
		}
		write(func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "CREATE TABLE counted (n BIGINT NOT NULL)")
			return err
		})
		for n := range 20 {
			if n%5 == 4 {
				s.Forget()
			}
			write(func(ctx context.Context, tx *sql.Tx) error {
				for range 2 {
					if err := s.Exec(ctx, tx, "INSERT INTO counted (n) VALUES ($1)", n); err != nil {
						return err
					}
				}
				sum, most := 0, 0
				if err := s.QueryRow(ctx, tx, "SELECT COUNT(*) FROM counted WHERE n <= $1", n).Scan(&sum); err != nil {
					return err
				}
				rows, err := s.Query(ctx, tx, "SELECT n FROM counted WHERE n >= $1", n)
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					if err := rows.Scan(&most); err != nil {
						return err
					}
				}
				if sum != 2*(n+1) || most != n {
					t.Errorf("%d: %d rows up to there, the last is %d", n, sum, most)
				}
				return rows.Err()
			})
		}
		if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			return s.Exec(ctx, tx, "INSERT INTO nothing (n) VALUES ($1)", 1)
		}); err == nil {
			t.Error("there is no such table")
		}
		if n := s.Kept(); s.Dialect() == store.SQLite && n < 3 {
			t.Errorf("%d statements are kept", n)
		}
	})
}

// Who asks is told of what another store of the same file has written, of another who asks the same store, and of a connection of which
// nothing is known.
func TestSinceOthers(t *testing.T) {
	o := storetest.SQLite(t)
	s, other := storetest.Open(t, o), storetest.Open(t, o)
	var last store.Others
	changed := func(who string) (changed bool) {
		t.Helper()
		if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			now, known, err := s.SinceOthers(ctx, tx, who)
			if !known {
				t.Error("it is not known")
			}
			changed, last = now != last, now
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return changed
	}
	create := func(s *store.Store, table string) {
		if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "CREATE TABLE "+table+" (n BIGINT NOT NULL)")
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		what string
		do   func()
		who  string
		want bool
	}{
		{"the first time", func() {}, "a", true},
		{"nothing happened", func() {}, "a", false},
		{"what it wrote itself", func() { create(s, "own") }, "a", false},
		{"another store wrote", func() { create(other, "others") }, "a", true},
		{"nothing happened since", func() {}, "a", false},
		{"another asks", func() {}, "b", true},
		{"it asks again", func() {}, "a", true},
		{"another connection", s.Forget, "a", true},
	} {
		c.do()
		if got := changed(c.who); got != c.want {
			t.Errorf("%s: %t", c.what, got)
		}
	}
}
