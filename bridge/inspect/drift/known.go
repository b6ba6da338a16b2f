package drift

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// by is the record that tells of something.
type by struct {
	Record journal.ID
	Time   time.Time
}

// known is what the journal tells of an entry.
type known struct {
	id, typ, name string
	dn            string // "": it is not known
	dnBy          by
	gone          bool // the bridge deleted it
	goneBy        by
	entry         *ldif.Entry                  // the values of attributes that are known as a whole
	whole         map[string]by                // these attributes, in lower case
	made          by                           // by this record, which tells of every attribute; the zero by: by none
	single        map[string]map[string]single // values alone of which it is known whether they were there, by attribute and key
	doubted       map[string]bool              // attributes of which nobody knows what became of a write, in lower case
	unsure        bool                         // there are, or were, such
	last          by                           // that is about it
}

// single is one value of an attribute of which the others are not known: a member.
type single struct {
	value string
	in    bool // it was added, or it was taken away
	by    by
}

// values are those of an attribute, where they are known as a whole.
func (k *known) values(s *ldif.Server, name string) (values []string, told by, ok bool) {
	at := strings.ToLower(name)
	if told, ok = k.whole[at]; ok {
		return k.entry.Values(name), told, true
	}
	gives := s.GivesAtBirth(name) || s.IsOwn(name) // the server, whatever it is made with
	return nil, k.made, k.made != by{} && !gives && !k.doubted[at]
}

func (k *known) set(name string, values []string, told by) {
	if k.entry == nil {
		k.entry = &ldif.Entry{}
	}
	if k.whole == nil {
		k.whole = map[string]by{}
	}
	k.entry.Set(name, values...)
	k.whole[strings.ToLower(name)] = told
}

func (k *known) note(s *ldif.Subschema, name string, values []string, in bool, told by) {
	if k.single == nil {
		k.single = map[string]map[string]single{}
	}
	at := strings.ToLower(name)
	if k.single[at] == nil {
		k.single[at] = map[string]single{}
	}
	for _, v := range values {
		if !journal.IsForgotten(v) {
			k.single[at][ldif.Key(s, name, v)] = single{v, in, told}
		}
	}
}

// doubt forgets an attribute: what became of a write of it nobody knows.
func (k *known) doubt(name string) {
	k.unsure = true
	at := strings.ToLower(name)
	delete(k.whole, at)
	delete(k.single, at)
	if k.doubted == nil {
		k.doubted = map[string]bool{}
	}
	k.doubted[at] = true
}

// teller gathers what the journal tells of entries, record by record, the oldest first.
type teller struct {
	m       *ldapmap.Map
	entries map[string]*known // by id
}

// tell takes a record over. What was refused, or only foreseen, wrote nothing; a number that is taken is nobody's.
func (t *teller) tell(a journal.Account) {
	if a.Kind != journal.KindIntent || a.Forgotten || a.Why == journal.Number {
		return
	}
	told := by{a.ID, a.Time}
	made := ""
	if a.Done != nil {
		made = a.Done.ID
	}
	now := map[string]*ldif.Entry{} // as the plan goes on
	read := func(e *ldif.Entry) {
		if e == nil || now[t.m.Server.ID(e)] != nil {
			return
		}
		id := t.m.Server.ID(e)
		now[id] = e.Clone()
		if k := t.entries[id]; k != nil {
			t.met(k, e, told)
		}
	}
	read(a.Plan.Before)
	touched := map[string][]string{}
	for i, step := range a.Plan.Steps {
		read(step.Before)
		change, state := step.Change, ldif.Unknown
		if a.Done != nil {
			became := a.Done.Receipt.Steps[i]
			state = became.State
			settled := change.IsSettled() && change.Else == nil // all of it is so, whatever had to be sent
			if settled && state == ldif.Unknown && a.Done.Receipt.Err == nil {
				state = ldif.Done // by whomever
			}
			if (state == ldif.Done || state == ldif.Stands) && !settled {
				change = became.Sent
			}
		}
		id := cmp.Or(change.If.ID, step.Change.If.ID)
		if step.Change.If.Made || change.Kind == ldif.Add {
			id = made
		}
		k := t.entries[id]
		if k == nil || change.Place {
			continue
		}
		k.last = told
		switch state {
		case ldif.Done, ldif.Stands:
			touched[id] = append(touched[id], t.wrote(k, now, change, told)...)
		case ldif.Unknown:
			t.doubt(k, change)
		case ldif.NotSent, ldif.Refused, ldif.TakenBack:
		}
	}
	if k := t.entries[cmp.Or(made, a.Intent.ID)]; k != nil {
		k.typ, k.last = a.Type, told
		k.name = cmp.Or(a.Name, k.name)
	}
	t.left(a, touched, told)
}

// met takes over of an entry that was read what is not known yet.
func (t *teller) met(k *known, e *ldif.Entry, told by) {
	if k.dn == "" && !journal.IsForgotten(e.DN) {
		k.dn, k.dnBy = e.DN, told
	}
	meet := func(name string, values []string) {
		if _, _, is := k.values(t.m.Server, name); !is && !t.isMembers(name) && !slices.ContainsFunc(values, journal.IsForgotten) {
			k.set(name, values, told)
		}
	}
	for _, a := range e.Attributes {
		if len(a.Values) > 0 { // or it is a secret
			meet(a.Name, a.Values)
		}
	}
	for _, name := range e.Asked {
		if e.Values(name) == nil {
			meet(name, nil)
		}
	}
}

// wrote takes a change over that was made, and says which attributes it wrote.
func (t *teller) wrote(k *known, now map[string]*ldif.Entry, c ldif.Change, told by) (names []string) {
	schema := t.m.Server.Schema
	after := ldif.Apply(now[k.id], c, schema)
	now[k.id] = after
	switch c.Kind {
	case ldif.Add:
		*k = known{id: k.id, typ: k.typ, name: k.name, dn: c.DN, dnBy: told, made: told, last: told, entry: &ldif.Entry{}}
		for _, a := range c.Entry {
			if t.isMembers(a.Name) {
				k.note(schema, a.Name, a.Values, true, told)
			} else {
				k.set(a.Name, a.Values, told)
			}
		}
	case ldif.Delete:
		k.gone, k.goneBy = true, told
	case ldif.ModifyDN:
		k.dn, k.dnBy = c.NewDN(), told
		for _, dn := range []string{c.DN, c.NewRDN} {
			rdn, _ := ldif.ParseRDN(first(dn))
			for _, a := range rdn {
				if name := schema.Canonical(a.Type); after.Values(name) != nil {
					k.set(name, after.Values(name), told)
					names = append(names, name)
				}
			}
		}
	case ldif.Modify:
		for _, m := range c.Mods {
			values, _, whole := k.values(t.m.Server, m.Name)
			switch {
			case m.Settled && (!whole || t.isMembers(m.Name)):
				k.note(schema, m.Name, m.Values, m.Op == ldif.AddValues, told)
			case m.Settled:
				of := &ldif.Entry{Attributes: []ldif.Attribute{{Name: m.Name, Values: values}}}
				of = ldif.Apply(of, ldif.Change{Kind: ldif.Modify, Mods: []ldif.Mod{m}}, schema)
				k.set(m.Name, of.Values(m.Name), told)
			default:
				k.set(m.Name, after.Values(m.Name), told)
				names = append(names, m.Name)
			}
		}
	}
	return names
}

func first(dn string) string {
	rdn, _ := ldif.SplitDN(dn)
	return rdn
}

// doubt takes a change over of which nobody knows whether it was made.
func (t *teller) doubt(k *known, c ldif.Change) {
	k.unsure = true
	switch c.Kind {
	case ldif.Modify:
		for _, m := range c.Mods {
			k.doubt(m.Name)
		}
	case ldif.ModifyDN:
		k.dn = ""
		for _, dn := range []string{c.DN, c.NewRDN} {
			rdn, _ := ldif.ParseRDN(first(dn))
			for _, a := range rdn {
				k.doubt(t.m.Server.Schema.Canonical(a.Type))
			}
		}
	case ldif.Add, ldif.Delete:
		*k = known{id: k.id, typ: k.typ, name: k.name, unsure: true, last: k.last}
	}
}

// left takes over how the directory showed what was written.
func (t *teller) left(a journal.Account, touched map[string][]string, told by) {
	if a.Done == nil || len(a.Done.Receipt.Steps) == 0 {
		return
	}
	e := a.Done.Receipt.Steps[len(a.Done.Receipt.Steps)-1].Left
	if e == nil {
		return
	}
	k := t.entries[t.m.Server.ID(e)]
	if k == nil {
		return
	}
	for _, name := range touched[k.id] {
		if values := e.Values(name); values != nil && !slices.ContainsFunc(values, journal.IsForgotten) {
			k.set(name, values, told)
		}
	}
}

// reference is the one that the attribute is, of any type; nil: it is none.
func (t *teller) reference(name string) *ldapmap.Reference { return referenceOf(t.m, name) }

func referenceOf(m *ldapmap.Map, name string) *ldapmap.Reference {
	for _, of := range m.Types {
		for _, r := range of.References {
			if of.IsSame(r.Attribute, name) {
				return r
			}
		}
	}
	if len(m.Elsewhere.Bases) == 0 {
		return nil
	}
	return m.Elsewhere.Reference(name)
}

func (t *teller) isMembers(name string) bool {
	r := t.reference(name)
	return r != nil && r.HoldsMembers()
}

// singles are the attributes of which single values are known, in order.
func (k *known) singles() []string { return slices.Sorted(maps.Keys(k.single)) }
