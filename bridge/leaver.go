package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
)

// bites looks whether the directory did what a write says of active: a server may take the change and keep the old state (389 Directory
// Server computes nsAccountLock where a role locks the account, an overlay drops or changes a value). Who is told that somebody is blocked
// relies on it. Where the server shows an entry as it leaves it, nothing is asked.
func (r *request) bites(ctx context.Context, past history, in intent) (history, error) {
	done := past.last()
	active, said := done.draft.SaysActive(done.receipt.Plan)
	if !said || done.room {
		return past, nil
	}
	e := done.left(r.typ)
	if e == nil {
		var err error
		e, err = r.findKept(ctx, done.entry, in.reads())
		if errors.Is(err, errNotFound) { // where another has moved him to meanwhile he may get in
			e, err = r.one(ctx, directory.Anywhere(r.server, r.typ.ID(done.entry), done.entry.DN, in.reads()...))
		}
		if err != nil || e == nil { // nil: he was deleted
			return past, err
		}
		done.back = e
		past = past.with(done)
	}
	if active && r.typ.HasLeft(e) { // another deleted him meanwhile, and he is to stay blocked
		return r.withdraw(ctx, past, e)
	}
	if r.typ.IsActive(e) == active {
		return past, nil
	}
	fault := keptState(r.typ.StillSo(e, active), active)
	// The lock of its own that it had is put back: what keeps it so now may go. Who can still get in has not left.
	if active || done.draft.Leaves() {
		past, err := r.withdraw(ctx, past, e)
		if reasonOf(err) != reason.LostRace {
			return past, err
		}
		return past, fault
	}
	done.kept = true
	return past.with(done), fault
}

// readsOfLeavers are what shows whether a leaver is blocked, or his entry when it is given back.
func (r *request) readsOfLeavers() []string {
	if r.typ.Leaving == nil {
		return nil
	}
	return read.Attributes(r.typ, nil)
}

// findKept reads the entry, be it a leaver's by now, or errNotFound.
func (r *request) findKept(ctx context.Context, e *ldif.Entry, attributes []string) (*ldif.Entry, error) {
	id := r.typ.ID(e)
	filter, _ := r.server.IDFilter(id)
	bases := r.typ.Widest()
	found, err := r.whole(ctx, ldapmap.Search{Base: bases[0], More: bases[1:], Filter: filter}, attributes)
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		if r.typ.ID(e) == id && r.typ.Keeps(e) {
			return e, nil
		}
	}
	return nil, errNotFound
}

// keptState is the fault of a server that keeps an account blocked or not by these attributes, whatever it is told.
func keptState(attributes []string, active bool) error {
	state := "is not blocked"
	if active {
		state = "is still blocked"
	}
	detail := fmt.Sprintf("active: the directory took the change, and the account %s by %s: something there keeps it so, such as a role, "+
		"a policy or an overlay", state, strings.Join(attributes, ", "))
	return &reason.Error{Reason: reason.Kept, Detail: detail, Attribute: "active"}
}
