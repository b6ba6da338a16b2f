package bridge

import (
	"cmp"
	"context"
	"slices"

	"scimbridge/bridge/journal"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
)

// since finds what requests did after the record to the entries that it is about, and that stands, by the ids that the record knows these
// by. An entry that looks as the record left it may have come to that again, by another's wish, or another may have wished for it as it
// was. What was undone does not count, nor what undid it.
func (u *undoing) since(ctx context.Context, now *draft.Present) error {
	now.Since, now.Again = map[string][]ldif.Change{}, map[string][]draft.Again{}
	for _, id := range u.past.Entries() {
		e := now.Entries[id]
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
				now.Since[id] = append(now.Since[id], madeTo(a, ids)...)
				if !slices.Contains(ids, a.Intent.ID) {
					break
				}
				for _, name := range a.Confirms {
					now.Again[id] = append(now.Again[id], draft.Again{Attribute: name, By: a.ID.String()})
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// isBefore says that the record is before the other.
func (u *undoing) isBefore(other journal.Account) bool {
	own := u.record.ID
	n := other.Time.Compare(u.record.Time)
	return n > 0 || n == 0 && other.ID.Writer == own.Writer && other.ID.Seq > own.Seq
}

// confirms says that the change wrote nothing but what blocked the account already.
func confirms(a journal.Account, c ldif.Change) bool {
	return len(c.Mods) > 0 && !slices.ContainsFunc(c.Mods, func(m ldif.Mod) bool { return !ldif.Named(a.Confirms, m.Name) })
}

// madeTo are the changes that a record made, or maybe made, to the entry with one of the ids. Of members they hold those too who were in
// already, or out.
func madeTo(a journal.Account, ids []string) (changes []ldif.Change) {
	for i, s := range a.Done.Receipt.Steps {
		planned := a.Plan.Steps[i].Change
		switch {
		case !slices.Contains(ids, cmp.Or(s.Sent.If.ID, planned.If.ID)), confirms(a, planned):
		case s.State == ldif.Done, s.State == ldif.Unknown:
			changes = append(changes, planned)
		case s.Changed():
			changes = append(changes, s.Sent)
		}
	}
	return changes
}
