package bridge

import (
	"context"

	"scimbridge/ldapmap/ldif"
)

// showMade shows the entry that a create made, or was given: a leaver's, whom another may have renamed since.
func (r *request) showMade(ctx context.Context, done attempt) (_ *Result, err error) {
	e := done.back
	if e == nil {
		e, err = r.find(ctx, r.typ, r.typ.ID(done.entry), r.shown.Wants)
	}
	if err != nil {
		return nil, err
	}
	return r.show(r.call, r.typ, e, done.refs, r.shown), nil
}

// doneAndGone tells of a write that is done as of one that is done, where another has deleted the entry since. Of a POST it shows what the
// plan made of the entry: the answer to one must have an id. Of any other nothing is left to show.
func (r *request) doneAndGone(done attempt) *Result {
	id := r.typ.ID(done.entry)
	if r.operation != "create" {
		return &Result{Location: r.location(r.call, r.typ.Resource, id)}
	}
	e := done.entry.Clone()
	for _, s := range done.receipt.Plan.Steps {
		if s.Change.If.ID == id {
			e = ldif.Apply(e, s.Change, r.server.Schema)
		}
	}
	e.Set(r.server.VersionAttribute) // which is that of the entry as it was
	return r.show(r.call, r.typ, e, done.refs, r.shown)
}
