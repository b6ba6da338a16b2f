package journal

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"scimbridge/bridge/store"
)

// batch are ops in one transaction.
type batch struct {
	writer int64
	ops    []*op // but those that a check refused
	rows   []*row
	head   hash
	last   int64 // the last row's
}

// link runs the checks, gives each op its place in the chain, and tells the observers, one op after the other.
func (l *Ledger) link(ctx context.Context, tx *sql.Tx, ops []*op) (batch, error) {
	b := batch{writer: l.writer, head: l.head, last: l.next - 1}
	if err := l.clock.Keep(ctx, tx); err != nil {
		return b, err
	}
	if b.writer == 0 {
		var err error
		if b.writer, err = l.enrol(ctx, tx); err != nil {
			return b, err
		}
	}
	places := map[*op]int64{}
	for _, o := range ops {
		o.refused = nil
		for _, check := range o.checks {
			if err := check(ctx, tx, Candidate{ID: ID{b.writer, b.last + 1}, Happens: o.kept}); err != nil {
				if _, ours := errors.AsType[*store.Error](l.store.Explain(err)); ours || ctx.Err() != nil {
					return b, err
				}
				if !o.kept { // what is kept has happened
					o.refused = err
				}
				break
			}
		}
		if o.refused != nil {
			continue
		}
		r := *o.row
		b.last++
		places[o] = b.last
		r.id, r.time = ID{b.writer, b.last}, l.clock.At(r.time)
		if o.of != nil {
			if r.of = (ID{b.writer, o.of.seq.Load()}); r.of.Seq == 0 {
				r.of.Seq = places[o.of]
			}
			if r.of.Seq == 0 { // that is lost
				r.of = ID{}
			}
		}
		r.hash = r.link(b.head)
		b.head = r.hash
		b.ops, b.rows = append(b.ops, o), append(b.rows, &r)
		if err := l.observe(ctx, tx, o, &r); err != nil {
			return b, err
		}
	}
	return b, nil
}

// enrol makes a writer, whose chain begins with a random hash. Its number was nobody's before, nor any of whom all is cut.
func (l *Ledger) enrol(ctx context.Context, tx *sql.Tx) (writer int64, err error) {
	if err := tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(writer), 0) + 1 FROM journal_writers").Scan(&writer); err != nil {
		return 0, err
	}
	a, err := newestAnchor(ctx, tx)
	if err != nil && !errors.Is(err, errNoAnchor) {
		return 0, err
	}
	for _, w := range a.Gone {
		writer = max(writer, w.To+1)
	}
	now := l.clock.Now().UnixMicro()
	_, err = tx.ExecContext(ctx, `INSERT INTO journal_writers (writer, started, beat, ended, settled, first, before, head, hash, refusals)
		VALUES ($1, $2, $3, 0, 1, 1, $4, 0, $5, $6)`, writer, now, now, l.head[:], l.head[:], map[bool]int{true: 1}[l.ofRefusals])
	return writer, err
}

// observe tells the observers of a receipt or a refusal, before the checks of what comes behind it.
func (l *Ledger) observe(ctx context.Context, tx *sql.Tx, o *op, r *row) error {
	if r.kind != KindReceipt && r.kind != KindRefusal {
		return nil
	}
	e := o.event
	e.ID, e.Time = r.id, r.time
	if e.Done != nil {
		e.ID = r.of
	}
	for _, tell := range l.observers {
		if err := tell(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// live tells that the writer lives, or that it has ended, and how far it came.
func (l *Ledger) live(ctx context.Context, tx *sql.Tx, writer, ended int64) error {
	settled := l.next
	for seq := range l.open {
		settled = min(settled, seq)
	}
	_, err := tx.ExecContext(ctx, `UPDATE journal_writers SET beat = $1, ended = $2, settled = $3, head = $4, hash = $5, written = $6
		WHERE writer = $7`, l.clock.Now().UnixMicro(), ended, settled, l.next-1, l.head[:], l.octets, writer)
	return err
}

// insertRows writes a batch's rows.
func (l *Ledger) insertRows(ctx context.Context, tx *sql.Tx, b batch) error {
	records := make([][]any, 0, len(b.rows))
	var subjects, erased [][]any
	for i, r := range b.rows {
		records = append(records, []any{
			r.id.Writer, r.id.Seq, string(r.kind), r.time.UnixMicro(), r.of.Writer, r.of.Seq, r.request, r.caller, r.effects,
			string(r.outcome), r.payload, r.digest[:], r.hash[:],
		})
		found := r.id
		if r.kind == KindReceipt {
			found = r.of
		}
		for _, key := range b.ops[i].keys {
			subjects = append(subjects, []any{key, found.Writer, found.Seq})
		}
		for _, id := range b.ops[i].erased {
			erased = append(erased, []any{id.Writer, id.Seq, r.id.Writer, r.id.Seq})
		}
	}
	const columns = "writer, seq, kind, time, of_writer, of_seq, request, caller, effects, outcome, payload, digest, hash"
	if err := l.insert(ctx, tx, "journal_records ("+columns+")", records, ""); err != nil {
		return err
	}
	if err := l.insert(ctx, tx, "journal_subjects (subject, writer, seq)", subjects, " ON CONFLICT DO NOTHING"); err != nil {
		return err
	}
	return l.insert(ctx, tx, "journal_erased (writer, seq, by_writer, by_seq)", erased, "")
}

// manyRows is how many rows one statement inserts at most: a way to PostgreSQL and back. SQLite takes them one by one: of several it would
// keep each page as it was before the statement.
const manyRows = 500

// insert puts rows into a table.
func (l *Ledger) insert(ctx context.Context, tx *sql.Tx, into string, rows [][]any, otherwise string) error {
	if len(rows) == 0 {
		return nil
	}
	into = "INSERT INTO " + into + " VALUES "
	if l.store.Dialect() == store.Postgres {
		for some := range slices.Chunk(rows, manyRows) {
			if _, err := tx.ExecContext(ctx, into+places(len(some), len(some[0]), "$")+otherwise, slices.Concat(some...)...); err != nil {
				return err
			}
		}
		return nil
	}
	// SQLite looks for the name of each placeholder, where it has one.
	one, err := l.store.Statement(ctx, tx, into+places(1, len(rows[0]), "?")+otherwise)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := one.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}

// places are placeholders for rows.
func places(rows, columns int, placeholder string) string {
	var text []byte
	for n := range rows * columns {
		switch {
		case n == 0:
			text = append(text, '(')
		case n%columns == 0:
			text = append(text, "), ("...)
		default:
			text = append(text, ", "...)
		}
		if text = append(text, placeholder...); placeholder == "$" {
			text = strconv.AppendInt(text, int64(n+1), 10)
		}
	}
	return string(text) + ")"
}
