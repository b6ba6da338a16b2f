package draft

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// A plan that was carried out is taken back by another, made of what its receipt says and of the entries as they are now:
//
//	title: cook was changed to chef           chef goes, cook comes, while the entry shows chef
//	uid=anna was made                         it is deleted, while it is as it was made, and nobody refers to it
//	uid=anna was deleted, and taken out of    it is added as it was, and then the group gets it back
//	  the group before
//
// What is as it was before is passed over. What is neither as it was before nor as the plan left it was changed since: it is left alone,
// and told. The entry itself comes first, and then who referred to it: a plan that stops between gives nobody more than he had.

// Present is what takes part in taking a plan back, as it is now.
type Present struct {
	Entries map[string]*ldif.Entry   // by the ids that the plan knew them by
	Since   map[string][]ldif.Change // what others did to them after the plan, and stands, by the same ids
	Again   map[string][]Again       // what was asked of them after the plan, and was so already, by the same ids
	Found   Finds                    // what the plan's references call
	Holder  *ldif.Entry              // of the name of an entry that is to be added again; nil: nobody
	Known   []ldif.Reference         // those of other entries to one that the plan made
	Deleted string                   // the DN that a deleted entry has, which the directory brings back; "": it cannot
	Birth   ldif.Attribute           // a password, of an account that the server takes with one alone
}

// Again says that an attribute was to be as it was already.
type Again struct{ Attribute, By string }

// Finds are the entries that references call, by the name; nil: the entry has gone. A name that is not among them calls what nobody looks
// up.
type Finds map[ldapmap.Name]*Find

// Find is an entry that a reference calls.
type Find struct {
	ID    string
	Since bool // it was made after the plan: another that took the name
}

// Difference is what keeps something from being taken back.
type Difference struct {
	DN        string
	Attribute string // "": it is about the entry as a whole
	Why       string
}

func (d Difference) String() string {
	if d.Attribute == "" {
		return d.DN + ": " + d.Why
	}
	return d.DN + ": " + d.Attribute + " " + d.Why
}

// Undo is what takes a plan back.
type Undo struct {
	Entry   *ldif.Entry // that it is about, as it is now; nil: there is none
	Steps   []ldif.Step
	Effects []ldif.Effect
	Members []string     // ids of those that the entry gets back as members
	Changed []Difference // since the plan was carried out: none of this is touched
	Notes   []Difference // what cannot be taken back, whoever wishes
}

// undoing makes an Undo.
type undoing struct {
	Past
	deeds deeds // of the plan
	now   Present
	undo  Undo
}

// Undo turns the plan round.
func (p Past) Undo(now Present) Undo {
	u := &undoing{Past: p, deeds: p.deeds(), now: now}
	u.undo.Entry = now.Entries[p.ID]
	for i, s := range p.Receipt.Steps {
		if s.State != ldif.Unknown {
			continue
		}
		for _, m := range s.Sent.Mods {
			u.note(p.Receipt.Plan.Steps[i].Change.DN, m.Name, "stays as it is: nobody knows whether the record changed it")
		}
	}
	switch own := u.deeds.of(p.ID); {
	case len(own) == 0:
	case own.makes():
		u.unmake(own)
		return u.undo // whom the plan gave it to lets go of it, as of any that is deleted
	case own.deletes():
		if u.remake(own); len(u.undo.Changed) > 0 {
			return u.undo
		}
	default:
		u.turnBack(p.ID)
	}
	for _, id := range slices.Backward(u.deeds.ids()) {
		if id != p.ID {
			u.turnBack(id)
		}
	}
	u.referBack()
	return u.undo
}

// changed notes what was changed since.
func (u *undoing) changed(dn, attribute, why string) {
	u.undo.Changed = append(u.undo.Changed, Difference{dn, attribute, why})
}

// note notes what cannot be taken back.
func (u *undoing) note(dn, attribute, why string) {
	d := Difference{dn, attribute, why}
	if !slices.Contains(u.undo.Notes, d) {
		u.undo.Notes = append(u.undo.Notes, d)
	}
}

// effect notes what a step does.
func (u *undoing) effect(kind ldif.EffectKind, e *ldif.Entry, attributes, values []string) {
	u.undo.Effects = append(u.undo.Effects, ldif.Effect{
		Kind: kind, DN: e.DN, ID: u.Type.ID(e), Attributes: attributes, Values: values,
	})
}

// identity is what a value is of: references by different names may be to one entry.
func (u *undoing) identity(attribute, value string) string {
	r := u.reference(attribute)
	if r == nil {
		return ldif.Key(u.Type.Server.Schema, attribute, value)
	}
	if f := u.now.Found[r.Calls(value)]; f != nil {
		return f.ID
	}
	if id, byID := u.Type.Server.IDNamed(value); byID {
		return id
	}
	if r.Of == "" {
		return u.Type.Server.NormalDN(value)
	}
	return value
}

// touches says that changes are about an attribute, and of its values about one that is meant; nil: about any.
func (u *undoing) touches(some []ldif.Change, name string, meant func(value string) bool) bool {
	return slices.ContainsFunc(some, func(c ldif.Change) bool {
		return slices.ContainsFunc(c.Mods, func(m ldif.Mod) bool {
			all := meant == nil || m.Op == ldif.ReplaceValues || len(m.Values) == 0
			return u.Type.IsSame(m.Name, name) && (all || slices.ContainsFunc(m.Values, meant))
		})
	})
}

// same says that two lists hold the same values.
func (u *undoing) same(attribute string, a, b []string) bool {
	is := func(values []string) []string {
		keys := make([]string, len(values))
		for i, v := range values {
			keys[i] = u.identity(attribute, v)
		}
		slices.Sort(keys)
		return slices.Compact(keys)
	}
	return slices.Equal(is(a), is(b))
}

// safe are those of the values that may be given back: of references those whose target is there, and is no other by now.
func (u *undoing) safe(dn, attribute string, values []string) (safe []string) {
	r := u.reference(attribute)
	for _, v := range values {
		if r == nil || v == r.Placeholder {
			safe = append(safe, v)
			continue
		}
		f, asked := u.now.Found[r.Calls(v)]
		if own := u.undo.Entry; f != nil && own != nil && f.ID == u.Type.ID(own) {
			v = u.called(r, v)
		}
		switch {
		case u.undo.isMade(u.Type.Server, v): // by the undo itself
			safe = append(safe, v)
		case asked && f == nil && u.undo.names(u.Type.Server, v):
			safe = append(safe, v)
		case asked && f == nil:
			u.note(dn, attribute, "does not get back "+v+", which is there no longer")
		case asked && f.Since:
			u.note(dn, attribute, "does not get back "+v+": another entry has the name since")
		case asked && u.Type.Server.NamesByID && r.Of == "":
			safe = append(safe, u.Type.Server.ByID(f.ID, v))
		default:
			safe = append(safe, v)
		}
	}
	return safe
}

// called is what a reference calls the entry by, when it is as the undo leaves it: it left its groups under the name that it gives up.
func (u *undoing) called(r *ldapmap.Reference, name string) string {
	e := u.undo.Entry
	for _, s := range u.undo.Steps {
		if s.Change.If.ID == u.Type.ID(e) {
			e = ldif.Apply(e, s.Change, u.Type.Server.Schema)
		}
	}
	if _, byID := u.Type.Server.IDNamed(name); byID || e == nil {
		return name
	}
	if r.Of == "" {
		return e.DN
	}
	names := u.Type.Names(r.Naming, e)
	if len(names) == 0 || slices.Contains(names, name) {
		return name
	}
	return names[0]
}

// isMade says that the undo adds the entry with the DN.
func (u Undo) isMade(s *ldif.Server, dn string) bool {
	return slices.ContainsFunc(u.Steps, func(step ldif.Step) bool { return step.Change.Kind == ldif.Add && s.SameDN(step.Change.DN, dn) })
}

// names says that the undo gives an entry the DN, by renaming or moving it.
func (u Undo) names(s *ldif.Server, dn string) bool {
	return slices.ContainsFunc(u.Steps, func(step ldif.Step) bool {
		return step.Change.Kind == ldif.ModifyDN && s.SameDN(step.Change.NewDN(), dn)
	})
}

// Claims are the values that the undo gives the entry and that no two resources share, by LDAP attribute.
func (u Undo) Claims(t *ldapmap.Type) (claims []ldif.Attribute) {
	unique := func(name string) bool {
		return slices.ContainsFunc(t.Rules, func(r *ldapmap.Rule) bool {
			return t.IsSame(r.LDAP, name) && (t.IsUnique(r) || r.Options.Unique)
		})
	}
	add := func(name string, values []string) {
		if len(values) > 0 && unique(name) {
			claims = append(claims, ldif.Attribute{Name: name, Values: values})
		}
	}
	for _, s := range u.Steps {
		if u.Entry != nil && s.Change.If.ID != t.ID(u.Entry) {
			continue
		}
		for _, m := range s.Change.Mods {
			if m.Op != ldif.DeleteValues {
				add(m.Name, m.Values)
			}
		}
		for _, a := range s.Change.Entry {
			add(a.Name, a.Values)
		}
		if rdn, err := ldif.ParseRDN(s.Change.NewRDN); s.Change.Kind == ldif.ModifyDN && err == nil {
			for _, ava := range rdn {
				add(t.Canonical(ava.Type), []string{ava.Value})
			}
		}
	}
	return claims
}
