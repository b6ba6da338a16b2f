package bridge

import (
	"context"
	"fmt"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/search"
	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// part is what a listing asks of one resource type.
type part struct {
	t         *ldapmap.Type
	p         *scim.Projection
	filter    filter.Expr
	ldap      string
	remainder filter.Expr
	matcher   *filter.Matcher            // of the remainder
	mentioned map[*schema.Attribute]bool // by the remainder
	sortBy    *schema.Ref                // nil: not sorted, or by what this type has not got
}

// split finds the parts of a listing. What none of its types has got the filter must not name.
func (l *listing) split() error {
	known := false
	var fault error
	filters := make([]parsed, len(l.types))
	for i, t := range l.types {
		var err error
		if filters[i], err = l.parse(t); err != nil {
			fault = err
		}
		known = known || err == nil || len(l.types) > 1 && filters[i].filter != nil
	}
	if !known {
		return fault
	}
	for i, t := range l.types {
		p, err := l.part(t, filters[i])
		if err != nil {
			return err
		}
		if p != nil {
			l.parts = append(l.parts, p)
		}
	}
	return nil
}

// parsed is the query's filter as one type has it.
type parsed struct {
	filter filter.Expr // nil: every resource of the type is decided on alike
	every  bool        // and matches
	err    error
}

// parse reads the query's filter for a type: across types an attribute that one has not got is without a value there (RFC 7644 §3.4.2.1).
// fault is what is wrong with the filter where there are no others.
func (l *listing) parse(t *ldapmap.Type) (p parsed, fault error) {
	if l.query.Filter == "" {
		return parsed{every: true}, nil
	}
	if p.filter, fault = filter.Parse(l.query.Filter, t.Resource, l.b.dialect); fault != nil {
		p.filter, p.every, p.err = filter.ParseAcross(l.query.Filter, t.Resource, l.b.dialect)
	}
	return p, fault
}

// part reads the query for one type; nil where the filter matches none of its resources.
func (l *listing) part(t *ldapmap.Type, of parsed) (*part, error) {
	p := &part{t: t, ldap: t.Scope()}
	var err error
	if p.p, err = scim.NewProjection(t.Resource, l.b.dialect, l.query.View.Attributes, l.query.View.Excluded); err != nil {
		return nil, err
	}
	if l.query.SortBy != "" {
		path, known, err := filter.LookupPath(l.query.SortBy, t.Resource, l.b.dialect)
		if err != nil {
			return nil, err
		}
		switch {
		case known && path.Attr.Ref.Attr != nil:
			p.sortBy = &path.Attr.Ref
		case len(l.types) == 1:
			return nil, &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("sortBy: %s has no attribute %q", t.Name, l.query.SortBy)}
		}
	}
	switch p.filter = of.filter; {
	case of.err != nil:
		return nil, of.err
	case p.filter == nil && !of.every:
		return nil, nil
	}
	return p, nil
}

// translate makes the parts' filters the directory's, before it is searched by them. What they refer to is looked up.
func (l *listing) translate(ctx context.Context) error {
	for _, p := range l.parts {
		if p.filter == nil {
			continue
		}
		ids := search.IDs(p.t, p.filter)
		refs, err := l.b.refs(ctx, p.t, nil, ids, nil, nil)
		if err == nil {
			refs, err = l.b.withBelow(ctx, p.t, ids, refs)
		}
		if err == nil && len(ids) > 0 {
			refs, err = l.b.withHolders(ctx, p.t, refs)
		}
		if err != nil {
			return err
		}
		if p.ldap, p.remainder = search.Filter(p.t, p.filter, refs); p.remainder != nil {
			p.matcher, p.mentioned = filter.NewMatcher(p.remainder), mentioned(p.remainder)
		}
	}
	return nil
}

// judges says whether the attribute is needed to decide on an entry and its place, whether shown or not.
func (p *part) judges(ref schema.Ref) bool {
	return p.mentioned[ref.Attr] || p.sortBy != nil && p.sortBy.Attr == ref.Attr
}

// mentioned are the attributes that a filter compares.
func mentioned(e filter.Expr) map[*schema.Attribute]bool {
	found := map[*schema.Attribute]bool{}
	filter.Walk(e, func(c *filter.Compare, in *filter.ValuePath) {
		path := c.Path
		if in != nil {
			path = in.Path
		}
		found[path.Ref.Attr] = true
	})
	return found
}

// decides says that what entries hold decides on them, or on their places, beyond what the directory says.
func (p *part) decides() bool { return p.remainder != nil || p.sortBy != nil }
