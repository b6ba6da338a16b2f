package bridge

import (
	"slices"
	"strings"

	"scimbridge/bridge/journal"
	"scimbridge/ldapmap/ldif"
)

// beside is what became of a change that the directory shows as done or not, given what others did to its entry (which has the id) since:
//
//   - It shows as done, and another did the same, to whom the directory confirmed it: it could not have, had it been done before, and
//     not after it either. So it was not done. Members are settled, and so say nothing of who was first.
//   - It shows as done, and another may have done it: nobody can tell.
//   - It shows as not done, and another may have taken it back since: nobody can tell.
func beside(server *ldif.Server, c ldif.Change, state ldif.State, id string, others []journal.Other) ldif.State {
	reversed := slices.ContainsFunc(others, func(o journal.Other) bool { return reverses(server, o.Change, c) })
	switch {
	case c.Place:
		return state
	case state == ldif.NotSent && reversed:
		return ldif.Unknown
	case state != ldif.Done:
		return state
	}
	var same []journal.Other
	for _, o := range others {
		another := o.Made != "" && o.Made != id
		if repeats(server, o.Change, c) && !another {
			same = append(same, o)
		}
	}
	switch {
	case !covered(server, c, same):
		return ldif.Done
	case !reversed && slices.ContainsFunc(same, func(o journal.Other) bool { return o.Sure && excludes(o.Change, c) }):
		return ldif.NotSent
	}
	return ldif.Unknown
}

// touched says that others may have changed the entry of the change since it had the version: as it is by now it may be by them.
func touched(server *ldif.Server, c ldif.Change, was string, others []journal.Other) bool {
	return slices.ContainsFunc(others, func(o journal.Other) bool {
		made := o.Change.Kind == ldif.Add && c.If.ID != "" // which was there
		return sameEntry(server, o.Change, c) && !isBefore(server, o, was) && !made
	})
}

// isBefore says that the change was made by when its entry had the version, as far as versions tell.
func isBefore(server *ldif.Server, o journal.Other, was string) bool {
	left := o.Left.Value(server.VersionAttribute)
	return o.Sure && server.VersionForm == ldif.VersionCSN && left != "" && left <= was
}

// sameEntry says that two changes are about one entry.
func sameEntry(server *ldif.Server, a, b ldif.Change) bool {
	if a.If.ID != "" && b.If.ID != "" {
		return a.If.ID == b.If.ID
	}
	return server.SameDN(a.DN, b.DN)
}

// repeats says that the change o leaves something as c does.
func repeats(server *ldif.Server, o, c ldif.Change) bool {
	switch {
	case c.Kind == ldif.Add && o.Kind == ldif.ModifyDN:
		return server.SameDN(o.NewDN(), c.DN)
	case o.Kind != c.Kind:
		return false
	case c.Kind == ldif.Add:
		return server.SameDN(o.DN, c.DN)
	case c.Kind == ldif.ModifyDN:
		return sameEntry(server, o, c) && server.SameDN(o.NewDN(), c.NewDN())
	}
	return sameEntry(server, o, c)
}

// reverses says that the change o makes it look as if c had not been made.
func reverses(server *ldif.Server, o, c ldif.Change) bool {
	switch c.Kind {
	case ldif.Add:
		return (o.Kind == ldif.Delete || o.Kind == ldif.ModifyDN) && server.SameDN(o.DN, c.DN)
	case ldif.ModifyDN:
		return o.Kind == ldif.ModifyDN && sameEntry(server, o, c) && server.SameDN(o.NewDN(), c.DN)
	}
	return false
}

// covered says that others may have made all that a change shows. What is shown beside that is its own, and then so is the rest.
func covered(server *ldif.Server, c ldif.Change, same []journal.Other) bool {
	if c.Kind != ldif.Modify {
		return len(same) > 0
	}
	made := func(m ldif.Mod, value string) bool {
		return slices.ContainsFunc(same, func(o journal.Other) bool {
			return slices.ContainsFunc(o.Change.Mods, func(n ldif.Mod) bool {
				adds := m.Op != ldif.DeleteValues
				return strings.EqualFold(m.Name, n.Name) && (n.Op != ldif.DeleteValues) == adds &&
					(len(n.Values) == 0 || slices.Contains(n.Values, value))
			})
		})
	}
	for _, m := range c.Mods {
		if c.Secret(m.Name) {
			continue
		}
		if slices.ContainsFunc(m.Values, func(v string) bool { return !made(m, v) }) {
			return false
		}
	}
	return len(same) > 0
}

// excludes says that c cannot have been made where o was, which leaves the same.
func excludes(o, c ldif.Change) bool {
	if c.Kind != ldif.Modify {
		return true
	}
	return c.If.Version != "" && o.If.Version == c.If.Version
}
