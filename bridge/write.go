package bridge

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// Every write goes through these states, in this order. What an operation has of its own is its intent; the rest is the same for all.
//
//	 1  look      the entry as it is, and what it and the request refer to
//	 2  draft     what is wanted of it
//	 3  needs     what the draft must know of other entries
//	 4  plan      the change records
//	 5  judge     the guard lets the plan run
//	 6  intent    what must be known before it happens
//	 7  execute   the directory does it
//	 8  receipt   what became of it is recorded
//	 9  resume    a step that no answer came for is read back; what was done goes on at 7, or is taken back, what was not
//	              begins at 1
//	10  again     a claim that another made at the same time is withdrawn; what others did meanwhile to what the plan refers to, or
//	              left, is put right; what was said of active is held against what the directory shows; and references that a plan
//	              which stopped was to keep true: at the end, and at once where the directory is to move them itself
//	11  finish    what is shown to the client
//
// A lost race goes from 8 back to 1, up to attempts times. Where another entry must make room first, its draft goes through 3 to 10 in the
// place of the one that is wanted, and then all begins at 1. What a later attempt must know of the earlier ones stands in their receipts.

// intent is what a write is about.
type intent interface {
	// look reads what is there. past is what earlier attempts came to.
	look(ctx context.Context, past history) (seen, error)
	// want tells what is wanted of what look saw.
	want(ctx context.Context, s seen) (draft.Write, error)
	// reads are the attributes that finish needs of the entry as the write leaves it.
	reads() []string
	// finish tells the client what the write came to.
	finish(ctx context.Context, done attempt) (*Result, error)
}

// seen is what look saw.
type seen struct {
	entry  *ldif.Entry   // nil: there is none yet
	before scim.Resource // what entry shows
	refs   ldapmap.Refs
}

// attempt is a look and what came of it.
type attempt struct {
	seen
	draft   *draft.Draft
	receipt ldif.Receipt
	account *accounted  // of the plan in the journal; nil: there is none
	room    bool        // it only made room for what is wanted
	kept    bool        // the directory shows the account as it was all the same
	refused error       // why not all of it may be done; all else is
	apart   bool        // it was the directory that refused that, and nothing else
	stays   []string    // DNs of the groups that it was to leave and may not
	late    bool        // no answer came, it is not done, and may be done yet
	settled bool        // who refers to what it left was looked at
	back    *ldif.Entry // as it was read back; nil where it was not
	dn      string      // of the entry that the write is about; "": it is not known yet
	name    string      // of its resource; "": so
}

// left is the entry as the attempt left it, where the directory showed it.
func (a attempt) left(t *ldapmap.Type) *ldif.Entry {
	switch {
	case a.back != nil:
		return a.back
	case a.receipt.Plan.Empty():
		return a.entry
	}
	return a.receipt.Left(t.ID(a.entry), t.ID)
}

// attempts is how often a write may begin again, or what it made be read, which a server may be late to show.
const attempts = 10 + draft.Patience

// write runs the intent until the directory has confirmed it.
func (r *request) write(ctx context.Context, in intent) (*Result, error) {
	_, result, err := r.run(ctx, in)
	return result, err
}

// run is write, with what the attempts came to.
func (r *request) run(ctx context.Context, in intent) (past history, result *Result, err error) {
	defer func() {
		if value := recover(); value != nil {
			r.lost()
			panic(value)
		}
	}()
	ctx, end := directory.OneWay(ctx) // what was written is read where it was written
	defer end()
	through, done := toItsEnd(ctx)
	defer done()
	past, err = r.confirmed(ctx, through, in)
	past, err = r.settle(through, past, err) // 10
	r.owes(context.WithoutCancel(ctx), past)
	if err != nil {
		return past, nil, r.failed(past, past.cutShort(err))
	}
	result, err = in.finish(through, past.last()) // 11
	if last := past.last(); errors.Is(err, errNotFound) && !last.receipt.Plan.Empty() {
		result, err = r.doneAndGone(last), nil
	}
	err = past.partly(past.cutShort(err))
	if result != nil {
		if result.DN, result.Name = past.dn(), past.name(); r.foreseen == nil { // or nothing was done
			result.Effects = past.effects()
		}
	}
	untaken := past.last().draft.Untaken()
	r.tellDropped(untaken, hasNoPlace)
	return past, result.dropping(len(untaken)), err
}

// confirmed are the attempts up to the one that the directory has confirmed. What began goes through to its end.
func (r *request) confirmed(ctx, through context.Context, in intent) (past history, err error) {
	for n := range attempts {
		if len(past) > 0 {
			ctx = through
		}
		if err = pause(ctx, n); err != nil {
			return past, err
		}
		if past.unsure() {
			past, err = r.resume(ctx, in, past) // 9
		}
		if err == nil && !past.done() {
			past, err = r.attempt(ctx, through, in, past, n)
			past, err = past.apart(err, n)
		}
		if err == nil {
			past, err = r.readBack(through, past) // 10
		}
		if err == nil {
			past, err = r.lookAgain(through, past) // 10
		}
		if err == nil {
			past, err = r.bites(through, past, in) // 10
		}
		switch {
		case err == nil && past.last().room:
			continue
		case err == nil:
			return past, past.last().refused
		case past.followed():
			r.follows.Store(true) // it is not asked for that again
		case !past.again(err, n):
			return past, err
		}
		if past.followed() || past.outrun() {
			if past, err = r.settle(through, past, nil); err != nil {
				return past, err
			}
		}
	}
	if err == nil { // every attempt made room, and what is wanted is yet to be done
		err = &directory.Error{Reason: reason.LostRace}
	}
	return past, err
}

// attempt goes from the look to the receipt, and with what it sends through to its end. n is how many began before it.
func (r *request) attempt(ctx, through context.Context, in intent, past history, n int) (_ history, err error) {
	var a attempt
	defer func() { err = about(err, a.dn, a.name) }()
	if a.seen, err = in.look(ctx, past); err != nil { // 1
		return past, err
	}
	if a.entry != nil {
		a.dn = a.entry.DN
	}
	wanted, err := in.want(ctx, a.seen)
	if err != nil {
		return past, err
	}
	a.name = nameOf(wanted)
	wanted.KeepsClasses = past.declassed()
	if a.draft, err = draft.New(r.typ, wanted); err != nil { // 2
		return past, err
	}
	facts := draft.Facts{Refs: a.refs, Placeholder: past.emptied(), Follows: r.follows.Load(), Again: n}
	plan, needs, err := r.plan(ctx, a.draft, facts) // 3, 4
	if needs.Instead != nil && err == nil {
		a.draft, a.entry, a.dn = needs.Instead, needs.Instead.Entry(), needs.Instead.Entry().DN
		plan, needs, err = r.plan(ctx, a.draft, facts)
	}
	if needs.Room != nil && err == nil {
		a.draft, a.refs, a.room = needs.Room, ldapmap.Refs{}, true
		facts.Refs = a.refs
		plan, _, err = r.plan(ctx, a.draft, facts)
	}
	if err != nil {
		return past, err
	}
	a.receipt = ldif.NewReceipt(plan)
	r.planned(a.draft, wanted, plan)
	if plan.Empty() {
		return r.nothing(ctx, past, a)
	}
	if a.entry == nil && !a.room {
		a.dn = plan.DN()
	}
	wholly := plan
	plan, a.stays, a.refused = r.judged(ctx, a.draft, plan) // 5
	r.foreseeRefusal(wholly, a.refused)
	if plan.Empty() && a.refused == nil {
		return r.nothing(ctx, past, a)
	}
	if plan.Empty() {
		return past, a.refused
	}
	if err := ctx.Err(); err != nil { // nobody waits for it any more
		return past, err
	}
	if a.account, err = r.intend(ctx, plan, a.why(), nil); err != nil { // 6
		return past, err
	}
	a.receipt = r.directory.ExecuteUnless(through, plan, in.reads(), r.mayLetIn(through, a)) // 7
	r.tell(a.account, a.receipt)                                                             // 8
	return append(past, a), a.receipt.Err
}

// nothing is an attempt that finds all as it is wanted.
func (r *request) nothing(ctx context.Context, past history, a attempt) (history, error) {
	a.receipt = ldif.NewReceipt(ldif.Plan{Before: a.receipt.Plan.Before})
	if err := r.confirms(ctx, &a); err != nil { // 6
		return past, err
	}
	return append(past, a), nil
}

// judged is as much of the plan as may run, with the groups that keep who was to leave them, and what refuses that: who is blocked is
// blocked all the same.
func (r *request) judged(ctx context.Context, d *draft.Draft, plan ldif.Plan) (_ ldif.Plan, stays []string, refused error) {
	for {
		err := r.guard.Judge(ctx, r.world, r.server, plan)
		if err == nil {
			return plan, stays, refused
		}
		if n := len(plan.Steps); n > 0 && plan.Steps[0].Again { // which nobody writes can have nothing under way
			plan.Steps = plan.Steps[1:]
			continue
		}
		if refused == nil {
			refused = err
		}
		refusal, is := errors.AsType[*guard.Refusal](err)
		if !is {
			return ldif.Plan{}, nil, err
		}
		rest := d.Staying(plan, refusal.DN)
		if len(rest.Steps) == len(plan.Steps) {
			return ldif.Plan{}, nil, refused
		}
		plan, stays = rest, append(stays, refusal.DN)
	}
}

// failed is the error of a write that is given up, with what it is about.
func (r *request) failed(past history, err error) error {
	return about(past.partly(name(r.typ, past.told(r.server, err))), past.dn(), past.name())
}

// cutShort is the error of a write where a limit of the directory's ended a search, and not the change itself.
func (past history) cutShort(err error) error {
	if len(past) > 0 && errors.Is(err, past.last().receipt.Err) {
		return err
	}
	return cutShort(err)
}

// record tells the journal what became of a plan, and that what was known of the directory may be no more.
func (r *request) record(receipt ldif.Receipt) {
	record := journal.Record{
		RequestID: r.call.RequestID, Activity: r.call.Activity, Part: r.call.Part, Caller: r.call.Caller, Client: r.call.Client,
		Operation: r.operation, Type: r.typ.Name, Receipt: receipt.Known(),
	}
	if before := receipt.Plan.Before; before != nil {
		record.ID = r.typ.ID(before)
	}
	if r.foreseen != nil {
		r.foreseen.done(receipt, &r.call.Foresight.ahead)
		if record.DryRun = r.call.Foresight.DryRun; record.DryRun {
			r.journal(record)
		}
		return
	}
	r.journal(record)
	r.written.Add(1)
	if r.operation != "create" {
		r.unfinished.forget(record.ID)
	}
}

// toItsEnd is the context of what has begun to be written: it ends with the deadline, but not because the client leaves. What a plan would
// leave half done is worth more than what it costs to finish it.
func toItsEnd(ctx context.Context) (through context.Context, done context.CancelFunc) {
	through = context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(through, deadline)
	}
	return through, func() {}
}

// pause waits before another attempt, longer each time and never the same: contenders for one entry must not stay in step.
func pause(ctx context.Context, attempt int) error {
	if attempt == 0 {
		return nil
	}
	return wait(ctx, time.Duration(1+2*attempt+rand.IntN(4*attempt))*time.Millisecond)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
