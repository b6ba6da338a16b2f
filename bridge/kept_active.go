package bridge

import (
	"context"
	"fmt"
	"strings"

	"scimbridge/bridge/reason"
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
		if e, err = r.findAs(ctx, r.typ, r.typ.ID(done.entry), in.reads()); err != nil {
			return past, err
		}
		done.back = e
		past = past.with(done)
	}
	if r.typ.IsActive(e) == active {
		return past, nil
	}
	fault := keptState(r.typ.StillSo(e, active), active)
	if active { // the lock of its own that it had is put back: what keeps it so now may go
		past, err := r.withdraw(ctx, past, e)
		if reasonOf(err) != reason.LostRace {
			return past, err
		}
		return past, fault
	}
	done.kept = true
	return past.with(done), fault
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
