package ldif

import "slices"

// Telling are the attributes that show whether the change was made, but for secrets, and for what is settled: a large group's members are
// not read.
func (c Change) Telling() (names []string) {
	for _, a := range c.Entry {
		if !c.Secret(a.Name) {
			names = append(names, a.Name)
		}
	}
	for _, m := range c.Mods {
		if !m.Settled && !c.Secret(m.Name) {
			names = append(names, m.Name)
		}
	}
	return names
}

// ShownBy says whether the entry, read with Telling (nil: there is none), is as the change leaves it. told is false where no reader can
// tell.
func (c Change) ShownBy(server *Server, e *Entry) (done, told bool) {
	switch {
	case c.Kind == Delete:
		return e == nil, true
	case e == nil:
		return false, true
	case c.Kind == ModifyDN:
		return server.SameDN(e.DN, c.NewDN()) && (c.Apart || !server.SameDN(c.DN, c.NewDN())), true // in other case it may not be
	}
	again := Change{Kind: Modify}
	for _, a := range c.Entry {
		if c.readable(server, a.Name, a.Values) {
			again.Mods = append(again.Mods, Mod{Op: AddValues, Name: a.Name, Values: a.Values})
		}
	}
	for _, m := range c.Mods { // all of a Modify is done, or nothing
		if c.readable(server, m.Name, m.Values) && !m.Settled {
			again.Mods = append(again.Mods, m)
		}
	}
	if len(again.Mods) == 0 {
		return false, false
	}
	after := Apply(e, again, server.Schema)
	return !slices.ContainsFunc(again.Mods, func(m Mod) bool {
		return !slices.Equal(e.Values(m.Name), after.Values(m.Name))
	}), true
}

// ShownBy says of the step what its change's says: nothing of one that writes again what was so before.
func (s Step) ShownBy(server *Server, e *Entry) (done, told bool) {
	if s.Again {
		return false, false
	}
	return s.Change.ShownBy(server, e)
}

// readable says whether values can be compared with what a search returns: a password cannot, nor a reference by the target's id, which
// is shown as a DN.
func (c Change) readable(server *Server, name string, values []string) bool {
	return !c.Secret(name) && !slices.ContainsFunc(values, func(v string) bool {
		_, byID := server.IDNamed(v)
		return byID
	})
}
