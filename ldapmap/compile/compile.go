// Package compile turns the configuration's `resources` into compiled maps, once, at start: every path resolved, every expression
// compiled, every fault reported. What a directory's schema says of a map is package ldapmap's.
package compile

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// Faults is what is wrong with a map: every fault with its key path below `resources`.
type Faults []Fault

// Fault is one thing wrong with a map.
type Fault struct{ Path, Problem string }

// Key is the key path in the configuration: Path stands below `resources` where it begins with an item's number.
func (f Fault) Key() string {
	if strings.HasPrefix(f.Path, "[") {
		return "resources" + f.Path
	}
	return f.Path
}

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Key() + ": " + fault.Problem
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
		if m.Type(t.Name) != nil {
			c.report("type", t.Name+" is mapped twice")
		}
		m.Types = append(m.Types, t)
	}
	faults = append(faults, m.rivals()...)
	for i, t := range m.Types {
		m.checkEndpoint(i, func(path, problem string) { faults = append(faults, Fault{fmt.Sprintf("[%d].%s", i, path), problem}) })
		m.leavable(t, func(path, problem string) { faults = append(faults, Fault{fmt.Sprintf("[%d].%s", i, path), problem}) })
		m.groupsOf(t, func(path, problem string) { faults = append(faults, Fault{fmt.Sprintf("[%d].%s", i, path), problem}) })
		for at, members := range t.Options.Members {
			if members.IsValue() && m.Type("User") == nil {
				path := fmt.Sprintf("[%d].%s.of", i, MembersPath(at))
				faults = append(faults, Fault{path, "is of a User, and User is not mapped"})
			}
		}
		for _, r := range t.Rules {
			if name := r.Options.Reference; name != "" && m.Type(name) == nil {
				faults = append(faults, Fault{fmt.Sprintf("[%d].attributes[%d].reference", i, r.At), m.notMapped(name)})
			}
			for n, name := range r.Options.Define.ReferenceTypes {
				if name != "external" && name != "uri" && m.Type(name) == nil {
					path := fmt.Sprintf("[%d].attributes[%d].define.referenceTypes[%d]", i, r.At, n)
					faults = append(faults, Fault{path, name + " is neither external nor uri, nor mapped"})
				}
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
	t := &Type{Name: o.Type, Options: o}
	c.t = t
	full := fullResourceType(o)
	if full == nil {
		c.report("type", fmt.Sprintf("%q is neither User nor Group: a type of your own needs `endpoint` and `schema`", o.Type))
		full = fullResourceType(Options{Type: "User", Attributes: o.Attributes})
	}
	o.Base.check(c.report)
	if len(o.ObjectClasses) == 0 {
		c.report("objectClasses", "at least the structural object class is needed")
	}
	if o.Filter != "" {
		if _, err := ldif.ParseFilter(o.Filter); err != nil {
			c.report("filter", err.Error())
		}
	}
	if o.Rename != "" && o.Rename != RenameNever {
		c.report("rename", fmt.Sprintf("%q is not known: never is, or nothing where entries follow `dn`", o.Rename))
	}
	if o.OnForbidden != "" && o.OnForbidden != ForbiddenSkip {
		c.report("onForbidden", fmt.Sprintf("%q is not known: skip is, or nothing where such a request is refused", o.OnForbidden))
	}
	for i, a := range o.Attributes {
		at := func(key string) string { return fmt.Sprintf("attributes[%d].%s", i, key) }
		if r := c.rule(a, at, full); r != nil {
			r.At = i
			t.Rules = append(append(t.Rules, r), c.copies(r, at)...)
		}
	}
	c.members(o)
	c.groups(o)
	for i, a := range o.Active {
		activation, problem := compileActivation(a)
		if problem != "" {
			c.report(fmt.Sprintf("active[%d]", i), problem)
		}
		t.Active = append(t.Active, activation)
		c.keepsLock(activation)
	}
	c.leaving(o)
	t.Resource = prune(full, t)
	c.extensions(o)
	c.unique(o)
	c.match(o)
	c.shared()
	c.expressions(o)
	c.suspensions(o)
	if o.Tombstone != "" && t.RuleFor("userName") == nil {
		c.report("tombstone", "a tombstone needs a mapped userName")
	}
	for _, f := range Clashes(t.owned(), strings.ToLower) {
		c.report(f.Path, f.Problem)
	}
	return t
}

// rule compiles one line of the map but for its expressions, or reports why it cannot.
func (c *compiler) rule(a AttributeOptions, at func(string) string, full *schema.ResourceType) *Rule {
	r := &Rule{Options: a, LDAP: a.LDAP}
	if a.LDAP == "" {
		c.report(at("ldap"), "the LDAP attribute is missing")
	}
	if problem := options(a.LDAP); problem != "" {
		c.report(at("ldap"), problem)
	}
	if a.On != "" && a.On != "create" {
		c.report(at("on"), fmt.Sprintf("%q is not known: create is", a.On))
	}
	a.check(func(key, problem string) { c.report(at(key), problem) })
	if a.SCIM == "" {
		if r.sources() != 1 {
			c.report(at("value"), "a line without `scim` needs one of `value`, `constant` and `allocate`")
		}
		c.allocate(r, at)
		if a.Empty != "" || a.Reference != "" || a.Choose != "" {
			c.report(at("scim"), "`empty`, `reference` and `choose` go with `scim`")
		}
		c.initial(r, at)
		c.by(r, at)
		if a.Read != "" || a.As != "" || a.Max != 0 || len(a.Samples) > 0 || len(a.Also) > 0 ||
			a.Prefix != "" || a.Where != "" || a.Match != "" {
			c.report(at("scim"), "`read`, `as`, `max`, `samples`, `also`, `prefix`, `where` and `match` go with `scim`")
		}
		return r
	}
	if len(a.Constant) > 0 || !a.Allocate.isZero() || a.Unique {
		c.report(at("scim"), "`constant`, `allocate` and `unique` go with a line without `scim`; "+
			"a SCIM attribute is made unique under `unique` of the resource")
	}
	if problem := misspeltURN(a.SCIM); problem != "" {
		c.report(at("scim"), problem)
		return nil
	}
	if a.Reference != "" && strings.Contains(a.SCIM, "[") {
		c.report(at("reference"), "a reference has no filter: its values are told apart by what they refer to")
		return nil
	}
	path, err := filter.ParsePath(a.SCIM, full, scim.Dialect{})
	if err != nil || path.Attr.Ref.Attr == nil {
		c.report(at("scim"), fmt.Sprintf("%q is not an attribute of %s%s", a.SCIM, c.t.Name,
			DidYouMean(withoutFilter(a.SCIM), paths(full))))
		return nil
	}
	r.path, r.Ref = path, path.Attr.Ref
	if !a.Define.isZero() && definedElsewhere(path.Attr.Ref, c.t.Name) {
		c.report(at("define"), fmt.Sprintf("%s is defined by an RFC: only what none defines is defined here", a.SCIM))
	}
	if problem := c.complete(r); problem != "" {
		c.report(at("scim"), problem)
		return nil
	}
	if r.WriteOnly() != ldif.Secret(a.LDAP) {
		c.report(at("ldap"), "a password, and nothing else, is kept in an attribute whose values are never shown, "+
			"such as userPassword or unicodePwd")
	}
	c.initial(r, at)
	c.by(r, at)
	if problem := r.NeedsReference(); problem != "" && holdsDNs(a.LDAP) {
		c.report(at("reference"), problem)
	}
	c.choose(r, at("choose"))
	c.form(r, at)
	c.part(r, at)
	switch {
	case a.Match == "":
	case a.Match != "any":
		c.report(at("match"), fmt.Sprintf("%q is not known: any is", a.Match))
	case r.Many(), a.Reference != "", a.Empty != "", r.WriteOnly():
		c.report(at("match"), "`match` is of a line that shows one of several values, without `reference` and `empty`")
	}
	if a.Max < 0 {
		c.report(at("max"), "is a number of octets")
	}
	for _, other := range c.t.Rules {
		if problem := r.besides(other); problem != "" {
			c.report(at("scim"), problem)
			break
		}
		if other.Ref.Leaf() == r.Ref.Leaf() && !a.Define.isZero() && !reflect.DeepEqual(a.Define, other.Options.Define) {
			c.report(at("define"), fmt.Sprintf("%s is defined otherwise under attributes[%d]", r.Ref, other.At))
			break
		}
	}
	return r
}

// choose compiles which of several values shows.
func (c *compiler) choose(r *Rule, path string) {
	switch {
	case r.Options.Choose == "":
		return
	case r.Many():
		c.report(path, r.Options.SCIM+" shows every value: there is none to choose")
	case r.Options.Reference != "", r.Options.Empty != "", r.WriteOnly():
		c.report(path, "`choose` goes with neither `reference` nor `empty`, nor with a password")
	}
	var err error
	if r.Choose, err = newChoice(r.Options.Choose); err != nil {
		c.report(path, firstLine(err))
	}
}

// besides says why the rule cannot stand beside an earlier one.
func (r *Rule) besides(other *Rule) string {
	switch {
	case other.Computed() || other.Ref.Extension != r.Ref.Extension || other.Ref.Attr != r.Ref.Attr:
		return ""
	case other.Ref == r.Ref && slices.Equal(other.Slot, r.Slot):
		return r.Options.SCIM + " is mapped twice"
	case r.IsRestBeside(other) || other.IsRestBeside(r):
		return ""
	case r.Ref.Attr.MultiValued && (len(r.Slot) == 0 || len(other.Slot) == 0):
		// LDAP does not say which values of two attributes belong together.
		return fmt.Sprintf(`%s cannot stand beside %s: each needs a filter such as [type eq "work"], or one ldap and a `+
			"`prefix`"+` of its own`, r.Options.SCIM, other.Options.SCIM)
	}
	return ""
}

// complete makes the rule's sub-attribute and slot explicit, and says what is wrong with them.
func (c *compiler) complete(r *Rule) string {
	a := r.Ref.Attr
	switch {
	case a.Name == "id" || a.Name == "meta" || a.Name == "schemas":
		return a.Name + " comes from the directory itself"
	case a.Name == "active":
		return "active is mapped under `active` of the resource"
	case a.Name == "members":
		return "members are mapped under `members` of the resource"
	}
	if a.Type == schema.Complex && r.Ref.Sub == nil {
		if r.Ref.Sub = a.Sub("value"); r.Ref.Sub == nil {
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
	if r.Slot, ok = clauses(r.path.Filter); !ok {
		return "the filter of a mapped path holds `eq` clauses joined by `and` only"
	}
	return ""
}

// clauses reads the eq clauses of a path's filter.
func clauses(e filter.Expr) ([]Clause, bool) {
	switch n := e.(type) {
	case *filter.And:
		left, ok := clauses(n.Left)
		right, also := clauses(n.Right)
		return append(left, right...), ok && also
	case *filter.Compare:
		return []Clause{{CompareName(n), n.Value}}, n.Op == filter.Equal
	}
	return nil, false
}

// defaultUnique is what no two resources of a type share; the map may name more.
var defaultUnique = map[string]string{"User": "userName", "Group": "displayName"}

func (c *compiler) unique(o Options) {
	add := func(path, name, problem string) {
		switch r := c.t.RuleFor(name); {
		case r == nil:
			c.report(path, name+problem)
		case !slices.Contains(c.t.Unique, r):
			c.t.Unique = append(c.t.Unique, r)
			r.Ref.Leaf().Uniqueness = schema.UniqueServer
		}
	}
	if name := defaultUnique[o.Type]; name != "" {
		usual := map[string]string{"userName": "uid", "displayName": "cn"}[name]
		add("attributes", name, fmt.Sprintf(" must be mapped, as {scim: %s, ldap: %s}", name, usual))
	}
	for i, name := range o.Unique {
		add(fmt.Sprintf("unique[%d]", i), name, c.t.unmapped(name))
	}
}

// alone is what an expression must do that is evaluated again and again.
const alone = " follows from the resource alone: neither from chance nor from `previous`"

// expressions compiles the expressions, which see the attributes that the map covers.
func (c *compiler) expressions(o Options) {
	compile := func(path, source string) *Expression {
		if source == "" {
			return nil
		}
		e, err := newExpression(source, c.t.Resource)
		if err != nil {
			c.report(path, firstLine(err))
			return nil
		}
		e.Secret = e.seesSecret(c.t.Resource)
		return e
	}
	for _, r := range c.t.Rules {
		r.Empty = compile(fmt.Sprintf("attributes[%d].empty", r.At), r.Options.Empty)
		if r.Computed() && r.Copies == nil {
			r.Value = compile(fmt.Sprintf("attributes[%d].value", r.At), r.Options.Value)
		}
		if problem := r.Value.ill(r.Options); problem != "" {
			c.report(fmt.Sprintf("attributes[%d].value", r.At), problem)
		}
		if r.Empty != nil && (r.Empty.Random() || r.Empty.IsOfPrevious()) {
			c.report(fmt.Sprintf("attributes[%d].empty", r.At), "what stands in"+alone)
		}
		switch {
		case ldif.Secret(r.LDAP) && (r.IsConstant() || r.Value.isFixed() || r.Empty.isFixed()):
			c.report(fmt.Sprintf("attributes[%d].ldap", r.At), "a password that is the same for every account is everybody's: "+
				"{scim: password, ldap: …, initial: {length: 24}} gives each one of its own")
		case r.Empty != nil && r.Empty.Secret:
			c.report(fmt.Sprintf("attributes[%d].empty", r.At), r.Options.SCIM+" is shown, and a password must not be")
		case r.Secret() && r.Options.Unique:
			c.report(fmt.Sprintf("attributes[%d].unique", r.At), "what is made of a password is not searched for")
		case r.Empty != nil && r.Empty.Many:
			c.report(fmt.Sprintf("attributes[%d].empty", r.At), "one value stands in, and this is a list")
		case r.Value != nil && r.Value.Many && r.Options.Unique:
			c.report(fmt.Sprintf("attributes[%d].unique", r.At), "one value takes a number, and this is a list")
		}
	}
	c.classes(o, compile)
	var ok bool
	if c.t.StandIns, ok = standIns(c.t.Rules); !ok {
		c.report("attributes", "what stands in for empty attributes (`empty`) goes in a circle")
	}
	source := o.DN
	if source == "" {
		r := c.t.RuleFor(defaultUnique[o.Type])
		switch {
		case r == nil && defaultUnique[o.Type] != "":
			return // reported already
		case r == nil || !strings.EqualFold(r.LDAP, "uid") && !strings.EqualFold(r.LDAP, "cn"):
			c.report("dn", "how is an entry named? For example "+`'"cn=" + rdn(displayName) + "," + base'`)
			return
		}
		source = fmt.Sprintf(`"%s=" + rdn(%s) + "," + base`, r.LDAP, r.Ref.Attr.Name)
	}
	if c.t.DN = compile("dn", source); c.t.DN == nil {
		return
	}
	if c.t.DN.Random() || c.t.DN.IsOfPrevious() {
		c.report("dn", "a name"+alone)
	}
	if c.t.DN.Many {
		c.report("dn", "a DN is text, and this is a list: join(…) makes one of it")
	}
	if c.t.DN.Secret {
		c.report("dn", "a DN is shown, and a password must not be")
	}
	if what := c.t.DN.unescaped(); what != "" {
		c.report("dn", what+" stands in the DN as it is, where `x+sn=y` would be more than a value: rdn(…) makes one value of it")
	}
	if truth := c.t.DN.namedByTruth(c.t.Resource); truth != "" {
		c.report("dn", fmt.Sprintf(
			`rdn(%s) would name entries true and false: say which place is whose, as (%[1]s ? "" : "ou=other,") + base`, truth))
	} else if stray := c.t.DN.strayEnding(o.Base); stray != "" {
		c.report("dn", stray)
	}
	c.naming()
}

// RuleFor finds the rule of a SCIM attribute by its path's text, ignoring case, or nil.
func (t *Type) RuleFor(path string) *Rule {
	for _, r := range t.Rules {
		if !r.Computed() && (strings.EqualFold(r.Options.SCIM, path) || len(r.Slot) == 0 && strings.EqualFold(r.Ref.String(), path)) {
			return r
		}
	}
	return nil
}
