package draft

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// Correlation finds, by the map's keys, the entry that a request means though it was not made by one. Such an entry is nobody's yet: it has
// no externalId, or the one that a POST brings, which a POST that stopped has left there; it is within the scope, and no leaver's. The keys
// are tried in the order of the map, and the first that finds anybody decides.
//
//	match: [userName, {scim: userName, in: 'emails[type eq "work"].value'}]
//	POST {userName: anna@x, externalId: 7}
//	  uid=anna, mail: anna@x                         is linked, and gets the uid and the externalId
//	  uid=anna, mail: anna@x, scimExternalId: 8      is somebody else's: a new entry is made
//	  uid=anna, mail: anna@x and uid=lind, mail: anna@x     409: who is meant?
type Correlation struct {
	t          *ldapmap.Type
	keys       []key
	externalID string // of the POST
}

// key is a value, and where entries are to hold it.
type key struct {
	claim
	of *ldapmap.Rule // the SCIM attribute that the request names
}

// Correlate are the keys of a POST. One that says nothing of whose the entry is to be, by its externalId, has none. A key of which the POST
// has no value, or several, is passed over.
func Correlate(t *ldapmap.Type, r scim.Resource) Correlation {
	c := Correlation{t: t}
	if len(t.Match) == 0 {
		return c
	}
	if c.externalID = first(texts(t.SCIMValues(t.ExternalID, r))); c.externalID == "" {
		return c
	}
	for _, k := range t.Match {
		if values := texts(t.SCIMValues(k.Of, r)); len(values) == 1 {
			c.add(k, values[0])
		}
	}
	return c
}

// CorrelateQuery are the keys of a query for resources that have one value of a key of the map, `userName eq "anna@x"`, in other places
// than that. It finds what a POST of that value might link.
func CorrelateQuery(t *ldapmap.Type, e filter.Expr) Correlation {
	c := Correlation{t: t}
	for _, k := range t.Match {
		if value, asked := asks(e, k.Of); asked && k.In != k.Of {
			c.add(k, value)
		}
	}
	return c
}

func (c *Correlation) add(k ldapmap.Key, value string) {
	if strings.TrimSpace(value) != "" {
		c.keys = append(c.keys, key{claim{rule: k.In, value: value, held: held(k.In, value)}, k.Of})
	}
}

// asks says that the filter asks for one value of the rule's SCIM attribute, and for nothing else.
func asks(e filter.Expr, r *ldapmap.Rule) (value string, asked bool) {
	path, isPath := e.(*filter.ValuePath)
	if isPath != (len(r.Slot) > 0) {
		return "", false
	}
	if isPath {
		e = path.Inner
	}
	if _, isOr := e.(*filter.Or); isOr {
		return "", false
	}
	isOfSlot := func(term filter.Expr) bool {
		c, isOne := term.(*filter.Compare)
		return isOne && c.Op == filter.Equal && slices.ContainsFunc(r.Slot, func(s compile.Clause) bool {
			return strings.EqualFold(s.Attribute, compile.CompareName(c)) && ldapmap.SameValue(s.Value, c.Value)
		})
	}
	terms := filter.Terms(e)
	rest := slices.DeleteFunc(slices.Clone(terms), isOfSlot)
	if len(rest) != 1 || len(terms) != 1+len(r.Slot) {
		return "", false
	}
	if c, isOne := rest[0].(*filter.Compare); isOne && c.Op == filter.Equal && c.Path.Ref == r.Ref {
		value, asked = c.Value.(string)
	}
	return value, asked
}

// Reads says that the correlation judges entries by the SCIM attribute.
func (c Correlation) Reads(ref schema.Ref) bool {
	isOf := func(r *ldapmap.Rule) bool { return r != nil && r.Ref.Owner() == ref.Owner() }
	return isOf(c.t.ExternalID) || isOf(c.t.Login) || slices.ContainsFunc(c.keys, func(k key) bool { return isOf(k.rule) })
}

// Search finds whoever the correlation may mean; nil: nobody.
func (c Correlation) Search() *ldapmap.Search {
	if len(c.keys) == 0 {
		return nil
	}
	var filters []string
	for _, k := range c.keys {
		filters = append(filters, k.filters(c.t, 0)...)
	}
	return &ldapmap.Search{Base: c.t.Base, More: c.t.More, Filter: ldif.AllOf(ldif.AnyOf(filters...), c.t.Scope())}
}

// Meant are those of the entries that the correlation means.
func (c Correlation) Meant(found []*ldif.Entry) []*ldif.Entry {
	_, meant := c.decide(found)
	return meant
}

// One is the only entry that the correlation means, nil where there is none, or a conflict that names them where there are several.
func (c Correlation) One(found []*ldif.Entry) (*ldif.Entry, error) {
	by, meant := c.decide(found)
	switch len(meant) {
	case 0:
		return nil, nil
	case 1:
		return meant[0], nil
	}
	var all []string
	for _, e := range meant[:min(len(meant), fewNamed)] {
		all = append(all, fmt.Sprintf("the %s with id %q", c.t.Name, c.t.ID(e)))
	}
	if len(meant) > fewNamed {
		all = append(all, fmt.Sprintf("%d more", len(meant)-fewNamed))
	}
	detail := fmt.Sprintf("%s %q is found in %s, and only one of them can be meant", by.of.Path(), by.value, strings.Join(all, " and "))
	return nil, &Conflict{
		Entries: meant, Several: true, fault: &scim.Error{Type: scim.Uniqueness, Detail: detail, Attribute: by.of.Path()},
	}
}

// fewNamed is how many entries a conflict names.
const fewNamed = 5

func (c Correlation) decide(found []*ldif.Entry) (by key, meant []*ldif.Entry) {
	for _, k := range c.keys {
		for _, e := range found {
			if c.isFree(e) && among(c.t, k.rule, k.rule.Own(e.Values(k.rule.LDAP)), k.held) {
				meant = append(meant, e)
			}
		}
		if len(meant) > 0 {
			slices.SortFunc(meant, func(a, b *ldif.Entry) int { return strings.Compare(a.DN, b.DN) })
			return k, meant
		}
	}
	return by, nil
}

// isFree says that the entry is nobody's yet.
func (c Correlation) isFree(e *ldif.Entry) bool {
	owners := e.Values(c.t.ExternalID.LDAP)
	return c.t.Holds(e) && !c.t.IsLeaver(e) &&
		(len(owners) == 0 || c.externalID != "" && among(c.t, c.t.ExternalID, owners, held(c.t.ExternalID, c.externalID)))
}

// Linked is the conflict of a POST with the entry that it had linked before, and of which it has nothing to change.
func (c Correlation) Linked(e *ldif.Entry) error {
	own := claim{rule: c.t.ExternalID, value: c.externalID}
	return own.conflict(c.t, e)
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
