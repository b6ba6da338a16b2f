package guard

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"scimbridge/bridge/reason"
	"scimbridge/bridge/store"
)

//go:embed migrations
var migrations embed.FS

// HoldState is what becomes of the writes that a hold is about.
type HoldState string

// The states.
const (
	Open     HoldState = "open"     // they wait for the operator
	Approved HoldState = "approved" // so many may pass, or all for a time
	Refused  HoldState = "refused"  // they are refused for a time
	Over     HoldState = "over"     // what was decided has ended; the limit counts again
)

// Hold is what holds back the writes of a kind: those that have an effect on resources of a type.
type Hold struct {
	ID      int64
	Type    string // of the resources
	Effect  string // as guard.limits names it
	Why     string
	Opened  time.Time
	State   HoldState
	Held    int64     // writes that were not let through
	Last    time.Time // when the last of them was not
	Told    time.Time // when the log last told of it
	Waiting int64     // how much of the effect they would have had, each entry's once
	Decided time.Time // zero: it is open
	By      string
	Rest    int64     // of an approval: how much may still pass; -1: any
	Until   time.Time // when the decision ends
}

// stateAt is the state at a time.
func (h Hold) stateAt(now time.Time) HoldState {
	if h.ID == 0 || h.State != Open && !now.Before(h.Until) || h.State == Approved && h.Rest == 0 {
		return Over
	}
	return h.State
}

// Held says that a plan may not run now: an operator is to decide on what it does, or has.
type Held struct {
	Hold  Hold
	First bool // it opened the hold
	Tell  bool // the log is to tell of it
}

func (h *Held) Error() string {
	if h.Hold.State == Refused {
		return fmt.Sprintf("an operator has refused such writes until %s (hold %d, %s)",
			h.Hold.Until.UTC().Format("2006-01-02 15:04Z"), h.Hold.ID, h.Hold.Why)
	}
	return fmt.Sprintf("such writes are held until an operator decides (hold %d, %s): scimbridge hold approve %[1]d lets them through, "+
		"scimbridge hold refuse %[1]d refuses them", h.Hold.ID, h.Hold.Why)
}

// Reason is what a client is told.
func (h *Held) Reason() reason.Reason {
	if h.Hold.State == Refused {
		return reason.HoldRefused
	}
	return reason.Held
}

const (
	holdColumns = "id, type, effect, why, opened, state, held, last, told, decided, by_whom, rest, until"
	// waiting is how much waits for the hold h.
	waiting = "(SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM guard_waiting WHERE hold = h.id)"
)

func (h *Hold) scan(row interface{ Scan(...any) error }, more ...any) error {
	return row.Scan(append([]any{
		&h.ID, &h.Type, &h.Effect, &h.Why, store.TimeInto(&h.Opened), &h.State, &h.Held, store.TimeInto(&h.Last), store.TimeInto(&h.Told),
		store.TimeInto(&h.Decided), &h.By, &h.Rest, store.TimeInto(&h.Until),
	}, more...)...)
}

// latest is the hold that says what holds of an effect; the zero Hold: there never was one.
func latest(ctx context.Context, s *store.Store, tx *sql.Tx, typ, effect string) (h Hold, err error) {
	err = h.scan(s.QueryRow(ctx, tx, "SELECT "+holdColumns+
		" FROM guard_hold WHERE type = $1 AND effect = $2 ORDER BY id DESC LIMIT 1", typ, effect))
	if errors.Is(err, sql.ErrNoRows) {
		return Hold{}, nil
	}
	return h, err
}

// insert gives the hold its id.
func (h *Hold) insert(ctx context.Context, tx *sql.Tx) error {
	if err := tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) + 1 FROM guard_hold").Scan(&h.ID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO guard_hold ("+holdColumns+") VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, 0, '', 0, 0)",
		h.ID, h.Type, h.Effect, h.Why, h.Opened.UnixMicro(), string(h.State), h.Told.UnixMicro())
	return err
}

// Holds are those of the store, for an operator.
type Holds struct{ store *store.Store }

// NewHolds has the store keep holds.
func NewHolds(s *store.Store) (*Holds, error) { return &Holds{s}, s.Add("guard", migrations, uses...) }

var uses = []store.Use{
	{Table: "guard_counted", Rights: "SELECT, INSERT, UPDATE, DELETE"},
	{Table: "guard_hold", Rights: "SELECT, INSERT, UPDATE"},
	{Table: "guard_waiting", Rights: "SELECT, INSERT, UPDATE, DELETE"},
	{Table: "guard_total", Rights: "SELECT, INSERT, UPDATE"},
	{Table: "guard_turn", Rights: "UPDATE"}, // it is locked
}

// Holds are those of the limiter's store.
func (l *Limiter) Holds() *Holds { return &Holds{l.store} }

// HoldFault is what is wrong with what was asked of the holds.
type HoldFault string

func (f HoldFault) Error() string { return string(f) }

// List returns the holds, the newest last; all: those too that are over.
func (hs *Holds) List(ctx context.Context, all bool, now time.Time) (list []Hold, err error) {
	err = hs.store.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
		list = nil
		rows, err := tx.QueryContext(ctx, "SELECT "+holdColumns+", "+waiting+`,
			EXISTS (SELECT 1 FROM guard_hold n WHERE n.type = h.type AND n.effect = h.effect AND n.id > h.id)
			FROM guard_hold h ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var h Hold
			followed := false
			if err := h.scan(rows, &h.Waiting, &followed); err != nil {
				return err
			}
			if h.State = h.stateAt(now); followed {
				h.State = Over
			}
			if all || h.State != Over {
				list = append(list, h)
			}
		}
		return rows.Err()
	})
	return list, err
}

// Any is as much as there is.
const Any = -1

// Approve lets pass so much of what a hold is about (Any: all; 0: as much as waits), until a time. Its error is a HoldFault, or the
// store's.
func (hs *Holds) Approve(ctx context.Context, id int64, count int64, until time.Time, by string, now time.Time) (Hold, error) {
	return hs.decide(ctx, id, now, func(h *Hold) error {
		if h.State, h.Rest, h.Until, h.By = Approved, count, until, by; count == 0 {
			h.Rest = h.Waiting
		}
		if h.Rest == 0 {
			return HoldFault("nothing waits for it: say how much may pass, or until when all may")
		}
		return nil
	})
}

// Refuse refuses what a hold is about until a time. Its error is a HoldFault, or the store's.
func (hs *Holds) Refuse(ctx context.Context, id int64, until time.Time, by string, now time.Time) (Hold, error) {
	return hs.decide(ctx, id, now, func(h *Hold) error {
		h.State, h.Rest, h.Until, h.By = Refused, 0, until, by
		return nil
	})
}

// decide changes a hold that is not over.
func (hs *Holds) decide(ctx context.Context, id int64, now time.Time, change func(*Hold) error) (h Hold, err error) {
	err = hs.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		h = Hold{}
		err := h.scan(tx.QueryRowContext(ctx, "SELECT "+holdColumns+", "+waiting+" FROM guard_hold h WHERE id = $1", id), &h.Waiting)
		if errors.Is(err, sql.ErrNoRows) {
			return HoldFault(fmt.Sprintf("there is no hold %d: scimbridge hold list shows those that there are", id))
		}
		if err != nil {
			return err
		}
		newest, err := latest(ctx, hs.store, tx, h.Type, h.Effect)
		switch {
		case err != nil:
			return err
		case newest.ID != id || h.stateAt(now) == Over:
			return HoldFault(fmt.Sprintf("hold %d is over: scimbridge hold list shows those that are not", id))
		}
		if err := change(&h); err != nil {
			return err
		}
		h.Decided = now
		_, err = tx.ExecContext(ctx, "UPDATE guard_hold SET state = $1, rest = $2, until = $3, by_whom = $4, decided = $5 WHERE id = $6",
			string(h.State), h.Rest, h.Until.UnixMicro(), h.By, now.UnixMicro(), id)
		return err
	})
	return h, err
}
