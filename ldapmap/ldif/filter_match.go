package ldif

import (
	"math/big"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// truth is a value of the three-valued logic of RFC 4511 §4.5.1.7, ordered so that `and` is the least and `or` the greatest.
type truth int

const (
	isFalse truth = iota
	isUndefined
	isTrue
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

func (n *node) evaluate(e *Entry, s *Subschema) truth {
	switch n.kind {
	case andNode:
		result := isTrue
		for i := range n.nodes {
			if result = min(result, n.nodes[i].evaluate(e, s)); result == isFalse {
				break
			}
		}
		return result
	case orNode:
		result := isFalse
		var last compared
		for i := range n.nodes {
			if result = max(result, last.evaluate(&n.nodes[i], e, s)); result == isTrue {
				break
			}
		}
		return result
	case notNode:
		return isTrue - n.nodes[0].evaluate(e, s)
	case extensibleNode:
		return n.extensible(e, s)
	}
	held := n.held(e, s)
	if n.unknown(held, s) {
		return isUndefined
	}
	switch n.kind {
	case presentNode:
		return truthOf(len(held) > 0)
	case substringsNode:
		return n.substrings(held, s)
	case greaterNode, lessNode:
		return n.ordered(held, s)
	default:
		return n.equal(held, s.rule(n.attribute, equality), s)
	}
}

// compared is what the values of many nodes are compared with, one after the other: an entry's of the same attribute.
type compared struct {
	attribute string // "": of none yet
	held      []Attribute
	rule      *matchingRule
}

func (c *compared) evaluate(n *node, e *Entry, s *Subschema) truth {
	if n.kind != equalNode {
		return n.evaluate(e, s)
	}
	if c.attribute == "" || c.attribute != n.attribute {
		c.attribute, c.held, c.rule = n.attribute, n.held(e, s), s.rule(n.attribute, equality)
	}
	if n.unknown(c.held, s) {
		return isUndefined
	}
	return n.equal(c.held, c.rule, s)
}

// held returns the entry's attributes that the node's attribute description covers.
func (n *node) held(e *Entry, s *Subschema) []Attribute {
	if e == nil {
		return nil
	}
	var held []Attribute
	for _, a := range e.Attributes {
		if s.Covers(n.attribute, a.Name) {
			held = append(held, a)
		}
	}
	return held
}

// unknown says that neither the schema nor the entry has the attribute.
func (n *node) unknown(held []Attribute, s *Subschema) bool {
	return held == nil && s != nil && s.Attribute(n.attribute) == nil
}

// equal compares by a rule. An object class also matches by its superclasses, as directories do that do not store them.
func (n *node) equal(held []Attribute, rule *matchingRule, s *Subschema) truth {
	if rule == nil {
		return isUndefined
	}
	wanted, ok := rule.normal(s, n.value)
	if !ok {
		return isUndefined
	}
	for _, a := range held {
		if slices.Contains(a.Values, n.value) {
			return isTrue
		}
	}
	if rule == objectIdentifier && s != nil && s.Class(n.value) == nil && s.Attribute(n.value) == nil && !numericOID(n.value) {
		return isUndefined // a name of nothing
	}
	classes := rule == objectIdentifier && strings.EqualFold(s.Canonical(n.attribute), "objectClass")
	return anyValue(held, func(v string) bool {
		got, ok := rule.normal(s, v)
		return ok && got == wanted || classes && s.IsA(v, n.value)
	})
}

func numericOID(v string) bool { return v != "" && strings.Trim(v, "0123456789.") == "" }

func (n *node) ordered(held []Attribute, s *Subschema) truth {
	rule := s.rule(n.attribute, ordering)
	if rule == nil {
		return isUndefined
	}
	wanted, ok := rule.normal(s, n.value)
	if !ok {
		return isUndefined
	}
	return anyValue(held, func(v string) bool {
		got, ok := rule.normal(s, v)
		if !ok {
			return false
		}
		if n.kind == greaterNode {
			return rule.order(got, wanted) >= 0
		}
		return rule.order(got, wanted) <= 0
	})
}

func (n *node) substrings(held []Attribute, s *Subschema) truth {
	rule := s.rule(n.attribute, substrings)
	if rule == nil || rule.piece == nil {
		return isUndefined
	}
	return anyValue(held, func(v string) bool {
		rest, ok := rule.normal(s, v)
		if !ok {
			return false
		}
		rest, ok = strings.CutPrefix(rest, rule.piece(n.initial, true, false))
		if !ok {
			return false
		}
		for _, part := range n.middle {
			if _, rest, ok = strings.Cut(rest, rule.piece(part, false, false)); !ok {
				return false
			}
		}
		return strings.HasSuffix(rest, rule.piece(n.final, false, true))
	})
}

// The bitwise matching rules ([MS-ADTS] §3.1.1.3.4.4), which OpenLDAP knows too.
const (
	BitwiseAnd = "1.2.840.113556.1.4.803"
	bitwiseOr  = "1.2.840.113556.1.4.804"
)

func (n *node) extensible(e *Entry, s *Subschema) truth {
	rule := strings.ToLower(n.rule)
	var held []Attribute
	if n.attribute != "" {
		held = n.held(e, s)
	} else if e != nil {
		held = e.Attributes
	}
	if n.dn && e != nil {
		held = slices.Concat(held, n.named(e.DN, s))
	}
	if n.attribute != "" && n.unknown(held, s) {
		return isUndefined
	}
	switch rule {
	case "":
		return n.equal(held, s.rule(n.attribute, equality), s)
	case BitwiseAnd, "integerbitandmatch":
		return n.bits(held, func(v, mask *big.Int) bool { return new(big.Int).And(v, mask).Cmp(mask) == 0 })
	case bitwiseOr, "integerbitormatch":
		return n.bits(held, func(v, mask *big.Int) bool { return new(big.Int).And(v, mask).Sign() != 0 })
	}
	if matchingRules[rule] == nil {
		return isUndefined // among them the transitive rule 1.2.840.113556.1.4.1941: one entry does not tell
	}
	return n.equal(held, matchingRules[rule], s)
}

// named returns the attributes of a DN's RDNs that the node means.
func (n *node) named(dn string, s *Subschema) []Attribute {
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return nil
	}
	var named []Attribute
	for _, rdn := range parsed.RDNs {
		for _, a := range rdn.Attributes {
			if n.attribute == "" || s.Covers(n.attribute, a.Type) {
				named = append(named, Attribute{a.Type, []string{a.Value}})
			}
		}
	}
	return named
}

func (n *node) bits(held []Attribute, match func(v, mask *big.Int) bool) truth {
	mask, ok := bitsOf(n.value)
	if !ok {
		return isUndefined
	}
	return anyValue(held, func(v string) bool {
		number, ok := bitsOf(v)
		return ok && match(number, mask)
	})
}

func bitsOf(v string) (*big.Int, bool) {
	normal, ok := normalInteger(nil, v)
	if !ok {
		return nil, false
	}
	return new(big.Int).SetString(normal, 10)
}

func anyValue(held []Attribute, match func(string) bool) truth {
	for _, a := range held {
		if slices.ContainsFunc(a.Values, match) {
			return isTrue
		}
	}
	return isFalse
}
