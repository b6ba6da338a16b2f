package layout

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// groupKinds are the object classes of groups, with how they hold their members.
var groupKinds = []struct{ class, members string }{
	{"group", "{attribute: member}"},
	{"groupOfNames", "{attribute: member}"},
	{"groupOfUniqueNames", "{attribute: uniqueMember}"},
	{"posixGroup", "{attribute: memberUid, form: value, of: uid}"},
}

// groups proposes the map of groups.
func (s Sight) groups(c Choices, users *resource) (*resource, error) {
	at, err := s.placeOf("groups", s.Groups, c.GroupBase, []string{"groups", "group", "roles", "teams"},
		Undecided{Flag: "--group-base", set: func(c *Choices, v string) { c.GroupBase = v }})
	if err != nil {
		return nil, err
	}
	r := &resource{kind: "Group", base: at.base, baseWhy: at.why}
	if err := s.groupKind(r, at.entries, users, c); err != nil {
		return nil, err
	}
	r.add(line{scim: "displayName", ldap: "cn"})
	l := s.externalID(r, at.entries, forGroups, "no group has a value there")
	if l.ldap != "" {
		r.add(l)
		r.note("externalId is kept in %s: %s", l.ldap, l.why)
	}
	if name := s.Server.AccountName; name != "" {
		r.add(line{ldap: name, more: "value: displayName, on: create, unique: true"})
	}
	if ldif.Named(r.classes, "posixGroup") {
		low, high := numbersOf(s.Groups, "gidNumber")
		counter := "cn=gidNext," + s.counters(r)
		r.add(line{
			ldap: "gidNumber", more: fmt.Sprintf("on: create, allocate: {from: %d, to: %d, counter: %s}", low, high, quoted(counter)),
			why: "is the range yours alone? It is made of what is in use",
		})
	}
	return r, nil
}

// groupKind finds of which class groups are, and so how they hold their members.
func (s Sight) groupKind(r *resource, groups []*ldif.Entry, users *resource, c Choices) error {
	kinds := tally{}
	for _, e := range groups {
		kinds[strings.Join(s.kindsOf(e), "+")]++
	}
	kind, n := kinds.top()
	switch {
	case c.GroupClass != "":
		kind = c.GroupClass
	case len(groups) == 0:
		kind = s.usualKind(users)
	case !isMost(n, len(groups)):
		ask := &Undecided{
			What: fmt.Sprintf("The groups are of %d kinds, and new ones are of one: which is it", len(kinds)), Flag: "--group-class",
			set: func(c *Choices, v string) { c.GroupClass = v },
		}
		for _, kind := range kinds.keys() {
			ask.Options = append(ask.Options, Option{kind, fmt.Sprintf("%d of them", kinds[kind])})
		}
		return ask
	}
	var members []string
	for class := range strings.SplitSeq(kind, "+") {
		at := slices.IndexFunc(groupKinds, func(k struct{ class, members string }) bool { return strings.EqualFold(k.class, class) })
		if at < 0 || s.Server.Schema.Class(class) == nil {
			return fmt.Errorf("--group-class: %q is no class of groups that is known, or not in the directory's schema", class)
		}
		if s.Server.AccountName != "" && len(r.classes) == 0 {
			r.classes = append(r.classes, "top")
		}
		r.classes = append(r.classes, groupKinds[at].class)
		members = append(members, groupKinds[at].members)
	}
	r.members = members[0]
	if len(members) > 1 {
		r.members = "[" + strings.Join(members, ", ") + "]"
	}
	switch {
	case c.GroupClass != "":
		r.note("new ones are %s, as was said: members stand in %s", kind, r.members)
	case len(groups) == 0:
		r.note("there are none yet: new ones are %s, and members stand in %s", kind, r.members)
	default:
		r.note("%d of %d are %s: members stand in %s", kinds[kind], len(groups), kind, r.members)
	}
	return nil
}

// kindsOf are the classes of a group, those that are groups' alone.
func (s Sight) kindsOf(e *ldif.Entry) (kinds []string) {
	for _, k := range groupKinds {
		if ldif.Named(e.Values("objectClass"), k.class) {
			kinds = append(kinds, k.class)
		}
	}
	return kinds
}

// usualKind is of which class groups had better be where there are none.
func (s Sight) usualKind(users *resource) string {
	isThere := func(class string) bool { return s.Server.Schema.Class(class) != nil }
	posix := s.Server.Schema.Class("posixGroup")
	switch {
	case s.Server.AccountName != "" && isThere("group"):
		return "group"
	case ldif.Named(users.classes, "posixAccount") && posix != nil && posix.Kind == "STRUCTURAL":
		return "posixGroup"
	case ldif.Named(users.classes, "posixAccount") && posix != nil && isThere("groupOfNames"):
		return "groupOfNames+posixGroup"
	case isThere("groupOfNames"):
		return "groupOfNames"
	}
	return "groupOfUniqueNames"
}
