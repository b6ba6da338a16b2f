package bridge

import (
	"context"
	"errors"
	"slices"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
)

// readBack reads what a write has made, by the unique values that it claimed. Where another entry shows the same and is not surely the
// later one, the write is taken back and begins again: two entries of one name would each be found in place of the other. When it begins
// again it finds who holds the value, or nobody, where the other has withdrawn too.
func (r *request) readBack(ctx context.Context, past history) (history, error) {
	done := past.last()
	search := r.claimants(done)
	isNew := done.entry == nil
	if done.room || done.receipt.Plan.Empty() || search.Filter == "" && !isNew {
		return past, nil
	}
	unclaimed := search.Filter == ""
	if unclaimed {
		search.More = nil
		search.Base, search.Scope, search.Filter = done.receipt.Plan.DN(), directory.BaseObject, r.typ.Scope()
	}
	found, err := r.directory.Search(ctx, search)
	if err != nil && !(unclaimed && reasonOf(err) == reason.NoSuchObject) {
		return past, err
	}
	own := r.own(done, found)
	if own != nil {
		done.account.made(r.typ.ID(own))
	}
	switch {
	case own == nil && isNew: // it is read again, and not made again
		return past, errUnshown
	case own == nil: // another has changed the value already
		return past, nil
	}
	if r.rivalled(done, own, found) {
		return r.withdraw(ctx, past, own)
	}
	done.back = own
	return past.with(done), nil
}

// claimants is the search for whoever shows what the attempt claims; it has no filter where that is nothing.
func (r *request) claimants(a attempt) directory.Search {
	return directory.Search{
		Base: r.typ.Base, More: r.typ.More, Filter: a.draft.ClaimFilter(), Attributes: read.Attributes(r.typ, r.shown.Wants),
	}
}

// rivalled says that one of those found shows what the attempt claimed for its own entry, and is not surely the later one.
func (r *request) rivalled(a attempt, own *ldif.Entry, found []*ldif.Entry) bool {
	isNew := a.entry == nil
	return slices.ContainsFunc(found, func(e *ldif.Entry) bool {
		later := isNew && read.Created(r.typ, e).After(read.Created(r.typ, own))
		return e != own && r.typ.Holds(e) && !later && a.draft.Rival(e) != nil
	})
}

// mayLetIn looks at the entry of a step that lets somebody in, behind others, and has nothing against it, unless he has left meanwhile, or
// a rival of the attempt keeps him from the name: nobody is let in, however briefly, by what is then withdrawn.
func (r *request) mayLetIn(ctx context.Context, a attempt) directory.Look {
	return func(step ldif.Step) (*ldif.Entry, error) {
		if len(a.receipt.Plan.Steps) == 1 || !a.draft.LetsIn(step) {
			return nil, nil
		}
		search := r.claimants(a)
		if search.Filter == "" {
			id, _ := r.server.IDFilter(r.typ.ID(a.entry))
			search.Filter = ldif.AllOf(id, r.typ.Scope())
		}
		found, err := r.directory.Search(ctx, search)
		own := r.own(a, found)
		if err == nil && (own == nil || !r.typ.Holds(own) || r.rivalled(a, own, found)) {
			err = errNotLetIn
		}
		return own, err
	}
}

var errNotLetIn error = &directory.Error{
	Reason: reason.LostRace, Cause: errors.New("whom the write lets in has left, or another has his name, since it began"),
}

// errUnshown is told of a new entry at last: nobody knows its id.
var errUnshown error = &reason.Error{
	Reason: reason.LostRace,
	Detail: "the directory took the new entry and does not show it: another has deleted or renamed it, or the server is late",
}

// own is the entry that the attempt was about.
func (r *request) own(done attempt, found []*ldif.Entry) *ldif.Entry {
	for _, e := range found {
		if done.entry == nil && r.server.SameDN(e.DN, done.receipt.Plan.DN()) || done.entry != nil && r.typ.ID(e) == r.typ.ID(done.entry) {
			return e
		}
	}
	return nil
}

// withdraw takes back what the last attempt did.
func (r *request) withdraw(ctx context.Context, past history, own *ldif.Entry) (history, error) {
	done := past.last()
	receipt := r.execute(ctx, done.receipt.Undo(r.typ.ID(own)), journal.TakeBack, done.account)
	if receipt.Err != nil && reasonOf(receipt.Err) != reason.NoSuchObject {
		return past, receipt.Err
	}
	lost := &directory.Error{Reason: reason.LostRace}
	done.receipt = done.receipt.Undone(lost, nil)
	done.account.tell(done.receipt)
	return past.with(done), lost
}
