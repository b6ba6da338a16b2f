package filter

import (
	"slices"

	"scimbridge/scim"
	"scimbridge/scim/schema"
	"scimbridge/scim/stringprep"
)

// Matcher is a filter for many resources, or for many values of an attribute: it decides as Matches and MatchesValue do, but of a long
// chain of alternatives it looks at those alone that the value can satisfy.
type Matcher struct{ root node }

// NewMatcher makes the matcher of a filter.
func NewMatcher(e Expr) *Matcher { return &Matcher{compiled(e)} }

// Matches evaluates the filter over a resource.
func (m *Matcher) Matches(r scim.Resource) bool {
	return m.root.holds(func(p AttrPath) []any { return valuesAt(r, p.Ref) })
}

// MatchesValue evaluates the inner filter of a value path over one value of its attribute.
func (m *Matcher) MatchesValue(value any) bool {
	return m.root.holds(func(p AttrPath) []any { return valuesIn(value, p) })
}

// node is a filter's tree with its alternatives side by side.
type node interface {
	holds(values func(AttrPath) []any) bool
}

type (
	both   struct{ left, right node }
	not    struct{ inner node }
	someOf struct {
		path  AttrPath
		inner *Matcher
	}
	plain    struct{ *Compare }
	anything struct{}
)

// either holds where one of its alternatives does. Those that demand that an attribute has a certain text are found by it.
type either struct {
	byText []texts
	others []node
}

// texts are the alternatives that demand a text of an attribute: what else each demands.
type texts struct {
	path AttrPath
	rest map[string][]node
}

func compiled(e Expr) node {
	switch e := e.(type) {
	case *And:
		return both{compiled(e.Left), compiled(e.Right)}
	case *Not:
		return not{compiled(e.Inner)}
	case *ValuePath:
		return someOf{e.Path, NewMatcher(e.Inner)}
	case *Compare:
		return plain{e}
	case *Or:
		n := &either{}
		for _, alternative := range Terms(e) {
			n.add(alternative)
		}
		return n
	}
	return not{anything{}}
}

func (n *either) add(alternative Expr) {
	c := demanded(alternative)
	if c == nil {
		n.others = append(n.others, compiled(alternative))
		return
	}
	var rest node = anything{}
	if alternative != Expr(c) {
		rest = compiled(alternative)
	}
	at := slices.IndexFunc(n.byText, func(t texts) bool { return t.path.Ref == c.Path.Ref })
	if at < 0 {
		at = len(n.byText)
		n.byText = append(n.byText, texts{c.Path, map[string][]node{}})
	}
	key := textKey(c.Path.Ref.Leaf(), c.Value.(string))
	n.byText[at].rest[key] = append(n.byText[at].rest[key], rest)
}

// demanded is the comparison without which the alternative does not hold, where it is equality with a text: that of `value` before others.
func demanded(e Expr) *Compare {
	switch e := e.(type) {
	case *And:
		left, right := demanded(e.Left), demanded(e.Right)
		if left == nil || right != nil && right.Path.Ref.Leaf().Name == "value" {
			return right
		}
		return left
	case *Compare:
		if _, isText := e.Value.(string); isText && e.Op == Equal && comparesText(e.Path.Ref.Leaf()) {
			return e
		}
	}
	return nil
}

// comparesText says that the attribute's values are equal as their texts are.
func comparesText(a *schema.Attribute) bool {
	switch a.Type {
	case schema.Boolean, schema.Integer, schema.Decimal, schema.DateTime:
		return false
	}
	return true
}

// textKey is what texts that are equal in the attribute have in common.
func textKey(a *schema.Attribute, text string) string {
	if a.CaseExact {
		return text
	}
	return stringprep.Key(text)
}

func (n *either) holds(values func(AttrPath) []any) bool {
	hold := func(n node) bool { return n.holds(values) }
	for _, t := range n.byText {
		for _, v := range values(t.path) {
			text, ok := v.(string)
			if ok && slices.ContainsFunc(t.rest[textKey(t.path.Ref.Leaf(), text)], hold) {
				return true
			}
		}
	}
	return slices.ContainsFunc(n.others, hold)
}

func (n both) holds(values func(AttrPath) []any) bool {
	return n.left.holds(values) && n.right.holds(values)
}

func (n not) holds(values func(AttrPath) []any) bool { return !n.inner.holds(values) }

func (n plain) holds(values func(AttrPath) []any) bool { return n.matches(values(n.Path)) }

func (anything) holds(func(AttrPath) []any) bool { return true }

func (n someOf) holds(values func(AttrPath) []any) bool {
	return slices.ContainsFunc(values(n.path), n.inner.MatchesValue)
}
