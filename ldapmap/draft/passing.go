package draft

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// passing is what a step of a plan makes of a name by which references call its entry.
//
//	uid=anna is deleted:                               uid=anna goes; so does anna, where a memberUid refers by uid
//	uid=anna becomes uid=mara:                         uid=mara comes for uid=anna; mara comes for anna
//	cn=Anna, uid: anna, lind; anna is taken out:       lind comes for anna; she had it before, and so it is not taken
//	cn=Anna is made, uid: anna:                        cn=Anna and anna are taken
type passing struct {
	t          *ldapmap.Type // of the entry
	gone, come ldapmap.Name  // zero: none
	taken      bool          // come is new to the entry: others may hold it from somebody before
}

// passings are those of each of the plan's steps, as far as the directory does not keep the references true itself.
func (d *Draft) passings(p ldif.Plan) [][]passing {
	if d.t.Map.KeepsAll() && !leaves(p) && !d.revived {
		return nil
	}
	all := make([][]passing, len(p.Steps))
	var states map[string]*ldif.Entry // entries by their ids, as the steps so far leave them
	for i, s := range p.Steps {
		t := d.t
		switch {
		case s.Change.Place:
			continue
		case d.revived:
			all[i] = d.backAgain(s, i)
			continue
		case s.Change.Leaves:
			all[i] = gone(d.t, s)
			continue
		case d.t.Map.KeepsAll(), s.Change.Kind == ldif.Modify && !d.t.Map.CallsByValues():
			continue
		case s.Change.Kind != ldif.Add:
			t = d.t.Map.TypeOf(s.Before)
		}
		if t == nil {
			continue
		}
		all[i] = ofDN(t, s.Change)
		if len(t.Namings) > 0 {
			if states == nil {
				states = map[string]*ldif.Entry{}
			}
			all[i] = append(all[i], ofValues(t, s, states)...)
		}
	}
	return all
}

// gone is what becomes of the names of an entry that is no resource any more: all of them go, whatever the directory keeps true, for the
// entry stays. One that it is moved to is new to it, and where the directory moves references along it goes as well.
func gone(t *ldapmap.Type, s ldif.Step) []passing {
	all := []passing{{t: t, gone: ldapmap.DN(s.Change.DN)}}
	for _, naming := range t.Namings {
		for _, v := range t.Names(naming, s.Before) {
			all = append(all, passing{t: t, gone: ldapmap.Name{Naming: naming, Value: v}})
		}
	}
	switch name := ldapmap.DN(s.Change.NewDN()); {
	case s.Change.Kind != ldif.ModifyDN:
	case t.Server.KeepsReferences:
		all = append(all, passing{t: t, gone: name})
	default:
		all = append(all, passing{t: t, come: name, taken: true})
	}
	return all
}

// backAgain is what a step makes of the names of a leaver's entry that is given back: they are as new to it as to one that is made.
func (d *Draft) backAgain(s ldif.Step, at int) (all []passing) {
	take := func(name ldapmap.Name) { all = append(all, passing{t: d.t, come: name, taken: true}) }
	switch moves := s.Change.Kind == ldif.ModifyDN; {
	case moves && !d.t.Server.KeepsReferences:
		take(ldapmap.DN(s.Change.NewDN()))
	case at == 0:
		take(ldapmap.DN(s.Change.DN))
	}
	if at > 0 {
		return all
	}
	for _, naming := range d.t.Namings {
		for _, v := range d.t.Names(naming, s.Before) {
			take(ldapmap.Name{Naming: naming, Value: v})
		}
	}
	return all
}

// ofDN is what becomes of the DN. A name that only changes its case is the same to servers, unless the change says that it is not.
func ofDN(t *ldapmap.Type, c ldif.Change) []passing {
	switch {
	case t.Server.KeepsReferences:
	case c.Kind == ldif.Add:
		return []passing{{t: t, come: ldapmap.DN(c.DN), taken: true}}
	case c.Kind == ldif.Delete:
		return []passing{{t: t, gone: ldapmap.DN(c.DN)}}
	case c.Kind == ldif.ModifyDN && (c.Apart || !t.Server.SameDN(c.DN, c.NewDN())):
		return []passing{{t: t, gone: ldapmap.DN(c.DN), come: ldapmap.DN(c.NewDN()), taken: true}}
	}
	return nil
}

// ofValues is what becomes of the values that references call the entry by.
func ofValues(t *ldapmap.Type, s ldif.Step, states map[string]*ldif.Entry) (all []passing) {
	before := states[s.Change.If.ID]
	if before == nil && s.Change.Kind != ldif.Add {
		before = s.Before
	}
	after := ldif.Apply(before, s.Change, t.Server.Schema)
	states[s.Change.If.ID] = after
	for _, naming := range t.Namings {
		held, holds := t.Names(naming, before), t.Names(naming, after)
		lacks := func(values []string) func(string) bool {
			return func(v string) bool {
				name := ldapmap.Name{Naming: naming, Value: v}
				return !slices.ContainsFunc(values, func(o string) bool {
					return name.IsSame(t.Server, ldapmap.Name{Naming: naming, Value: o})
				})
			}
		}
		var taken []string
		for _, v := range holds {
			if lacks(held)(v) {
				taken = append(taken, v)
			}
		}
		for _, v := range held {
			if !lacks(holds)(v) {
				continue
			}
			p := passing{t: t, gone: ldapmap.Name{Naming: naming, Value: v}}
			switch {
			case len(taken) > 0:
				p.come, p.taken, taken = ldapmap.Name{Naming: naming, Value: taken[0]}, true, taken[1:]
			case len(holds) > 0:
				p.come = ldapmap.Name{Naming: naming, Value: holds[0]}
			}
			all = append(all, p)
		}
		for _, v := range taken {
			all = append(all, passing{t: t, come: ldapmap.Name{Naming: naming, Value: v}, taken: true})
		}
	}
	return all
}
