package patch

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
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
	before := len(values)
	values, err := labelled(values, op)
	if err != nil {
		return nil, err
	}
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
	if most := d.Limits.WithDefaults().Values; len(e.values) > most && len(e.values) > before && !scim.RefersByValue(ref.Attr) {
		detail := fmt.Sprintf("%s would have more than %d values (limits.values)", ref.Owner(), most)
		return nil, &scim.Error{Type: scim.InvalidValue, Detail: detail, Attribute: ref.Owner().String()}
	}
	return e.values, nil
}

func (e *editing) start(values []any) {
	e.values, e.touched = values, make([]bool, len(values))
}

// remove takes out the values that f selects (nil: all), or their sub-attribute. A value that keeps only its labels is gone.
func remove(values []any, ref schema.Ref, f filter.Expr) ([]any, error) {
	var kept []any
	sub := ref.Sub
	selects := selector(f)
	for _, v := range values {
		if !selects(v) {
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

// labelled gives the value that an operation means the labels which it selects by and the type does not keep (unkept): the only value that
// it can be, or of several the one that is already what it is to be. So two operations with different labels mean different values.
func labelled(values []any, op Op) ([]any, error) {
	ref := op.Path.Attr.Ref
	clauses, _ := filter.Equalities(op.Path.Filter)
	labels := map[string]any{}
	for _, c := range clauses {
		if sub := c.Path.Ref.Sub; sub != nil && ref.Attr.Sub(sub.Name) == nil {
			labels[sub.Name] = c.Value
		}
	}
	if len(labels) == 0 {
		return values, nil
	}
	selects := selector(op.Path.Filter)
	if slices.ContainsFunc(values, selects) {
		return values, nil
	}
	change, _ := changeOf(op)
	var meant, same []int
	for i, v := range values {
		old, _ := v.(map[string]any)
		if with := merged(labels, old); !selects(with) {
			continue
		}
		meant = append(meant, i)
		if reflect.DeepEqual(merged(old, change), old) {
			same = append(same, i)
		}
	}
	if len(meant) > 1 {
		meant = same
		if len(same) == 0 || op.Kind == Remove {
			kept := strings.Join(slices.Sorted(maps.Keys(labels)), " and no ")
			detail := fmt.Sprintf("%s has several values, of which no %s is kept: nothing tells which is meant", ref.Owner(), kept)
			return nil, &scim.Error{Type: scim.NoTarget, Detail: detail, Attribute: ref.Owner().String()}
		}
	}
	if len(meant) > 0 {
		values[meant[0]] = merged(values[meant[0]].(map[string]any), labels)
	}
	return values, nil
}

// selector says of each value whether the filter selects it; nil selects all.
func selector(f filter.Expr) func(v any) bool {
	if f == nil {
		return func(any) bool { return true }
	}
	return filter.NewMatcher(f).MatchesValue
}

// set gives the values that the filter selects the operation's value, or its sub-attribute. If there is none yet it is made from the filter
// (described): `emails[type eq "work"].value` makes a value with type "work". Without a filter a sub-attribute that no value has is added.
func (e *editing) set(op Op) error {
	f := op.Path.Filter
	selects := selector(f)
	found := false
	values, touched := e.values[:0], e.touched[:0]
	for _, v := range e.values {
		hit := selects(v)
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
	there := newPlaces(e, list)
	for _, v := range list {
		i, found := there.find(v)
		if !found {
			there.add(v, len(e.values))
			e.values, e.touched = append(e.values, scim.CloneValue(v)), append(e.touched, true)
			continue
		}
		if old, ok := e.values[i].(map[string]any); ok {
			now := merged(old, v.(map[string]any))
			if old["value"] != nil { // in its own case: a value that is there already is not changed (RFC 7644 §3.5.2.1)
				now["value"] = old["value"]
			}
			e.values[i] = now
			there.merged(old, now, i)
		}
		e.touched[i] = true
	}
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
	doubtful := map[any]bool{} // what a value must have to be equal to one that was set
	for i, v := range e.values {
		if e.touched[i] {
			doubtful[e.key(v)] = true
		}
	}
	if len(doubtful) == 0 {
		return
	}
	seen := map[string]bool{}
	values := e.values[:0]
	for _, v := range e.values {
		if doubtful[e.key(v)] {
			text := canonical(v)
			if seen[text] {
				continue
			}
			seen[text] = true
		}
		values = append(values, v)
	}
	e.values = values
}
