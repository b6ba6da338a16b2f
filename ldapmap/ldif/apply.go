package ldif

import "slices"

// Apply returns the entry as the change would leave it, nil after a delete. It is a forecast for judging a plan, not a server: what
// a server would refuse (a missing value, a duplicate, an entry that is not there) is passed over.
func Apply(e *Entry, c Change, s *Subschema) *Entry {
	switch c.Kind {
	case Add:
		return (&Entry{DN: c.DN, Attributes: c.Entry}).Clone()
	case Delete:
		return nil
	}
	after := e.Clone()
	if after == nil {
		after = &Entry{DN: c.DN}
	}
	if c.Kind == ModifyDN {
		return applyModifyDN(after, c, s)
	}
	for _, m := range c.Mods {
		values := after.Values(m.Name)
		switch m.Op {
		case AddValues:
			values = with(s, m.Name, values, m.Values)
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
	old, _ := ParseRDN(e.DN)
	now, _ := ParseRDN(c.NewRDN)
	e.DN = c.NewDN()
	for _, a := range old {
		if name := s.Canonical(a.Type); c.DeleteOldRDN {
			e.Set(name, without(s, name, e.Values(name), []string{a.Value})...)
		}
	}
	for _, a := range now {
		name := s.Canonical(a.Type)
		e.Set(name, with(s, name, e.Values(name), []string{a.Value})...)
	}
	return e
}

// with returns values and those of more that are not among them, by the attribute's equality.
func with(s *Subschema, name string, values, more []string) []string {
	present := keys(s, name, values)
	values = slices.Clone(values)
	for _, v := range more {
		if key := Key(s, name, v); !present[key] {
			present[key] = true
			values = append(values, v)
		}
	}
	return values
}

// without returns values less those in gone, by the attribute's equality; no values in gone leaves none.
func without(s *Subschema, name string, values, gone []string) []string {
	if len(gone) == 0 {
		return nil
	}
	leaving := keys(s, name, gone)
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return leaving[Key(s, name, v)] })
}

// keys are the values' keys as a set: a group has many members.
func keys(s *Subschema, name string, values []string) map[string]bool {
	set := make(map[string]bool, len(values))
	for _, v := range values {
		set[Key(s, name, v)] = true
	}
	return set
}
