package filter

import (
	"strings"
	"unicode/utf8"

	"scimbridge/scim/schema"
)

// attribute reads an attribute path and resolves it.
func (p *parser) attribute() (AttrPath, error) {
	start := p.pos
	token := p.token()
	if token == "" {
		return AttrPath{}, p.errorf("an attribute is missing")
	}
	if p.scope != nil {
		if !isName(token) {
			p.pos = start
			return AttrPath{}, p.errorf("%q is not a sub-attribute", token)
		}
		return p.inScope(token, start), nil
	}
	var a AttrPath
	a.URN, a.Name, a.Sub = p.dialect.SplitPath(p.rt, token)
	if !p.resolve(&a, start) && (!isName(a.Name) || a.Sub != "" && !isName(a.Sub)) {
		p.pos = start
		return AttrPath{}, p.errorf("%q is not an attribute path", token)
	}
	return a, nil
}

// resolve finds the attribute, or notes that it is unmapped.
func (p *parser) resolve(a *AttrPath, at int) bool {
	ref, ok := p.dialect.Resolve(p.rt, a.URN, a.Name, a.Sub)
	if ok {
		a.Ref = ref
		return true
	}
	a.Ref = schema.Ref{}
	p.miss(a.String(), at)
	return false
}

func (p *parser) miss(path string, at int) {
	if p.unmapped == nil {
		now := p.pos
		p.pos = at
		p.unmapped = p.errorf("the attribute %q is not known to %s", path, p.rt.Name)
		p.pos = now
	}
}

// inScope resolves the name of a sub-attribute inside brackets.
func (p *parser) inScope(name string, at int) AttrPath {
	a := AttrPath{Name: name}
	ref := p.scope.ref
	if ref.Attr == nil {
		return a // unmapped, and noted
	}
	if ref.Attr.Type != schema.Complex && strings.EqualFold(name, "value") {
		a.Ref = ref
		return a
	}
	if ref.Sub = ref.Attr.Sub(name); ref.Sub == nil {
		p.miss(ref.Owner().String()+"."+name, at)
		return a
	}
	a.Ref = ref
	return a
}

// isName says whether the text can be an attribute's name (RFC 7643 §2.1, with `$ref` and names such as Entra's "-dn-").
func isName(s string) bool {
	for _, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && r != '-' && r != '_' && r != '$' {
			return false
		}
	}
	return s != ""
}

func (p *parser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

func (p *parser) take(c byte) bool {
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

// token reads an attribute path or an operator: up to a space, a bracket, a parenthesis or a quote.
func (p *parser) token() string { return p.until(" \t\r\n[]()\"") }

// word reads a bare value: up to a space or a closing bracket or parenthesis.
func (p *parser) word() string { return p.until(" \t\r\n])") }

func (p *parser) until(stop string) string {
	start := p.pos
	for p.pos < len(p.text) && strings.IndexByte(stop, p.text[p.pos]) < 0 {
		p.pos++
	}
	return p.text[start:p.pos]
}

// keyword takes a logical operator, ignoring case.
func (p *parser) keyword(word string) bool {
	start := p.pos
	p.space()
	if strings.EqualFold(p.token(), word) {
		return true
	}
	p.pos = start
	return false
}

func (p *parser) rune() string {
	r, _ := utf8.DecodeRuneInString(p.text[p.pos:])
	return string(r)
}
