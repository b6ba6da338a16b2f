package guard

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"scimbridge/bridge/reason"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// TestEarlierCounts: what an earlier version counted, which did not tell whom, counts each by itself, and a total that it knew holds.
func TestEarlierCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		s := storetest.Open(t, o)
		first, err := fs.ReadFile(migrations, "migrations/001_limits.sql")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Migrate(t.Context(), "guard", fstest.MapFS{"001_limits.sql": {Data: first}}); err != nil {
			t.Fatal(err)
		}
		now, err := s.Now(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) (err error) {
			for seq := range 2 {
				if err == nil {
					const counted = "INSERT INTO guard_counted VALUES (1, $1, 'blocked', 'User', $2, 1, 0)"
					_, err = tx.ExecContext(ctx, counted, seq, now.UnixMicro())
				}
			}
			if err == nil {
				_, err = tx.ExecContext(ctx, "INSERT INTO guard_total VALUES ('User', 60, $1)", now.UnixMicro())
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		l := limit(t, s, nil, Limit{Effect: "blocked", Most: 2}, Limit{Effect: "deleted", Of: "20%"})
		l.held(t, "User", blocking("next"), reason.Held)
		for n := range 12 {
			l.passes(t, "User", doing(fmt.Sprint(n), ldif.Effect{Kind: ldif.Deleted}), ldif.Done)
		}
		l.held(t, "User", doing("last", ldif.Effect{Kind: ldif.Deleted}), reason.Held)
	})
}

// TestEarlierCopyCounts: a copy of an earlier version that runs on beside this one counts each by itself, too.
func TestEarlierCopyCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		l, other := limit(t, storetest.Open(t, o), nil, Limit{Effect: "blocked", Most: 3}), storetest.Open(t, o)
		l.passes(t, "User", blocking("first"), ldif.Done)
		if err := other.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) (err error) {
			for seq := 0; seq < 2 && err == nil; seq++ {
				_, err = tx.ExecContext(ctx, "INSERT INTO guard_counted (writer, seq, effect, type, time, count, hold) "+
					"VALUES (77, $1, 'blocked', 'User', $2, 1, 0)", seq, l.now().UnixMicro())
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		l.held(t, "User", blocking("next"), reason.Held)
	})
}
