package compile

import (
	"fmt"

	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// Map is the compiled attribute map of a deployment. It knows nothing of a directory yet.
type Map struct {
	Types     []*Type // in the order of the configuration
	Elsewhere References
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

// Type is the compiled map of one resource type.
type Type struct {
	Name     string
	Options  Options
	Resource *schema.ResourceType // the SCIM side: exactly what the map covers
	Classes  []string             // object classes of all new entries
	Rules    []*Rule
	Active   []Activation
	DN       *Expression
	StandIns []*Rule // the rules with `empty`, each behind those that its expression reads
	Unique   []*Rule // of the SCIM attributes that no two resources share

	Conditions []Condition // object classes of some entries

	Match      []Key // by which a POST finds an entry that was there before, in their order
	ExternalID *Rule // nil: the map has none
}

// Rule is one line of the map.
type Rule struct {
	At      int // its place in the configuration
	Options AttributeOptions
	Ref     schema.Ref // the SCIM side, the sub-attribute made explicit; zero for a computed value
	Slot    []Clause   // which value of a multi-valued attribute: the clauses of the path's filter
	LDAP    string
	Empty   *Expression
	Value   *Expression
	Shares  *Rule       // the rule whose value is this one's too
	Copies  *Rule       // the rule whose value this one writes to a further attribute
	Form    *Form       // how a SCIM value stands in the directory; nil: as it is
	Choose  *Choice     // which of several values shows
	Numbers *Numbers    // of which a new entry gets one
	Initial *Password   // what the password of a new account is made of; nil: there is none
	Naming  *Expression // what the DN makes of the value, and of nothing else: it tells which of several values names the entry
	Feeds   bool        // a stand-in is made of it

	path filter.Path // the SCIM side as it is written
}

// Clause is one `attribute eq value` of a path's filter.
type Clause struct {
	Attribute string
	Value     any
}

// Computed says that the rule has no SCIM attribute.
func (r *Rule) Computed() bool { return r.Options.SCIM == "" }

// Key is the key of the map that names the LDAP attribute.
func (r *Rule) Key() string {
	if r.Copies != nil {
		return "also"
	}
	return "ldap"
}

// OnCreate says that the value is written once.
func (r *Rule) OnCreate() bool { return r.Options.On == "create" }

// IsPart says that the rule has a part of its attribute's values: others may have the rest.
func (r *Rule) IsPart() bool { return r.Options.Prefix != "" || r.Options.Where != "" }

// IsConstant says that the value is always the same.
func (r *Rule) IsConstant() bool { return len(r.Options.Constant) > 0 }

// WriteOnly says that the attribute is never read: a password.
func (r *Rule) WriteOnly() bool {
	return r.Ref.Attr != nil && r.Ref.Attr.Mutability == schema.WriteOnly
}

// Secret says that the value is made of a password, and is shown to nobody either.
func (r *Rule) Secret() bool { return r.Value != nil && r.Value.Secret }

// Many says that the rule maps every value of a multi-valued attribute.
func (r *Rule) Many() bool {
	return r.Ref.Attr != nil && r.Ref.Attr.MultiValued && len(r.Slot) == 0
}

// CaseExact says that SCIM tells values apart by their case.
func (r *Rule) CaseExact() bool { return r.Ref.Leaf().CaseExact }

// SCIMType is the data type of the value that the rule maps.
func (r *Rule) SCIMType() schema.Type {
	if r.Ref.Sub != nil {
		return r.Ref.Sub.Type
	}
	return r.Ref.Attr.Type
}

// Path writes the rule's SCIM attribute as a client would name it in a detail.
func (r *Rule) Path() string {
	if r.Options.SCIM != "" {
		return r.Options.SCIM
	}
	return fmt.Sprintf("(computed) %s", r.LDAP)
}
