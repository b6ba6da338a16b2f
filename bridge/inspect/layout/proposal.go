package layout

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// Proposal is a configuration, and why it is as it is.
type Proposal struct {
	Text string   // of the file
	Saw  []string // what was seen and what follows, for who asked
}

// Propose is the configuration for what was seen. Where more than one thing may be meant, the error is an *Undecided.
func Propose(s Sight, c Choices) (p Proposal, err error) {
	s.People = slices.DeleteFunc(slices.Clone(s.People), func(e *ldif.Entry) bool {
		isName := func(attribute string) bool { return strings.EqualFold(e.Value(attribute), c.Account) }
		return s.Server.SameDN(e.DN, c.Account) || c.Account != "" && slices.ContainsFunc(s.Server.BindNames, isName)
	})
	users, err := s.users(c)
	if err != nil {
		return p, err
	}
	groups, err := s.groups(c, users)
	if err != nil {
		return p, err
	}
	for _, r := range []*resource{users, groups} {
		p.Saw = append(p.Saw, fmt.Sprintf("%ss: %s: %s", r.kind, r.base, r.baseWhy))
		for _, note := range r.notes {
			p.Saw = append(p.Saw, fmt.Sprintf("%ss: %s", r.kind, note))
		}
	}
	p.Text = s.text(c, users, groups)
	return p, nil
}

// resource is what is proposed for a resource type.
type resource struct {
	kind         string // User, Group
	base         string
	baseWhy      string
	classes      []string
	dn           string // expression
	dnWhy        string
	parents      bool
	tombstone    string
	tombstoneWhy string
	lines        []line
	active       string // YAML
	activeWhy    string
	members      string // YAML
	protected    []string
	notes        []string // what was seen and what follows
	taken        []string // LDAP attributes that the map has a use for
}

// line is a line of the map.
type line struct {
	scim, ldap, more string // more: what else it says, as YAML
	why              string // comment
}

func (r *resource) note(format string, values ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, values...))
}

func (r *resource) add(l line) {
	r.lines = append(r.lines, l)
	r.taken = append(r.taken, l.ldap)
}

func (r *resource) uses(name string) bool { return ldif.Named(r.taken, name) }

// allows says whether entries of the resource's classes may have the attribute.
func (s Sight) allows(r *resource, name string) bool {
	schema := s.Server.Schema
	if schema.Attribute(name) == nil {
		return false
	}
	canonical := schema.Canonical(name)
	if ldif.Named(schema.Must(r.classes...), canonical) || ldif.Named(schema.May(r.classes...), canonical) {
		return true
	}
	mayBring := func(class string) bool {
		return schema.Class(class).Kind == "AUXILIARY" && ldif.Named(schema.May(class), canonical)
	}
	return s.Server.KeepsClasses && slices.ContainsFunc(schema.ClassNames(), mayBring) // which of them it has the schema does not tell
}

// demands says whether they must.
func (s Sight) demands(r *resource, name string) bool {
	return ldif.Named(s.Server.Schema.Must(r.classes...), s.Server.Schema.Canonical(name))
}

// bringing is the auxiliary class, demanding nothing, that lets entries have an attribute: of several the one that allows the most of what
// the resource may want besides, and else the least; "": there is none.
func (s Sight) bringing(r *resource, name string) (found string) {
	schema := s.Server.Schema
	if schema.Attribute(name) == nil {
		return ""
	}
	var besides []string
	if r.kind == "User" {
		besides = slices.Concat(forExternalID, forTombstone, markers)
	}
	best := 0
	for _, class := range schema.ClassNames() {
		c, may := schema.Class(class), schema.May(class)
		demands := slices.DeleteFunc(schema.Must(class), func(must string) bool { return strings.EqualFold(must, "objectClass") })
		if c.Kind != "AUXILIARY" || len(demands) > 0 || class != c.Names[0] || strings.EqualFold(class, "extensibleObject") ||
			!ldif.Named(may, schema.Canonical(name)) {
			continue
		}
		fits := -len(may)
		for _, other := range besides {
			if ldif.Named(may, other) {
				fits += len(may)
			}
		}
		if found == "" || fits > best {
			found, best = class, fits
		}
	}
	return found
}

// Attributes for what is the bridge's own, the most fitting first: those that were made for it, then those that hardly anybody uses.
var (
	forExternalID = []string{
		"scimExternalId", "eduPersonUniqueId", "employeeNumber", "carLicense", "roomNumber", "businessCategory", "departmentNumber",
	}
	forTombstone = []string{
		"scimUserName", "eduPersonPrincipalNamePrior", "extensionName", "businessCategory", "carLicense", "roomNumber", "employeeType",
	}
	forGroups = []string{"scimExternalId", "info", "businessCategory"}
)

// externalID is the line for the externalId of entries; its ldap is "" where there is no place for that. free says why it goes where nobody
// has a value.
func (s Sight) externalID(r *resource, entries []*ldif.Entry, names []string, free string) line {
	name, kept := s.place(r, entries, names, nil)
	l := line{scim: "externalId", ldap: name, why: free}
	switch {
	case kept:
		l.why = keptThere
	case name == "" && s.takesParts(r, "description"):
		l.ldap, l.more, l.why = "description", "prefix: 'scim:'", "other descriptions stay"
	}
	return l
}

// place is the attribute for what is the bridge's own: the one in which a bridge has kept it, whose values wrote tells where the attribute
// was not made for it (nil: nothing does); else the first that nothing is in. Its class is added where entries need one for it.
func (s Sight) place(r *resource, entries []*ldif.Entry, names []string, wrote func(value string) bool) (name string, kept bool) {
	isKept := func(name string) bool {
		return isOwn(name) && ldif.Named(s.Held, name) || slices.ContainsFunc(entries, func(e *ldif.Entry) bool {
			return slices.ContainsFunc(e.Values(name), func(v string) bool { return isOwn(name) || wrote != nil && wrote(v) })
		})
	}
	isFree := func(name string) bool { return !slices.ContainsFunc(entries, has(name)) && !ldif.Named(s.Held, name) }
	for i, may := range []func(string) bool{isKept, isFree} {
		for _, name := range names {
			if !r.uses(name) && may(name) && s.lets(r, name) {
				return s.Server.Schema.Canonical(name), i == 0
			}
		}
	}
	return "", false
}

// isOwn says that nobody but a bridge writes the attribute.
func isOwn(name string) bool { return strings.HasPrefix(name, "scim") }

// lets says whether entries of the resource may have the attribute, for which it gives them a class where one was made for it.
func (s Sight) lets(r *resource, name string) bool {
	if s.allows(r, name) {
		return true
	}
	class := s.bringing(r, name)
	if class == "" || s.Server.KeepsClasses || !isOwn(name) && !strings.HasPrefix(name, "eduPerson") {
		return false
	}
	if !ldif.Named(r.classes, class) {
		r.classes = append(r.classes, class)
	}
	return true
}

// classesOf are the object classes that nearly all entries have, or half of them at the least, the general ones first.
func (s Sight) classesOf(entries []*ldif.Entry) (classes []string) {
	times := tally{}
	spelt := map[string]string{}
	for _, e := range entries {
		for _, class := range e.Values("objectClass") {
			times[strings.ToLower(class)]++
			spelt[strings.ToLower(class)] = class
		}
	}
	for _, key := range times.keys() {
		if 2*times[key] >= len(entries) && s.Server.Schema.Class(key) != nil {
			classes = append(classes, spelt[key])
		}
	}
	depth := func(class string) (n int) {
		for _, other := range classes {
			if class != other && s.Server.Schema.IsA(class, other) {
				n++
			}
		}
		if definition := s.Server.Schema.Class(class); definition.Kind == "AUXILIARY" {
			n += len(classes)
		}
		return n
	}
	slices.SortStableFunc(classes, func(a, b string) int { return depth(a) - depth(b) })
	// What is implied need not be said, but to a server that is shown whole chains.
	implied := func(class string) bool {
		return slices.ContainsFunc(classes, func(other string) bool { return other != class && s.Server.Schema.IsA(other, class) })
	}
	if !s.Server.KeepsClasses {
		needless := func(class string) bool { return strings.EqualFold(class, "top") || implied(class) }
		classes = slices.DeleteFunc(slices.Clone(classes), needless)
	}
	return classes
}
