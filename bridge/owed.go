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
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
)

// Whoever renames or deletes looks at who refers to that when it is done, or stopped. Where the directory is away by then, or no answer
// came, or the bridge dies, the look is owed: by the bridge itself, or by the one that looks up what became of the write. It comes late,
// and so it only has references go that are nobody's (draft.Owed), and these only where they stood untouched for longer than any write
// that is under way takes from one step to the next:
//
//	anna's rename to mara stopped, and is sent again; the group has mara already; it is looked at; anna becomes mara; she is taken out

const (
	// owedAgain is when it is looked first, and again where that failed: an open breaker answers at once.
	owedAgain = time.Second
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

// debt is a look that is owed.
type debt struct {
	request *request
	left    draft.Aftermath
	plan    ldif.Plan
	unsure  bool // no answer came to a step of it
	why     error
	since   time.Time
	due     time.Time
	seen    map[string]time.Time // what was to go at the last look, and since when
}

func newOwed() *owed { return &owed{later: owedLater, come: make(chan struct{}, 1)} }

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

// owes notes the looks that nobody made at what the attempts left.
func (r *request) owes(past history) {
	for _, a := range past {
		if r.foreseen == nil && !a.settled {
			r.owesOf(a.draft, a.receipt)
		}
	}
}

// owesOf notes that a look is owed at what the plan of the receipt left.
func (r *request) owesOf(of *draft.Draft, receipt ldif.Receipt) {
	left := of.Owed(receipt.Plan)
	sent := func(s ldif.StepReceipt) bool { return s.State != ldif.NotSent && s.State != ldif.Refused }
	if left.Nothing() || !slices.ContainsFunc(receipt.Steps, sent) {
		return
	}
	d := &debt{request: r, left: left, plan: receipt.Plan, unsure: receipt.Unsure(), why: receipt.Err}
	d.since, d.due = time.Now(), time.Now().Add(owedAgain)
	d.log(slog.LevelWarn, "a write stopped; who refers to its entry is looked at later")
	r.owed.add(d)
}

// owesFor is owesOf for a bridge that died, with what was found of its plan.
func (b *Bridge) owesFor(world *ldapmap.Map, i journal.Intent, receipt ldif.Receipt) {
	t := world.Type(i.Type)
	if t == nil {
		return
	}
	r := &request{Bridge: b, operation: i.Operation, world: world, typ: t, server: t.Server, account: &account{name: i.Name, body: i.Body}}
	r.call = Call{RequestID: i.RequestID, Activity: i.Activity, Part: i.Part, Caller: i.Caller, Client: i.Client}
	r.owesOf(draft.Recorded(t, i.Plan), receipt)
}

func (d *debt) log(level slog.Level, message string, more ...any) {
	about := []any{"request", d.request.call.RequestID, "dn", d.plan.DN()}
	d.request.log.Log(context.Background(), level, message, append(about, more...)...)
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
	if directory.IsLate(d.why) && time.Since(d.since) < owedLife {
		d.due = time.Now().Add(owedAgain)
		return
	}
	err := b.looks(ctx, d)
	switch waits := passes(err) && time.Since(d.since) < owedLife; {
	case ctx.Err() != nil:
		return
	case waits && len(d.seen) > 0:
		d.due = time.Now().Add(b.directory.StepTime(d.request.server))
		return
	case waits:
		d.due = time.Now().Add(owedAgain)
		return
	case err != nil:
		d.log(slog.LevelError, "a reference to the entry of a write that stopped could not be put right", "error", err)
	}
	if d.unsure {
		d.unsure, d.due = false, d.since.Add(b.owed.later)
		return
	}
	b.owed.remove(d)
	d.log(slog.LevelInfo, "who refers to the entry of a write that stopped was looked at")
}

// looks makes the look.
func (b *Bridge) looks(ctx context.Context, d *debt) error {
	r := *d.request
	if r.Bridge = b; r.account != nil {
		r.account = &account{name: r.account.name, body: r.account.body}
		defer r.closes()
	}
	ctx, end := directory.OneWay(ctx)
	defer end()
	return r.amend(ctx, d.left, d.plan, d)
}

// errTooSoon is that what is to go stood not yet for long enough.
var errTooSoon = &directory.Error{Reason: reason.LostRace}

// stood are those of the amends that were to be made so already at a look so long ago: of entries that nobody has changed since.
func (d *debt) stood(amends ldif.Plan, long time.Duration) (stood ldif.Plan) {
	before := d.seen
	d.seen = map[string]time.Time{}
	for i, step := range amends.Steps {
		key := step.Change.String()
		since, known := before[key]
		if !known {
			since = time.Now()
		}
		if d.seen[key] = since; known && time.Since(since) >= long {
			stood.Steps, stood.Effects = append(stood.Steps, step), append(stood.Effects, amends.Effects[i])
		}
	}
	return stood
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
