package draft

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// create plans the add of a new entry, and of more members than one request takes.
func (d *Draft) create(f Facts, a allotment) ([]ldif.Step, []ldif.Effect, error) {
	entry, err := d.newEntry(f, a)
	if err == nil {
		err = d.partsApart(f)
	}
	if err != nil {
		return nil, nil, err
	}
	dn := a.rdn + "," + a.parent
	setting, err := d.passwordApart(entry, dn)
	if err != nil {
		return nil, nil, err
	}
	m, err := d.members(f)
	if err != nil {
		return nil, nil, err
	}
	mods := m.mods(false)
	for _, r := range d.t.Members {
		if r.Placeholder != "" {
			addValues(d.t, entry, r.Attribute, r.Placeholder)
		}
	}
	if len(mods) > 0 {
		for _, mod := range mods[0] {
			addValues(d.t, entry, mod.Name, mod.Values...)
		}
		mods = mods[1:]
	}
	steps := []ldif.Step{{
		Change:  d.t.Marked(ldif.Change{Kind: ldif.Add, DN: dn, Entry: entry.Attributes}),
		Inverse: &ldif.Change{Kind: ldif.Delete, DN: dn, If: ldif.Condition{Made: true}},
	}}
	for _, mod := range mods {
		steps = append(steps, modifyStep(d.t, dn, mod, nil, ldif.Condition{Made: true}))
	}
	steps = append(steps, setting...)
	effects := []ldif.Effect{{Kind: ldif.Created, DN: dn}}
	if d.after["active"] == false && len(d.t.Active) > 0 {
		effects = append(effects, ldif.Effect{Kind: ldif.Blocked, DN: dn})
	}
	isSecret := func(a ldif.Attribute) bool { return ldif.Secret(a.Name) }
	if len(setting) > 0 || slices.ContainsFunc(entry.Attributes, isSecret) {
		effects = append(effects, ldif.Effect{Kind: ldif.PasswordSet, DN: dn})
	}
	return steps, append(effects, m.effects(dn, "")...), nil
}

// newEntry is the entry of a new resource, without its members.
func (d *Draft) newEntry(f Facts, a allotment) (*ldif.Entry, error) {
	t, entry := d.t, &ldif.Entry{}
	entry.Set("objectClass", d.classesAfter()...)
	for _, r := range t.Rules {
		if d.withoutIt(r.LDAP) && r.Computed() {
			continue
		}
		drop, err := d.unclassed(r)
		if err != nil {
			return nil, err
		}
		if drop {
			continue
		}
		values, err := d.now(r, f)
		if err != nil {
			return nil, err
		}
		if number, ok := a.numbered[r]; ok {
			values = []string{number}
		}
		if d.allots(r, f) {
			values = []string{f.allotted(r)}
		}
		addValues(t, entry, r.LDAP, values...)
	}
	for _, r := range t.Rules {
		if r.Must && len(entry.Values(r.LDAP)) == 0 {
			return nil, required(r, true)
		}
	}
	for _, c := range d.classes {
		for _, name := range c.Must {
			if r := t.Giver(name); c.has && r != nil && len(entry.Values(name)) == 0 {
				return nil, required(r, true)
			}
		}
	}
	for _, a := range t.Active {
		_, values, err := a.Change(nil, d.after["active"] != false)
		if err != nil {
			return nil, err
		}
		addValues(t, entry, a.Attribute, values...)
	}
	for _, s := range d.suspensions {
		for _, v := range s.Set {
			addValues(t, entry, v.Type, d.set(v.Type)...)
		}
	}
	rdn, err := ldif.ParseRDN(a.rdn)
	if err != nil {
		return nil, badName(a.rdn)
	}
	for _, ava := range rdn {
		addValues(t, entry, t.Canonical(ava.Type), ava.Value)
	}
	if attribute, _ := t.Initial(); len(f.Passwords) > 0 {
		entry.Set(attribute, ldapmap.PasswordValue(attribute, t.PasswordFor(entry, f.Passwords)))
	}
	for _, r := range t.Rules {
		if r.Computed() || r.Many() || r.Empty != nil || len(entry.Values(r.LDAP)) < 2 {
			continue
		}
		now, err := d.now(r, f)
		if err == nil && len(now) > 0 {
			err = shows(t, r, rdn, entry.Values(r.LDAP), now)
		}
		if err != nil {
			return nil, err
		}
	}
	return entry, nil
}

// now are the LDAP values that the rule gives the resource after the write.
func (d *Draft) now(r *ldapmap.Rule, f Facts) ([]string, error) {
	if g, ok := d.generated[r]; ok {
		return d.t.Fitted(r, g.now), nil
	}
	if r.Value != nil && r.Value.Random() {
		return d.drawn(r, f)
	}
	rdn := d.name.rdn
	if rdn == "" {
		rdn, _ = ldif.SplitDN(d.write.Entry.DN)
	}
	return d.t.Values(r, d.after, d.write.Entry, rdn, f.Refs)
}

// old are those that it gave the resource before. What cannot be computed was not there.
func (d *Draft) old(r *ldapmap.Rule, f Facts) []string {
	if g, ok := d.generated[r]; ok {
		return d.t.Fitted(r, g.old)
	}
	rdn, _ := ldif.SplitDN(d.write.Entry.DN)
	values, _ := d.t.Values(r, d.before, d.write.Entry, rdn, f.Refs)
	return values
}

// addValues adds to an attribute of a new entry the values that it lacks.
func addValues(t *ldapmap.Type, e *ldif.Entry, name string, values ...string) {
	e.Set(name, t.Distinct(name, slices.Concat(e.Values(name), values))...)
}

// required is the fault of an attribute that the directory demands and the resource lacks.
func required(r *ldapmap.Rule, create bool) error {
	fault := &scim.Error{Type: scim.Mutability, Detail: " cannot be cleared: the directory demands ", Attribute: r.Path()}
	if create {
		fault.Type, fault.Detail = scim.InvalidValue, " is required: the directory demands "
	}
	fault.Detail = r.Path() + fault.Detail + r.LDAP
	return fault
}
