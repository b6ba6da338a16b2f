package ldapmap

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// DefaultPlaceholder is the member of a group whose object class demands one. No entry has this DN, so it is never shown.
const DefaultPlaceholder = "cn=no-member"

// For returns the map as it stands in the directory that server describes: names made canonical, what the schema demands and allows filled in.
// The map itself is not changed. problems says, by key path below `resources`, what the map names and the schema lacks.
func (m *Map) For(server *ldif.Server) (bound *Map, problems Faults) {
	bound = &Map{}
	for i, t := range m.Types {
		b, faults := t.bind(server)
		b.types = bound
		bound.Types = append(bound.Types, b)
		for _, f := range faults {
			problems = append(problems, Fault{fmt.Sprintf("[%d].%s", i, f.Path), f.Problem})
		}
	}
	return bound, problems
}

func (t *Type) bind(server *ldif.Server) (*Type, Faults) {
	b := *t
	b.server = server
	full := fullResourceType(t.options)
	b.rules, b.uniqueRefs = nil, nil
	for _, r := range t.rules {
		own := *r
		if !own.computed() {
			own.ref = resolveIn(full, own.ref)
		}
		b.rules = append(b.rules, &own)
		if t.isUnique(r) {
			b.uniqueRefs = append(b.uniqueRefs, &own)
		}
	}
	if server.Kind == ldif.ActiveDirectory {
		b.addAccountName()
	}
	b.resource = prune(full, &b)
	for _, u := range b.uniqueRefs {
		u.ref.Leaf().Uniqueness = schema.UniqueServer
	}
	b.standIns, _ = standIns(b.rules)
	faults := b.learn()
	return &b, append(faults, b.setScope()...)
}

// addAccountName names the account where the map does not: Active Directory would make up a sAMAccountName that nobody recognises.
func (t *Type) addAccountName() {
	source := map[string]string{"User": `truncate(before(userName, "@"), 20)`, "Group": "displayName"}[t.Name]
	if source == "" || slices.ContainsFunc(t.rules, func(r *rule) bool { return strings.EqualFold(r.ldap, "sAMAccountName") }) {
		return
	}
	value, err := compileExpression(source, t.resource)
	if err != nil {
		return // the attribute is not mapped, and Compile has said so
	}
	t.rules = append(t.rules, &rule{
		at: len(t.options.Attributes), ldap: "sAMAccountName", value: value,
		options: AttributeOptions{LDAP: "sAMAccountName", Value: source, On: "create", Unique: true},
	})
}

// learn fills in what the directory's schema says of the mapped attributes.
func (t *Type) learn() Faults {
	var faults Faults
	s := t.server.Schema
	report := func(path, problem string) { faults = append(faults, Fault{path, problem}) }
	known := func(path, attribute string) string {
		if s.Attribute(attribute) == nil {
			report(path, attribute+" is not in the directory's schema")
		}
		return s.Canonical(attribute)
	}
	for i, class := range t.options.ObjectClasses {
		if s.Class(class) == nil {
			report(fmt.Sprintf("objectClasses[%d]", i), class+" is not in the directory's schema")
		}
	}
	must := s.Must(t.options.ObjectClasses...)
	demanded := func(name string) bool {
		return slices.ContainsFunc(must, func(m string) bool { return strings.EqualFold(m, name) })
	}
	for _, r := range t.rules {
		path := fmt.Sprintf("attributes[%d].ldap", r.at)
		r.ldap = known(path, r.ldap)
		r.must = demanded(r.ldap)
		definition := s.Attribute(r.ldap)
		r.single = definition != nil && definition.SingleValue
		if definition != nil && (t.isUnique(r) || r.options.Unique) && !t.comparable(r.ldap) {
			report(path, r.ldap+" has no equality rule in the directory's schema: nobody can find out whether a value is taken")
		}
		if r.must && r.empty == nil && !r.computed() && len(r.slot) == 0 {
			r.ref.Attr.Required = true
			r.ref.Leaf().Required = true
		}
	}
	if t.tombstone != "" {
		t.tombstone = known("tombstone", t.tombstone)
	}
	t.active = slices.Clone(t.active)
	for i := range t.active {
		t.active[i].attribute = known(fmt.Sprintf("active[%d]", i), t.active[i].attribute)
	}
	if t.members != nil {
		members := *t.members
		members.Attribute = known("members.attribute", members.Attribute)
		switch {
		case !demanded(members.Attribute):
			members.Placeholder = ""
		case members.Placeholder == "":
			members.Placeholder = DefaultPlaceholder
		}
		t.members = &members
	}
	if len(faults) > 0 {
		return faults
	}
	return t.clashes(t.canonical)
}

// comparable says whether the server can tell an attribute's values apart (RFC 4517: facsimileTelephoneNumber has no rule for that).
func (t *Type) comparable(attribute string) bool {
	equality, _ := rulesOf(t.server, attribute)
	return equality != ""
}

// clashes says which LDAP attributes have two owners: nothing would tell whose value is whose. A computed value may stand beside another.
func (t *Type) clashes(canonical func(string) string) Faults {
	owners := map[string]string{}
	var faults Faults
	own := func(path, attribute, owner string) {
		if attribute == "" {
			return
		}
		key := strings.ToLower(canonical(attribute))
		if other := owners[key]; other != "" {
			faults = append(faults, Fault{path, fmt.Sprintf("%s holds %s already", attribute, other)})
		}
		owners[key] = owner
	}
	for _, r := range t.rules {
		if !r.computed() {
			own(fmt.Sprintf("attributes[%d].ldap", r.at), r.ldap, r.options.SCIM)
		}
	}
	own("tombstone", t.tombstone, "the tombstone")
	for i, a := range t.active {
		own(fmt.Sprintf("active[%d]", i), a.attribute, "active")
	}
	if t.members != nil {
		own("members.attribute", t.members.Attribute, "members")
	}
	return faults
}

// required is the fault of an attribute that the directory demands and the resource lacks.
func (r *rule) required(create bool) error {
	if create {
		return &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("%s is required: the directory demands %s", r.scimPath(), r.ldap)}
	}
	return &scim.Error{Type: scim.Mutability, Detail: fmt.Sprintf("%s cannot be cleared: the directory demands %s", r.scimPath(), r.ldap)}
}
