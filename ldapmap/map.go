// Package ldapmap is the compiled attribute map: it turns an LDAP entry into a SCIM resource, a SCIM filter into an LDAP filter, and a resource
// before and after into a plan of LDIF change records. It is pure: what planning needs from outside it names first (Needs), and
// is given (Facts). A map is compiled once, at start; For adds what the directory told about itself.
package ldapmap

import (
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// Map is the compiled attribute map of a deployment.
type Map struct {
	Types []*Type // in the order of the configuration
}

// Type is the compiled map of one resource type. Until For has told it about the directory it serves for its schema only.
type Type struct {
	Name string
	Base string

	resource   *schema.ResourceType
	options    Options
	rules      []*rule
	active     []activation
	tombstone  string
	dn         *expression
	members    *MembersOptions
	standIns   []*rule // the rules with `empty`, each behind those that its expression reads
	uniqueRefs []*rule // of the SCIM attributes that no two resources share
	types      *Map    // the map that this type belongs to

	server    *ldif.Server // nil until For
	scopeText string       // the filter that the directory is asked
	scope     *ldif.Filter // the same, for judging an entry in memory
}

// rule is one line of the map.
type rule struct {
	at      int // its place in the configuration
	options AttributeOptions
	path    filter.Path // the SCIM side; unused for a computed value
	ref     schema.Ref  // what path names, the sub-attribute made explicit
	slot    []clause    // which value of a multi-valued attribute: the clauses of the path's filter
	ldap    string
	empty   *expression
	value   *expression
	feeds   bool // a stand-in is made of it

	// What the directory's schema says.
	single bool // SINGLE-VALUE
	must   bool // an object class of the map demands the attribute
}

// clause is one `attribute eq value` of a path's filter.
type clause struct {
	attribute string
	value     any
}

// computed says that the rule has no SCIM attribute.
func (r *rule) computed() bool { return r.options.SCIM == "" }

// onCreate says that the value is written once.
func (r *rule) onCreate() bool { return r.options.On == "create" }

// isConstant says that the value is always the same.
func (r *rule) isConstant() bool { return len(r.options.Constant) > 0 }

// writeOnly says that the attribute is never read: a password.
func (r *rule) writeOnly() bool {
	return r.ref.Attr != nil && r.ref.Attr.Mutability == schema.WriteOnly
}

// many says that the rule maps every value of a multi-valued attribute.
func (r *rule) many() bool {
	return r.ref.Attr != nil && r.ref.Attr.MultiValued && len(r.slot) == 0
}

// Type returns the resource type named, or nil.
func (m *Map) Type(name string) *Type {
	for _, t := range m.Types {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// ResourceType returns the SCIM side: exactly what the map covers.
func (t *Type) ResourceType() *schema.ResourceType { return t.resource }

// HasMembers says that resources of this type hold members.
func (t *Type) HasMembers() bool { return t.members != nil }

// Scope is the LDAP filter that every entry of this type matches.
func (t *Type) Scope() string { return t.scopeText }

// Holds says whether the entry belongs to this type: under the base and within the scope.
func (t *Type) Holds(e *ldif.Entry) bool {
	return ldif.Under(e.DN, t.Base) && t.scope.Matches(e, t.server.Schema)
}

// Writes says whether the map names the LDAP attribute for writing.
func (t *Type) Writes(attribute string) bool {
	same := func(name string) bool {
		return name != "" && strings.EqualFold(t.canonical(name), t.canonical(attribute))
	}
	switch {
	case slices.ContainsFunc(t.rules, func(r *rule) bool { return same(r.ldap) }):
	case slices.ContainsFunc(t.active, func(a activation) bool { return same(a.attribute) }):
	case t.members != nil && same(t.members.Attribute):
	case same(t.tombstone), same("objectClass"):
	case t.isAccount() && same("unicodePwd"):
	default:
		return false
	}
	return true
}

// Attributes returns the LDAP attributes to read for what is asked: those of the mapped attributes that wants names, and those without which no
// resource can be made or planned for. A nil wants asks for all but the members, which are asked for by name.
func (t *Type) Attributes(wants func(schema.Ref) bool) []string {
	names := []string{t.server.IDAttribute, t.server.VersionAttribute, "objectClass"}
	names = append(names, t.timeAttributes()...)
	if t.isDirectory(ldif.ActiveDirectory) {
		names = append(names, "adminCount", "userPrincipalName", "sAMAccountName") // the guard judges by them
	}
	add := func(name string) {
		if name != "" && !ldif.Secret(name) && !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			names = append(names, name)
		}
	}
	for _, name := range t.scope.Attributes() {
		add(name)
	}
	everything := wants == nil || t.server.Kind != ldif.OpenLDAP && t.server.Kind != ldif.ActiveDirectory // a version is a digest of it (Version)
	for _, r := range t.rules {
		switch {
		case everything, !r.computed() && (r.empty != nil || r.feeds || t.isUnique(r) || wants(r.ref.Owner())):
			add(r.ldap)
		case r.computed() && !r.onCreate() && !r.isConstant():
			add(r.ldap) // a change is told from what is there
		}
	}
	add(t.tombstone)
	for _, a := range t.active {
		add(a.attribute)
	}
	if t.members != nil && wants != nil && wants(t.MemberRef()) {
		add(t.members.Attribute)
	}
	return names
}

func (t *Type) isDirectory(kind ldif.ServerKind) bool {
	return t.server != nil && t.server.Kind == kind
}

// isAccount says that the entries of this type are Active Directory's accounts, which are born with a password.
func (t *Type) isAccount() bool {
	return t.isDirectory(ldif.ActiveDirectory) && t.Name == "User" &&
		slices.ContainsFunc(t.options.ObjectClasses, func(c string) bool { return t.server.Schema.IsA(c, "user") })
}

func (t *Type) isUnique(r *rule) bool { return slices.Contains(t.uniqueRefs, r) }

func (t *Type) canonical(name string) string { return t.server.Schema.Canonical(name) }

// MemberRef names the members of a group.
func (t *Type) MemberRef() schema.Ref {
	ref, _ := t.resource.Resolve("", "members", "")
	return ref
}

// Path names the SCIM attribute that an LDAP attribute holds, for a detail that the client reads; "" where the map has none.
func (t *Type) Path(attribute string) string {
	for _, r := range t.rules {
		if !r.computed() && strings.EqualFold(r.ldap, t.canonical(attribute)) {
			return r.options.SCIM
		}
	}
	if t.members != nil && strings.EqualFold(t.members.Attribute, t.canonical(attribute)) {
		return "members"
	}
	if strings.EqualFold(attribute, "unicodePwd") {
		return "password"
	}
	if slices.ContainsFunc(t.active, func(a activation) bool { return strings.EqualFold(a.attribute, t.canonical(attribute)) }) {
		return "active"
	}
	return ""
}
