package bridge

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
)

// Whoever renames or deletes looks at who refers to that when it is done, or stopped. Where the directory is away by then, the look is
// owed: this bridge remembers it, and looks as soon as it can. The record of the write stays open in the journal as long, so that another
// bridge looks where this one dies before (lookUp).

const (
	// owedAgain is when what is owed is tried again: an open breaker answers at once. Who is to take a name that others still refer to
	// waits longer for them (draft.Patience).
	owedAgain = 200 * time.Millisecond
	// owedLater is when it is looked at once more where no answer came to a step: a server that hung may do it late.
	owedLater = time.Minute
	// owedLife is for how long it is tried.
	owedLife = 24 * time.Hour
)

const notPutRight = "a reference to the entry of a write that stopped could not be put right"

// owed are the writes of which a look is owed.
type owed struct {
	come chan struct{} // there may be another
	turn sync.Mutex    // held by the bridge that looks: one that takes another's place has the same

	mu  sync.Mutex
	all []*debt
}

// debt is a write, with the attempts of which a look is owed.
type debt struct {
	request  *request
	attempts history
	told     journal.Done // what the client was told
	since    time.Time
	due      time.Time
	looked   bool // it is only looked at once more
}

func newOwed() *owed { return &owed{come: make(chan struct{}, 1)} }

func (o *owed) add(d *debt) {
	o.mu.Lock()
	o.all = append(o.all, d)
	o.mu.Unlock()
	select {
	case o.come <- struct{}{}:
	default:
	}
}

func (o *owed) list() []*debt {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all)
}

func (o *owed) remove(d *debt) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = slices.DeleteFunc(o.all, func(other *debt) bool { return other == d })
}

// owes notes of which attempts of a write a look is owed.
func (r *request) owes(past history) {
	for _, a := range past {
		isLeft := func(left draft.Aftermath) bool { return !left.Nothing() }
		if r.foreseen != nil || a.settled || !slices.ContainsFunc(r.left(a, true), isLeft) {
			continue
		}
		if r.owing == nil {
			r.owing = &debt{request: r}
		}
		r.owing.attempts = append(r.owing.attempts, a)
	}
}

// holds says that a look at what the plan left is owed.
func (d *debt) holds(plan *accounted) bool {
	return d != nil && slices.ContainsFunc(d.attempts, func(a attempt) bool { return a.account == plan })
}

// handOver has the bridge owe what the request does, whose client was told this.
func (r *request) handOver(told journal.Done) {
	d := r.owing
	if d == nil {
		return
	}
	r.owing, d.told, d.since = nil, told, time.Now()
	d.log(slog.LevelWarn, "a write stopped; who refers to its entry is looked at as soon as the directory is back")
	r.owed.add(d)
}

func (d *debt) log(level slog.Level, message string, more ...any) {
	about := []any{"request", d.request.call.RequestID, "dn", d.attempts.dn()}
	d.request.log.Log(context.Background(), level, message, append(about, more...)...)
}

// Settle looks at what is owed, as soon as it can, until ctx ends.
func (b *Bridge) Settle(ctx context.Context) {
	for {
		next := time.NewTimer(b.settleOwed(ctx))
		select {
		case <-next.C:
		case <-b.owed.come:
		case <-ctx.Done():
		}
		if next.Stop(); ctx.Err() != nil {
			return
		}
	}
}

// settleOwed looks at what is due, and says when to come again.
func (b *Bridge) settleOwed(ctx context.Context) (next time.Duration) {
	b.owed.turn.Lock()
	defer b.owed.turn.Unlock()
	next = owedLife
	for _, d := range b.owed.list() {
		if time.Until(d.due) <= 0 {
			b.settleDebt(ctx, d)
		}
		next = min(next, max(0, time.Until(d.due)))
	}
	return next
}

func (b *Bridge) settleDebt(ctx context.Context, d *debt) {
	unsure, err := b.looksAgain(ctx, d)
	switch {
	case ctx.Err() != nil:
		return
	case passes(err) && time.Since(d.since) < owedLife:
		d.due = time.Now().Add(owedAgain)
		return
	case err != nil:
		d.log(slog.LevelError, notPutRight, "error", err)
	case !d.looked:
		d.log(slog.LevelInfo, "who refers to the entry of a write that stopped was looked at")
	}
	for _, a := range d.attempts {
		if a.account != nil && !a.account.closed {
			d.request.close(a.account, d.told)
		}
	}
	if !unsure || d.looked {
		b.owed.remove(d)
		return
	}
	d.looked, d.due = true, d.since.Add(owedLater)
}

// looksAgain is a look at all that is owed of a write. It says whether a step of it was left without an answer.
func (b *Bridge) looksAgain(ctx context.Context, d *debt) (unsure bool, err error) {
	r := *d.request
	if r.Bridge = b; r.account != nil {
		r.account = &account{name: r.account.name, body: r.account.body}
		defer r.closes()
	}
	ctx, end := directory.OneWay(ctx)
	defer end()
	for _, a := range d.attempts {
		if at := a.receipt.At(ldif.Unknown); at >= 0 {
			unsure = true
			if a.receipt, err = r.became(ctx, a.receipt, at); err != nil {
				return unsure, err
			}
		}
		if err = r.putRight(ctx, a, true); err != nil {
			return unsure, err
		}
	}
	return unsure, nil
}

// became is the receipt with what became of the step that no answer came for, as far as its entry shows.
func (r *request) became(ctx context.Context, receipt ldif.Receipt, at int) (ldif.Receipt, error) {
	found, _, err := r.foundOf(ctx, r.server, receipt.Plan.Steps[at], nil)
	if err == nil && found.State == ldif.NotSent {
		if err = underWay(ctx); err == nil {
			found, _, err = r.foundOf(ctx, r.server, receipt.Plan.Steps[at], nil)
		}
	}
	receipt.Steps = slices.Clone(receipt.Steps)
	receipt.Steps[at].State = found.State
	return receipt, err
}

// closes tells the journal what became of plans that no client waits for.
func (r *request) closes() {
	for _, a := range r.account.plans {
		if !a.closed {
			r.close(a, journal.Done{})
		}
	}
}

// passes says that what kept somebody from putting references right may be over later: the directory is away, or others were quicker.
func passes(err error) bool {
	switch why := Explain(err); why.Reason {
	case reason.None, reason.PartlyDone, reason.Kept, reason.Internal, reason.Panic:
		return false
	case reason.LimitExceeded: // of a search
		return true
	default:
		return why.Status >= http.StatusInternalServerError
	}
}
