package bridge

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
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

	takesMembers bool         // the plan takes members out of groups
	placeholder  bool         // the directory refused to leave a group without members
	unknown      bool         // a write of ours may have been done
	unconfirmed  *ldif.Change // an add that the directory did not confirm
}

// outcome is what a write came to.
type outcome struct {
	entry *ldif.Entry // as the directory showed it after the write; nil where it must be read
	plan  ldif.Plan   // empty: nothing was to be done
	refs  ldapmap.Refs
}

// run plans and executes what look says until the directory confirms it: a lost race, and a write whose outcome is unknown, look again.
// look reads the entry and tells what is wanted of it.
func (b *Bridge) run(ctx context.Context, w *writing, look func() (ldapmap.Write, ldapmap.Refs, error)) (*outcome, error) {
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
		case answer.Reason == directory.LostRace:
		case answer.Reason == directory.Unknown:
			w.unknown = true
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
func (b *Bridge) try(ctx context.Context, w *writing, look func() (ldapmap.Write, ldapmap.Refs, error)) (*outcome, error) {
	want, refs, err := look()
	if err != nil {
		return nil, err
	}
	plan, found, err := b.plan(ctx, w, want, refs)
	if w.unconfirmed != nil {
		if e := confirmed(w.unconfirmed, found); e != nil {
			return &outcome{refs: refs, plan: ldif.Plan{Steps: []ldif.Step{{Change: *w.unconfirmed}}}}, nil
		}
	}
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
	done.entry, err = b.directory.Execute(ctx, plan, w.read)
	record := journal.Record{
		RequestID: w.call.RequestID, Caller: w.call.Caller, Operation: w.operation, Type: w.typ.Name, Plan: plan, Err: err,
	}
	if want.Entry != nil {
		record.ID = w.typ.ID(want.Entry)
	}
	if done.entry != nil && w.typ.ID(done.entry) != record.ID {
		done.entry = nil // the last step was about another entry
	}
	b.journal(record)
	if last := plan.Steps[len(plan.Steps)-1].Change; reasonOf(err) == directory.Unknown && last.Kind == ldif.Add {
		w.unconfirmed = &last
	}
	return done, err
}

// plan gathers what planning needs, round by round, and plans. found is what holds or may hold the values that the write claims.
func (b *Bridge) plan(ctx context.Context, w *writing, want ldapmap.Write, refs ldapmap.Refs) (plan ldif.Plan, found []*ldif.Entry, err error) {
	facts := ldapmap.Facts{Refs: refs, Placeholder: w.placeholder}
	for round := range ldapmap.Rounds {
		needs, err := w.typ.Needs(want, round)
		if err != nil {
			return plan, nil, err
		}
		if needs.Password {
			facts.Password = password()
		}
		facts.Round = round
		if facts.Found, err = b.claimants(ctx, w.typ, needs.Search); err != nil {
			return plan, nil, err
		}
		plan, err = w.typ.Plan(want, facts)
		switch {
		case err == nil:
			referrers, err := b.referrers(ctx, w.world.ReferrerNeeds(plan))
			return w.world.WithReferrers(plan, referrers, w.placeholder), facts.Found, err
		case !errors.Is(err, ldapmap.ErrRound):
			return plan, facts.Found, err
		}
	}
	return plan, nil, &scim.Error{Type: scim.Uniqueness, Detail: "every numbered form of the entry's name is taken"}
}

func (b *Bridge) claimants(ctx context.Context, t *ldapmap.Type, s *ldapmap.Search) ([]*ldif.Entry, error) {
	if s == nil {
		return nil, nil
	}
	found, err := b.directory.Search(ctx, directory.Search{Base: s.Base, Filter: s.Filter, Attributes: t.Attributes(nil)})
	if reasonOf(err) == directory.NotFound {
		return nil, nil // no base yet: nobody holds anything
	}
	return found, err
}

func (b *Bridge) referrers(ctx context.Context, needs []ldapmap.ReferrerNeeds) ([]ldapmap.Referrer, error) {
	var referrers []ldapmap.Referrer
	for _, n := range needs {
		found, err := b.directory.Search(ctx, directory.Search{Base: n.Base, Filter: n.Filter, Attributes: n.Type.Attributes(nil)})
		if err != nil && reasonOf(err) != directory.NotFound {
			return nil, err
		}
		for _, e := range found {
			referrers = append(referrers, ldapmap.Referrer{Type: n.Type, Attribute: n.Attribute, DN: n.DN, Entry: e})
		}
	}
	return referrers, nil
}

// confirmed finds among entries the one that an unconfirmed add made: at its DN, with every value that can be read.
func confirmed(add *ldif.Change, entries []*ldif.Entry) *ldif.Entry {
	for _, e := range entries {
		if !ldif.SameDN(e.DN, add.DN) {
			continue
		}
		same := !slices.ContainsFunc(add.Entry, func(a ldif.Attribute) bool {
			present := e.Values(a.Name)
			return len(present) > 0 && !ldif.Secret(a.Name) && !strings.EqualFold(a.Name, "objectClass") && !containsAll(present, a.Values)
		})
		if same {
			return e
		}
	}
	return nil
}

func containsAll(present, values []string) bool {
	for _, v := range values {
		if !slices.Contains(present, v) {
			return false
		}
	}
	return true
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
