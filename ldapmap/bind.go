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
	b.options.ObjectClasses = slices.Clone(t.options.ObjectClasses)
	full := fullResourceType(t.options)
	b.rules = nil
	unique := map[*rule]bool{}
	for _, u := range t.uniqueRefs {
		unique[u] = true
	}
	b.uniqueRefs = nil
	for _, r := range t.rules {
		own := *r
		if !own.computed() {
			sub := ""
			if own.ref.Sub != nil {
				sub = own.ref.Sub.Name
			}
			own.ref, _ = full.Resolve(urnOf(own.ref), own.ref.Attr.Name, sub)
		}
		b.rules = append(b.rules, &own)
		if unique[r] {
			b.uniqueRefs = append(b.uniqueRefs, &own)
		}
	}
	if server.Kind == ldif.ActiveDirectory {
		b.addAccountName()
	}
	b.resource = prune(full, &b)
	for _, u := range b.uniqueRefs {
		u.ref.Attr.Uniqueness = schema.UniqueServer
	}
	faults := b.learn()
	b.setScope()
	return &b, faults
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
		ldap: "sAMAccountName", value: value,
		options: AttributeOptions{LDAP: "sAMAccountName", Value: source, On: "create", Unique: true},
	})
}

// learn fills in what the directory's schema says of the mapped attributes.
func (t *Type) learn() Faults {
	var faults Faults
	s := t.server.Schema
	for i, class := range t.options.ObjectClasses {
		if s.Class(class) == nil {
			faults = append(faults, Fault{fmt.Sprintf("objectClasses[%d]", i), class + " is not in the directory's schema"})
		}
	}
	must := s.Must(t.options.ObjectClasses...)
	demanded := func(name string) bool {
		return slices.ContainsFunc(must, func(m string) bool { return strings.EqualFold(m, name) })
	}
	for i, r := range t.rules {
		definition := s.Attribute(r.ldap)
		if definition == nil {
			faults = append(faults, Fault{fmt.Sprintf("attributes[%d].ldap", i), r.ldap + " is not in the directory's schema"})
		}
		r.ldap = s.Canonical(r.ldap)
		r.must = demanded(r.ldap)
		r.single = definition != nil && definition.SingleValue
		r.equality = t.server.Kind == ldif.ActiveDirectory || definition != nil && definition.Equality != ""
		if r.must && r.empty == nil && !r.computed() && len(r.slot) == 0 {
			r.ref.Attr.Required = true
			if r.ref.Sub != nil {
				r.ref.Sub.Required = true
			}
		}
	}
	if t.tombstone != "" {
		if s.Attribute(t.tombstone) == nil {
			faults = append(faults, Fault{"tombstone", t.tombstone + " is not in the directory's schema"})
		}
		t.tombstone = s.Canonical(t.tombstone)
	}
	t.active = slices.Clone(t.active)
	for i := range t.active {
		if s.Attribute(t.active[i].attribute) == nil {
			faults = append(faults, Fault{fmt.Sprintf("active[%d]", i), t.active[i].attribute + " is not in the directory's schema"})
		}
		t.active[i].attribute = s.Canonical(t.active[i].attribute)
	}
	if t.members != nil {
		members := *t.members
		members.Attribute = s.Canonical(members.Attribute)
		if demanded(members.Attribute) && members.Placeholder == "" {
			members.Placeholder = DefaultPlaceholder
		}
		if !demanded(members.Attribute) {
			members.Placeholder = ""
		}
		t.members = &members
	}
	return faults
}

// setScope says which entries are of this type: the map's filter, or the structural object classes. An auxiliary class is no condition: an
// entry that the bridge did not make gets it when an attribute needs it.
func (t *Type) setScope() {
	text := t.options.Filter
	switch {
	case text != "":
	case t.isDirectory(ldif.ActiveDirectory) && t.Name == "User":
		text = "(&(objectCategory=person)(objectClass=user))"
	default:
		var classes []string
		for _, class := range t.options.ObjectClasses {
			if c := t.server.Schema.Class(class); c == nil || c.Kind != "AUXILIARY" && c.Kind != "ABSTRACT" {
				classes = append(classes, "(objectClass="+ldif.EscapeFilter(class)+")")
			}
		}
		text = and(classes...)
	}
	t.scopeText = text
	// Active Directory reads (objectCategory=person) as the DN of the class's schema entry: in memory the classes say the same.
	if strings.EqualFold(text, "(&(objectCategory=person)(objectClass=user))") {
		text = "(&(objectClass=user)(!(objectClass=computer)))"
	}
	t.scope, _ = ldif.ParseFilter(text)
}

// required is the fault of an attribute that the directory demands and the resource lacks.
func (r *rule) required(create bool) error {
	if create {
		return &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("%s is required: the directory demands %s", r.scimPath(), r.ldap)}
	}
	return &scim.Error{Type: scim.Mutability, Detail: fmt.Sprintf("%s cannot be cleared: the directory demands %s", r.scimPath(), r.ldap)}
}
