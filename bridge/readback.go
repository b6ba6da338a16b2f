package bridge

import (
	"context"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
)

// readBack reads what an add made, by the unique values that it claimed. Where another entry shows the same and is not surely the later
// one, the add is taken back and the client told: two entries of one name would each be found in place of the other.
func (r *request) readBack(ctx context.Context, done attempt) (*ldif.Entry, error) {
	t, dn := r.typ, done.receipt.Plan.DN()
	search := directory.Search{Base: t.Base, Filter: done.draft.ClaimFilter(), Attributes: read.Attributes(t, r.shown.Wants)}
	if search.Filter == "" {
		search.Base, search.Scope, search.Filter = dn, directory.BaseObject, t.Scope()
	}
	found, err := r.directory.Search(ctx, search)
	if err != nil {
		return nil, err
	}
	var own *ldif.Entry
	for _, e := range found {
		if ldif.SameDN(e.DN, dn) {
			own = e
		}
	}
	if own == nil {
		return nil, &directory.Error{Reason: reason.LostRace} // gone, or moved, before it could be read
	}
	for _, e := range found {
		if e == own || !t.Holds(e) || read.Created(t, e).After(read.Created(t, own)) {
			continue
		}
		if rival := done.draft.Rival(e); rival != nil {
			return nil, r.withdraw(ctx, own, rival)
		}
	}
	return own, nil
}

// withdraw deletes what the request has made, and returns why, unless it could not be deleted.
func (r *request) withdraw(ctx context.Context, own *ldif.Entry, why error) error {
	id := r.typ.ID(own)
	receipt := r.directory.Execute(ctx, ldif.Plan{
		Before:  own,
		Steps:   []ldif.Step{{Before: own, Change: ldif.Change{Kind: ldif.Delete, DN: own.DN, If: ldif.Condition{ID: id}}}},
		Effects: []ldif.Effect{{Kind: ldif.Deleted, DN: own.DN, ID: id}},
	}, nil)
	r.record(receipt)
	if receipt.Err != nil && reasonOf(receipt.Err) != reason.NoSuchObject {
		return receipt.Err
	}
	return why
}
