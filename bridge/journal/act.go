package journal

import (
	"context"
	"database/sql"
)

// Act is what somebody did to what the bridge itself keeps: a token that was made.
type Act struct {
	Caller    string // who did it
	Client    string // the machine
	Operation string // make, revoke
	Type      string // of what: token
	ID        string
	Name      string
	Detail    string
}

// Act has something done in the store, and recorded in the same transaction: the one is not there without the other. do may run more than
// once; with its error nothing is recorded, and it must have written nothing.
func (l *Ledger) Act(do func(ctx context.Context, tx *sql.Tx) (Act, error)) error {
	now := l.now()
	o := &op{row: &row{kind: KindAct, time: now}, event: Event{Time: now, Intent: &Intent{}}, done: make(chan error, 1)}
	o.checks = []Check{func(ctx context.Context, tx *sql.Tx, _ Candidate) error {
		a, err := do(ctx, tx)
		if err != nil {
			return err
		}
		i := Intent{Caller: a.Caller, Client: a.Client, Operation: a.Operation, Type: a.Type, ID: a.ID, Name: a.Name}
		p := packIntent(&i)
		p.Outcome, p.Detail = Written, a.Detail
		r, err := newRow(KindAct, now, p)
		if err == nil {
			*o.row, o.keys = *r, i.subjects()
		}
		return err
	}}
	l.enqueue(o)
	return <-o.done
}
