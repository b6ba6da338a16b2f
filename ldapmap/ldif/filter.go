package ldif

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Filter is a compiled LDAP search filter (RFC 4515).
type Filter struct {
	text string
	root node
}

// node is a filter or a part of one.
type node struct {
	kind      nodeKind
	nodes     []node // and, or, not
	attribute string // "" only in an extensible match
	value     string // the assertion value

	initial, final string   // substrings; "" for none
	middle         []string // substrings

	rule string // extensible: the matching rule, or ""
	dn   bool   // extensible: the DN's attributes count too
}

// nodeKind is the kind of a filter by its choice number in RFC 4511 §4.5.1.
type nodeKind int

const (
	andNode nodeKind = iota
	orNode
	notNode
	equalNode
	substringsNode
	greaterNode
	lessNode
	presentNode
	approxNode
	extensibleNode
)

// maxFilterDepth bounds how deep filters nest, so that no text exhausts the stack.
const maxFilterDepth = 100

// ParseFilter reads a filter's text.
func ParseFilter(text string) (*Filter, error) {
	p := filterParser{text: text}
	root, err := p.filter(0)
	if err != nil {
		return nil, err
	}
	if p.at < len(text) {
		return nil, p.fault("more text after the filter's end")
	}
	return &Filter{text: text, root: root}, nil
}

// String returns the filter's text as it was given.
func (f *Filter) String() string { return f.text }

// Matches evaluates the filter over an entry with the three-valued logic of RFC 4511 §4.5.1.7; Undefined is false. Matching rules
// come from the schema; without a schema (nil) or for an unknown attribute strings match ignoring case and surplus spaces. An
// attribute that neither the schema nor the entry knows is Undefined, as is one without the rule that the filter needs.
func (f *Filter) Matches(e *Entry, s *Subschema) bool {
	return f.root.evaluate(e, s) == isTrue
}

// Compares returns what the filter compares for equality, where it does nothing else.
func (f *Filter) Compares() (attribute, value string, ok bool) {
	return f.root.attribute, f.root.value, f.root.kind == equalNode
}

// Candidates narrows a filter by an index: it returns a set that holds everything that the filter can match, or false where the
// index does not tell. lookup returns what holds the value, or false for an attribute that is not indexed.
func Candidates[T comparable](f *Filter, lookup func(attribute, value string) (map[T]struct{}, bool)) (map[T]struct{}, bool) {
	return candidates(f.root, lookup)
}

func candidates[T comparable](n node, lookup func(attribute, value string) (map[T]struct{}, bool)) (map[T]struct{}, bool) {
	switch n.kind {
	case equalNode:
		return lookup(n.attribute, n.value)
	case andNode:
		var least map[T]struct{}
		known := false
		for _, child := range n.nodes {
			if set, ok := candidates(child, lookup); ok && (!known || len(set) < len(least)) {
				least, known = set, true
			}
		}
		return least, known
	case orNode:
		all := make(map[T]struct{})
		for _, child := range n.nodes {
			set, ok := candidates(child, lookup)
			if !ok {
				return nil, false
			}
			for item := range set {
				all[item] = struct{}{}
			}
		}
		return all, true
	}
	return nil, false
}

// newFilter makes a filter of its tree, with the text that says the same.
func newFilter(root node) *Filter {
	var b strings.Builder
	root.print(&b)
	return &Filter{text: b.String(), root: root}
}

// print writes the node as text, with what RFC 4515 §3 wants escaped.
func (n node) print(b *strings.Builder) {
	b.WriteByte('(')
	switch n.kind {
	case andNode, orNode, notNode:
		b.WriteByte("&|!"[n.kind])
		for _, child := range n.nodes {
			child.print(b)
		}
	case presentNode:
		b.WriteString(n.attribute + "=*")
	case substringsNode:
		parts := slices.Concat([]string{n.initial}, n.middle, []string{n.final})
		for i, part := range parts {
			parts[i] = escapeAssertion(part)
		}
		b.WriteString(n.attribute + "=" + strings.Join(parts, "*"))
	case extensibleNode:
		b.WriteString(n.attribute)
		if n.dn {
			b.WriteString(":dn")
		}
		if n.rule != "" {
			b.WriteString(":" + n.rule)
		}
		b.WriteString(":=" + escapeAssertion(n.value))
	default:
		operator := map[nodeKind]string{equalNode: "=", greaterNode: ">=", lessNode: "<=", approxNode: "~="}[n.kind]
		b.WriteString(n.attribute + operator + escapeAssertion(n.value))
	}
	b.WriteByte(')')
}

// escapeAssertion escapes what a filter's text cannot hold, and octets that are not UTF-8.
func escapeAssertion(value string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := 0; i < len(value); {
		r, width := utf8.DecodeRuneInString(value[i:])
		c := value[i]
		if r == utf8.RuneError && width <= 1 || strings.ContainsRune("\\*()\x00", r) {
			b.Write([]byte{'\\', digits[c>>4], digits[c&15]})
		} else {
			b.WriteString(value[i : i+width])
		}
		i += width
	}
	return b.String()
}
