package filter

import (
	"encoding/json"
	"strconv"
	"strings"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// operand is a comparison's value as written: a JSON literal, or a bare word.
type operand struct {
	text string // a string's content, any other's text
	kind operandKind
}

type operandKind int

const (
	aString operandKind = iota
	aWord               // true, false, a number, or a bare word
	aNull
)

func (p *parser) operand() (operand, error) {
	p.space()
	start := p.pos
	if !p.take('"') {
		word := p.word()
		switch {
		case word == "":
			return operand{}, p.errorf("a value is missing")
		case word[0] == '\'':
			p.pos = start
			return operand{}, p.errorf("a string stands in double quotes")
		case strings.ContainsRune(word, '"'): // escaped once too often: \"work\" would be a type of its own
			p.pos = start
			return operand{}, p.errorf("a quotation mark stands within a word: a string begins with one, without a backslash before it")
		case inAnyCase(p.dialect, word, "null"):
			return operand{word, aNull}, nil
		}
		return operand{word, aWord}, nil
	}
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case '\\':
			p.pos++
		case '"':
			p.pos++
			s, err := unquote(p.text[start:p.pos])
			if err != nil {
				p.pos = start
				return operand{}, p.errorf("a string is not valid JSON")
			}
			return operand{s, aString}, nil
		}
		p.pos++
	}
	p.pos = start
	return operand{}, p.errorf("a string is not closed")
}

// unquote reads a JSON string. Most hold nothing that stands for something else.
func unquote(literal string) (s string, err error) {
	if !strings.ContainsFunc(literal, func(r rune) bool { return r < ' ' || r == '\\' }) {
		return literal[1 : len(literal)-1], nil
	}
	err = json.Unmarshal([]byte(literal), &s)
	return s, err
}

// with completes a comparison with its value, given the attribute's own type. wrong says what does not fit together.
func (c *Compare) with(d scim.Dialect, v operand) (_ Expr, wrong string) {
	if c.Op == Present {
		return c, ""
	}
	if v.kind == aNull {
		if e := c.withNull(); e != nil {
			return e, ""
		}
		return nil, "can be compared with null only by eq and ne"
	}
	// A complex attribute means its value (RFC 7644 §3.4.2.2): `emails eq "x"`.
	if a := c.Path.Ref.Leaf(); a.Type == schema.Complex {
		if c.Path.Ref.Sub = a.Sub("value"); c.Path.Ref.Sub == nil || !valueOfOne(d, a) {
			return nil, "is complex: name one of its sub-attributes"
		}
		c.Path.Sub = "value"
	}
	switch a := c.Path.Ref.Leaf(); a.Type {
	case schema.Boolean:
		return c.withBoolean(d, v)
	case schema.Integer, schema.Decimal:
		return c.withNumber(d, v)
	case schema.DateTime:
		if _, ok := schema.ParseDateTime(v.text); !ok && !c.inText() {
			return nil, "is a dateTime: compare it with one such as \"2026-05-13T04:42:34Z\""
		}
	case schema.Binary:
		if c.ordered() {
			return nil, "is binary and has no order" // RFC 7644 §3.4.2.2
		}
	}
	if !unquoted(d, v) {
		return nil, "is compared with a text in double quotes"
	}
	c.Value = v.text
	return c, ""
}

// withNull is the test of presence that a comparison with null comes to, or nil.
func (c *Compare) withNull() Expr {
	present := &Compare{Path: c.Path, Op: Present}
	switch c.Op {
	case Equal:
		return &Not{present}
	case NotEqual:
		return present
	}
	return nil
}

// unmapped completes a comparison of an attribute that the type does not have.
func (c *Compare) unmapped(v operand) Expr {
	if v.kind == aNull {
		if e := c.withNull(); e != nil {
			return e
		}
	}
	c.Value = v.text
	return c
}

func (c *Compare) withBoolean(d scim.Dialect, v operand) (Expr, string) {
	if c.Op != Equal && c.Op != NotEqual {
		return nil, "is a Boolean: only eq, ne and pr apply" // RFC 7644 §3.4.2.2 for the order
	}
	switch {
	case !quoted(d, v):
		return nil, "is a Boolean: compare it with true or false, without quotes"
	case inAnyCase(d, v.text, "true"):
		c.Value = true
	case inAnyCase(d, v.text, "false"):
		c.Value = false
	default:
		return nil, "is a Boolean: compare it with true or false"
	}
	return c, ""
}

func (c *Compare) withNumber(d scim.Dialect, v operand) (Expr, string) {
	if c.inText() {
		return nil, "is a number: co, sw and ew do not apply"
	}
	if _, err := strconv.ParseFloat(v.text, 64); err != nil || !quoted(d, v) || !json.Valid([]byte(v.text)) {
		return nil, "is a number: compare it with one"
	}
	c.Value = json.Number(v.text)
	return c, ""
}

// inText says that the operator looks into the text of a value.
func (c *Compare) inText() bool {
	return c.Op == Contains || c.Op == StartsWith || c.Op == EndsWith
}

// ordered says that the operator asks for an order.
func (c *Compare) ordered() bool {
	switch c.Op {
	case Greater, GreaterOrEqual, Less, LessOrEqual:
		return true
	}
	return false
}
