package bridge

import (
	"context"
	"fmt"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/draft"
)

// undoing is the intent of taking a record of the journal back.
type undoing struct {
	*request
	record   journal.Account
	past     draft.Past
	partial  bool       // what was changed since is left alone, and the rest taken back
	foreseen *foresight // what is planned, and not done
	anew     bool       // the directory, which has the deleted entry, does not bring it back
	undo     draft.Undo // as the last look has it
}

// look reads the entries that the record is about, and what its references call.
func (u *undoing) look(ctx context.Context, past history) (s seen, err error) {
	u.anew = past.broughtNobodyBack()
	now, refs, err := u.present(ctx)
	if err != nil {
		return s, err
	}
	u.undo = u.past.Undo(now)
	if err = u.contested(ctx); err != nil {
		return s, err
	}
	return seen{entry: u.undo.Entry, refs: refs}, nil
}

func (u *undoing) want(context.Context, seen) (draft.Write, error) {
	if n := len(u.undo.Changed); n > 0 && !u.partial {
		detail := u.undo.Changed[0].String()
		if n > 1 {
			detail += fmt.Sprintf(", and %d more", n-1)
		}
		return draft.Write{}, &reason.Error{Reason: reason.Precondition, Detail: detail}
	}
	return draft.Write{Entry: u.undo.Entry, Undo: &u.undo, Members: draft.Members{Add: u.undo.Members}, Exactly: true}, nil
}

func (u *undoing) reads() []string { return []string{u.server.IDAttribute} }

func (u *undoing) finish(context.Context, attempt) (*Result, error) { return &Result{}, nil }
