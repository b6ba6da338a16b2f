package bridge

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
)

// Whoever renames or deletes looks at who refers to that when it is done, or stopped. Where the directory is away by then, or no answer
// came, or the bridge dies, the look is owed: by the bridge itself or, with a store, by whoever inherits it from one that has ended. It
// comes late, and so it only has references go that are nobody's (draft.Owed), and these only where they stood untouched for longer than
// any write that is under way takes from one step to the next:
//
//	anna's rename to mara stopped, and is sent again; the group has mara already; it is looked at; anna becomes mara; she is taken out

const (
	// owedAgain is when it is looked first, and again where that failed: an open breaker answers at once.
	owedAgain = time.Second
	// owedMost is the most that is waited where something is sent again and again in vain.
	owedMost = 10 * time.Minute
	// owedLater is when it is looked once more where no answer came to a step: a server that hung may do it late.
	owedLater = time.Minute
	// owedLife is for how long it is tried.
	owedLife = 24 * time.Hour
)

// owed are the looks that are owed.
type owed struct {
	later time.Duration // owedLater
	come  chan struct{} // there may be another
	turn  sync.Mutex    // held by the bridge that looks: one that takes another's place has the same

	mu  sync.Mutex
	all []*debt
}

// debt is a look that is owed. It holds nothing of the configuration: another may hold by the time it is made.
type debt struct {
	ids    []journal.ID   // of the records by which it is owed
	record journal.Intent // of the write
	unsure bool           // no answer came to a step of it
	why    error          // it stopped
	due    time.Time
	until  time.Time // it is tried
	seen   []left    // what was to go at the last look
	since  time.Time // it was just so
	tries  int       // how often something was sent
}

// left is a name that is to go from an entry.
type left struct{ id, version, name string }

func newOwed() *owed { return &owed{later: owedLater, come: make(chan struct{}, 1)} }

// add has a look be made, and says whether none at the same plan is owed already.
func (o *owed) add(d *debt) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	same := func(o *debt) bool {
		return o.record.RequestID == d.record.RequestID && o.record.Plan.String() == d.record.Plan.String()
	}
	if at := slices.IndexFunc(o.all, same); at >= 0 {
		for _, id := range d.ids {
			if !slices.Contains(o.all[at].ids, id) {
				o.all[at].ids = append(o.all[at].ids, id)
			}
		}
		return false
	}
	o.all = append(o.all, d)
	select {
	case o.come <- struct{}{}:
	default:
	}
	return true
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

// owes notes the looks that nobody made at what the attempts left.
func (r *request) owes(ctx context.Context, past history) {
	for _, a := range past {
		if r.foreseen != nil || a.settled || !owesLook(r.typ, a.receipt.Plan, a.receipt) {
			continue
		}
		record := journal.Intent{
			RequestID: r.call.RequestID, Activity: r.call.Activity, Part: r.call.Part, Caller: r.call.Caller, Client: r.call.Client,
			Operation: r.operation, Type: r.typ.Name, Name: past.name(), Plan: a.receipt.Plan,
		}
		if r.account != nil {
			record.Body = r.account.body
		}
		var id journal.ID // none
		if a.account != nil {
			id = a.account.entry.ID()
		}
		if err := r.ledger.Owe(ctx, id); err != nil { // then it is lost with the bridge
			r.log.Warn("a look that is owed could not be recorded", "error", err, "request", record.RequestID)
		}
		r.owe(id, record, a.receipt)
	}
}

// owesLook says that a look is owed at what a plan left that was made for resources of the type, and came to this.
func owesLook(t *ldapmap.Type, plan ldif.Plan, receipt ldif.Receipt) bool {
	sent := func(s ldif.StepReceipt) bool { return s.State != ldif.NotSent && s.State != ldif.Refused }
	return t != nil && !draft.Owed(t, plan).Nothing() && slices.ContainsFunc(receipt.Steps, sent)
}

// owe has the bridge owe a look at what became of a record.
func (b *Bridge) owe(id journal.ID, record journal.Intent, receipt ldif.Receipt) {
	d := &debt{ids: []journal.ID{id}, record: record, unsure: receipt.Known().Unsure(), why: receipt.Err}
	d.due, d.until = time.Now().Add(owedAgain), time.Now().Add(owedLife)
	if b.owed.add(d) {
		b.tellOwed(slog.LevelInfo, d, "who refers to the entry of a write is looked at later")
	}
}

// inherits has the bridge owe the look that one which has ended owed.
func (b *Bridge) inherits(ctx context.Context, a journal.Account) (owes bool, err error) {
	world, _, err := b.world(ctx)
	if err != nil {
		return false, err
	}
	if owes = owesLook(world.Type(a.Type), a.Plan, a.Done.Receipt); owes {
		b.owe(a.ID, a.Intent, a.Done.Receipt)
	}
	return owes, nil
}

func (b *Bridge) tellOwed(level slog.Level, d *debt, message string, more ...any) {
	about := []any{"request", d.record.RequestID, "dn", d.record.Plan.DN()}
	b.log.Log(context.Background(), level, message, append(about, more...)...)
}

// Settle makes the looks that are owed, as soon as it can, until ctx ends.
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

// settleOwed looks at what is due, and says when to come again: once a while in any case, as a bridge whose place was taken may have been
// told of what came.
func (b *Bridge) settleOwed(ctx context.Context) (next time.Duration) {
	b.owed.turn.Lock()
	defer b.owed.turn.Unlock()
	next = owedLater
	for _, d := range b.owed.list() {
		if time.Until(d.due) <= 0 && ctx.Err() == nil {
			b.settleDebt(ctx, d)
		}
		next = min(next, max(0, time.Until(d.due)))
	}
	return next
}

func (b *Bridge) settleDebt(ctx context.Context, d *debt) {
	if directory.IsLate(d.why) {
		d.due = time.Now().Add(owedAgain)
		return
	}
	wait, err := b.look(ctx, d)
	switch {
	case ctx.Err() != nil:
		return
	case passes(err) && time.Now().Before(d.until):
		d.due = time.Now().Add(wait)
		return
	case err != nil:
		b.tellOwed(slog.LevelError, d, "a reference to the entry of a write that stopped could not be put right", "error", err)
	}
	if d.unsure {
		d.unsure, d.due, d.until, d.seen = false, time.Now().Add(b.owed.later), time.Now().Add(owedLife), nil
		return
	}
	b.owed.remove(d)
	for _, id := range d.ids {
		if err := b.ledger.Pay(ctx, id); err != nil { // then whoever inherits it makes it once more
			b.log.Warn("a look that was made could not be recorded", "error", err, "request", d.record.RequestID)
		}
	}
	b.tellOwed(slog.LevelInfo, d, "who refers to the entry of a write was looked at")
}

// look makes the look, by the map that holds now. wait is until it makes sense again.
func (b *Bridge) look(ctx context.Context, d *debt) (wait time.Duration, err error) {
	ctx, end := directory.OneWay(ctx)
	defer end()
	wait = owedAgain
	world, _, err := b.world(ctx)
	if err != nil {
		return wait, err
	}
	t := world.Type(d.record.Type)
	if t == nil { // whose entries are no matter of the bridge's any more
		return wait, nil
	}
	r := &request{Bridge: b, operation: d.record.Operation, world: world, typ: t, server: t.Server}
	r.call = Call{
		RequestID: d.record.RequestID, Activity: d.record.Activity, Part: d.record.Part, Caller: d.record.Caller, Client: d.record.Client,
	}
	if r.ledger != nil {
		r.account = &account{name: d.record.Name, body: d.record.Body}
		defer r.closes()
	}
	err = r.amend(ctx, draft.Owed(t, d.record.Plan), d.record.Plan, d)
	switch {
	case Explain(err).Reason == reason.LimitExceeded:
		wait = b.owed.later
	case len(d.seen) > 0:
		wait = min(b.directory.StepTime(t.Server)<<min(d.tries, 5), max(owedMost, b.directory.StepTime(t.Server)))
	}
	return wait, err
}

// errTooSoon is that what is to go stood not yet for long enough.
var errTooSoon = &directory.Error{Reason: reason.LostRace}

// stood says that just these amends were to be made at all looks since so long ago, of entries that nobody has changed. A write that is
// under way changes one entry after the other: where one has changed, or is not to be any more, all may be its matter.
func (d *debt) stood(amends ldif.Plan, server *ldif.Server, long time.Duration) bool {
	var seen []left
	for _, step := range amends.Steps {
		seen = append(seen, left{step.Change.If.ID, step.Before.Value(server.VersionAttribute), step.Keeps.Old})
	}
	slices.SortFunc(seen, func(a, b left) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.name, b.name))
	})
	if !slices.Equal(seen, d.seen) {
		d.seen, d.since = seen, time.Now()
	}
	return time.Since(d.since) >= long
}

// closes tells the journal what became of plans that no client waits for.
func (r *request) closes() {
	for _, a := range r.account.plans {
		if !a.closed {
			r.close(a, journal.Done{})
		}
	}
}

// passes says that what kept somebody from putting references right may be over later: the directory is away, or others were quicker. An
// operator is not asked once more what he has yet to decide.
func passes(err error) bool {
	why := Explain(err)
	return why.Reason == reason.LimitExceeded || why.Status == http.StatusServiceUnavailable && why.Reason != reason.Held
}
