package bridge

import (
	"cmp"
	"context"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// Undone is what came of taking a record back, or would.
type Undone struct {
	State   UndoState
	Plan    ldif.Plan          // that takes it back
	By      journal.ID         // the record that does, or did; the zero ID: none
	NewID   string             // of an entry that was added again; "": it has its own
	Changed []draft.Difference // since
	Notes   []draft.Difference // what cannot be taken back
	Err     error              // of Refused and Failed
}

// UndoState is how a record stands.
type UndoState string

// The states.
const (
	UndoPlanned  UndoState = "can be undone"
	UndoDone     UndoState = "undone"
	UndoInPart   UndoState = "undone in part"
	UndoBefore   UndoState = "undone already"
	UndoNeedless UndoState = "nothing to undo" // it changed nothing, or all is as it was before
	UndoRefused  UndoState = "refused"
	UndoFailed   UndoState = "failed"
)

// Undoing is how records are taken back.
type Undoing struct {
	Call    Call
	Apply   bool // it is done; else it is only planned
	Partial bool // where an entry was changed since, the rest is taken back; else nothing of the record

	foreseen foresight // what has been planned so far, and not done
}

// TakeBack takes a record of the journal back, or only plans to: then as if all that was planned with it before were done.
func (b *Bridge) TakeBack(ctx context.Context, o *Undoing, record journal.Account) (u Undone) {
	fail := func(state UndoState, err error) Undone {
		u.State, u.Err = state, err
		return u
	}
	by, err := b.undoneBy(ctx, record.ID)
	switch why := unfit(record); {
	case err != nil:
		return fail(UndoFailed, err)
	case by != nil && by.Why == journal.Undo:
		u.State, u.By, u.NewID = UndoBefore, by.ID, idOf(by)
		return u
	case why != "":
		return fail(UndoRefused, &reason.Error{Reason: reason.Precondition, Detail: why})
	}
	m, server, err := b.world(ctx)
	if err != nil {
		return fail(UndoFailed, err)
	}
	t := m.Type(record.Type)
	if t == nil {
		return fail(UndoRefused, &reason.Error{Reason: reason.Precondition, Detail: "the map has no resource type " + record.Type})
	}
	shown, err := scim.NewProjection(t.Resource, b.dialect, nil, nil)
	if err != nil {
		return fail(UndoFailed, err)
	}
	r := &request{Bridge: b, call: o.Call, operation: "undo", world: m, typ: t, server: server, shown: shown}
	in := &undoing{request: r, record: record, partial: o.Partial, foreseen: &o.foreseen, past: draft.Past{
		Type: t, ID: cmp.Or(idOf(&record), record.Intent.ID),
		Receipt: record.Done.Receipt, Whole: record.Whole, Referrers: record.Referrers,
	}}
	r.account = &account{name: record.Name, undo: in}
	switch why := notUndone(record); {
	case why != "":
		u.State, u.Notes = UndoNeedless, []draft.Difference{{DN: record.DN, Why: why}}
		return u
	case in.past.Nothing():
		u.State = UndoNeedless
		o.foreseen.passOver(record.ID)
		return u
	}
	if !o.Apply {
		if u.Plan, err = r.planOf(ctx, in); err == nil {
			o.foreseen.note(record.ID, in.past.ID, u.Plan)
		}
	} else {
		var past history
		past, _, err = r.run(ctx, in)
		if _, told := r.answered(ctx, &Result{}, err); told != nil {
			err = told
		}
		if len(past) > 0 {
			u.Plan = past.last().receipt.Plan
			if a := past.last().account; a != nil { // those before it were refused
				u.By = a.entry.ID()
				if a.id != in.past.ID {
					u.NewID = a.id
				}
			}
		}
	}
	u.Changed, u.Notes = in.undo.Changed, in.undo.Notes
	switch {
	case err != nil && Explain(err).Status < 500:
		return fail(UndoRefused, err)
	case err != nil:
		return fail(UndoFailed, err)
	case u.Plan.Empty() && len(u.Changed) > 0:
		return fail(UndoRefused, &reason.Error{Reason: reason.Precondition, Detail: u.Changed[0].String()})
	case u.Plan.Empty():
		u.State = UndoNeedless
		o.foreseen.passOver(record.ID)
	case !o.Apply:
		u.State = UndoPlanned
	case len(u.Changed) > 0:
		u.State = UndoInPart
	default:
		u.State = UndoDone
	}
	return u
}

// planOf is the plan that would run, judged.
func (r *request) planOf(ctx context.Context, in intent) (plan ldif.Plan, err error) {
	s, err := in.look(ctx, nil)
	if err != nil {
		return plan, err
	}
	wanted, err := in.want(ctx, s)
	if err != nil {
		return plan, err
	}
	d, err := draft.New(r.typ, wanted)
	if err != nil {
		return plan, err
	}
	for n := range attempts {
		var needs draft.Needs
		if err = pause(ctx, n); err != nil {
			return plan, err
		}
		plan, needs, err = r.plan(ctx, d, draft.Facts{Refs: s.refs, Follows: r.follows.Load(), Again: n})
		if !needs.Moving {
			break
		}
	}
	if err == nil {
		err = r.guard.Judge(ctx, r.world, r.server, plan)
	}
	return plan, err
}

// tells tells an intent what it takes back.
func (u *undoing) tells(i *journal.Intent) {
	if u == nil {
		return
	}
	if i.Of, i.Why = u.record.ID, journal.Undo; len(u.undo.Changed) > 0 {
		i.Why = journal.UndoneInPart
	}
	if u.past.Makes() {
		i.Whole = u.undo.Entry
	}
	i.ID, i.Subjects = cmp.Or(i.ID, u.past.ID), append(i.Subjects, u.record.ID.String(), u.past.ID)
}

// unfit says why nobody can take a record back, or "".
func unfit(a journal.Account) string {
	switch {
	case a.Forgotten:
		return "what the record says was erased from the journal"
	case a.Blanked:
		return "what it says of somebody who was forgotten was erased from the journal"
	case a.Kind == journal.KindAnchor, a.Kind == journal.KindForget:
		return "it is about the journal, and changed nothing in the directory"
	case a.Kind == journal.KindAct:
		return "it is about what the bridge itself keeps, and changed nothing in the directory"
	case a.Why == journal.DryRun:
		return "it was only foreseen, and changed nothing"
	case a.Kind == journal.KindRefusal:
		return "it was refused, and changed nothing"
	case a.Outcome == journal.Pending, a.Done == nil:
		return "nobody knows yet what became of it: it may be under way, or a running bridge has yet to look it up"
	case a.Outcome == journal.Unknown:
		return "nobody knows what became of it"
	}
	return ""
}

// notUndone says why a record is left as it is, or "": it is not what anybody asked for.
func notUndone(a journal.Account) string {
	switch a.Why {
	case journal.Number:
		return "a number that was taken is not given again"
	case journal.Amend:
		return "it put a reference right, which stays so"
	case journal.TakeBack:
		return "it took back what the record before it did"
	}
	return ""
}

// IsUndoable says that there may be something of a record to take back, or that it wished for what is as it was.
func IsUndoable(a journal.Account) bool {
	return notUndone(a) == "" && a.Outcome != journal.NotSent
}

// idOf is the id of the entry that a record made; "": it made none.
func idOf(a *journal.Account) string {
	if a.Done == nil {
		return ""
	}
	return a.Done.ID
}

// undoneBy is the record that takes another back, and was not taken back itself; nil: there is none.
func (b *Bridge) undoneBy(ctx context.Context, id journal.ID) (by *journal.Account, err error) {
	var found []journal.Account
	err = journal.Find(ctx, b.store, journal.Query{Subjects: []string{id.String()}, Newest: true}, func(a journal.Account) error {
		isUndo := a.Of == id && (a.Why == journal.Undo || a.Why == journal.UndoneInPart)
		if isUndo && (a.Outcome == journal.Written || a.Outcome == journal.Unchanged) {
			found = append(found, a)
		}
		return nil
	})
	for _, a := range found {
		if err != nil {
			break
		}
		var back *journal.Account
		if back, err = b.undoneBy(ctx, a.ID); err == nil && back == nil {
			return &a, nil
		}
	}
	return nil, err
}

// heir is the id that an entry has which was deleted, and added again by an undo; "": there is none.
func (b *Bridge) heir(ctx context.Context, id string) (heir string, err error) {
	var own []journal.ID
	err = journal.Find(ctx, b.store, journal.Query{Subjects: []string{id}, Newest: true}, func(a journal.Account) error {
		if a.Intent.ID == id { // one that an earlier entry had leads back to this one, and round again
			own = append(own, a.ID)
		}
		return nil
	})
	for _, record := range own {
		by, failed := b.undoneBy(ctx, record)
		if failed != nil {
			return "", failed
		}
		if by != nil && idOf(by) != "" && idOf(by) != id {
			return idOf(by), nil
		}
	}
	return "", err
}
