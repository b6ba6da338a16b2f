package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// anchor says what was cut off the beginnings of the chains: the newest says it of all of them. It is recorded before anything is deleted.
type anchor struct {
	Number int64     `json:"number"`
	Cuts   []cutAt   `json:"cuts,omitempty"`
	Gone   []writers `json:"gone,omitempty"` // whole chains, their writers and all
}

// cutAt is the last record of a chain that is cut off, or soon will be.
type cutAt struct {
	Writer int64  `json:"writer"`
	Seq    int64  `json:"seq"`
	Hash   []byte `json:"hash"`
}

// writers are those from one to another.
type writers struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// newestAnchor is what was cut so far; the zero anchor where nothing was.
func newestAnchor(ctx context.Context, tx *sql.Tx) (a anchor, err error) {
	var id ID
	var stored []byte
	err = tx.QueryRowContext(ctx, `SELECT writer, seq, payload FROM journal_records WHERE kind = 'anchor' ORDER BY of_seq DESC LIMIT 1`).
		Scan(&id.Writer, &id.Seq, &stored)
	if errors.Is(err, sql.ErrNoRows) {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	p, err := decode(stored)
	if err != nil || p.Anchor == nil {
		return a, fmt.Errorf("record %s: %w", id, errNoAnchor)
	}
	return *p.Anchor, nil
}

// errNoAnchor is of a record that was changed.
var errNoAnchor = errors.New("it is no anchor, or cannot be read")

// of is where a writer's chain is cut.
func (a anchor) of(writer int64) (cutAt, bool) {
	at := slices.IndexFunc(a.Cuts, func(c cutAt) bool { return c.Writer == writer })
	if at < 0 {
		return cutAt{}, false
	}
	return a.Cuts[at], true
}

// isGone says that a writer's whole chain is cut.
func (a anchor) isGone(writer int64) bool {
	return slices.ContainsFunc(a.Gone, func(w writers) bool { return w.From <= writer && writer <= w.To })
}

// gone adds a writer to those that are gone.
func (a *anchor) gone(writer int64) {
	if a.isGone(writer) {
		return
	}
	a.Gone = append(a.Gone, writers{writer, writer})
	slices.SortFunc(a.Gone, func(x, y writers) int { return int(x.From - y.From) })
	merged := a.Gone[:1]
	for _, w := range a.Gone[1:] {
		if last := &merged[len(merged)-1]; w.From == last.To+1 {
			last.To = w.To
		} else {
			merged = append(merged, w)
		}
	}
	a.Gone = merged
}
