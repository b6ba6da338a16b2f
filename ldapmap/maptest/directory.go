package maptest

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
)

func (w *World) Search(s ldapmap.Search) []*ldif.Entry {
	f, err := ldif.ParseFilter(s.Filter)
	if err != nil {
		w.T.Fatalf("%s: %v", s.Filter, err)
	}
	f = w.Server.Judgeable(f) // which a domain controller does in its own way
	var found []*ldif.Entry
	for _, e := range w.Entries {
		under := func(base string) bool { return w.Server.Under(e.DN, base) }
		if (under(s.Base) || slices.ContainsFunc(s.More, under)) && f.Matches(e, w.Server.Schema) {
			e.Asked = read.AttributesOfAll(w.Map)
			found = append(found, e)
		}
	}
	return found
}

// take takes a number as the bridge would: above all that are in use.
func (w *World) take(c *ldapmap.Counter) int {
	highest := c.From - 1
	for _, e := range w.Entries {
		highest = slices.Max(append(c.Held(e), highest))
	}
	return highest + 1
}

// Apply makes the change, as a server would.
func (w *World) Apply(c ldif.Change) {
	w.T.Helper()
	at := slices.IndexFunc(w.Entries, func(e *ldif.Entry) bool { return w.Server.SameDN(e.DN, c.DN) })
	c = w.resolve(c)
	if c.Kind == ldif.Add {
		if at >= 0 {
			w.T.Fatalf("%s is there already", c.DN)
		}
		added := ldif.Apply(nil, c, w.Server.Schema)
		w.Stamp(added, 100+len(w.Entries))
		w.Entries = append(w.Entries, added)
		return
	}
	if at < 0 {
		w.T.Fatalf("%s %s: no such entry", c.Kind, c.DN)
	}
	for i, m := range c.Mods {
		if m.ByDN {
			c.Mods[i] = m.In(w.Entries[at].Values(m.Name), w.Server.NormalDN)
		}
	}
	w.refuse(w.Entries[at], c)
	after := ldif.Apply(w.Entries[at], c, w.Server.Schema)
	if after == nil {
		w.Entries = slices.Delete(w.Entries, at, at+1)
		return
	}
	if c.Kind == ldif.ModifyDN {
		for i, e := range w.Entries {
			if i != at && w.Server.SameDN(e.DN, after.DN) {
				w.T.Fatalf("%s is there already", after.DN)
			}
		}
		after.Set(w.Server.DNAttribute, after.DN)
	}
	w.Entries[at] = after
}

// resolve puts DNs in the place of `<GUID=…>`, as Active Directory does.
func (w *World) resolve(c ldif.Change) ldif.Change {
	dns := func(values []string) []string {
		values = slices.Clone(values)
		for i, v := range values {
			for _, e := range w.Entries {
				if id, ok := w.Server.IDNamed(v); ok && id == w.Server.ID(e) {
					values[i] = e.DN
				}
			}
		}
		return values
	}
	c.Entry, c.Mods = slices.Clone(c.Entry), slices.Clone(c.Mods)
	for i := range c.Entry {
		c.Entry[i].Values = dns(c.Entry[i].Values)
	}
	for i := range c.Mods {
		c.Mods[i].Values = dns(c.Mods[i].Values)
	}
	return c
}

// refuse fails the test for what a server refuses.
func (w *World) refuse(e *ldif.Entry, c ldif.Change) {
	w.T.Helper()
	after := e.Clone()
	for _, m := range c.Mods {
		definition := w.Server.Schema.Attribute(m.Name)
		among := func(values []string, v string) bool {
			return slices.ContainsFunc(values, func(o string) bool { return ldif.Equal(w.Server.Schema, m.Name, v, o) })
		}
		for _, v := range m.Values {
			switch there := among(after.Values(m.Name), v); {
			case m.Settled:
			case m.Op == ldif.AddValues && there:
				w.T.Fatalf("%s: the value %q of %s is there already\n%s", e.DN, v, m.Name, c)
			case m.Op == ldif.DeleteValues && !there:
				w.T.Fatalf("%s: no value %q of %s\n%s", e.DN, v, m.Name, c)
			}
		}
		if m.Op != ldif.ReplaceValues && w.Server.Schema.Attribute("cn").Equality != "" && definition.Equality == "" {
			w.T.Fatalf("%s has no equality rule\n%s", m.Name, c)
		}
		after = ldif.Apply(after, ldif.Change{Kind: ldif.Modify, DN: e.DN, Mods: []ldif.Mod{m}}, w.Server.Schema)
	}
	if c.Kind == ldif.ModifyDN {
		after = ldif.Apply(e, c, w.Server.Schema)
	}
	if c.Kind == ldif.Delete {
		return
	}
	rdn, err := ldif.ParseRDN(after.DN)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, a := range rdn {
		name := w.Server.Schema.Canonical(a.Type)
		if !slices.ContainsFunc(after.Values(name), func(v string) bool { return ldif.Equal(w.Server.Schema, name, v, a.Value) }) {
			w.T.Fatalf("%s lacks the value of its name\n%s", after.DN, c)
		}
	}
	for _, name := range w.Server.Schema.Must(after.Values("objectClass")...) {
		if len(after.Values(name)) == 0 && len(e.Values(name)) > 0 {
			w.T.Fatalf("%s: %s is demanded\n%s", after.DN, name, c)
		}
	}
	for _, a := range after.Attributes {
		if definition := w.Server.Schema.Attribute(a.Name); definition != nil && definition.SingleValue && len(a.Values) > 1 {
			w.T.Fatalf("%s: %s has one value\n%s", after.DN, a.Name, c)
		}
	}
}
