package store_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"testing"

	"golang.org/x/sync/errgroup"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

func TestWrite(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		shelf(t, s)
		// The placeholders are told by their numbers, and octets come back as they were.
		write(t, s, "INSERT INTO book (cover, lent, title, printed) VALUES ($3, $4, $1, $2)", "second", int64(1)<<60, []byte{0, 255}, true)
		write(t, s, "UPDATE book SET printed = printed + $1 WHERE title = $2 OR title = $2", 1, "second")
		var (
			printed int64
			cover   []byte
			lent    bool
		)
		row := s.Read().QueryRow("SELECT printed, cover, lent FROM book WHERE title = $1", "second")
		if err := row.Scan(&printed, &cover, &lent); err != nil || printed != 1<<60+1 || string(cover) != "\x00\xff" || !lent {
			t.Errorf("%d, %v, %t, %v", printed, cover, lent, err)
		}

		mine := errors.New("mine")
		err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			return errors.Join(execute("INSERT INTO book (title) VALUES ('third')")(ctx, tx), mine)
		})
		if !errors.Is(err, mine) {
			t.Error(err)
		}
		wantKind(t, s.Write(t.Context(), execute("INSERT INTO book (title) VALUES ('second')")), store.Other)
		if got := titles(t, s); got != "first second" {
			t.Errorf("the shelf holds %q", got)
		}
		wantKind(t, s.View(t.Context(), execute("INSERT INTO book (title) VALUES ('third')")), store.ReadOnly)
	})
}

// TestReadWhileWriting: nobody who reads waits for a writer, or sees what is not committed, and a view stays as it is.
func TestReadWhileWriting(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		shelf(t, s)
		err := s.View(t.Context(), func(ctx context.Context, view *sql.Tx) error {
			seen := func() (n int) {
				if err := view.QueryRowContext(ctx, "SELECT count(*) FROM book").Scan(&n); err != nil {
					t.Error(err)
				}
				return n
			}
			before := seen()
			if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				if err := execute("INSERT INTO book (title) VALUES ('second')")(ctx, tx); err != nil {
					return err
				}
				if got := titles(t, s); got != "first" {
					t.Errorf("a reader sees %q", got)
				}
				return nil
			}); err != nil {
				return err
			}
			if after := seen(); after != before {
				t.Errorf("the view shows %d books and then %d", before, after)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := titles(t, s); got != "first second" {
			t.Errorf("the shelf holds %q", got)
		}
	})
}

// TestOneAfterTheOther: transactions that read before they write, of two copies at once, lose nothing.
func TestOneAfterTheOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		copies := []*store.Store{storetest.Open(t, o), storetest.Open(t, o)}
		shelf(t, copies[0])
		const each, times = 2, 10
		var all errgroup.Group
		for _, s := range copies {
			for range each {
				all.Go(func() error {
					for range times {
						if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
							var n int
							if err := tx.QueryRowContext(ctx, "SELECT printed FROM book WHERE title = 'first'").Scan(&n); err != nil {
								return err
							}
							return execute("UPDATE book SET printed = $1 WHERE title = 'first'", n+1)(ctx, tx)
						}); err != nil {
							return err
						}
					}
					return nil
				})
			}
		}
		if err := all.Wait(); err != nil {
			t.Fatal(err)
		}
		var n int
		err := copies[1].Read().QueryRow("SELECT printed FROM book WHERE title = 'first'").Scan(&n)
		if want := 1 + len(copies)*each*times; err != nil || n != want {
			t.Errorf("%d, %v, want %d", n, err, want)
		}
	})
}

// TestWhoLeaves: a caller that has gone gets its context's error, and nothing is written.
func TestWhoLeaves(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		shelf(t, s)
		ctx, leave := context.WithCancel(t.Context())
		err := s.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			err := execute("INSERT INTO book (title) VALUES ('second')")(ctx, tx)
			leave()
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if _, ours := errors.AsType[*store.Error](err); ours {
			t.Errorf("%v speaks against the store", err)
		}
		if got := titles(t, s); got != "first" {
			t.Errorf("the shelf holds %q", got)
		}
	})
}

// TestExisting: what may not make a store makes none.
func TestExisting(t *testing.T) {
	o := storetest.SQLite(t)
	s, err := store.NewExisting(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Check(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(o.File); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %v", o.File, err)
	}
}
