package ldif

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// filterParser reads the grammar of RFC 4515 §3, with the empty `(&)` and `(|)` of RFC 4526.
type filterParser struct {
	text string
	at   int
}

func (p *filterParser) fault(format string, args ...any) error {
	return fmt.Errorf("filter %.200q, offset %d: %s", p.text, p.at, fmt.Sprintf(format, args...))
}

// rest is what is still to be read.
func (p *filterParser) rest() string { return p.text[p.at:] }

// take steps over a mark if it stands here.
func (p *filterParser) take(mark string) bool {
	if !strings.HasPrefix(p.rest(), mark) {
		return false
	}
	p.at += len(mark)
	return true
}

func (p *filterParser) filter(depth int) (node, error) {
	if depth > maxFilterDepth {
		return node{}, p.fault("nested deeper than %d", maxFilterDepth)
	}
	if !p.take("(") {
		return node{}, p.fault("'(' wanted")
	}
	var n node
	var err error
	switch {
	case p.take("&"):
		n.kind = andNode
		n.nodes, err = p.filters(depth)
	case p.take("|"):
		n.kind = orNode
		n.nodes, err = p.filters(depth)
	case p.take("!"):
		var child node
		child, err = p.filter(depth + 1)
		n = node{kind: notNode, nodes: []node{child}}
	default:
		n, err = p.item()
	}
	if err != nil {
		return node{}, err
	}
	if !p.take(")") {
		return node{}, p.fault("')' wanted")
	}
	return n, nil
}

func (p *filterParser) filters(depth int) ([]node, error) {
	var nodes []node
	for strings.HasPrefix(p.rest(), "(") {
		child, err := p.filter(depth + 1)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, child)
	}
	return nodes, nil
}

// item reads an attribute, an operator and an assertion value, up to the closing parenthesis.
func (p *filterParser) item() (node, error) {
	n := node{attribute: p.name()}
	switch {
	case p.take(">="):
		n.kind = greaterNode
	case p.take("<="):
		n.kind = lessNode
	case p.take("~="):
		n.kind = approxNode
	case p.take("="):
		n.kind = equalNode
	case strings.HasPrefix(p.rest(), ":"):
		n.kind = extensibleNode
		if err := p.extension(&n); err != nil {
			return node{}, err
		}
	case n.attribute == "":
		return node{}, p.fault("an attribute wanted")
	default:
		return node{}, p.fault("an operator wanted")
	}
	if n.attribute == "" && n.kind != extensibleNode {
		return node{}, p.fault("no attribute before the operator")
	}
	parts, err := p.value()
	if err != nil {
		return node{}, err
	}
	switch {
	case len(parts) == 1:
		n.value = parts[0]
	case n.kind != equalNode:
		return node{}, p.fault(`a '*' in a value is written \2a`)
	default:
		return substringsOf(n.attribute, parts), nil
	}
	return n, nil
}

// extension reads the rest of an extensible match's left side: `:dn:rule:=`, where both may be missing.
func (p *filterParser) extension(n *node) error {
	if strings.HasPrefix(p.rest(), ":dn:") || strings.HasPrefix(p.rest(), ":DN:") {
		p.at += len(":dn")
		n.dn = true
	}
	if !strings.HasPrefix(p.rest(), ":=") {
		p.at++
		if n.rule = p.name(); n.rule == "" {
			return p.fault("a matching rule wanted")
		}
	}
	if !p.take(":=") {
		return p.fault("':=' wanted")
	}
	if n.attribute == "" && n.rule == "" {
		return p.fault("neither an attribute nor a matching rule")
	}
	return nil
}

// name reads an attribute description or an object identifier.
func (p *filterParser) name() string {
	start := p.at
	for p.at < len(p.text) && nameByte(p.text[p.at]) {
		p.at++
	}
	return p.text[start:p.at]
}

// nameByte says whether a byte may stand in an attribute description. The underscore is none of RFC 4512's, but in use.
func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-.;_", c) >= 0
}

// validName says whether text can be an attribute description.
func validName(text string) bool {
	for i := range len(text) {
		if !nameByte(text[i]) {
			return false
		}
	}
	return text != ""
}

// value reads an assertion value, cut at its asterisks, without its escapes.
func (p *filterParser) value() ([]string, error) {
	var parts []string
	var part strings.Builder
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == ')':
			return append(parts, part.String()), nil
		case c == '*':
			parts = append(parts, part.String())
			part.Reset()
			p.at++
		case c == '\\':
			if p.at+2 >= len(p.text) || hexDigit(p.text[p.at+1]) < 0 || hexDigit(p.text[p.at+2]) < 0 {
				return nil, p.fault("two hexadecimal digits wanted after the backslash")
			}
			part.WriteByte(byte(hexDigit(p.text[p.at+1])<<4 | hexDigit(p.text[p.at+2])))
			p.at += 3
		case c == '(' || c == 0:
			return nil, p.fault(`%q in a value is written \%02x`, c, c)
		default:
			r, width := utf8.DecodeRuneInString(p.rest())
			if r == utf8.RuneError && width <= 1 {
				return nil, p.fault(`an octet that is not UTF-8 is written \%02x`, c)
			}
			part.WriteString(p.text[p.at : p.at+width])
			p.at += width
		}
	}
	return nil, p.fault("')' wanted")
}

// substringsOf makes the node of a value cut at its asterisks. Empty parts between them say nothing.
func substringsOf(attribute string, parts []string) node {
	n := node{kind: substringsNode, attribute: attribute, initial: parts[0], final: parts[len(parts)-1]}
	for _, part := range parts[1 : len(parts)-1] {
		if part != "" {
			n.middle = append(n.middle, part)
		}
	}
	if n.initial == "" && n.final == "" && n.middle == nil {
		n.kind = presentNode
	}
	return n
}
