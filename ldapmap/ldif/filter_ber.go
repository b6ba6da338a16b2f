package ldif

import (
	"errors"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

var errFilterEncoding = errors.New("not the encoding of a filter")

// DecodeFilter reads a filter as a search request carries it (RFC 4511 §4.5.1).
func DecodeFilter(p *ber.Packet) (*Filter, error) {
	root, err := decodeNode(p, 0)
	if err != nil {
		return nil, err
	}
	return newFilter(root), nil
}

func decodeNode(p *ber.Packet, depth int) (node, error) {
	if p == nil || p.ClassType != ber.ClassContext || depth > maxFilterDepth {
		return node{}, errFilterEncoding
	}
	switch p.Tag {
	case ldap.FilterAnd, ldap.FilterOr, ldap.FilterNot:
		n := node{kind: nodeKind(p.Tag)}
		for _, child := range p.Children {
			c, err := decodeNode(child, depth+1)
			if err != nil {
				return node{}, err
			}
			n.nodes = append(n.nodes, c)
		}
		if p.TagType != ber.TypeConstructed || n.kind == notNode && len(n.nodes) != 1 {
			return node{}, errFilterEncoding
		}
		return n, nil
	case ldap.FilterEqualityMatch, ldap.FilterGreaterOrEqual, ldap.FilterLessOrEqual, ldap.FilterApproxMatch:
		if len(p.Children) != 2 || !validName(octetsOf(p.Children[0])) || !primitive(p.Children[1]) {
			return node{}, errFilterEncoding
		}
		return node{kind: nodeKind(p.Tag), attribute: octetsOf(p.Children[0]), value: octetsOf(p.Children[1])}, nil
	case ldap.FilterPresent:
		if !primitive(p) || !validName(octetsOf(p)) {
			return node{}, errFilterEncoding
		}
		return node{kind: presentNode, attribute: octetsOf(p)}, nil
	case ldap.FilterSubstrings:
		return decodeSubstrings(p)
	case ldap.FilterExtensibleMatch:
		return decodeExtensible(p)
	}
	return node{}, errFilterEncoding
}

func decodeSubstrings(p *ber.Packet) (node, error) {
	if len(p.Children) != 2 || !validName(octetsOf(p.Children[0])) || len(p.Children[1].Children) == 0 {
		return node{}, errFilterEncoding
	}
	parts := p.Children[1].Children
	n := node{kind: substringsNode, attribute: octetsOf(p.Children[0])}
	for i, part := range parts {
		text := octetsOf(part)
		switch {
		case !primitive(part) || text == "":
			return node{}, errFilterEncoding
		case part.Tag == ldap.FilterSubstringsInitial && i == 0:
			n.initial = text
		case part.Tag == ldap.FilterSubstringsFinal && i == len(parts)-1:
			n.final = text
		case part.Tag == ldap.FilterSubstringsAny:
			n.middle = append(n.middle, text)
		default:
			return node{}, errFilterEncoding
		}
	}
	return n, nil
}

func decodeExtensible(p *ber.Packet) (node, error) {
	n := node{kind: extensibleNode}
	for _, part := range p.Children {
		if !primitive(part) {
			return node{}, errFilterEncoding
		}
		switch text := octetsOf(part); part.Tag {
		case ldap.MatchingRuleAssertionMatchingRule:
			n.rule = text
		case ldap.MatchingRuleAssertionType:
			n.attribute = text
		case ldap.MatchingRuleAssertionMatchValue:
			n.value = text
		case ldap.MatchingRuleAssertionDNAttributes:
			n.dn = text != "" && text != "\x00"
		}
	}
	if n.rule == "" && n.attribute == "" || n.rule != "" && !validName(n.rule) || n.attribute != "" && !validName(n.attribute) {
		return node{}, errFilterEncoding
	}
	return n, nil
}

func primitive(p *ber.Packet) bool { return p.TagType == ber.TypePrimitive }

// octetsOf returns a primitive's content.
func octetsOf(p *ber.Packet) string {
	if p.Data == nil {
		return ""
	}
	return p.Data.String()
}
