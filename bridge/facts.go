package bridge

import (
	"context"
	"errors"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// plan gathers what planning needs of other entries, round by round, and plans. emptied fills groups that lose their last member with the
// placeholder.
func (r *request) plan(ctx context.Context, want ldapmap.Write, refs ldapmap.Refs, emptied bool) (plan ldif.Plan, err error) {
	facts := ldapmap.Facts{Refs: refs, Placeholder: emptied}
	for round := range ldapmap.Rounds {
		needs, err := r.typ.Needs(want, round)
		if err != nil {
			return plan, err
		}
		if needs.Password {
			facts.Password = password()
		}
		facts.Round = round
		if facts.Found, err = r.claimants(ctx, needs.Search); err != nil {
			return plan, err
		}
		plan, err = r.typ.Plan(want, facts)
		switch {
		case err == nil:
			referrers, err := r.referrers(ctx, r.world.ReferrerNeeds(plan))
			return r.world.WithReferrers(plan, referrers, emptied), err
		case !errors.Is(err, ldapmap.ErrRound):
			return plan, err
		}
	}
	return plan, &scim.Error{Type: scim.Uniqueness, Detail: "every numbered form of the entry's name is taken"}
}

// claimants are the entries that may hold a value that the write claims.
func (r *request) claimants(ctx context.Context, s *ldapmap.Search) ([]*ldif.Entry, error) {
	if s == nil {
		return nil, nil
	}
	found, err := r.directory.Search(ctx, directory.Search{Base: s.Base, Filter: s.Filter, Attributes: r.typ.Attributes(nil)})
	if reasonOf(err) == reason.NoSuchObject {
		return nil, nil // no base yet: nobody holds anything
	}
	return found, err
}

// referrers are the entries that refer to what the plan deletes or renames.
func (r *request) referrers(ctx context.Context, needs []ldapmap.ReferrerNeeds) ([]ldapmap.Referrer, error) {
	var referrers []ldapmap.Referrer
	for _, n := range needs {
		found, err := r.directory.Search(ctx, directory.Search{Base: n.Base, Filter: n.Filter, Attributes: n.Type.Attributes(nil)})
		if err != nil && reasonOf(err) != reason.NoSuchObject {
			return nil, err
		}
		for _, e := range found {
			referrers = append(referrers, ldapmap.Referrer{Type: n.Type, Attribute: n.Attribute, DN: n.DN, Entry: e})
		}
	}
	return referrers, nil
}
