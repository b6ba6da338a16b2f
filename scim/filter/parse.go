package filter

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// Parse reads a filter and resolves its paths against rt. Errors are *scim.Error with invalidFilter and name the position.
// An attribute that rt does not have is an error, and so is one that is never returned: a filter must not be a way to guess a password.
func Parse(text string, rt *schema.ResourceType, d scim.Dialect) (Expr, error) {
	p := newParser(text, rt, d, scim.InvalidFilter)
	e, err := p.whole()
	if err != nil {
		return nil, err
	}
	if p.unmapped != nil {
		return nil, p.unmapped
	}
	return e, nil
}

// parser reads by recursive descent: or > and > not, group, comparison (RFC 7644 §3.4.2.2; errata 4670 and 7319 for the precedence and for
// `not (` with a space).
type parser struct {
	text     string
	pos      int
	rt       *schema.ResourceType
	dialect  scim.Dialect
	limits   scim.Limits
	fault    scim.ScimType
	depth    int
	terms    int
	scope    *scope      // inside brackets
	unmapped *scim.Error // the first attribute that rt does not have; the text is read on to its end all the same
}

func newParser(text string, rt *schema.ResourceType, d scim.Dialect, fault scim.ScimType) *parser {
	return &parser{text: text, rt: rt, dialect: d, limits: d.Limits.WithDefaults(), fault: fault}
}

// scope is the attribute whose values a bracketed filter is about; its Attr is nil where that is unmapped.
type scope struct{ ref schema.Ref }

func (p *parser) errorf(format string, args ...any) *scim.Error {
	at := fmt.Sprintf(" (character %d)", 1+utf8.RuneCountInString(p.text[:p.pos]))
	return &scim.Error{Type: p.fault, Detail: fmt.Sprintf(format, args...) + at}
}

func (p *parser) check() error {
	if len(p.text) > p.limits.FilterLength {
		return &scim.Error{Type: p.fault, Detail: fmt.Sprintf("longer than %d bytes (limits.filterLength)", p.limits.FilterLength)}
	}
	if !utf8.ValidString(p.text) {
		return &scim.Error{Type: p.fault, Detail: "not UTF-8"}
	}
	return nil
}

func (p *parser) whole() (Expr, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.space(); p.pos < len(p.text) {
		return nil, p.errorf("unexpected %q after the filter", p.rune())
	}
	return e, nil
}

func (p *parser) or() (Expr, error) {
	left, err := p.and()
	for err == nil && p.keyword("or") {
		var right Expr
		right, err = p.and()
		left = &Or{left, right}
	}
	return left, err
}

func (p *parser) and() (Expr, error) {
	left, err := p.term()
	for err == nil && p.keyword("and") {
		var right Expr
		right, err = p.term()
		left = &And{left, right}
	}
	return left, err
}

func (p *parser) term() (Expr, error) {
	p.space()
	start := p.pos
	if p.keyword("not") {
		p.space()
		if p.take('(') {
			inner, err := p.group()
			return &Not{inner}, err
		}
		p.pos = start
		return nil, p.errorf("not must be followed by a parenthesis")
	}
	if p.take('(') {
		return p.group()
	}
	return p.comparison()
}

func (p *parser) group() (Expr, error) {
	if p.depth++; p.depth > p.limits.FilterDepth {
		return nil, p.errorf("nested deeper than %d levels (limits.filterDepth)", p.limits.FilterDepth)
	}
	defer func() { p.depth-- }()
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.space(); !p.take(')') {
		return nil, p.errorf("a parenthesis is not closed")
	}
	return e, nil
}

// bracketed reads the inner filter of a value path, after its opening bracket.
func (p *parser) bracketed(ref schema.Ref) (Expr, error) {
	if p.scope != nil {
		return nil, p.errorf("a value filter cannot stand in another")
	}
	p.scope = &scope{ref}
	defer func() { p.scope = nil }()
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.space(); !p.take(']') {
		return nil, p.errorf("a bracket is not closed")
	}
	return e, nil
}

func (p *parser) comparison() (Expr, error) {
	at := p.pos
	attr, err := p.attribute()
	if err != nil {
		return nil, err
	}
	if attr.Name == "" {
		p.pos = at
		return nil, p.errorf("%q names a schema, not an attribute", attr.URN)
	}
	if !p.take('[') {
		return p.compare(attr, at)
	}
	if attr.Sub != "" {
		return nil, p.errorf("a value filter belongs to an attribute, not to a sub-attribute")
	}
	if !selectsOfOne(p.dialect, attr.Ref.Attr) {
		return nil, p.errorf("a value filter belongs to an attribute with many values")
	}
	inner, err := p.bracketed(attr.Ref)
	if err != nil {
		return nil, err
	}
	whole := &ValuePath{attr, inner}
	sub := ""
	if p.take('.') {
		if sub = p.token(); !isName(sub) {
			return nil, p.errorf("a sub-attribute must follow the dot")
		}
	} else if !p.operatorFollows() {
		return whole, nil
	}
	if !beyondBrackets(p.dialect) {
		return nil, p.errorf("a value filter is not compared: put the comparison into its brackets")
	}
	// `emails[type eq "work"].value eq "x"` asks for one value that is both. Without `.value` the value is meant.
	if sub == "" {
		sub = "value"
	}
	p.scope = &scope{attr.Ref}
	c, err := p.compare(p.inScope(sub, at), at)
	p.scope = nil
	if err != nil {
		return nil, err
	}
	whole.Inner = &And{inner, c}
	return whole, nil
}

// operatorFollows looks ahead for a comparison operator.
func (p *parser) operatorFollows() bool {
	start := p.pos
	p.space()
	op := Op(strings.ToLower(p.token()))
	p.pos = start
	return operators[op]
}

var operators = map[Op]bool{
	Equal: true, NotEqual: true, Contains: true, StartsWith: true, EndsWith: true, Present: true,
	Greater: true, GreaterOrEqual: true, Less: true, LessOrEqual: true,
}

// compare reads the operator and the value of a comparison of attr, which stood at the position given.
func (p *parser) compare(attr AttrPath, at int) (Expr, error) {
	if p.terms++; p.terms > p.limits.FilterTerms {
		return nil, p.errorf("more than %d comparisons (limits.filterTerms)", p.limits.FilterTerms)
	}
	p.space()
	start := p.pos
	word := p.token()
	op := Op(strings.ToLower(word))
	if !operators[op] {
		p.pos = start
		if word == "" {
			return nil, p.errorf("an operator must follow %q", attr.String())
		}
		return nil, p.errorf("%q is not an operator", word)
	}
	c := &Compare{Path: attr, Op: op}
	var value operand
	if op != Present {
		var err error
		if value, err = p.operand(); err != nil {
			return nil, err
		}
	}
	if attr.Ref.Attr == nil { // unmapped
		return c.unmapped(value), nil
	}
	if attr.Ref.Leaf().Returned == schema.Never || attr.Ref.Attr.Returned == schema.Never {
		p.pos = at
		return nil, p.errorf("%s cannot be used in a filter", attr.String())
	}
	e, wrong := c.with(p.dialect, value)
	if wrong != "" {
		p.pos = at
		return nil, p.errorf("%s %s", attr.String(), wrong)
	}
	if replaced := onSchemas(c, p.rt); p.scope == nil && replaced != nil {
		return replaced, nil
	}
	return e, nil
}
