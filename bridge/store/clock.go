package store

import (
	"context"
	"database/sql"
	"sync/atomic"
	"time"
)

// Clock is the store's, whatever clocks the copies that share it have: PostgreSQL's own, or of a SQLite file the machine's. What one copy
// wrote is then not older than what another wrote before, as far as a way to the database and back can tell.
type Clock struct {
	dialect Dialect
	own     func() time.Time
	read    atomic.Pointer[reading]
}

// reading is what the store's clock said, and ours then: from there ours goes on, which nobody sets back (package time's monotonic clock).
type reading struct{ own, theirs time.Time }

// readAgain is how long a reading does. A machine that slept has another clock by then.
const readAgain = 10 * time.Second

// Clock makes a clock. Until Keep has run it is our own.
func (s *Store) Clock(own func() time.Time) *Clock { return &Clock{dialect: s.dialect, own: own} }

// NewClock is one of no store: our own, as a test turns it.
func NewClock(own func() time.Time) *Clock { return &Clock{own: own} }

// Keep reads the store's clock, where that is some time ago. It is for within a transaction, before Now and At.
func (c *Clock) Keep(ctx context.Context, tx *sql.Tx) error {
	before := c.own()
	if r := c.read.Load(); c.dialect != Postgres || r != nil && before.Sub(r.own).Abs() < readAgain {
		return nil
	}
	var theirs time.Time
	if err := tx.QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&theirs); err != nil {
		return err
	}
	after := c.own()
	took := after.Sub(before)
	if theirs = theirs.Add(took / 2); theirs.Sub(after).Abs() <= took { // no more can be told
		theirs = after
	}
	c.read.Store(&reading{after, theirs})
	return nil
}

// Now is the time.
func (c *Clock) Now() time.Time { return c.At(c.own()) }

// At is the store's time of a moment of our own clock's.
func (c *Clock) At(own time.Time) time.Time {
	r := c.read.Load()
	if r == nil {
		return own
	}
	return r.theirs.Add(own.Sub(r.own))
}

// Now is the time by the store's clock.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	c := s.Clock(time.Now)
	err := s.View(ctx, c.Keep)
	return c.Now(), err
}
