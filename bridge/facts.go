package bridge

import (
	"context"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
)

// plan gathers what the draft needs to know, and plans. Where another write must make room for it first, room is that write's draft. emptied fills groups that
// lose their last member with the placeholder.
func (r *request) plan(ctx context.Context, d *draft.Draft, refs ldapmap.Refs, emptied bool) (plan ldif.Plan, room *draft.Draft, err error) {
	facts := draft.Facts{Refs: refs, Placeholder: emptied}
	for {
		plan, needs, err := d.Plan(facts)
		if err != nil || needs.None() || needs.Room != nil {
			return plan, needs.Room, err
		}
		if facts, err = r.gather(ctx, needs, facts); err != nil {
			return ldif.Plan{}, nil, err
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
		if facts.Found, err = r.whole(ctx, *needs.Search, r.attributes(r.typ, nil)); err != nil {
			return facts, err
		}
	}
	if len(needs.Referrers) > 0 {
		facts.Referrers, err = r.referrers(ctx, needs.Referrers, facts.Referrers)
	}
	return facts, err
}
