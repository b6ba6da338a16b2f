package draft

import (
	"cmp"
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// Past is a plan that was carried out.
type Past struct {
	Type      *ldapmap.Type
	ID        string // of the entry that it was about, or that it made
	Receipt   ldif.Receipt
	Whole     *ldif.Entry      // the entry before it was deleted, with all that could be read of it
	Referrers []ldif.Reference // those of other entries to it, that the directory itself took out when it was deleted
}

// done is a change that was made, and stands.
type done struct {
	ldif.Change
	before *ldif.Entry
	id     string // of its entry
}

// deeds are the changes of a plan, or those of one entry, in their order.
type deeds []done

// deeds are the changes that stand, but for the places that were made for others to stand in, and what is kept true by itself: references
// to an entry that got another name, and those that were left from somebody who had one before.
func (p Past) deeds() (all deeds) {
	for i, s := range p.Receipt.Steps {
		step := p.Receipt.Plan.Steps[i]
		if !s.Changed() || s.Sent.Place || step.Keeps.ID != "" && !p.loses(step.Keeps.ID) || p.scrubs(i, s.Sent) {
			continue
		}
		id := cmp.Or(s.Sent.If.ID, step.Change.If.ID)
		if s.Sent.Kind == ldif.Add || step.Change.If.Made {
			id = p.ID
		}
		all = append(all, done{s.Sent, step.Before, id})
	}
	return all
}

// loses says that the plan has nobody refer any more to the entry with the id.
func (p Past) loses(id string) bool {
	return slices.ContainsFunc(p.Receipt.Plan.Steps, func(s ldif.Step) bool {
		return s.Change.If.ID == id && (s.Change.Kind == ldif.Delete || s.Change.Leaves)
	})
}

// scrubs says that a change takes a name out of another entry that the plan itself gives, behind it.
func (p Past) scrubs(at int, sent ldif.Change) bool {
	if p.Receipt.Plan.Steps[at].Before == p.Receipt.Plan.Before || sent.Kind != ldif.Modify {
		return false
	}
	return slices.ContainsFunc(p.Receipt.Plan.Steps[at:], func(s ldif.Step) bool {
		taken := s.Change.DN
		if s.Change.Kind == ldif.ModifyDN && !s.Change.Leaves {
			taken = s.Change.NewDN()
		} else if s.Change.Kind != ldif.Add {
			return false
		}
		return slices.ContainsFunc(sent.Mods, func(m ldif.Mod) bool {
			return m.Op == ldif.DeleteValues && slices.ContainsFunc(m.Values, func(v string) bool { return p.Type.Server.SameDN(v, taken) })
		})
	})
}

// of are those of one entry.
func (all deeds) of(id string) (own deeds) {
	for _, d := range all {
		if d.id == id {
			own = append(own, d)
		}
	}
	return own
}

// ids are those of the entries that were changed, in the order in which they were first.
func (all deeds) ids() (ids []string) {
	for _, d := range all {
		if !slices.Contains(ids, d.id) {
			ids = append(ids, d.id)
		}
	}
	return ids
}

// makes says of those of one entry that they make it, deletes that they delete it.
func (own deeds) makes() bool   { return len(own) > 0 && own[0].Kind == ldif.Add }
func (own deeds) deletes() bool { return len(own) > 0 && own[len(own)-1].Kind == ldif.Delete }

// Nothing says that the plan changed nothing that stands.
func (p Past) Nothing() bool { return len(p.deeds()) == 0 }

// Makes says that the plan made its entry.
func (p Past) Makes() bool { return p.deeds().of(p.ID).makes() }

// Deletes says that the plan deleted its entry.
func (p Past) Deletes() bool { return p.deeds().of(p.ID).deletes() }

// Entries are the ids of the entries to look at.
func (p Past) Entries() []string {
	ids := p.deeds().ids()
	for _, r := range p.Referrers {
		if !slices.Contains(ids, r.ID) {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// Attributes are those that the entries must be read with, besides those that any write needs. Members are not read.
func (p Past) Attributes() (names []string) {
	add := func(name string) {
		if !ldif.Named(names, name) && !p.isMembers(name) && !p.Type.Secret(name) {
			names = append(names, name)
		}
	}
	for _, d := range p.deeds() {
		for _, m := range d.Mods {
			add(m.Name)
		}
	}
	for _, r := range p.Referrers {
		add(r.Attribute)
	}
	return names
}

// Names are what the references that the plan took away, or gave, call their targets by, and where that may be by another name, those that
// the entry that it made has now: they are to be looked up.
func (p Past) Names(now *ldif.Entry) (names []ldapmap.Name) {
	seen := map[ldapmap.Name]bool{}
	note := func(attribute string, values []string) {
		r := p.reference(attribute)
		for _, v := range values {
			if r == nil || v == r.Placeholder {
				continue
			}
			if name := r.Calls(v); !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	for _, d := range p.deeds() {
		for _, m := range d.Mods {
			note(m.Name, m.Values)
			note(m.Name, d.before.Values(m.Name))
		}
		for _, a := range d.Entry {
			note(a.Name, a.Values)
		}
	}
	if p.Whole != nil {
		for _, a := range p.Whole.Attributes {
			note(a.Name, a.Values)
		}
	}
	if now != nil && p.Type.Server.NamesByID && p.Makes() { // it is given members by their ids, and shows DNs
		for _, a := range now.Attributes {
			note(a.Name, a.Values)
		}
	}
	return names
}

// reference is the one that the attribute is, on entries of any type; nil: it is none.
func (p Past) reference(attribute string) *ldapmap.Reference {
	for _, t := range append([]*ldapmap.Type{p.Type}, p.Type.Map.Types...) {
		for _, r := range t.References {
			if t.IsSame(r.Attribute, attribute) {
				return r
			}
		}
	}
	return p.Type.Map.Elsewhere.Reference(attribute)
}

func (p Past) isMembers(attribute string) bool {
	r := p.reference(attribute)
	return r != nil && r.HoldsMembers()
}
