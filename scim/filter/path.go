package filter

import (
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// ParsePath reads the path of a PATCH operation. Errors are *scim.Error with invalidPath; an attribute that rt does not have is one.
func ParsePath(text string, rt *schema.ResourceType, d scim.Dialect) (Path, error) {
	path, unmapped, err := parsePath(text, rt, d)
	if err == nil && unmapped != nil {
		err = unmapped
	}
	if err != nil {
		return Path{}, err
	}
	return path, nil
}

// LookupPath is ParsePath for a caller that treats an attribute which rt does not have as no error: known is false then.
func LookupPath(text string, rt *schema.ResourceType, d scim.Dialect) (path Path, known bool, err error) {
	path, unmapped, err := parsePath(text, rt, d)
	if err != nil || unmapped != nil {
		return Path{}, false, err
	}
	return path, true, nil
}

func parsePath(text string, rt *schema.ResourceType, d scim.Dialect) (_ Path, unmapped *scim.Error, err error) {
	p := newParser(text, rt, d, scim.InvalidPath)
	path, err := p.path()
	return path, p.unmapped, err
}

func (p *parser) path() (Path, error) {
	if err := p.check(); err != nil {
		return Path{}, err
	}
	p.space()
	at := p.pos
	attr, err := p.attribute()
	if err != nil {
		return Path{}, err
	}
	path := Path{Attr: attr}
	if p.take('[') {
		if attr.Sub != "" || attr.Name == "" {
			return Path{}, p.errorf("a value filter belongs to an attribute")
		}
		if !selectsOfOne(p.dialect, attr.Ref.Attr) {
			return Path{}, p.errorf("a value filter belongs to an attribute with many values")
		}
		if path.Filter, err = p.bracketed(attr.Ref); err != nil {
			return Path{}, err
		}
		if p.take('.') {
			path.Attr.Sub = p.token()
			if !isName(path.Attr.Sub) {
				return Path{}, p.errorf("a sub-attribute must follow the dot")
			}
			p.resolve(&path.Attr, at)
		}
	}
	if p.space(); p.pos < len(p.text) {
		return Path{}, p.errorf("unexpected %q in the path", p.rune())
	}
	return path, nil
}
