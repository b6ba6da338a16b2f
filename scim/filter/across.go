package filter

import (
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// ParseAcross is Parse for a query across resource types: an attribute that rt does not have is there one without a value (RFC 7644
// §3.4.2.1). The tree has no comparison of such an attribute. Where that decides the filter for every resource there is no tree, and every
// says how.
func ParseAcross(text string, rt *schema.ResourceType, d scim.Dialect) (e Expr, every bool, err error) {
	p := newParser(text, rt, d, scim.InvalidFilter)
	if e, err = p.whole(); err != nil {
		return nil, false, err
	}
	e, every = decided(e)
	return e, every, nil
}

// decided takes the comparisons of unknown attributes out of a tree: e is nil where the tree is decided, as every says.
func decided(e Expr) (_ Expr, every bool) {
	switch e := e.(type) {
	case *And:
		left, l := decided(e.Left)
		right, r := decided(e.Right)
		switch {
		case left != nil && right != nil:
			return &And{left, right}, false
		case left == nil && l:
			return right, r
		case right == nil && r:
			return left, l
		}
		return nil, false
	case *Or:
		left, l := decided(e.Left)
		right, r := decided(e.Right)
		switch {
		case left != nil && right != nil:
			return &Or{left, right}, false
		case left == nil && !l:
			return right, r
		case right == nil && !r:
			return left, l
		}
		return nil, true
	case *Not:
		inner, every := decided(e.Inner)
		if inner == nil {
			return nil, !every
		}
		return &Not{inner}, false
	case *ValuePath:
		if e.Path.Ref.Attr == nil {
			return nil, false
		}
		inner, every := decided(e.Inner)
		switch {
		case inner != nil:
			return &ValuePath{e.Path, inner}, false
		case every: // any value will do
			return &Compare{Path: e.Path, Op: Present}, false
		}
		return nil, false
	case *Compare:
		if e.Path.Ref.Attr == nil {
			return nil, e.Op == NotEqual
		}
	}
	return e, false
}
