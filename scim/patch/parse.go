package patch

import (
	"errors"
	"fmt"
	"strings"

	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// Parse reads a PATCH body. dropped lists the paths and keys that rt does not have; operations on them are left out, and so are readOnly
// attributes that a value merely carries. Errors are *scim.Error (invalidSyntax, invalidPath, invalidValue, mutability, noTarget) and name
// the operation.
// Keys that a body or an operation does not have are passed over: Microsoft's Postman collection sends a body-level id and an
// operation-level name.
func Parse(body []byte, rt *schema.ResourceType, d scim.Dialect) (ops []Op, dropped []string, err error) {
	o, err := scim.Decode(body)
	if err != nil {
		return nil, nil, err
	}
	if err := d.Announces(o, scim.PatchOpURN); err != nil {
		return nil, nil, err
	}
	v, _ := o.Get("Operations")
	list, ok := v.([]any)
	if !ok {
		return nil, nil, &scim.Error{Type: scim.InvalidSyntax, Detail: "Operations must be an array"}
	}
	if len(list) == 0 && !noOperations(d) {
		return nil, nil, &scim.Error{Type: scim.InvalidSyntax, Detail: "Operations must have an operation"}
	}
	p := &parser{rt: rt, dialect: d, reader: scim.Reader{Dialect: d, Type: rt}}
	for i, raw := range list {
		if err := p.operation(i, raw); err != nil {
			return nil, nil, err
		}
	}
	return p.ops, p.reader.Dropped, nil
}

type parser struct {
	rt      *schema.ResourceType
	dialect scim.Dialect
	reader  scim.Reader
	ops     []Op
}

// operation reads one element of Operations.
func (p *parser) operation(i int, raw any) error {
	where := fmt.Sprintf("Operations[%d]", i)
	o, ok := raw.(scim.Object)
	if !ok {
		return &scim.Error{Type: scim.InvalidSyntax, Detail: where + " must be a JSON object"}
	}
	op, _ := o.Get("op")
	word, _ := op.(string)
	kind := kindOf(p.dialect, word)
	switch kind {
	case Add, Replace, Remove:
	default:
		return &scim.Error{Type: scim.InvalidSyntax, Detail: where + ": op must be add, replace or remove"}
	}
	value, has := o.Get("value")
	path, _ := o.Get("path")
	text, ok := path.(string)
	if path != nil && !ok {
		return &scim.Error{Type: scim.InvalidPath, Detail: where + ": path must be a string"}
	}
	where += ", " + string(kind)
	if emptyPath(p.dialect, path) {
		return located(p.pathless(kind, value, has), where)
	}
	return located(p.path(kind, text, value, has, false), fmt.Sprintf("%s %q", where, briefly(p.unsecret(text))))
}

// located puts the operation before an error's text.
func located(err error, where string) error {
	if e, ok := errors.AsType[*scim.Error](err); ok {
		return &scim.Error{Type: e.Type, Detail: where + ": " + e.Detail, Attribute: e.Attribute}
	}
	return err
}

// unsecret is a path for an error's text without what its filter compares with a secret.
func (p *parser) unsecret(path string) string {
	attribute, _, filtered := strings.Cut(path, "[")
	urn, name, sub := p.dialect.SplitPath(p.rt, attribute)
	if ref, ok := p.dialect.Resolve(p.rt, urn, name, sub); filtered && ok && ref.Attr != nil && ref.Attr.Returned == schema.Never {
		return attribute + "[…]"
	}
	return path
}

// briefly is a path for an error's text: one that selects thousands of values is not said back.
func briefly(path string) string {
	const enough = 200
	if len(path) <= enough {
		return path
	}
	return strings.ToValidUTF8(path[:enough], "") + "…"
}

// pathless reads an operation whose value is a set of attributes (RFC 7644 §3.5.2.1): Entra's dotted and URN keys, Okta's id among them.
func (p *parser) pathless(kind Kind, value any, has bool) error {
	if kind == Remove {
		return &scim.Error{Type: scim.NoTarget, Detail: "a remove needs a path"} // RFC 7644 §3.5.2.2
	}
	if !has {
		return errNoValue()
	}
	o, ok := ofList(p.dialect, value).(scim.Object)
	if !ok {
		return &scim.Error{Type: scim.InvalidValue, Detail: "without a path the value must be a JSON object"}
	}
	for _, m := range o {
		if err := p.member(kind, m); err != nil {
			return err
		}
	}
	return nil
}

// member reads a member of a value without a path.
func (p *parser) member(kind Kind, m scim.Member) error {
	if pathKey(p.dialect, p.rt, m.Name) {
		return p.path(kind, m.Name, m.Value, true, true)
	}
	if ref, ok := p.rt.Resolve(p.rt.Split(m.Name)); ok && ref.Attr != nil && readOnly(ref) {
		return p.at(kind, filter.PathOf(ref), m.Value, true, true)
	}
	assignments, err := p.reader.Object(scim.Object{m})
	if err != nil {
		return err
	}
	p.assign(kind, assignments)
	return nil
}

// assign makes an operation of each attribute that a value sets.
func (p *parser) assign(kind Kind, assignments []scim.Assignment) {
	for _, a := range assignments {
		p.put(kind, filter.PathOf(a.Ref), a.Value)
	}
}

// put adds an operation that gives the target a value; no value means remove. But adding nothing to a list leaves it alone: `add members
// []` must not empty a group.
func (p *parser) put(kind Kind, path filter.Path, value any) {
	ref := path.Attr.Ref
	if value == nil {
		if kind == Add && ref.Attr != nil && ref.Leaf().MultiValued && path.Filter == nil {
			return
		}
		kind = Remove
	}
	p.ops = append(p.ops, Op{Kind: kind, Path: path, Value: value})
}

// path reads an operation with a path. carried says that the path is a key in a value, where readOnly attributes are no error.
func (p *parser) path(kind Kind, text string, value any, has, carried bool) error {
	path, known, err := filter.LookupPath(text, p.rt, p.dialect)
	if err != nil {
		return err
	}
	if !known {
		if byLabel, ok := unkept(p.dialect, p.rt, text); ok && isSole(byLabel) {
			return p.sole(kind, byLabel.Attr.Ref, value, has, carried)
		} else if ok {
			return p.at(kind, byLabel, value, has, carried)
		}
		if !ignoresUnmapped(p.dialect) {
			_, err := filter.ParsePath(text, p.rt, p.dialect)
			return err
		}
		p.reader.Drop(text)
		return nil
	}
	if path.Attr.Ref.Attr == nil {
		return p.schema(kind, path, value, has)
	}
	return p.at(kind, path, value, has, carried)
}

// sole makes the value the only one of its attribute.
func (p *parser) sole(kind Kind, ref schema.Ref, value any, has, carried bool) error {
	if kind == Remove {
		return p.at(kind, filter.PathOf(ref.Owner()), nil, has, carried)
	}
	if ref.Sub != nil {
		value = scim.Object{{Name: ref.Sub.Name, Value: value}}
	}
	return p.at(Replace, filter.PathOf(ref.Owner()), []any{value}, has, carried)
}

// schema reads an operation on a bare schema URN: the extension object as a whole, or with the core URN the resource.
func (p *parser) schema(kind Kind, path filter.Path, value any, has bool) error {
	ref := path.Attr.Ref
	if ref.Extension == nil {
		return p.pathless(kind, value, has)
	}
	if kind == Remove {
		p.ops = append(p.ops, Op{Kind: Remove, Path: path})
		return nil
	}
	if !has {
		return errNoValue()
	}
	assignments, err := p.reader.Extension(ref, value)
	if err != nil {
		return err
	}
	p.assign(kind, assignments)
	return nil
}

func (p *parser) at(kind Kind, path filter.Path, raw any, has, carried bool) error {
	ref := path.Attr.Ref
	if ref.Attr.Name == "schemas" {
		return nil // follows from the extensions in use
	}
	if readOnly(ref) {
		// An equal id is no change (Okta's group push sends it), which only Apply can tell.
		if text, ok := raw.(string); ok && ref.Attr.Name == "id" && kind != Remove {
			p.ops = append(p.ops, Op{Kind: kind, Path: path, Value: text})
			return nil
		}
		if carried && ignoresReadOnly(p.dialect) {
			return nil
		}
		return errReadOnly(ref)
	}
	if kind == Remove {
		return p.remove(path, raw, has)
	}
	if !has {
		return errNoValue()
	}
	value, said, err := p.reader.Value(ref, path.Filter != nil, listed(ref, path.Filter != nil, raw))
	if err != nil || !said {
		return err
	}
	p.put(kind, path, value)
	return nil
}

// listed makes a list of one value that an operation gives a multi-valued attribute: RFC 7644 §3.5.2.1 has "a JSON object containing the
// sub-attributes" beside the array that a resource has.
func listed(ref schema.Ref, filtered bool, value any) any {
	if _, ok := value.([]any); ok || value == nil || filtered || !ref.Leaf().MultiValued {
		return value
	}
	return []any{value}
}

// remove reads a remove: of the target, or where a value names what of it goes, of that. A value that names nobody removes none of what
// refers to others: the group stays as it is.
func (p *parser) remove(path filter.Path, raw any, has bool) error {
	ref := path.Attr.Ref
	if err := removedValues(p.dialect, raw); err != nil {
		return err
	}
	switch whole := path.Filter == nil && ref.Sub == nil && ref.Attr.MultiValued; {
	case !whole:
	case raw != nil && raw != "":
		value, _, err := p.reader.Value(ref, false, raw)
		if err != nil {
			return err
		}
		values, _ := value.([]any)
		if len(values) == 0 {
			return nil // a list of nothing; the attribute as a whole is not meant
		}
		if path.Filter = selecting(ref, values); path.Filter == nil {
			return nil
		}
	case has && scim.RefersByValue(ref.Attr):
		return nil
	}
	p.ops = append(p.ops, Op{Kind: Remove, Path: path})
	return nil
}

// selecting returns the filter that selects the values given: each by its `value`, and by what else a client may set about it (the type of
// an e-mail address, but not that of a member); where there is no `value`, by everything.
func selecting(ref schema.Ref, values []any) filter.Expr {
	var all filter.Expr
	for _, v := range values {
		var one filter.Expr
		c, ok := v.(map[string]any)
		if !ok {
			one = equal(ref, "value", v)
		} else {
			for _, sub := range ref.Attr.SubAttributes {
				if c[sub.Name] == nil {
					continue
				}
				identifies := sub.Name == "value" || sub.Name == "type" && sub.Mutability == schema.ReadWrite
				if c["value"] != nil && !identifies {
					continue
				}
				clause := equal(schema.Ref{Extension: ref.Extension, Attr: ref.Attr, Sub: sub}, sub.Name, c[sub.Name])
				if one == nil {
					one = clause
				} else {
					one = &filter.And{Left: one, Right: clause}
				}
			}
		}
		switch {
		case one == nil:
		case all == nil:
			all = one
		default:
			all = &filter.Or{Left: all, Right: one}
		}
	}
	return all
}

func equal(ref schema.Ref, name string, value any) filter.Expr {
	return &filter.Compare{Path: filter.AttrPath{Name: name, Ref: ref}, Op: filter.Equal, Value: value}
}

func readOnly(ref schema.Ref) bool {
	return ref.Attr.Mutability == schema.ReadOnly || ref.Leaf().Mutability == schema.ReadOnly
}

func errReadOnly(ref schema.Ref) error {
	return &scim.Error{Type: scim.Mutability, Detail: ref.String() + " is read-only", Attribute: ref.String()}
}

func errNoValue() error {
	return &scim.Error{Type: scim.InvalidValue, Detail: "the value is missing"}
}
