package bridge

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
)

// attempts is how often a write that loses a race reads and plans again.
const attempts = 10

// objectClassViolation is the LDAP result for an entry that its classes do not allow (RFC 4511 §4.1.9): a group left without the member that its class demands.
const objectClassViolation = 65

// writing is one write on its way: what stays the same over its attempts.
type writing struct {
	call      Call
	operation string
	typ       *ldapmap.Type
	world     *ldapmap.Map
	server    *ldif.Server
	read      []string // attributes wanted of the entry as the write leaves it

	takesMembers bool    // the plan takes members out of groups
	placeholder  bool    // the directory refused to leave a group without members
	unsure       *unsure // a plan that stopped where no answer came
	exists       bool    // it is about an entry that was there
	touched      bool    // it has changed the entry: the version is not the one that the client knows
}

// outcome is what a write came to.
type outcome struct {
	entry *ldif.Entry // as the directory showed it after the write; nil where it must be read
	plan  ldif.Plan   // empty: nothing was to be done
	refs  ldapmap.Refs
}

// run plans and executes what look says until the directory confirms it: a lost race, and a write whose outcome is unknown, look again.
// look reads the entry and tells what is wanted of it.
func (b *Bridge) run(ctx context.Context, w *writing, look func() (draft.Write, ldapmap.Refs, error)) (*outcome, error) {
	var err error
	for attempt := range attempts {
		if attempt > 0 {
			if err := pause(ctx, attempt); err != nil {
				return nil, err
			}
		}
		var done *outcome
		if done, err = b.try(ctx, w, look); err == nil {
			return done, nil
		}
		var answer *directory.Error
		if !errors.As(err, &answer) {
			return nil, err
		}
		switch {
		case answer.Reason == directory.LostRace, answer.Reason == directory.Unknown:
		case answer.Reason == directory.NotFound && w.exists && attempt < 3: // the entry moved, or went, since it was read
		case answer.Reason == directory.Exists && attempt < 3: // a race for a name, which the next look will show
		case answer.Code == objectClassViolation && w.takesMembers && !w.placeholder:
			w.placeholder = true
		default:
			return nil, name(w.typ, err)
		}
	}
	return nil, name(w.typ, err)
}

// try is one attempt: look, gather facts, plan, judge, execute, record.
func (b *Bridge) try(ctx context.Context, w *writing, look func() (draft.Write, ldapmap.Refs, error)) (*outcome, error) {
	if w.unsure != nil {
		if done, err := b.resume(ctx, w); done != nil || err != nil {
			return done, err
		}
	}
	want, refs, err := look()
	if err != nil {
		return nil, err
	}
	w.exists = want.Entry != nil
	plan, err := b.plan(ctx, w, want, refs)
	if err != nil {
		return nil, err
	}
	done := &outcome{entry: want.Entry, plan: plan, refs: refs}
	if plan.Empty() {
		return done, nil
	}
	if err := b.guard.Judge(ctx, w.world, w.server, plan); err != nil {
		return nil, err
	}
	w.takesMembers = slices.ContainsFunc(plan.Steps, func(s ldif.Step) bool {
		return slices.ContainsFunc(s.Change.Mods, func(m ldif.Mod) bool { return m.Settled && m.Op == ldif.DeleteValues })
	})
	done.entry, err = b.execute(ctx, w, plan)
	if reasonOf(err) == directory.Unknown {
		w.unsure = &unsure{plan: plan, at: stepsDone(err), refs: refs, err: err}
	}
	return done, err
}

// execute runs a plan and records it. The entry is the plan's own as the directory showed it afterwards, or nil.
func (b *Bridge) execute(ctx context.Context, w *writing, plan ldif.Plan) (*ldif.Entry, error) {
	e, err := b.directory.Execute(ctx, plan, w.read)
	record := journal.Record{
		RequestID: w.call.RequestID, Caller: w.call.Caller, Operation: w.operation, Type: w.typ.Name, Plan: plan, Err: err,
	}
	if plan.Before != nil {
		record.ID = w.typ.ID(plan.Before)
	}
	b.journal(record)
	if e != nil && w.typ.ID(e) != record.ID {
		e = nil // the last step was about another entry
	}
	return e, err
}

// plan gathers what planning needs, and plans.
func (b *Bridge) plan(ctx context.Context, w *writing, want draft.Write, refs ldapmap.Refs) (ldif.Plan, error) {
	d, err := draft.New(w.typ, want)
	if err != nil {
		return ldif.Plan{}, err
	}
	facts := draft.Facts{Refs: refs, Placeholder: w.placeholder}
	for {
		plan, needs, err := d.Plan(facts)
		if err != nil || needs.None() {
			return plan, err
		}
		if facts, err = b.gather(ctx, w.typ, needs, facts); err != nil {
			return ldif.Plan{}, err
		}
	}
}

// gather adds to the facts what is needed besides.
func (b *Bridge) gather(ctx context.Context, t *ldapmap.Type, needs draft.Needs, facts draft.Facts) (draft.Facts, error) {
	if needs.Rounds > 0 {
		facts.Rounds, facts.Found = needs.Rounds, nil
	}
	if needs.Password {
		facts.Password = password()
	}
	if needs.Search != nil {
		found, err := b.whole(ctx, t, *needs.Search)
		if err != nil {
			return facts, err
		}
		facts.Found = found
	}
	if len(needs.Referrers) == 0 {
		return facts, nil
	}
	referrers := maps.Clone(facts.Referrers)
	if referrers == nil {
		referrers = map[string][]draft.Referrer{}
	}
	for _, n := range needs.Referrers {
		found, err := b.whole(ctx, n.Reference.Type, n.Search)
		if err != nil {
			return facts, err
		}
		for _, e := range found {
			referrers[n.DN] = append(referrers[n.DN], draft.Referrer{Reference: n.Reference, Entry: e})
		}
		referrers[n.DN] = slices.Clip(referrers[n.DN]) // told, though it may be nobody
	}
	facts.Referrers = referrers
	return facts, nil
}

// whole finds entries with all that planning needs to see of them. Where the base is not there yet, there are none.
func (b *Bridge) whole(ctx context.Context, t *ldapmap.Type, s ldapmap.Search) ([]*ldif.Entry, error) {
	found, err := b.directory.Search(ctx, directory.Search{Base: s.Base, Filter: s.Filter, Attributes: b.attributes(t, nil)})
	if reasonOf(err) == directory.NotFound {
		return nil, nil
	}
	return found, err
}

// pause waits before another attempt, longer each time and never the same: contenders for one entry must not stay in step.
func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(time.Duration(1+rand.IntN(8*attempt)) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
