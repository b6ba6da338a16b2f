package journal

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"scimbridge/bridge/store"
)

//go:embed migrations
var migrations embed.FS

// Ledger is the journal in the store: one writer's chain of records, and another's of refusals, for as long as the program runs. It is safe
// for concurrent use.
type Ledger struct {
	store *store.Store
	log   *slog.Logger
	*settings
	lease     time.Duration
	slice     int          // how many writes are cut at once for the size
	own       atomic.Int64 // the writer's number; 0: it has none yet
	observers []Observer
	now       func() time.Time
	clock     *store.Clock
	strangers sparing

	ofRefusals bool // it has no other records

	wake  chan struct{}
	stop  chan struct{}
	ended chan struct{}

	mu       sync.Mutex
	queue    []*op
	underWay int // writes whose intent was told to be written, and not yet what became of them
	shut     bool

	refusals *Ledger // nil: there was none yet

	adopting sync.Mutex
	silences map[int64]silent // writers that have not ended, by their numbers

	committer
}

// settings are the options that may change while it is in use, the same for refusals.
type settings struct {
	goesOn    atomic.Bool  // writes go on while it cannot be written
	retention atomic.Int64 // nanoseconds
	maxSize   atomic.Int64
	cuts      chan struct{} // has it look for what is old
}

// Set has other options hold from now on, all but the lease, which all copies are to have the same.
func (l *Ledger) Set(o Options) {
	o = o.WithDefaults()
	retention := int64(o.Retention)
	l.goesOn.Store(o.OnFailure == Continue)
	if was := l.retention.Swap(retention); l.maxSize.Swap(o.MaxSize) == o.MaxSize && was == retention {
		return
	}
	select {
	case l.cuts <- struct{}{}:
	default: // it is about to
	}
}

// Check looks at an intent within the transaction that records it. Its error keeps the intent from being recorded, and from happening, and
// no other; what it wrote stands. It may run more than once, and nothing of what it did before counts then.
type Check func(ctx context.Context, tx *sql.Tx, c Candidate) error

// Candidate is an intent that is to be recorded.
type Candidate struct {
	ID      ID   // that it has where no check refuses it
	Happens bool // whatever the checks say: the journal could not be told before, or it takes back what was done, or mends it
}

// Observer is told of each receipt and each refusal within the transaction that records it, in their order with the checks. Its error is
// the transaction's. It may run more than once, as a Check may.
type Observer func(ctx context.Context, tx *sql.Tx, e Event) error

// Event is what an Observer is told.
type Event struct {
	ID      ID // of the intent, or the refusal
	Time    time.Time
	Intent  *Intent
	Done    *Done    // nil: it is a refusal
	Refusal *Refusal // nil: it is none
}

// op is a record that is to be written.
type op struct {
	row    *row
	event  Event
	keys   []string // subjects
	checks []Check  // of an intent
	of     *op      // of a receipt the intent; of an intent what it follows from
	kept   bool     // it waits in memory until it is written
	erased []ID     // of which it says that what they say is erased

	underWay, over bool // the ledger's mu guards them

	writer  int64
	seq     atomic.Int64 // 0: it is not written
	lost    atomic.Bool  // it was thrown away
	refused error        // a check's
	state   atomic.Int32
	done    chan error
}

// Whether somebody waits for an op.
const (
	waited int32 = iota
	served
	forsaken
)

// Entry is an intent that is recorded.
type Entry struct {
	ledger *Ledger
	op     *op
	intent *Intent
}

// ID names the entry's record; the zero ID while it is not written.
func (e *Entry) ID() ID {
	if e == nil || e.op.seq.Load() == 0 {
		return ID{}
	}
	return ID{e.op.writer, e.op.seq.Load()}
}

// Open adds the journal's tables to the store, and starts a chain in them as soon as that can be written. The ledger is to be shut.
// Observers are told of what is recorded.
func Open(s *store.Store, o Options, log *slog.Logger, observers ...Observer) (*Ledger, error) {
	return openAt(s, o, log, time.Now, s.Clock(time.Now), observers...)
}

func openAt(s *store.Store, o Options, log *slog.Logger, now func() time.Time, clock *store.Clock, observers ...Observer) (*Ledger, error) {
	if err := Prepare(s); err != nil {
		return nil, err
	}
	o = o.WithDefaults()
	l := &Ledger{
		store: s, log: log, settings: &settings{cuts: make(chan struct{}, 1)}, lease: o.Lease,
		slice: slice, observers: observers, now: now, clock: clock,
	}
	l.Set(o)
	l.begin()
	return l, nil
}

// begin has it write what comes.
func (l *Ledger) begin() {
	l.wake, l.stop, l.ended = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	l.committer = committer{open: map[int64]bool{}, next: 1, patience: patience}
	_, _ = rand.Read(l.head[:]) // which fails never
	l.headed = l.now()
	go l.run()
}

// GoesOn says that writes go on while the journal cannot be written.
func (l *Ledger) GoesOn() bool { return l.goesOn.Load() }

// Prepare adds the journal's tables to a store that is only read from.
func Prepare(s *store.Store) error { return s.Add("journal", migrations, uses...) }

var uses = []store.Use{
	{Table: "journal_writers", Rights: "SELECT, INSERT, UPDATE, DELETE"},
	{Table: "journal_records", Rights: "SELECT, INSERT, UPDATE, DELETE"},
	{Table: "journal_subjects", Rights: "SELECT, INSERT, DELETE"},
	{Table: "journal_erased", Rights: "SELECT, INSERT, DELETE"},
	{Table: "journal_owed", Rights: "SELECT, INSERT, UPDATE, DELETE"},
}

// Shut writes what waits, as far as the store lets it, and ends the chain.
func (l *Ledger) Shut() {
	l.mu.Lock()
	l.shut = true
	l.mu.Unlock()
	if l.refusals != nil {
		l.refusals.Shut()
	}
	close(l.stop)
	<-l.ended
}

var errShut = errors.New("the journal is shut")

// Begin records an intent. When it returns without an error the intent is durable, or else the configuration lets writes go on without;
// with one, nothing may be done: it is a check's, the context's or the store's. follows is the entry that it follows from; nil: none.
func (l *Ledger) Begin(ctx context.Context, i Intent, follows *Entry, checks ...Check) (*Entry, error) {
	i.Time = l.now()
	r, err := newRow(KindIntent, i.Time, packIntent(&i))
	if err != nil {
		return nil, err
	}
	r.of = i.Of
	o := &op{row: r, event: Event{Time: i.Time, Intent: &i}, keys: i.subjects(), checks: checks, done: make(chan error, 1)}
	if follows != nil {
		o.of = follows.op
	}
	o.kept = i.Why == TakeBack || i.Why == Amend // what was begun is taken back, or put right, whatever comes
	l.enqueue(o)
	select {
	case err = <-o.done:
	case <-ctx.Done():
		if o.state.CompareAndSwap(waited, forsaken) {
			return nil, ctx.Err()
		}
		err = <-o.done
	}
	if err != nil && (!o.kept || o.lost.Load()) {
		return nil, err
	}
	return &Entry{l, o, &i}, nil
}

// Close records what became of an entry. What comes back is closed when that is durable; where the store is away it waits in memory.
func (e *Entry) Close(d Done) (written <-chan error) {
	now := e.ledger.now()
	if d.Took == 0 {
		d.Took = now.Sub(e.intent.Time)
	}
	r, err := newRow(KindReceipt, now, packDone(&d, e.intent.secret))
	if err != nil {
		return failed(err)
	}
	o := &op{row: r, event: Event{Time: now, Intent: e.intent, Done: &d}, of: e.op, kept: true, done: make(chan error, 1)}
	o.keys = d.keys(e.intent)
	e.ledger.enqueue(o)
	return o.done
}

// Refuse records a refusal. What comes back is closed when that is durable; where the store is away it waits in memory. Of who is nobody
// (Caller "") only some are recorded.
func (l *Ledger) Refuse(r Refusal) (written <-chan error) {
	r.Time = l.now()
	if r.Caller == "" {
		recorded, after := l.strangers.let(r.Client, r.Time)
		if !recorded {
			return failed(nil)
		}
		r.Detail += after
	}
	row, err := newRow(KindRefusal, r.Time, packRefusal(&r))
	if err != nil {
		return failed(err)
	}
	row.of = r.Of
	e := Event{Time: r.Time, Intent: &r.Intent, Refusal: &r}
	o := &op{row: row, event: e, keys: r.subjects(), kept: true, done: make(chan error, 1)}
	l.refusing().enqueue(o)
	return o.done
}

func failed(err error) <-chan error {
	done := make(chan error, 1)
	done <- err
	return done
}

// enqueue has an op written. While the store does not take records, nobody waits for those that are kept.
func (l *Ledger) enqueue(o *op) {
	if l.failing.Load() {
		if o.kept = o.kept || l.goesOn.Load(); o.kept {
			o.tell(nil)
		}
	}
	l.mu.Lock()
	shut := l.shut
	if !shut {
		l.queue = append(l.queue, o)
	}
	if o.row.kind == KindReceipt {
		l.over(o.of)
	}
	asleep := len(l.queue) > 1 && !l.isEnough() // or it waits for this one no more than for the next
	l.mu.Unlock()
	if shut {
		o.tell(errShut)
		return
	}
	if asleep {
		return
	}
	select {
	case l.wake <- struct{}{}:
	default: // it is awake
	}
}

// take returns some of those that wait, the oldest first, and leaves out whom nobody waits for any more.
func (l *Ledger) take() (ops []*op) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.queue), together)
	for _, o := range l.queue[:n] {
		if o.state.Load() != forsaken {
			ops = append(ops, o)
		}
	}
	if l.queue = l.queue[n:]; len(l.queue) == 0 {
		l.queue = nil
	}
	return ops
}

// isAway says that an error is the store's, not of what is to be written.
func isAway(err error) bool {
	known, ok := errors.AsType[*store.Error](err)
	return ok && known.OfTheStore()
}
