package draft

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
)

// allotment is how a write's claims came out.
type allotment struct {
	name                              // where the entry is to stand
	numbered map[*ldapmap.Rule]string // computed values with the number that they took
	returns  *ldif.Entry              // the leaver's entry that a create is given
	room     []*Draft                 // what gives soft-deleted entries their tombstone names: it comes before the write
}

// allot holds the claims against the entries found. errTaken says that every candidate of the round is taken.
func (d *Draft) allot(f Facts) (allotment, error) {
	a := allotment{name: d.name, numbered: map[*ldapmap.Rule]string{}}
	var others []*ldif.Entry
	for _, e := range f.Found {
		within := d.t.Server.UniqueEverywhere || d.t.Covers(e.DN) || d.t.HasLeft(e)
		if within && (d.isCreate() || d.t.ID(e) != d.t.ID(d.write.Entry)) {
			others = append(others, e)
		}
	}
	for _, c := range d.claims {
		var err error
		if c.takesNumber() {
			err = d.number(c, a.staying(others), f.Rounds-1, &a)
		} else {
			err = d.clear(c, others, &a)
		}
		if err != nil {
			return a, err
		}
	}
	return a, nil
}

// clear makes sure that nobody holds what the claim wants: a soft-deleted entry that does is displaced, any other is a conflict.
func (d *Draft) clear(c claim, others []*ldif.Entry, a *allotment) error {
	for _, e := range others {
		switch c.standingOf(d.t, e) {
		case left:
			if d.isCreate() { // of several the one who left last
				if a.returns == nil || d.t.Server.Modified(e) > d.t.Server.Modified(a.returns) {
					a.returns = e
				}
				continue
			}
			room, err := vacating(d.t, e, read.Resource(d.t, e, ldapmap.Refs{}))
			if err != nil {
				return err
			}
			a.room = append(a.room, room)
		case free:
		case softDeleted:
			room, err := displacement(d.t, e, read.Resource(d.t, e, ldapmap.Refs{}))
			if err != nil {
				return err
			}
			a.room = append(a.room, room)
		case taken:
			return c.conflict(d.t, e)
		}
	}
	return nil
}

// staying are the entries without those that make room: what they hold will be free.
func (a *allotment) staying(others []*ldif.Entry) []*ldif.Entry {
	return slices.DeleteFunc(slices.Clone(others), func(e *ldif.Entry) bool {
		return e == a.returns || slices.ContainsFunc(a.room, func(d *Draft) bool { return d.write.Entry == e })
	})
}
