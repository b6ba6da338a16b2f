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
	uniqueRefs []*rule // of the SCIM attributes that no two resources share
	types      *Map    // the map that this type belongs to

	server    *ldif.Server // nil until For
	scopeText string       // the filter that the directory is asked
	scope     *ldif.Filter // the same, for judging an entry in memory
}

// rule is one line of the map.
type rule struct {
	options AttributeOptions
	path    filter.Path // the SCIM side; unused for a computed value
	ref     schema.Ref  // what path names, the sub-attribute made explicit
	slot    []clause    // which value of a multi-valued attribute: the clauses of the path's filter
	ldap    string
	empty   *expression
	value   *expression

	// What the directory's schema says.
	single   bool // SINGLE-VALUE
	must     bool // an object class of the map demands the attribute
	equality bool // values can be added and deleted one by one
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
	case t.isDirectory(ldif.ActiveDirectory) && same("unicodePwd"):
	default:
		return false
	}
	return true
}

// Attributes returns the LDAP attributes to read for what is asked: those of the mapped attributes that wants names, and those without which no
// resource can be made or planned for. A nil wants asks for all but the members, which are asked for by name.
func (t *Type) Attributes(wants func(schema.Ref) bool) []string {
	names := []string{t.server.IDAttribute(), t.server.VersionAttribute(), "objectClass"}
	names = append(names, t.timeAttributes()...)
	if t.isDirectory(ldif.ActiveDirectory) {
		names = append(names, "adminCount") // the guard judges by it
	}
	add := func(name string) {
		if name == "" {
			return
		}
		for _, n := range names {
			if strings.EqualFold(n, name) {
				return
			}
		}
		names = append(names, name)
	}
	for _, r := range t.rules {
		if r.writeOnly() || r.computed() && wants != nil {
			continue
		}
		if r.computed() || wants == nil || r.empty != nil || wants(r.ref) || t.isUnique(r) {
			add(r.ldap)
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

// timeAttributes are the sources of meta.created and meta.lastModified.
func (t *Type) timeAttributes() []string {
	if t.isDirectory(ldif.ActiveDirectory) {
		return []string{"whenCreated", "whenChanged"}
	}
	return []string{"createTimestamp", "modifyTimestamp"}
}

func (t *Type) isDirectory(kind ldif.ServerKind) bool {
	return t.server != nil && t.server.Kind == kind
}

func (t *Type) isUnique(r *rule) bool { return slices.Contains(t.uniqueRefs, r) }

func (t *Type) canonical(name string) string { return t.server.Schema.Canonical(name) }

// MemberRef names the members of a group.
func (t *Type) MemberRef() schema.Ref {
	ref, _ := t.resource.Resolve("", "members", "value")
	return ref
}

// Path names the SCIM attribute that an LDAP attribute holds, for a detail that the client reads; "" where the map has none.
func (t *Type) Path(attribute string) string {
	for _, r := range t.rules {
		if !r.computed() && strings.EqualFold(r.ldap, t.canonical(attribute)) {
			return r.options.SCIM
		}
	}
	if t.members != nil && strings.EqualFold(t.members.Attribute, attribute) {
		return "members"
	}
	if strings.EqualFold(attribute, "unicodePwd") {
		return "password"
	}
	return ""
}
