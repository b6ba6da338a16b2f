package ldapmap

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/schema"
)

// For returns the map as it stands in the directory that server describes: names made canonical, what the schema demands and
// allows filled in. The compiled map is not changed. problems says, by key path below `resources`, what the map names and the
// schema lacks.
func For(compiled *compile.Map, server *ldif.Server) (m *Map, problems compile.Faults) {
	m = &Map{Server: server}
	for i, c := range compiled.Types {
		t, faults := bound(c, server)
		t.Map = m
		m.Types = append(m.Types, t)
		for _, f := range faults {
			problems = append(problems, compile.Fault{Path: fmt.Sprintf("[%d].%s", i, f.Path), Problem: f.Problem})
		}
	}
	problems = append(problems, m.setNamings()...)
	problems = append(problems, m.setMemberships(compiled.Types)...)
	for _, told := range server.Told {
		if server.Schema.Attribute(told.Attribute) == nil {
			problem := told.Attribute + " is not in the directory's schema"
			problems = append(problems, compile.Fault{Path: "directory." + told.Key, Problem: problem})
		}
	}
	m.prepare()
	problems = append(problems, m.setCounters()...)
	return m, append(problems, m.setElsewhere(compiled.Elsewhere)...)
}

func bound(c *compile.Type, server *ldif.Server) (*Type, compile.Faults) {
	t := &Type{
		Name: c.Name, Base: c.Options.Base.First(), More: c.Options.Base[1:], ObjectClasses: c.Classes,
		Server: server, Resource: c.Resource.Clone(),
		Tombstone: c.Options.Tombstone, DN: c.DN, Rename: c.Options.Rename,
		DropsForbidden: c.Options.OnForbidden == compile.ForbiddenSkip, MakesUnits: c.Options.CreateParents,
	}
	rules := map[*compile.Rule]*Rule{}
	add := func(r *compile.Rule) {
		own := &Rule{Rule: *r}
		if !own.Computed() {
			own.Ref = compile.Resolve(t.Resource, own.Ref)
		}
		rules[r] = own
		t.Rules = append(t.Rules, own)
	}
	for _, r := range c.Rules {
		add(r)
	}
	if r := c.AccountName(server.AccountName); r != nil {
		add(r)
	}
	for _, r := range t.Rules {
		if r.Shares != nil {
			r.With = rules[r.Shares]
		}
		if r.Copies != nil {
			source := *rules[r.Copies]
			r.Source = &source
		}
	}
	for _, r := range c.StandIns {
		t.StandIns = append(t.StandIns, rules[r])
	}
	for _, r := range c.Unique {
		t.Unique = append(t.Unique, rules[r])
	}
	if login := c.RuleFor("userName"); login != nil {
		t.Login = rules[login]
	}
	for _, k := range c.Match {
		t.Match = append(t.Match, Key{rules[k.Of], rules[k.In]})
	}
	t.ExternalID = rules[c.ExternalID]
	l := learner{t: t, compiled: c}
	l.learn()
	t.setAttributes()
	faults := append(l.faults, t.setScope(c.Options.Filter)...)
	faults = append(faults, t.judgedBy(c.Options)...)
	if len(faults) == 0 {
		t.setSources()
	}
	return t, faults
}

// learner fills in what the directory's schema says of what the map names.
type learner struct {
	t        *Type
	compiled *compile.Type
	must     []string // attributes that the map's object classes demand
	may      []string // and those that they allow besides
	owned    []compile.Owned
	faults   compile.Faults
}

func (l *learner) report(path, problem string) {
	l.faults = append(l.faults, compile.Fault{Path: path, Problem: problem})
}

// known gives an attribute its canonical name, or reports that the schema has not got it.
func (l *learner) known(path, attribute string) string {
	if l.t.Server.Schema.Attribute(attribute) == nil {
		l.report(path, attribute+" is not in the directory's schema"+compile.DidYouMean(attribute, slices.Concat(l.must, l.may)))
	}
	return l.t.Canonical(attribute)
}

func (l *learner) own(path, attribute, holds string) {
	l.owned = append(l.owned, compile.Owned{Path: path, Attribute: attribute, Holds: holds})
}

func (l *learner) demanded(name string) bool {
	return ldif.Named(l.must, name)
}

func (l *learner) learn() {
	t := l.t
	for i, o := range l.compiled.Options.ObjectClasses {
		if t.Server.Schema.Class(o.Class) == nil {
			l.report(fmt.Sprintf("objectClasses[%d]", i), noClass(t.Server.Schema, o.Class))
		}
	}
	l.must, l.may = t.Server.Schema.Must(t.ObjectClasses...), t.Server.Schema.May(t.ObjectClasses...)
	l.conditions()
	for _, r := range t.Rules {
		l.rule(r)
	}
	if t.Tombstone != "" {
		t.Tombstone = l.known("tombstone", t.Tombstone)
		l.own("tombstone", t.Tombstone, "the tombstone")
	}
	for i, a := range l.compiled.Active {
		path := fmt.Sprintf("active[%d]", i)
		a.Attribute = l.known(path, a.Attribute)
		t.Active = append(t.Active, Activation{a, t.Server})
		l.own(path, a.Attribute, "active")
		l.alone(path, a.Attribute)
	}
	l.leaving()
	l.suspensions()
	for i := range l.compiled.Options.Members {
		l.members(i)
	}
	l.alwaysAllowed()
	if t.MakesUnits && t.Server.Schema.Class(UnitClass) == nil {
		l.report("createParents", "the directory's schema has no class "+UnitClass+" to make a place of")
	}
	if len(l.faults) == 0 {
		l.faults = compile.Clashes(l.owned, t.Canonical)
	}
}

func (l *learner) rule(r *Rule) {
	path := fmt.Sprintf("attributes[%d].%s", r.At, r.Key())
	r.LDAP = l.known(path, r.LDAP)
	r.Must = l.demanded(r.LDAP)
	definition := l.t.Server.Schema.Attribute(r.LDAP)
	r.Single = definition != nil && definition.SingleValue
	if definition != nil && (l.t.IsUnique(r) || r.Options.Unique || r.Numbers != nil) && !l.t.Comparable(r.LDAP) {
		l.report(path, r.LDAP+" has no equality rule in the directory's schema: nobody can find out whether a value is taken")
	}
	if definition != nil {
		if r.Form == nil && !r.Computed() && r.Options.Reference == "" && !r.WriteOnly() {
			r.Form = compile.KindOf(definition.Syntax, r.SCIMType())
		}
		l.match(path, r)
		l.fits(path, r, definition)
		r.LDAP = l.t.Server.Schema.Description(r.LDAP)
	}
	if s := r.Source; s != nil {
		s.LDAP, s.Single, s.Empty = r.LDAP, r.Single, nil
		if s.Form == nil && definition != nil {
			s.Form = compile.KindOf(definition.Syntax, s.SCIMType())
		}
	}
	if r.Options.By == compile.PasswordModify {
		l.t.Password = r
		if !l.t.Server.Extended[ldif.PasswordModifyOID] {
			const problem = "the directory does not announce the password modify operation (RFC 3062, %s)"
			l.report(fmt.Sprintf("attributes[%d].by", r.At), fmt.Sprintf(problem, ldif.PasswordModifyOID))
		}
	}
	l.owned = append(l.owned, r.Owned())
	if r.IsPart() && r.Single {
		l.report(path, r.LDAP+" has one value in the directory's schema: it has no parts")
	}
	if r.Computed() {
		if r.Secret() {
			l.t.secrets = append(l.t.secrets, r.LDAP)
		}
		return
	}
	if r.Must && r.Empty == nil && len(r.Slot) == 0 {
		r.Ref.Attr.Required = true
		r.Ref.Leaf().Required = true
	}
	if to := r.Options.Reference; to != "" {
		r.Reference = &Reference{
			Type: l.t, SCIM: r.Ref, Path: r.Path(), Attribute: r.LDAP, To: to, Many: r.Many() || r.Single, Single: r.Single,
		}
		l.t.References = append(l.t.References, r.Reference)
	}
}

// match reports what entries cannot be found by, and an externalId of which two requests at once might each write one.
func (l *learner) match(path string, r *Rule) {
	isKey := func(k Key) bool { return k.In == r }
	switch {
	case slices.ContainsFunc(l.t.Match, isKey) && !l.t.Comparable(r.LDAP):
		l.report(path, r.LDAP+" has no equality rule in the directory's schema, and `match` is to find entries by it")
	case len(l.t.Match) > 0 && r == l.t.ExternalID && !r.Single:
		l.report(path, r.LDAP+" may have several values in the directory's schema: "+
			"with `match` it says whose an entry is, and takes one alone")
	}
}

// fits reports what the attribute's definition does not take: values that the server would refuse, one write at a time.
func (l *learner) fits(path string, r *Rule, definition *ldif.AttributeType) {
	if r.Options.Reference != "" && !holdsDNs(definition) {
		l.report(path, r.LDAP+" holds no DNs in the directory's schema: a reference needs such an attribute")
	}
	if problem := r.NeedsReference(); problem != "" && r.Form == nil && holdsDNs(definition) {
		l.report(path, problem)
	}
	if !r.Computed() && r.Form == nil && r.SCIMType() == schema.DateTime && definition.Syntax == ldif.SyntaxInteger {
		l.report(path, r.LDAP+" holds integers in the directory's schema, and "+r.Path()+" is a dateTime: is it `as: shadowDays`?")
	}
	if !definition.Operational && !l.t.Server.KeepsClasses && !l.allowed(r.LDAP) {
		l.report(path, "none of the object classes allows "+r.LDAP)
	}
}

func holdsDNs(definition *ldif.AttributeType) bool {
	return definition.Syntax == ldif.SyntaxDN || definition.Syntax == ldif.SyntaxNameAndUID
}

func (l *learner) allowed(name string) bool {
	name, _, _ = strings.Cut(name, ";")
	return l.demanded(name) || ldif.Named(l.may, name)
}

// alone reports that what blocks an account is a password, or is computed too.
func (l *learner) alone(path, attribute string) {
	if ldif.Secret(attribute) {
		l.report(path, attribute+" holds passwords, and says of nobody whether he is active")
	}
	for _, r := range l.t.Rules {
		if r.Computed() && strings.EqualFold(r.LDAP, attribute) {
			l.report(path, fmt.Sprintf("%s is computed under attributes[%d] too", attribute, r.At))
		}
	}
}

// DefaultPlaceholder is the member of a group whose object class demands one. No entry has this DN, so it is never shown.
const DefaultPlaceholder = "cn=no-member"

func (l *learner) members(i int) {
	o, path := l.compiled.Options.Members[i], compile.MembersPath(i)+".attribute"
	attribute := l.known(path, o.Attribute)
	switch definition := l.t.Server.Schema.Attribute(attribute); {
	case definition == nil:
	case !o.IsValue() && !holdsDNs(definition):
		l.report(path, attribute+" holds no DNs in the directory's schema; `form: value` is for values of a User's attribute")
	case o.IsValue() && holdsDNs(definition):
		l.report(path, attribute+" holds DNs in the directory's schema, and no values of another attribute")
	case !definition.Operational && !l.t.Server.KeepsClasses && !l.allowed(attribute):
		l.report(path, "none of the object classes allows "+attribute)
	case o.IsValue() && !l.t.Comparable(attribute):
		l.report(path, attribute+" has no equality rule in the directory's schema: no member is found in it")
	}
	if definition := l.t.Server.Schema.Attribute(attribute); o.Suffixes && definition != nil && definition.Syntax != ldif.SyntaxNameAndUID {
		l.report(compile.MembersPath(i)+".suffixes", attribute+
			" holds DNs without unique identifiers in the directory's schema: they stand in uniqueMember and the like (RFC 4517 §3.3.21)")
	}
	members, _ := l.t.Resource.Resolve("", "members", "")
	name, _ := l.t.Resource.Resolve("", "members", "display")
	r := &Reference{
		Type: l.t, SCIM: members, Name: name, Path: "members", Attribute: attribute, Many: true, Single: l.t.IsSingle(attribute),
		Suffixes: o.Suffixes,
	}
	if p := l.t.Server.PrimaryGroup; p != nil && l.t.IsSame(attribute, p.Members) {
		r.Primary = p
	}
	if o.IsValue() {
		r.Naming, r.To = Naming{Of: l.t.Canonical(o.Of), By: attribute}, "User"
	}
	if l.demanded(attribute) {
		switch r.Placeholder = o.Placeholder; {
		case r.Placeholder != "":
		case o.IsValue():
			r.Placeholder = "no-member"
		default:
			r.Placeholder = DefaultPlaceholder
		}
	}
	l.t.Members = append(l.t.Members, r)
	l.t.References = append(l.t.References, r)
	l.own(path, attribute, "members")
}

// Comparable says whether the server can tell an attribute's values apart (RFC 4517: facsimileTelephoneNumber has no rule for that).
func (t *Type) Comparable(attribute string) bool {
	equality, _ := t.Server.Schema.Rules(attribute)
	return equality != ""
}

// IsSingle says that the attribute is SINGLE-VALUE.
func (t *Type) IsSingle(attribute string) bool {
	definition := t.Server.Schema.Attribute(attribute)
	return definition != nil && definition.SingleValue
}

// MemberRef names the members of a group.
func (t *Type) MemberRef() schema.Ref {
	if !t.HasMembers() {
		return schema.Ref{}
	}
	return t.Members[0].SCIM
}
