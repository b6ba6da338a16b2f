package journal

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/ldapmap/ldif"
)

// committer is what the one goroutine knows that writes. What comes while a transaction is under way shares the next (gather).
type committer struct {
	writer  int64 // 0: it has no chain yet
	next    int64 // the next record's
	head    hash  // of the last
	reread  bool  // a transaction failed: what the store has of the chain is to be looked at
	unsure  *batch
	waiting []*op // what could not be written yet, the oldest first
	open    map[int64]bool
	octets  int64 // of all that it has written

	took     time.Duration // the last transaction
	patience time.Duration // with which the next waits for more
	beaten   time.Time     // the last sign of life
	headed   time.Time     // when the head was last logged
	failing  atomic.Bool
	behind   atomic.Int64 // len(waiting)
	count    atomic.Int64 // records that it has written
}

// run writes what comes, until the ledger is shut.
func (l *Ledger) run() {
	defer close(l.ended)
	tick := time.NewTicker(min(retry, l.lease/3))
	defer tick.Stop()
	for {
		select {
		case <-l.wake:
		case <-tick.C:
			if len(l.waiting) == 0 && l.now().Sub(l.beaten) < l.lease/3 {
				continue
			}
		case <-l.stop:
			l.finish()
			return
		}
		for more := true; more; {
			l.gather()
			more = l.flush() && l.isMore()
		}
	}
}

func (l *Ledger) isMore() bool { return len(l.waiting) > 0 || l.isQueued() }

func (l *Ledger) isQueued() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) > 0
}

// finish writes what is left and ends the chain.
func (l *Ledger) finish() {
	for l.flush() && l.isMore() {
	}
	if l.writer == 0 && len(l.waiting) == 0 {
		return
	}
	ended := l.clock.Now().UnixMicro()
	if len(l.open) > 0 { // others look up what became of that
		ended = 0
	}
	err := l.store.Write(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
		return l.live(ctx, tx, l.writer, ended)
	})
	if l.next > 1 {
		l.logHead()
	}
	if left := len(l.waiting); left > 0 || err != nil {
		l.log.Error("the journal could not be finished; the next start looks up what became of the writes", "records", left, "error", err)
	}
}

// flush writes some of what waits. It says whether the store took it.
func (l *Ledger) flush() bool {
	defer func() { l.behind.Store(int64(len(l.waiting))) }()
	n := min(len(l.waiting), together)
	ops := slices.Clone(l.waiting[:n])
	if n == len(l.waiting) { // what came later is written later
		ops = append(ops, l.take()...)
	}
	err := l.commit(ops)
	if err != nil && !isAway(err) && len(ops) > 1 {
		// One of them may be what the store does not take: the others shall not suffer.
		for i, o := range ops {
			if err = l.commit([]*op{o}); isAway(err) {
				l.put(n, ops, i, err)
				return false
			} else if err != nil {
				l.reject(o, err)
			}
		}
		l.waiting = slices.Delete(l.waiting, 0, n)
		return true
	}
	if err != nil {
		l.put(n, ops, 0, err)
		return false
	}
	l.waiting = slices.Delete(l.waiting, 0, n)
	return true
}

// put puts the ops from the one at i on back among those that wait, of which the first n were taken, and tells who cannot wait: of those
// too who came meanwhile, if the store is away.
func (l *Ledger) put(n int, ops []*op, i int, err error) {
	if isAway(err) && !l.failing.Swap(true) {
		l.log.Error("the journal cannot be written", "error", err, "writes", l.fateOfWrites())
	}
	l.waiting = append(l.keep(ops[i:], err), l.waiting[min(n, len(l.waiting)):]...)
	for isAway(err) && l.isQueued() {
		l.waiting = append(l.waiting, l.keep(l.take(), err)...)
	}
	for len(l.waiting) > backlog {
		l.reject(l.waiting[len(l.waiting)-1], err)
		l.waiting = l.waiting[:len(l.waiting)-1]
	}
}

func (l *Ledger) fateOfWrites() string {
	if l.GoesOn() {
		return "go on"
	}
	return "are refused"
}

// keep is which of the ops wait on. The others are told.
func (l *Ledger) keep(ops []*op, err error) (waiting []*op) {
	for _, o := range ops {
		switch {
		case !isAway(err):
			l.reject(o, err)
		case o.kept:
			o.tell(err)
			waiting = append(waiting, o)
		default:
			o.kept = l.goesOn.Load() // before it is told: who waited for that reads it
			if o.tell(err) && o.kept {
				waiting = append(waiting, o)
			}
		}
	}
	return waiting
}

// reject gives an op up.
func (l *Ledger) reject(o *op, err error) {
	o.lost.Store(true)
	o.tell(err)
	if o.kept {
		l.log.Error("a record of the journal is lost", "kind", o.row.kind, "request", o.event.Intent.RequestID, "error", err)
	}
}

// tell ends the waiting for an op, and says whether somebody waited.
func (o *op) tell(err error) bool {
	if !o.state.CompareAndSwap(waited, served) {
		return false
	}
	o.done <- err
	close(o.done)
	return true
}

// commit writes ops in one transaction.
func (l *Ledger) commit(ops []*op) error {
	if err := l.catchUp(); err != nil {
		return err
	}
	now := l.now()
	beats := now.Sub(l.beaten) >= l.lease/3
	ops = slices.DeleteFunc(slices.Clone(ops), l.isSettled)
	if len(ops) == 0 && !beats {
		return nil
	}
	var b batch
	err := l.store.Write(context.Background(), func(ctx context.Context, tx *sql.Tx) (err error) {
		if b, err = l.link(l.unwatched(ctx), tx, ops); err != nil {
			return err
		}
		if err = l.insertRows(l.unwatched(ctx), tx, b); err != nil || !beats {
			return err
		}
		return l.live(ctx, tx, b.writer, 0)
	})
	if err != nil {
		l.reread = true
		if known, ok := errors.AsType[*store.Error](err); ok && known.Unknown {
			l.unsure = &b
		}
		return err
	}
	if l.took = l.now().Sub(now); beats {
		l.beaten = now
	}
	l.unsure = nil // and it never will be: its places are taken
	l.written(b)
	for _, o := range ops {
		if o.refused != nil {
			o.tell(o.refused)
		}
	}
	l.recovered()
	if now.Sub(l.headed) >= headAgain {
		l.logHead()
	}
	return nil
}

// unwatched is the context of statements in a transaction that writes. SQLite's wait for nobody then, and each would have a goroutine that
// watches the context; that ends the transaction itself all the same.
func (l *Ledger) unwatched(ctx context.Context) context.Context {
	if l.store.Dialect() == store.SQLite {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// isSettled says that there is nothing to write for an op: it stands in the store, or is about what does not.
func (l *Ledger) isSettled(o *op) bool {
	if o.row.kind == KindReceipt && o.of != nil && o.of.lost.Load() {
		l.reject(o, errLost)
	}
	return o.lost.Load() || o.seq.Load() != 0
}

var errLost = errors.New("what it is about is lost")

// written notes that a batch stands in the store.
func (l *Ledger) written(b batch) {
	l.writer, l.next, l.head = b.writer, b.last+1, b.head
	l.own.Store(b.writer)
	l.count.Add(int64(len(b.ops)))
	l.begun(b)
	for i, o := range b.ops {
		o.writer = b.writer
		l.octets += sizeOf(b.rows[i], o.keys)
		o.seq.Store(b.rows[i].id.Seq)
		switch o.row.kind {
		case KindIntent:
			l.open[b.rows[i].id.Seq] = true
		case KindReceipt:
			if of := b.rows[i].of; of.Writer == b.writer {
				delete(l.open, of.Seq)
			}
		case KindRefusal, KindAnchor, KindForget, KindAct:
		}
		if told := o.tell(nil); !told && o.row.kind == KindIntent && !o.kept {
			l.abandon(o) // whoever wanted it was told that it is not written, or has left
		}
	}
}

// abandon closes an intent that nobody acts on.
func (l *Ledger) abandon(o *op) {
	receipt := ldif.NewReceipt(o.event.Intent.Plan)
	receipt.Err = errAbandoned
	(&Entry{l, o, o.event.Intent}).Close(Done{Receipt: receipt})
}

var errAbandoned = errors.New("nobody waited for the journal any more, and nothing was sent")

// catchUp finds out where the chain ends, after a transaction that failed.
func (l *Ledger) catchUp() error {
	if !l.reread {
		return nil
	}
	writer, last, head := l.writer, int64(0), hash{}
	if l.unsure != nil {
		writer = l.unsure.writer
	}
	err := l.store.View(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
		var h []byte
		err := tx.QueryRowContext(ctx, "SELECT seq, hash FROM journal_records WHERE writer = $1 ORDER BY seq DESC LIMIT 1", writer).
			Scan(&last, &h)
		copy(head[:], h)
		if errors.Is(err, sql.ErrNoRows) {
			last, err = 0, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	l.reread = false
	if u := l.unsure; u != nil && last == u.last && head == u.head {
		l.unsure = nil
		l.written(*u)
	}
	return nil
}

// recovered tells that the journal is written again.
func (l *Ledger) recovered() {
	if l.failing.Swap(false) {
		l.log.Info("the journal is written again")
	}
}

// logHead puts the chain's end where whoever changes the store cannot reach it.
func (l *Ledger) logHead() {
	l.headed = l.now()
	l.log.Info("journal", "head", ID{l.writer, l.next - 1}, "hash", hex.EncodeToString(l.head[:]))
}
