package draft

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
)

// allotment is how a write's claims came out.
type allotment struct {
	name                               // where the entry is to stand
	numbered  map[*ldapmap.Rule]string // computed values with the number that they took
	displaced []ldif.Step              // what gives soft-deleted entries their tombstone names, before the write
	effects   []ldif.Effect            // of those
}

// allot holds the claims against the entries found. errTaken says that every candidate of the round is taken.
func (d *Draft) allot(f Facts) (allotment, error) {
	a := allotment{name: d.name, numbered: map[*ldapmap.Rule]string{}}
	var others []*ldif.Entry
	for _, e := range f.Found {
		if d.isCreate() || d.t.ID(e) != d.t.ID(d.write.Entry) {
			others = append(others, e)
		}
	}
	for _, c := range d.claims {
		var err error
		if c.takesNumber() {
			err = d.number(c, a.asLeft(others, d.t.Server.Schema), f.Rounds-1, &a)
		} else {
			err = d.clear(c, others, f, &a)
		}
		if err != nil {
			return a, err
		}
	}
	return a, nil
}

// clear makes sure that nobody holds what the claim wants: a soft-deleted entry that does is displaced, any other is a conflict.
func (d *Draft) clear(c claim, others []*ldif.Entry, f Facts, a *allotment) error {
	for _, e := range others {
		switch c.standingOf(d.t, e) {
		case free:
		case softDeleted:
			if a.displaces(e) {
				continue
			}
			displacement, err := displacement(d.t, e, read.Resource(d.t, e, ldapmap.Refs{}))
			if err != nil {
				return err
			}
			steps, effects, err := displacement.change(f, allotment{name: displacement.name})
			if err != nil {
				return err
			}
			a.displaced, a.effects = append(a.displaced, steps...), append(a.effects, effects...)
		case taken:
			return c.conflict(d.t, e)
		}
	}
	return nil
}

// displaces says whether the entry is one of those that are displaced.
func (a *allotment) displaces(e *ldif.Entry) bool {
	return slices.ContainsFunc(a.displaced, func(s ldif.Step) bool { return s.Before == e })
}

// asLeft are the entries as the displacements leave them: what those give up is free.
func (a *allotment) asLeft(entries []*ldif.Entry, schema *ldif.Subschema) []*ldif.Entry {
	left := slices.Clone(entries)
	for i, e := range entries {
		for _, step := range a.displaced {
			if step.Before == e {
				left[i] = ldif.Apply(left[i], step.Change, schema)
			}
		}
	}
	return left
}
