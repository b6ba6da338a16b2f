package drift

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
)

// compare finds what is not as the journal tells, by the ids of the entries.
func (l Look) compare(ctx context.Context, told map[string]*known) (map[string]Entry, error) {
	var ids []string
	for id := range told {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	attributes := read.AttributesOfAll(l.Map)
	for _, name := range l.Map.LookUpAttributes() {
		if !ldif.Named(attributes, name) {
			attributes = append(attributes, name)
		}
	}
	now, err := l.now(ctx, ids, attributes)
	if err != nil {
		return nil, err
	}
	c := &comparison{
		Look: l, ctx: ctx, asked: attributes, found: map[string]Entry{},
		holders: map[string]string{}, opposite: map[string]map[string]time.Time{},
	}
	for _, id := range ids {
		if err := c.entry(told[id], now[id]); err != nil {
			return nil, err
		}
	}
	err = c.references()
	for _, e := range c.found {
		for _, d := range e.Differences {
			slices.Sort(d.Left)
			slices.Sort(d.Now)
		}
		slices.SortFunc(e.Differences, func(a, b Difference) int {
			worse := slices.Index(Kinds, a.Kind) - slices.Index(Kinds, b.Kind)
			return cmp.Or(worse, a.Time.Compare(b.Time), strings.Compare(a.Attribute, b.Attribute))
		})
	}
	return c.found, err
}

// comparison is of a batch of entries.
type comparison struct {
	Look
	ctx   context.Context
	asked []string
	found map[string]Entry
	lost  []lost

	holders  map[string]string               // see meant
	opposite map[string]map[string]time.Time // see otherwise
}

// add adds a difference to those of an entry.
func (c *comparison) add(k *known, e *ldif.Entry, d Difference) {
	entry, begun := c.found[k.id]
	if !begun {
		entry = Entry{ID: k.id, Type: k.typ, Name: k.name, DN: k.dn, Record: k.last.Record, Time: second(k.last.Time)}
		if e != nil {
			entry.DN = e.DN
		}
	}
	entry.Differences = append(entry.Differences, d)
	c.found[k.id] = entry
}

func (b by) difference(kind Kind, attribute string, left, now []string) Difference {
	return Difference{Kind: kind, Attribute: attribute, Left: left, Now: now, Record: b.Record, Time: second(b.Time)}
}

// second is a time as it is told.
func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// entry compares an entry with what is there of it: nil for nothing.
func (c *comparison) entry(k *known, e *ldif.Entry) error {
	switch {
	case e == nil && (k.gone || k.dn == ""):
		return nil
	case e == nil:
		c.add(k, nil, k.last.difference(Gone, "", []string{k.dn}, nil))
		return nil
	case k.gone:
		c.add(k, e, k.goneBy.difference(Back, "", nil, []string{e.DN}))
		return nil
	}
	t := c.Map.Type(k.typ)
	if t == nil {
		t = c.Map.TypeOf(e)
	}
	c.place(k, e, t)
	if t != nil {
		c.active(k, e, t)
		for _, a := range t.Attributes {
			c.attribute(k, e, t, a)
		}
	}
	return c.single(k, e)
}

// place compares where the entry is, and whether it is still a resource.
func (c *comparison) place(k *known, e *ldif.Entry, t *ldapmap.Type) {
	if k.dn == "" {
		return
	}
	server := c.Map.Server
	if !server.SameDN(k.dn, e.DN) {
		was, above := ldif.SplitDN(k.dn)
		is, over := ldif.SplitDN(e.DN)
		if !server.SameDN(was, is) {
			c.add(k, e, k.dnBy.difference(Renamed, "", []string{k.dn}, []string{e.DN}))
		}
		if !server.SameDN(above, over) {
			c.add(k, e, k.dnBy.difference(Moved, "", []string{k.dn}, []string{e.DN}))
		}
	}
	if t != nil && !t.Keeps(e) {
		c.add(k, e, k.dnBy.difference(Elsewhere, "", []string{k.dn}, []string{e.DN}))
	}
}

// active compares whether the entry is blocked, as far as the journal tells it.
func (c *comparison) active(k *known, e *ldif.Entry, t *ldapmap.Type) {
	was, all, told := false, true, by{}
	for _, a := range t.Active {
		_, at, known := k.values(c.Map.Server, a.Attribute)
		if all = all && known; !known {
			continue
		}
		if blocked := a.IsBlocked(k.entry); blocked != a.IsBlocked(e) && (told == by{} || at.Time.After(told.Time)) {
			told = at
		}
		was = was || a.IsBlocked(k.entry)
	}
	kind := Changed
	switch is := !t.IsActive(e); {
	case was && !is:
		kind = Enabled
	case all && !was && is:
		kind = Blocked
	}
	for _, a := range t.Active {
		left, at, known := k.values(c.Map.Server, a.Attribute)
		if known && a.IsBlocked(k.entry) != a.IsBlocked(e) {
			c.add(k, e, at.difference(kind, a.Attribute, left, e.Values(a.Attribute)))
		}
	}
}

// attribute compares the values that the map gives an attribute.
func (c *comparison) attribute(k *known, e *ldif.Entry, t *ldapmap.Type, a *ldapmap.Attribute) {
	left, told, known := k.values(c.Map.Server, a.Name)
	blocks := func(on ldapmap.Activation) bool { return t.IsSame(on.Attribute, a.Name) } // of which the map owns that alone
	switch {
	case !known, a.Secret, !ldif.Named(c.asked, a.Name), t.IsSame(a.Name, "objectClass"):
		return
	case len(a.Rules) == 0 && slices.ContainsFunc(t.Active, blocks):
		return
	}
	now := e.Values(a.Name)
	if len(a.Rules) > 0 && !slices.ContainsFunc(a.Rules, func(r *ldapmap.Rule) bool { return !r.IsPart() }) {
		left, now = parts(a, left), parts(a, now)
	}
	left, now = c.apart(a.Name, left, now)
	if len(left)+len(now) == 0 {
		return
	}
	d := told.difference(Changed, a.Name, k.entry.Values(a.Name), e.Values(a.Name))
	if r := referenceOf(c.Map, a.Name); r != nil && r.Of == "" && len(left) > 0 {
		c.lost = append(c.lost, lost{k: k, e: e, r: r, told: told, left: left, now: now, whole: &d})
		return
	}
	c.add(k, e, d)
}

// parts are those of the values that lines of the map own.
func parts(a *ldapmap.Attribute, values []string) (own []string) {
	for _, r := range a.Rules {
		for _, v := range r.Own(values) {
			if !slices.Contains(own, v) {
				own = append(own, v)
			}
		}
	}
	return own
}

// apart are the values that are not in both lists, as the directory compares them.
func (c *comparison) apart(name string, left, now []string) (onlyLeft, onlyNow []string) {
	keys := func(values []string) map[string]bool {
		set := map[string]bool{}
		for _, v := range values {
			set[c.key(name, v)] = true
		}
		return set
	}
	l, n := keys(left), keys(now)
	for _, v := range left {
		if !n[c.key(name, v)] {
			onlyLeft = append(onlyLeft, v)
		}
	}
	for _, v := range now {
		if !l[c.key(name, v)] {
			onlyNow = append(onlyNow, v)
		}
	}
	return onlyLeft, onlyNow
}

// key is what values have in common that are one: of a reference by DN the DN.
func (c *comparison) key(name, value string) string {
	if r := referenceOf(c.Map, name); r != nil && r.Of == "" {
		dn := r.Calls(value).Value
		return c.Map.Server.NormalDN(dn)
	}
	return ldif.Key(c.Map.Server.Schema, name, value)
}

// single compares the values of which it is known alone whether they were there: they are read by themselves, for a group may be large.
func (c *comparison) single(k *known, e *ldif.Entry) error {
	names := k.singles()
	if len(names) == 0 {
		return nil
	}
	found, err := c.Directory.Search(c.ctx, directory.Search{Base: e.DN, Scope: directory.BaseObject, Attributes: names})
	if err != nil || len(found) == 0 {
		return err
	}
	for _, name := range names {
		r := referenceOf(c.Map, name)
		if r == nil {
			continue
		}
		name = r.Attribute
		now := map[string]bool{}
		for _, v := range found[0].Values(name) {
			now[c.key(name, v)] = true
		}
		for _, of := range k.single[strings.ToLower(name)] {
			there := now[c.key(name, of.value)]
			_, byID := c.Map.Server.IDNamed(of.value)
			switch {
			case there == of.in && (of.in || !byID), of.value == r.Placeholder:
			case r.Of == "":
				c.lost = append(c.lost, lost{k: k, e: e, r: r, told: of.by, out: !of.in, left: []string{of.value}, among: now})
			default:
				c.member(k, e, name, of)
			}
		}
	}
	return nil
}

// member adds that a member is there that was taken out, or is not that was added.
func (c *comparison) member(k *known, e *ldif.Entry, name string, of single) {
	kind, left, now := Removed, []string{of.value}, []string(nil)
	if !of.in {
		kind, left, now = Added, nil, left
	}
	for i, d := range c.found[k.id].Differences {
		if d.Kind == kind && d.Attribute == name && d.Record == of.by.Record {
			own := &c.found[k.id].Differences[i]
			own.Left, own.Now = append(d.Left, left...), append(d.Now, now...)
			return
		}
	}
	c.add(k, e, of.by.difference(kind, name, left, now))
}
