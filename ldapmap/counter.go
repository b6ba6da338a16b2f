package ldapmap

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

// Counter is the entry that numbers are taken from, so that no two entries get one, nor one gets another's that is gone. It holds the next
// number: whoever takes it deletes it and adds the one behind it, in one Modify, which only one of two can do.
//
//	dn: cn=uidNext,ou=system,dc=example,dc=org
//	changetype: modify
//	delete: serialNumber
//	serialNumber: 20007
//	-
//	add: serialNumber
//	serialNumber: 20008
type Counter struct {
	compile.Numbers          // Attribute is canonical
	Of              []string // LDAP attributes that hold its numbers
	Contexts        []string // DNs below which a number may be in use

	server *ldif.Server
}

// setCounters gathers what the types' rules take numbers from, and reports what the directory's schema does not take.
func (m *Map) setCounters() (faults compile.Faults) {
	for i, t := range m.Types {
		for _, r := range t.Rules {
			if r.Numbers == nil {
				continue
			}
			r.Counter = m.counterOf(*r.Numbers)
			add := func(list *[]string, name string) {
				if !ldif.Named(*list, name) {
					*list = append(*list, name)
				}
			}
			add(&r.Counter.Of, r.LDAP)
			for _, base := range t.Bases() {
				add(&r.Counter.Contexts, cmp.Or(m.Server.Context(base), base))
			}
			if r.Counter.From != r.Numbers.From || r.Counter.To != r.Numbers.To { // compile asks no server which DNs are one name
				problem := fmt.Sprintf("the counter counts from %d to %d elsewhere in the map", r.Counter.From, r.Counter.To)
				faults = append(faults, compile.Fault{Path: fmt.Sprintf("[%d].attributes[%d].allocate", i, r.At), Problem: problem})
			}
			if owner := m.TypeOf(r.Counter.entry()); owner != nil {
				const advice = "the counter would be a %s, which clients may change: it stands elsewhere, or is of another class"
				problem := fmt.Sprintf(advice, owner.Name)
				faults = append(faults, compile.Fault{Path: fmt.Sprintf("[%d].attributes[%d].allocate.counter", i, r.At), Problem: problem})
			}
			for _, f := range r.Counter.check() {
				f.Path = fmt.Sprintf("[%d].attributes[%d].allocate.%s", i, r.At, f.Path)
				faults = append(faults, f)
			}
		}
	}
	return faults
}

func (m *Map) counterOf(n compile.Numbers) *Counter {
	for _, c := range m.Counters {
		if m.Server.SameDN(c.DN, n.DN) && strings.EqualFold(c.Attribute, m.Server.Schema.Canonical(n.Attribute)) {
			return c
		}
	}
	n.Attribute = m.Server.Schema.Canonical(n.Attribute)
	c := &Counter{Numbers: n, server: m.Server}
	m.Counters = append(m.Counters, c)
	return c
}

// check says why the directory would not hold the counter, by key.
func (c *Counter) check() (faults compile.Faults) {
	report := func(key, problem string) { faults = append(faults, compile.Fault{Path: key, Problem: problem}) }
	s := c.server.Schema
	if s.Attribute(c.Attribute) == nil {
		report("attribute", c.Attribute+" is not in the directory's schema")
		return faults
	}
	if equality, _ := s.Rules(c.Attribute); equality == "" {
		report("attribute", c.Attribute+" has no equality rule in the directory's schema: no number can be taken out of it")
	}
	for i, class := range c.Classes {
		if s.Class(class) == nil {
			report(fmt.Sprintf("objectClasses[%d]", i), noClass(s, class))
			return faults
		}
	}
	if len(c.Classes) == 0 {
		return faults
	}
	rdn, _ := ldif.ParseRDN(c.DN)
	given := []string{"objectClass", c.Attribute}
	for _, a := range rdn {
		given = append(given, s.Canonical(a.Type))
	}
	for _, must := range s.Must(c.Classes...) {
		if !ldif.Named(given, must) && !c.server.KeepsClasses {
			const problem = "%s demands %s, which neither names the counter nor counts: name it by %[2]s, or say `objectClasses`"
			report("counter", fmt.Sprintf(problem, strings.Join(c.Classes, ", "), must))
		}
	}
	if all := slices.Concat(s.Must(c.Classes...), s.May(c.Classes...)); !ldif.Named(all, c.Attribute) && !c.server.KeepsClasses {
		report("attribute", fmt.Sprintf("%s do not allow %s", strings.Join(c.Classes, ", "), c.Attribute))
	}
	return faults
}

// Next is the number that the counter's entry holds, within the range: one behind it where all are taken. False where it holds none.
func (c *Counter) Next(e *ldif.Entry) (int, bool) {
	values := e.Values(c.Attribute)
	if len(values) != 1 {
		return 0, false
	}
	n, err := strconv.Atoi(values[0])
	return min(max(n, c.From), c.To+1), err == nil && n >= 0
}

// Holders finds the entries that have one of some numbers, or, of none, any.
func (c *Counter) Holders(numbers ...int) string {
	var filters []string
	for _, name := range c.Of {
		if len(numbers) == 0 {
			filters = append(filters, ldif.Presence(name))
		}
		for _, n := range numbers {
			filters = append(filters, ldif.Equality(name, strconv.Itoa(n)))
		}
	}
	return ldif.AnyOf(filters...)
}

// Held are the numbers within the range that the entry has. The counter has none.
func (c *Counter) Held(e *ldif.Entry) (held []int) {
	if c.server.SameDN(e.DN, c.DN) {
		return nil
	}
	for _, name := range c.Of {
		for _, v := range e.Values(name) {
			if n, err := strconv.Atoi(v); err == nil && c.From <= n && n <= c.To {
				held = append(held, n)
			}
		}
	}
	return held
}

// entry is a counter as it is made, but for the number.
func (c *Counter) entry() *ldif.Entry {
	entry := &ldif.Entry{DN: c.DN}
	entry.Set("objectClass", c.Classes...)
	rdn, _ := ldif.SplitDN(c.DN)
	name, _ := ldif.ParseRDN(rdn)
	for _, a := range name {
		attribute := c.server.Schema.Canonical(a.Type)
		entry.Set(attribute, append(entry.Values(attribute), a.Value)...)
	}
	return entry
}

// Made is the plan of a counter whose next number is n.
func (c *Counter) Made(n int) ldif.Plan {
	entry := c.entry()
	entry.Set(c.Attribute, strconv.Itoa(n))
	return ldif.Plan{
		Steps:   []ldif.Step{{Change: ldif.Change{Kind: ldif.Add, DN: c.DN, Entry: entry.Attributes}}},
		Effects: []ldif.Effect{{Kind: ldif.Created, DN: c.DN}},
	}
}

// Taken is the plan that takes the number n from the counter's entry as it was read.
func (c *Counter) Taken(e *ldif.Entry, n int) ldif.Plan {
	change := ldif.Change{Kind: ldif.Modify, DN: e.DN, Mods: []ldif.Mod{
		{Op: ldif.DeleteValues, Name: c.Attribute, Values: e.Values(c.Attribute)},
		{Op: ldif.AddValues, Name: c.Attribute, Values: []string{strconv.Itoa(n + 1)}},
	}}
	return ldif.Plan{
		Before:  e,
		Steps:   []ldif.Step{{Change: change, Before: e}},
		Effects: []ldif.Effect{{Kind: ldif.Changed, DN: e.DN, ID: c.server.ID(e), Attributes: []string{c.Attribute}}},
	}
}

// Counts says that the change makes a counter of the map's, or counts in one, and nothing else.
func (m *Map) Counts(c ldif.Change) bool {
	return slices.ContainsFunc(m.Counters, func(counter *Counter) bool {
		if !m.Server.SameDN(counter.DN, c.DN) {
			return false
		}
		switch c.Kind {
		case ldif.Add:
			return len(counter.Classes) > 0 && slices.EqualFunc(c.Entry, counter.Made(0).Steps[0].Change.Entry,
				func(a, b ldif.Attribute) bool {
					return a.Name == b.Name && (a.Name == counter.Attribute || slices.Equal(a.Values, b.Values))
				})
		case ldif.Modify:
			return !slices.ContainsFunc(c.Mods, func(mod ldif.Mod) bool { return !strings.EqualFold(mod.Name, counter.Attribute) })
		}
		return false
	})
}
