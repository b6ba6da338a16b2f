package ldapmap

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// Faults is what is wrong with a map: every fault with its key path below `resources`.
type Faults []Fault

// Fault is one thing wrong with a map.
type Fault struct{ Path, Problem string }

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = "resources" + fault.Path + ": " + fault.Problem
	}
	return strings.Join(lines, "\n")
}

// CheckAll reports every fault of the map under its key path (`[0].attributes[2].ldap`).
func CheckAll(all []Options, report func(path, problem string)) {
	if _, err := Compile(all); err != nil {
		for _, fault := range err.(Faults) {
			report(fault.Path, fault.Problem)
		}
	}
}

// Compile compiles the map. Its error is Faults.
func Compile(all []Options) (*Map, error) {
	m := &Map{}
	var faults Faults
	for i, o := range all {
		c := compiler{report: func(path, problem string) {
			if path != "" && path[0] != '[' {
				path = "." + path
			}
			faults = append(faults, Fault{fmt.Sprintf("[%d]%s", i, path), problem})
		}}
		t := c.compile(o)
		t.types = m
		if m.Type(t.Name) != nil {
			c.report("type", t.Name+" is mapped twice")
		}
		m.Types = append(m.Types, t)
	}
	for i, t := range m.Types {
		for _, r := range t.rules {
			if name := r.options.Reference; name != "" && m.Type(name) == nil {
				faults = append(faults, Fault{fmt.Sprintf("[%d].attributes[%d].reference", i, r.at), name + " is not mapped"})
			}
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return m, nil
}

// compiler compiles one resource type, reporting every fault that it meets.
type compiler struct {
	report func(path, problem string)
	t      *Type
}

func (c *compiler) compile(o Options) *Type {
	t := &Type{Name: o.Type, Base: o.Base, options: o, tombstone: o.Tombstone, members: o.Members}
	c.t = t
	full := fullResourceType(o)
	if full == nil {
		c.report("type", fmt.Sprintf("%q is neither User nor Group: a type of your own needs `endpoint` and `schema`", o.Type))
		full = fullResourceType(Options{Type: "User", Attributes: o.Attributes})
	}
	if _, err := ldap.ParseDN(o.Base); err != nil || o.Base == "" {
		c.report("base", fmt.Sprintf("%q is not a DN", o.Base))
	}
	if len(o.ObjectClasses) == 0 {
		c.report("objectClasses", "at least the structural object class is needed")
	}
	if o.Filter != "" {
		if _, err := ldif.ParseFilter(o.Filter); err != nil {
			c.report("filter", err.Error())
		}
	}
	if o.Delete.Mode != "" && o.Delete.Mode != "delete" {
		c.report("delete.mode", fmt.Sprintf("%q is not a way to delete: delete is", o.Delete.Mode))
	}
	for i, a := range o.Attributes {
		at := func(key string) string { return fmt.Sprintf("attributes[%d].%s", i, key) }
		if r := c.rule(a, at, full); r != nil {
			r.at = i
			t.rules = append(t.rules, r)
		}
	}
	c.members(o)
	for i, a := range o.Active {
		activation, problem := compileActivation(a)
		if problem != "" {
			c.report(fmt.Sprintf("active[%d]", i), problem)
		}
		t.active = append(t.active, activation)
	}
	t.resource = prune(full, t)
	c.unique(o)
	c.expressions(o)
	if o.Tombstone != "" && t.ruleFor("userName") == nil {
		c.report("tombstone", "a tombstone needs a mapped userName")
	}
	for _, f := range t.clashes(strings.ToLower) {
		c.report(f.Path, f.Problem)
	}
	return t
}

// rule compiles one line of the map but for its expressions, or reports why it cannot.
func (c *compiler) rule(a AttributeOptions, at func(string) string, full *schema.ResourceType) *rule {
	r := &rule{options: a, ldap: a.LDAP}
	if a.LDAP == "" {
		c.report(at("ldap"), "the LDAP attribute is missing")
	}
	if strings.Contains(a.LDAP, ";") {
		c.report(at("ldap"), "values with options are not mapped")
	}
	if a.On != "" && a.On != "create" {
		c.report(at("on"), fmt.Sprintf("%q is not known: create is", a.On))
	}
	a.Define.check(func(key, problem string) { c.report(at(key), problem) })
	if a.SCIM == "" {
		if (a.Value == "") == (len(a.Constant) == 0) {
			c.report(at("value"), "a line without `scim` needs either `value` or `constant`")
		}
		if a.Empty != "" || a.Reference != "" {
			c.report(at("scim"), "`empty` and `reference` go with `scim`")
		}
		return r
	}
	if a.Value != "" || len(a.Constant) > 0 || a.Unique {
		c.report(at("scim"), "`value`, `constant` and `unique` go with a line without `scim`; a SCIM attribute is made unique under `unique` of the resource")
	}
	path, err := filter.ParsePath(a.SCIM, full, scim.Dialect{})
	if err != nil || path.Attr.Ref.Attr == nil {
		c.report(at("scim"), fmt.Sprintf("%q is not an attribute of %s", a.SCIM, c.t.Name))
		return nil
	}
	r.path, r.ref = path, path.Attr.Ref
	if !reflect.DeepEqual(a.Define, DefineOptions{}) && definedElsewhere(path.Attr.Ref, c.t.Name) {
		c.report(at("define"), fmt.Sprintf("%s is defined by an RFC: only what none defines is defined here", a.SCIM))
	}
	if problem := c.settle(r); problem != "" {
		c.report(at("scim"), problem)
		return nil
	}
	if r.writeOnly() != ldif.Secret(a.LDAP) {
		c.report(at("ldap"), "a password, and nothing else, is kept in an attribute whose values are never shown, such as userPassword or unicodePwd")
	}
	for _, other := range c.t.rules {
		if problem := r.besides(other); problem != "" {
			c.report(at("scim"), problem)
			break
		}
	}
	return r
}

// besides says why the rule cannot stand beside an earlier one.
func (r *rule) besides(other *rule) string {
	switch {
	case other.computed() || other.ref.Extension != r.ref.Extension || other.ref.Attr != r.ref.Attr:
		return ""
	case other.ref == r.ref && slices.Equal(other.slot, r.slot):
		return r.options.SCIM + " is mapped twice"
	case r.ref.Attr.MultiValued && (len(r.slot) == 0 || len(other.slot) == 0):
		// LDAP does not say which values of two attributes belong together.
		return fmt.Sprintf(`%s cannot stand beside %s: each needs a filter such as [type eq "work"]`, r.options.SCIM, other.options.SCIM)
	}
	return ""
}

// settle makes the rule's sub-attribute and slot explicit, and says what is wrong with them.
func (c *compiler) settle(r *rule) string {
	a := r.ref.Attr
	switch {
	case a.Name == "id" || a.Name == "meta" || a.Name == "schemas":
		return a.Name + " comes from the directory itself"
	case a.Name == "active":
		return "active is mapped under `active` of the resource"
	case a.Name == "members":
		return "members are mapped under `members` of the resource"
	}
	if a.Type == schema.Complex && r.ref.Sub == nil {
		if r.ref.Sub = a.Sub("value"); r.ref.Sub == nil {
			return a.Name + " is complex: name one of its sub-attributes"
		}
	}
	if r.path.Filter == nil {
		return ""
	}
	if !a.MultiValued {
		return a.Name + " has one value: no filter is needed"
	}
	var ok bool
	if r.slot, ok = clauses(r.path.Filter); !ok {
		return "the filter of a mapped path holds `eq` clauses joined by `and` only"
	}
	return ""
}

// clauses reads the eq clauses of a path's filter.
func clauses(e filter.Expr) ([]clause, bool) {
	switch n := e.(type) {
	case *filter.And:
		left, ok := clauses(n.Left)
		right, also := clauses(n.Right)
		return append(left, right...), ok && also
	case *filter.Compare:
		return []clause{{compareName(n), n.Value}}, n.Op == filter.Equal
	}
	return nil, false
}

func (c *compiler) members(o Options) {
	if o.Members == nil {
		return
	}
	members := *o.Members
	c.t.members = &members
	if o.Type != "Group" {
		c.report("members", "only a Group has members")
	}
	if members.Attribute == "" {
		c.report("members.attribute", "the LDAP attribute is missing")
	}
	if members.Form != "" && members.Form != "dn" {
		c.report("members.form", fmt.Sprintf("%q is not known: dn is", members.Form))
	}
	if members.Placeholder != "" {
		if _, err := ldap.ParseDN(members.Placeholder); err != nil {
			c.report("members.placeholder", fmt.Sprintf("%q is not a DN", members.Placeholder))
		}
	}
}

// defaultUnique is what no two resources of a type share; the map may name more.
var defaultUnique = map[string]string{"User": "userName", "Group": "displayName"}

func (c *compiler) unique(o Options) {
	add := func(path, name, problem string) {
		switch r := c.t.ruleFor(name); {
		case r == nil:
			c.report(path, name+problem)
		case !c.t.isUnique(r):
			c.t.uniqueRefs = append(c.t.uniqueRefs, r)
			r.ref.Leaf().Uniqueness = schema.UniqueServer
		}
	}
	if name := defaultUnique[o.Type]; name != "" {
		add("attributes", name, " must be mapped")
	}
	for i, name := range o.Unique {
		add(fmt.Sprintf("unique[%d]", i), name, " is not mapped")
	}
}

// expressions compiles the expressions, which see the attributes that the map covers.
func (c *compiler) expressions(o Options) {
	compile := func(path, source string) *expression {
		if source == "" {
			return nil
		}
		e, err := compileExpression(source, c.t.resource)
		if err != nil {
			c.report(path, firstLine(err))
		}
		return e
	}
	for _, r := range c.t.rules {
		r.empty = compile(fmt.Sprintf("attributes[%d].empty", r.at), r.options.Empty)
		r.value = compile(fmt.Sprintf("attributes[%d].value", r.at), r.options.Value)
	}
	var ok bool
	if c.t.standIns, ok = standIns(c.t.rules); !ok {
		c.report("attributes", "what stands in for empty attributes (`empty`) goes in a circle")
	}
	source := o.DN
	if source == "" {
		r := c.t.ruleFor(defaultUnique[o.Type])
		switch {
		case r == nil && defaultUnique[o.Type] != "":
			return // reported already
		case r == nil || !strings.EqualFold(r.ldap, "uid") && !strings.EqualFold(r.ldap, "cn"):
			c.report("dn", "how is an entry named? For example "+`'"cn=" + rdn(displayName) + "," + base'`)
			return
		}
		source = fmt.Sprintf(`"%s=" + rdn(%s) + "," + base`, r.ldap, r.ref.Attr.Name)
	}
	c.t.dn = compile("dn", source)
}

// ruleFor finds the rule of a SCIM attribute by its path's text, ignoring case, or nil.
func (t *Type) ruleFor(path string) *rule {
	for _, r := range t.rules {
		if !r.computed() && (strings.EqualFold(r.options.SCIM, path) || len(r.slot) == 0 && strings.EqualFold(r.ref.String(), path)) {
			return r
		}
	}
	return nil
}
