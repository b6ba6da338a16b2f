package journal

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
)

// What became of a write may leave something to be looked at later, which the bridge owes. That is on record until it is paid: of a writer
// that has ended or died, whoever adopts takes it over.

// Inherit is told of an intent of which a writer that is no more owed a look, and says whether it owes that now.
type Inherit func(ctx context.Context, a Account) (owes bool, err error)

// Owe records that this writer owes a look at what the intent left. The zero ID is of one that is not recorded, as all are in no ledger.
func (l *Ledger) Owe(ctx context.Context, id ID) error {
	if id == (ID{}) {
		return nil
	}
	return l.owe(ctx, id, l.own.Load())
}

func (l *Ledger) owe(ctx context.Context, id ID, by int64) error {
	return l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO journal_owed (writer, seq, by_writer) VALUES ($1, $2, $3)
			ON CONFLICT (writer, seq) DO UPDATE SET by_writer = excluded.by_writer`, id.Writer, id.Seq, by)
		return err
	})
}

// Pay records that no look at what the intent left is owed any more.
func (l *Ledger) Pay(ctx context.Context, id ID) error {
	if id == (ID{}) {
		return nil
	}
	return l.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM journal_owed WHERE writer = $1 AND seq = $2", id.Writer, id.Seq)
		return err
	})
}

// takeOver takes over the looks that writers which are no more owed. Of a record that names nobody any more there is nothing to look at.
func (l *Ledger) takeOver(ctx context.Context, inherit Inherit) error {
	own := l.own.Load()
	if own == 0 {
		return nil
	}
	owed, err := l.owedOf(ctx, own)
	for _, id := range owed { // one that cannot be read keeps back no other
		err = cmp.Or(l.takeOverOne(ctx, id, own, inherit), err)
	}
	return err
}

func (l *Ledger) takeOverOne(ctx context.Context, id ID, own int64, inherit Inherit) error {
	a, err := Get(ctx, l.store, id)
	owes := err == nil && !a.Forgotten && !a.Blanked && a.Done != nil
	if owes {
		owes, err = inherit(ctx, a)
	}
	switch {
	case err != nil && !errors.Is(err, ErrNoRecord):
		return err
	case owes:
		return l.owe(ctx, id, own)
	}
	return l.Pay(ctx, id)
}

// owedOf are the intents of which a look is owed by another writer than this, that has ended.
func (l *Ledger) owedOf(ctx context.Context, own int64) (owed []ID, err error) {
	err = l.store.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
		owed = nil
		rows, err := tx.QueryContext(ctx, `SELECT o.writer, o.seq FROM journal_owed o LEFT JOIN journal_writers w ON w.writer = o.by_writer
			WHERE o.by_writer <> $1 AND COALESCE(w.ended, 1) <> 0 ORDER BY o.writer, o.seq`, own)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id ID
			if err := rows.Scan(&id.Writer, &id.Seq); err != nil {
				return err
			}
			owed = append(owed, id)
		}
		return rows.Err()
	})
	return owed, err
}
