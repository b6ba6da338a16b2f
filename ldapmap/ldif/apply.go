package ldif

import (
	"slices"
	"strings"
)

// Apply returns the entry as the change would leave it, nil after a delete. It is a forecast for judging a plan, not a server: what
// a server would refuse (a missing value, a duplicate) is passed over.
func Apply(e *Entry, c Change, s *Subschema) *Entry {
	switch c.Kind {
	case Add:
		return (&Entry{DN: c.DN, Attributes: c.Entry}).Clone()
	case Delete:
		return nil
	case ModifyDN:
		return applyModifyDN(e.Clone(), c, s)
	}
	after := e.Clone()
	for _, m := range c.Mods {
		values := after.Values(m.Name)
		switch m.Op {
		case AddValues:
			values = append(slices.Clone(values), m.Values...)
		case DeleteValues:
			values = without(s, m.Name, values, m.Values)
		case ReplaceValues:
			values = m.Values
		}
		after.Set(m.Name, values...)
	}
	return after
}

func applyModifyDN(e *Entry, c Change, s *Subschema) *Entry {
	rdn, _ := SplitDN(e.DN)
	e.DN = c.NewDN()
	if old, err := ParseRDN(rdn); err == nil && c.DeleteOldRDN {
		for _, a := range old {
			e.Set(a.Type, without(s, a.Type, e.Values(a.Type), []string{a.Value})...)
		}
	}
	if now, err := ParseRDN(c.NewRDN); err == nil {
		for _, a := range now {
			values := without(s, a.Type, e.Values(a.Type), []string{a.Value})
			e.Set(a.Type, append(values, a.Value)...)
		}
	}
	return e
}

// without returns values less those in gone, by the attribute's equality; no values in gone leaves none.
func without(s *Subschema, name string, values, gone []string) []string {
	if len(gone) == 0 {
		return nil
	}
	keys, folded := make(map[string]bool, len(gone)), make(map[string]bool, len(gone)) // a group has many members
	for _, g := range gone {
		keys[Key(s, name, g)], folded[strings.ToLower(g)] = true, true
	}
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return folded[strings.ToLower(v)] || keys[Key(s, name, v)] })
}
