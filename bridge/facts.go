package bridge

import (
	"context"
	"crypto/rand"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
)

// plan gathers what the draft needs to know besides the facts, and plans. Where another write must be done first, or instead, the needs
// name its draft.
func (r *request) plan(ctx context.Context, d *draft.Draft, facts draft.Facts) (plan ldif.Plan, needs draft.Needs, err error) {
	for {
		plan, needs, err := d.Plan(facts)
		if err != nil || needs.None() || needs.Room != nil || needs.Instead != nil {
			return plan, needs, err
		}
		if len(needs.Numbers) > 0 {
			facts, err = r.allot(ctx, plan, needs.Numbers, facts)
		} else {
			facts, err = r.gather(ctx, needs, facts)
		}
		if err != nil {
			return ldif.Plan{}, needs, err
		}
	}
}

// gather adds to the facts what is needed besides.
func (r *request) gather(ctx context.Context, needs draft.Needs, facts draft.Facts) (_ draft.Facts, err error) {
	if needs.Moving {
		return facts, &directory.Error{Reason: reason.LostRace}
	}
	if needs.Password != nil {
		facts.Passwords = passwords(needs.Password)
	}
	if needs.Chance {
		_, _ = rand.Read(facts.Chance[:]) // which fails never
	}
	if needs.Rounds > 0 {
		facts.Rounds = needs.Rounds
	}
	if needs.Search != nil {
		attributes := r.attributesOfAll
		if len(needs.Along) == 0 {
			attributes = func() []string { return r.attributes(r.typ, nil) }
		}
		if facts.Found, err = r.whole(ctx, *needs.Search, attributes()); err != nil {
			return facts, err
		}
		for _, n := range needs.Along {
			facts = facts.Told(n, facts.Found)
		}
	}
	for _, dn := range needs.Places {
		there, err := r.isThere(ctx, dn)
		if err != nil {
			return facts, err
		}
		facts = facts.Placed(dn, there)
	}
	if len(needs.Entries) > 0 {
		found, err := r.lookAt(ctx, needs.Entries)
		if err != nil {
			return facts, err
		}
		facts = facts.Seen(r.server, needs.Entries, found)
	}
	for _, n := range needs.Referrers {
		found, err := r.whole(ctx, n.Search, withNeeds(r.attributesOfAll(), n.Attributes))
		if err != nil {
			return facts, err
		}
		facts = facts.Told(n, found)
	}
	return facts, nil
}

// lookAt finds the entries with the DNs.
func (r *request) lookAt(ctx context.Context, dns []string) (found []*ldif.Entry, err error) {
	for _, s := range r.world.LookAt(dns) {
		entries, err := r.whole(ctx, s, []string{"1.1"})
		if err != nil {
			return nil, err
		}
		found = append(found, entries...)
	}
	return found, nil
}

// isThere says whether there is an entry with the DN.
func (r *request) isThere(ctx context.Context, dn string) (bool, error) {
	e, err := r.one(ctx, directory.Search{Base: dn, Scope: directory.BaseObject, Attributes: []string{"1.1"}})
	return e != nil, err
}

// one is an entry that a search finds; nil where there is none, or not even its base.
func (b *Bridge) one(ctx context.Context, s directory.Search) (*ldif.Entry, error) {
	found, err := b.directory.Search(ctx, s)
	switch {
	case reasonOf(err) == reason.NoSuchObject:
		return nil, nil
	case err != nil || len(found) == 0:
		return nil, err
	}
	return found[0], nil
}
