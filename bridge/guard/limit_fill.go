package guard

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// Fill is how much of a limit is used up.
type Fill struct {
	Type, Effect, Within string // of the limit, as guard.limits has them
	Used                 int    // within the time, each entry once
	Most                 int    // that may come about
}

// Fills are how full the limits are, in all copies of the bridge together. What a share comes to is not known before it first matters:
// until then it is what `most` says, or else what passes at the least.
func (l *Limiter) Fills(ctx context.Context) (fills []Fill, err error) {
	err = l.store.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
		fills = nil
		if err := l.keep(ctx, tx); err != nil {
			return err
		}
		totals, err := l.totals(ctx, tx)
		if err != nil {
			return err
		}
		now := l.now()
		for typ, bounds := range l.bounds {
			for _, b := range bounds {
				f := Fill{Type: typ, Effect: b.effect, Within: inWords(b.within), Most: b.most}
				own := 0
				if err := tx.QueryRowContext(ctx, once, typ, b.effect, now.Add(-b.within).UnixMicro(), "").Scan(&f.Used, &own); err != nil {
					return err
				}
				if t, known := totals[b.countedType(typ)]; known {
					f.Most = b.at(t)
				} else if f.Most == 0 {
					f.Most = fewest
				}
				fills = append(fills, f)
			}
		}
		return nil
	})
	slices.SortFunc(fills, func(a, b Fill) int {
		return strings.Compare(a.Type+" "+a.Effect+" "+a.Within, b.Type+" "+b.Effect+" "+b.Within)
	})
	return fills, err
}

// countedType is the type whose resources a bound on another's is a share of.
func (b bound) countedType(typ string) string {
	if kindOf(b.effect) == ldif.MembersRemoved {
		return "User"
	}
	return typ
}

// totals are how many resources the types have, as far as it is known.
func (l *Limiter) totals(ctx context.Context, tx *sql.Tx) (map[string]total, error) {
	rows, err := tx.QueryContext(ctx, "SELECT type, total, partly <> 0 FROM guard_total")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	totals := map[string]total{}
	for rows.Next() {
		var typ string
		var t total
		if err := rows.Scan(&typ, &t.count, &t.partly); err != nil {
			return nil, err
		}
		totals[typ] = t
	}
	return totals, rows.Err()
}
