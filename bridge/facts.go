package bridge

import (
	"context"
	"maps"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
)

// plan gathers what the draft needs to know, and plans. emptied fills groups that lose their last member with the placeholder.
func (r *request) plan(ctx context.Context, d *draft.Draft, refs ldapmap.Refs, emptied bool) (ldif.Plan, error) {
	facts := draft.Facts{Refs: refs, Placeholder: emptied}
	for {
		plan, needs, err := d.Plan(facts)
		if err != nil || needs.None() {
			return plan, err
		}
		if facts, err = r.gather(ctx, needs, facts); err != nil {
			return ldif.Plan{}, err
		}
	}
}

// gather adds to the facts what is needed besides.
func (r *request) gather(ctx context.Context, needs draft.Needs, facts draft.Facts) (_ draft.Facts, err error) {
	if needs.Password {
		facts.Password = password()
	}
	if needs.Rounds > 0 {
		facts.Rounds = needs.Rounds
	}
	if needs.Search != nil {
		if facts.Found, err = r.whole(ctx, r.typ, *needs.Search); err != nil {
			return facts, err
		}
	}
	if len(needs.Referrers) == 0 {
		return facts, nil
	}
	referrers := map[string][]draft.Referrer{}
	maps.Copy(referrers, facts.Referrers)
	for _, n := range needs.Referrers {
		found, err := r.whole(ctx, n.Reference.Type, n.Search)
		if err != nil {
			return facts, err
		}
		told := referrers[n.DN]
		for _, e := range found {
			told = append(told, draft.Referrer{Reference: n.Reference, Entry: e})
		}
		referrers[n.DN] = told // though it may be nobody
	}
	facts.Referrers = referrers
	return facts, nil
}

// whole finds entries with all that planning and judging need to see of them. Where the base is not there yet, there are none.
func (r *request) whole(ctx context.Context, t *ldapmap.Type, s ldapmap.Search) ([]*ldif.Entry, error) {
	found, err := r.directory.Search(ctx, directory.Search{Base: s.Base, Filter: s.Filter, Attributes: r.attributes(t, nil)})
	if reasonOf(err) == reason.NoSuchObject {
		return nil, nil
	}
	return found, err
}
