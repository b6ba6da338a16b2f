package ldif

import (
	"slices"
	"strings"
)

// Attributes are the attributes that the filter names, each once: what an entry must be read with for Matches to tell the truth.
func (f *Filter) Attributes() []string {
	var names []string
	var walk func(n node)
	walk = func(n node) {
		if n.attribute != "" && !Named(names, n.attribute) {
			names = append(names, n.attribute)
		}
		for _, child := range n.nodes {
			walk(child)
		}
	}
	walk(f.root)
	return names
}

// Test is what a filter asks of an attribute, by which an index may find entries.
type Test struct {
	Attribute string
	By        Index
}

// Index is a kind of index.
type Index int

// The kinds.
const (
	ByEquality Index = iota
	BySubstrings
	ByPresence
)

// Tests are what the filter asks of attributes, each once, but for what it denies: no index finds who is without a value.
func (f *Filter) Tests() (tests []Test) {
	kinds := map[nodeKind]Index{equalNode: ByEquality, substringsNode: BySubstrings, presentNode: ByPresence}
	var walk func(n node)
	walk = func(n node) {
		if by, ok := kinds[n.kind]; ok && !slices.Contains(tests, Test{n.attribute, by}) {
			tests = append(tests, Test{n.attribute, by})
		}
		if n.kind == notNode {
			return
		}
		for _, child := range n.nodes {
			walk(child)
		}
	}
	walk(f.root)
	return tests
}

// Reads says whether the filter may judge an entry by the attribute. What names no attribute judges by all of them.
func (f *Filter) Reads(attribute string, s *Subschema) bool {
	var walk func(n node) bool
	walk = func(n node) bool {
		return n.kind == extensibleNode && n.attribute == "" || n.attribute != "" && s.Covers(n.attribute, attribute) ||
			slices.ContainsFunc(n.nodes, walk)
	}
	return walk(f.root)
}

// replaceEqualities returns the filter with another in the place of each equality that replace has an answer for (nil: it stays).
func (f *Filter) replaceEqualities(replace func(attribute, value string) *Filter) *Filter {
	var walk func(n node) node
	walk = func(n node) node {
		if n.kind == equalNode {
			if other := replace(n.attribute, n.value); other != nil {
				return other.root
			}
			return n
		}
		n.nodes = slices.Clone(n.nodes)
		for i, child := range n.nodes {
			n.nodes[i] = walk(child)
		}
		return n
	}
	return newFilter(walk(f.root))
}

// WithoutUnknownRules is the filter for an entry of which it is known that nothing of it matches by the rules that Matches cannot judge by.
func (f *Filter) WithoutUnknownRules() *Filter {
	var walk func(n node) node
	walk = func(n node) node {
		if n.kind == extensibleNode && len((&Filter{root: n}).UnknownRules()) > 0 {
			return node{kind: orNode} // which is false (RFC 4526)
		}
		n.nodes = slices.Clone(n.nodes)
		for i, child := range n.nodes {
			n.nodes[i] = walk(child)
		}
		return n
	}
	return newFilter(walk(f.root))
}

// UnknownRules are the matching rules that the filter names and Matches cannot judge by, as Active Directory's transitive one.
func (f *Filter) UnknownRules() []string {
	var unknown []string
	var walk func(n node)
	walk = func(n node) {
		rule := strings.ToLower(n.rule)
		switch rule {
		case "", BitwiseAnd, "integerbitandmatch", bitwiseOr, "integerbitormatch":
		default:
			if matchingRules[rule] == nil {
				unknown = append(unknown, n.rule)
			}
		}
		for _, child := range n.nodes {
			walk(child)
		}
	}
	walk(f.root)
	return unknown
}
