package patch

import (
	"reflect"
	"strings"

	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// editing is the values of a multi-valued attribute under an operation.
type editing struct {
	dialect scim.Dialect
	attr    *schema.Attribute
	values  []any
	touched []bool // which of them the operation set
}

// edit does an operation on the values of an attribute (RFC 7644 §3.5.2.1 to §3.5.2.3). values is the caller's own copy.
func edit(values []any, op Op, d scim.Dialect) ([]any, error) {
	ref, f := op.Path.Attr.Ref, op.Path.Filter
	e := &editing{dialect: d, attr: ref.Attr}
	switch {
	case op.Kind == Remove:
		return remove(values, ref, f)
	case ref.Sub == nil && f == nil:
		if op.Kind == Add {
			e.start(values)
		}
		list, ok := op.Value.([]any)
		if !ok {
			list = []any{op.Value}
		}
		e.append(list)
	default:
		e.start(values)
		if err := e.set(op); err != nil {
			return nil, err
		}
	}
	e.keepOnePrimary()
	e.keepOnce()
	return e.values, nil
}

func (e *editing) start(values []any) {
	e.values, e.touched = values, make([]bool, len(values))
}

// remove takes out the values that f selects (nil: all), or their sub-attribute. A value that keeps only its labels is gone.
func remove(values []any, ref schema.Ref, f filter.Expr) ([]any, error) {
	var kept []any
	sub := ref.Sub
	for _, v := range values {
		if f != nil && !filter.MatchesValue(f, v) {
			kept = append(kept, v)
			continue
		}
		c, ok := v.(map[string]any)
		if sub == nil || !ok {
			continue
		}
		_, had := c[sub.Name]
		if had && sub.Mutability == schema.Immutable {
			return nil, errImmutable(ref)
		}
		c = merged(c, map[string]any{sub.Name: nil})
		if len(c) > 0 && (!had || !scim.Hollow(c)) {
			kept = append(kept, c)
		}
	}
	return kept, nil
}

// set gives the values that the filter selects the operation's value, or its sub-attribute. If there is none yet it is made from the filter
// (described): `emails[type eq "work"].value` makes a value with type "work". Without a filter a sub-attribute that no value has is added.
func (e *editing) set(op Op) error {
	f := op.Path.Filter
	found := false
	values, touched := e.values[:0], e.touched[:0]
	for _, v := range e.values {
		hit := f == nil || filter.MatchesValue(f, v)
		if hit {
			found = true
			var err error
			if v, err = e.changed(v, op); err != nil {
				return err
			}
			if v == nil {
				continue
			}
		}
		values, touched = append(values, v), append(touched, hit)
	}
	e.values, e.touched = values, touched
	if found {
		return nil
	}
	base := map[string]any{}
	if f != nil {
		var ok bool
		if base, ok = described(e.dialect, f); !ok || e.attr.Type != schema.Complex {
			return errNoTarget()
		}
	}
	change, err := changeOf(op)
	if err != nil {
		return err
	}
	if made := merged(base, change); !emptied(made, change) {
		e.values, e.touched = append(e.values, made), append(e.touched, true)
	}
	return nil
}

// emptied says that a change took the last content out of a value.
func emptied(v, change map[string]any) bool {
	for _, sub := range change {
		if sub == nil {
			return scim.Hollow(v)
		}
	}
	return len(v) == 0
}

// changed returns one value after the operation: with a sub-attribute set, merged with (add), or replaced by the new value, which keeps
// what the filter selected it by. It is nil if nothing is left.
func (e *editing) changed(v any, op Op) (any, error) {
	old, isComplex := v.(map[string]any)
	if !isComplex {
		return scim.CloneValue(op.Value), nil
	}
	change, err := changeOf(op)
	if err != nil {
		return nil, err
	}
	if op.Kind == Replace && op.Path.Attr.Ref.Sub == nil {
		old, _ = selectedBy(op.Path.Filter)
	} else if err := keptImmutable(op.Path.Attr.Ref, old, change); err != nil {
		return nil, err
	}
	if c := merged(old, change); !emptied(c, change) {
		return c, nil
	}
	return nil, nil
}

// selectedBy returns what a value has that a filter of equalities selects: {type: work} for `type eq "work"`.
func selectedBy(f filter.Expr) (map[string]any, bool) {
	clauses, ok := filter.Equalities(f)
	if !ok {
		return nil, false
	}
	c := map[string]any{}
	for _, clause := range clauses {
		sub := clause.Path.Ref.Sub
		if sub == nil {
			return nil, false
		}
		if v, twice := c[sub.Name]; twice && v != clause.Value {
			return nil, false // nothing can be both
		}
		c[sub.Name] = clause.Value
	}
	return c, true
}

// append adds values, each once: one that is there already is merged with what the new one says about it.
func (e *editing) append(list []any) {
	at := map[any][]int{} // where each `value` stands
	for i, v := range e.values {
		at[e.key(v)] = append(at[e.key(v)], i)
	}
next:
	for _, v := range list {
		key := e.key(v)
		for _, i := range at[key] {
			if e.same(e.values[i], v) {
				if old, ok := e.values[i].(map[string]any); ok {
					e.values[i] = merged(old, v.(map[string]any))
					if old["value"] != nil { // in its own case: a value that is there already is not changed (RFC 7644 §3.5.2.1)
						e.values[i].(map[string]any)["value"] = old["value"]
					}
				}
				e.touched[i] = true
				continue next
			}
		}
		at[key] = append(at[key], len(e.values))
		e.values, e.touched = append(e.values, scim.CloneValue(v)), append(e.touched, true)
	}
}

// key is what two values must share to be the same one: their `value` (a simple value is its own), in one case where case does not count.
func (e *editing) key(v any) any {
	leaf := e.attr
	if c, ok := v.(map[string]any); ok {
		v = c["value"]
		leaf = e.attr.Sub("value")
	}
	if s, ok := v.(string); ok && leaf != nil && !leaf.CaseExact {
		return strings.ToLower(s)
	}
	switch v.(type) {
	case map[string]any, []any:
		return nil
	}
	return v
}

// same says that v, of equal key, is the value that stands already. With a `value` they are the same unless their types differ; without one
// (an address) all that v says must be there already.
func (e *editing) same(old, v any) bool {
	o, okOld := old.(map[string]any)
	n, okNew := v.(map[string]any)
	if !okOld || !okNew {
		return okOld == okNew
	}
	if o["value"] == nil {
		for name, sub := range n {
			if !reflect.DeepEqual(o[name], sub) {
				return false
			}
		}
		return true
	}
	return o["type"] == nil || n["type"] == nil || o["type"] == n["type"]
}

// keepOnePrimary holds RFC 7644 §3.5.2: a value that becomes primary makes the others not primary. Of several that one operation makes
// primary the last one is.
func (e *editing) keepOnePrimary() {
	winner := -1
	for i, v := range e.values {
		if e.touched[i] && isPrimary(v) {
			winner = i
		}
	}
	if winner < 0 {
		return
	}
	for i, v := range e.values {
		if i != winner && isPrimary(v) {
			e.values[i] = merged(v.(map[string]any), map[string]any{"primary": false})
		}
	}
}

func isPrimary(v any) bool {
	c, ok := v.(map[string]any)
	return ok && c["primary"] == true
}

// keepOnce takes out values that an operation made equal to one before them: the values are a set (RFC 7643 §2.4).
func (e *editing) keepOnce() {
	at := map[any][]any{}
	values := e.values[:0]
next:
	for _, v := range e.values {
		key := e.key(v)
		for _, before := range at[key] {
			if reflect.DeepEqual(before, v) {
				continue next
			}
		}
		at[key] = append(at[key], v)
		values = append(values, v)
	}
	e.values = values
}
