package bridge

import (
	"cmp"
	"context"
	"slices"

	"scimbridge/bridge/journal"
	"scimbridge/ldapmap/ldif"
)

// since are the changes that requests made after the record to the entries that it is about, and that stand, by the ids that the record
// knows these by. An entry that looks as the record left it may have come to that again, by another's wish. What was undone does not
// count, nor what undid it.
func (u *undoing) since(ctx context.Context, entries map[string]*ldif.Entry) (changes map[string][]ldif.Change, err error) {
	changes = map[string][]ldif.Change{}
	for _, id := range u.past.Entries() {
		e := entries[id]
		if e == nil {
			continue
		}
		ids := []string{id, u.server.ID(e)} // one that was added again has another
		named := append(slices.Clone(ids), e.DN)
		for _, s := range u.past.Receipt.Plan.Steps {
			if s.Change.If.ID == id {
				named = append(named, s.Change.DN)
			}
		}
		undone := map[journal.ID]bool{}
		query := journal.Query{Subjects: named, Since: u.record.Time, Newest: true}
		if err := journal.Find(ctx, u.store, query, func(a journal.Account) error {
			switch {
			case a.Done == nil || !u.isBefore(a) || undone[a.ID] || u.foreseen.undone[a.ID]:
			case a.Why == journal.Undo || a.Why == journal.UndoneInPart:
				undone[a.Of] = undone[a.Of] || a.Outcome == journal.Written || a.Outcome == journal.Unchanged
			case a.Why == "":
				changes[id] = append(changes[id], madeTo(a, ids)...)
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

// isBefore says that the record is before the other.
func (u *undoing) isBefore(other journal.Account) bool {
	own := u.record.ID
	n := other.Time.Compare(u.record.Time)
	return n > 0 || n == 0 && other.ID.Writer == own.Writer && other.ID.Seq > own.Seq
}

// madeTo are the changes that a record made to the entry with one of the ids.
func madeTo(a journal.Account, ids []string) (changes []ldif.Change) {
	for i, s := range a.Done.Receipt.Steps {
		if s.Changed() && slices.Contains(ids, cmp.Or(s.Sent.If.ID, a.Plan.Steps[i].Change.If.ID)) {
			changes = append(changes, s.Sent)
		}
	}
	return changes
}
