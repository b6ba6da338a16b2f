package bridge

import (
	"context"
	"errors"
	"slices"
	"sync"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
)

// Foresight gathers what a request would do. It goes through the driver as any other, and what would be sent is applied in memory
// (directory.Rehearsal): what comes behind sees it done. Of a bulk request each operation has its own Foreseen, and presupposes those that
// came before it; so does a request after Forget.
type Foresight struct {
	DryRun bool          // it is told to the journal and the log
	Counts bool          // what guard.limits have shares of is counted, where nobody has done so
	Reason reason.Reason // why the request is not done as asked

	rehearsal directory.Rehearsal
	branch    *directory.Rehearsal // in its place; nil: it is none
	limited   bool                 // of a branch: guard.limits are about something of it, and were not asked
	ahead     guard.Ahead

	mu    sync.Mutex
	parts []*Foreseen
}

// In is the context of the request.
func (f *Foresight) In(ctx context.Context) context.Context {
	return directory.Rehearse(ctx, f.rehearsed())
}

// Reads are the searches that were made.
func (f *Foresight) Reads() []directory.Reading { return f.rehearsed().Reads() }

func (f *Foresight) rehearsed() *directory.Rehearsal {
	if f.branch != nil {
		return f.branch
	}
	return &f.rehearsal
}

// Parts are the operations, in the order in which they began.
func (f *Foresight) Parts() []*Foreseen {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.parts)
}

// Forget makes ready for another request, which sees done what was foreseen so far.
func (f *Foresight) Forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parts, f.Reason = nil, reason.None
	f.rehearsed().Forget()
}

// Branch foresees what comes next beside this one, which it knows nothing of. number is its own, from 1 on.
func (f *Foresight) Branch(number int) *Foresight {
	return &Foresight{Counts: f.Counts, branch: f.rehearsal.Branch(number)}
}

// Join takes over what a branch foresaw, if it would have come to the same here. Else it is to be foreseen again: nothing is taken over.
func (f *Foresight) Join(ctx context.Context, branch *Foresight) (joined bool, err error) {
	if branch.limited {
		return false, nil
	}
	return f.rehearsal.Join(ctx, branch.branch)
}

// Holds are what guard.limits would hold of it all, in words: one of each kind of write.
func (f *Foresight) Holds() (why []string) {
	for _, held := range f.ahead.Held() {
		why = append(why, held.Hold.Why)
	}
	slices.Sort(why)
	return why
}

// Foreseen is one operation: what it was understood as, and what it would do.
type Foreseen struct {
	Operation string
	Type      string // resource type
	ID        string // of the resource; "" of a create
	Part      *journal.Part
	Values    []Understood
	Dropped   []Dropped
	Plans     []ForeseenPlan
	Conflict  *draft.Conflict // what it ends in; nil: it does not
}

// Dropped is what of the request is not written.
type Dropped struct{ Path, Why string }

// ForeseenPlan is a plan that would run, or may not.
type ForeseenPlan struct {
	Plan    ldif.Plan
	Why     journal.Why // of a plan that the request did not ask for
	Refused error       // what the guard says against it, or against what is left out of it
	Held    error       // the limit that would hold it
	Unsure  error       // why it is not known what the limits say
	Limited []string    // the effects that guard.limits count
	Receipt *ldif.Receipt
	Values  []Traced
}

// foresees begins what is foreseen of an operation.
func (r *request) foresees(id string) {
	f := r.call.Foresight
	if f == nil {
		return
	}
	r.foreseen = &Foreseen{Operation: r.operation, Type: r.typ.Name, ID: id, Part: r.call.Part}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parts = append(f.parts, r.foreseen)
}

// queries notes a query.
func (f *Foresight) queries(typ string, q Query) {
	if f == nil {
		return
	}
	part := &Foreseen{Operation: "query", Type: typ}
	for _, said := range []Understood{{Path: "filter", Value: q.Filter}, {Path: "sortBy", Value: q.SortBy}} {
		if said.Value != "" {
			part.Values = append(part.Values, said)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parts = append(f.parts, part)
}

// The reasons why something is dropped.
const (
	notMapped  = "the map does not name it"
	hasNoPlace = "the map, or the entry, has no place for it"
)

// drop notes what is dropped.
func (f *Foreseen) drop(paths []string, why string) {
	if f == nil {
		return
	}
	for _, path := range paths {
		if d := (Dropped{path, why}); !slices.Contains(f.Dropped, d) {
			f.Dropped = append(f.Dropped, d)
		}
	}
}

// foreseeRefusal notes a plan that the guard refuses, or takes something out of.
func (r *request) foreseeRefusal(plan ldif.Plan, refused error) {
	if r.foreseen != nil && refused != nil {
		r.foreseen.Plans = append(r.foreseen.Plans, ForeseenPlan{Plan: plan, Refused: refused, Values: r.traced(plan)})
	}
}

// ends notes what refuses the operation.
func (f *Foreseen) ends(err error) {
	if f != nil {
		f.Conflict, _ = errors.AsType[*draft.Conflict](err)
	}
}

// foresee notes a plan that is about to run. It refuses what a limit would hold.
func (r *request) foresee(ctx context.Context, plan ldif.Plan, why journal.Why) error {
	p := ForeseenPlan{Plan: plan, Why: why, Values: r.traced(plan)}
	if isLimited(why) && r.limiter != nil && !r.call.PastLimits {
		if p.Limited = r.limiter.Counts(r.typ.Name, plan); r.call.Foresight.branch != nil {
			r.call.Foresight.limited = r.call.Foresight.limited || len(p.Limited) > 0
			r.foreseen.Plans = append(r.foreseen.Plans, p)
			return nil
		}
		err := r.foreseeLimits(ctx, plan)
		hold, held := errors.AsType[*guard.Held](err)
		switch {
		case held:
			p.Held = heldBack(hold)
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			p.Unsure = err
		}
	}
	r.foreseen.Plans = append(r.foreseen.Plans, p)
	return p.Held
}

// foreseeLimits is what the limits would refuse the plan with.
func (r *request) foreseeLimits(ctx context.Context, plan ldif.Plan) error {
	f := r.call.Foresight
	for {
		err := r.limiter.Foresee(ctx, r.typ.Name, plan, &f.ahead)
		needed, is := errors.AsType[*guard.TotalNeeded](err)
		if !is || !f.Counts {
			return err
		}
		of := context.WithoutCancel(directory.Rehearse(ctx, nil)) // as the store's count is: of what is there
		seen, err := r.countAll(of, needed.Type)
		if err != nil {
			return err
		}
		f.ahead.Know(needed.Type, seen)
	}
}

// rehearsed tells the journal of what was foreseen of a dry run, and is done when it is written down.
func (r *request) rehearsed(status int, why, detail string) (written []<-chan error) {
	for _, p := range r.foreseen.Plans {
		i := r.intentOf(p.Plan)
		i.Why = journal.DryRun
		written = append(written, r.ledger.Refuse(journal.Refusal{Intent: i, Status: status, Reason: why, Detail: detail}))
	}
	return written
}

// done notes what became of the last plan.
func (f *Foreseen) done(receipt ldif.Receipt, ahead *guard.Ahead) {
	if n := len(f.Plans); n > 0 {
		f.Plans[n-1].Receipt = &receipt
		if len(f.Plans[n-1].Limited) > 0 {
			ahead.Did(f.Type, receipt)
		}
	}
}

// IsOutside says that the guard refuses a plan for an entry that is, or would be, none of the map's, and not for one that is protected.
func IsOutside(err error) bool {
	refusal, is := errors.AsType[*guard.Refusal](err)
	return is && refusal.Outside
}
