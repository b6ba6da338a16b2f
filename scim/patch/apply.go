package patch

import (
	"context"
	"fmt"
	"reflect"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// Apply applies the operations in order, all or nothing, and returns the new resource; r is not changed. SplitMembers has folded those on
// members, which no limit counts. Errors are *scim.Error, or that of
// ctx, with which the work ends.
//
// What is required or immutable is checked at the end (held): a remove whose attribute a later operation sets again is no error, and a
// required sibling that was never there is not this patch's concern.
func (ops Ops) Apply(ctx context.Context, r scim.Resource, rt *schema.ResourceType, d scim.Dialect) (scim.Resource, error) {
	if most := d.Limits.WithDefaults().PatchOperations; len(ops) > most {
		detail := fmt.Sprintf("the PATCH has more than %d operations (limits.patchOperations)", most)
		return nil, &scim.Error{Type: scim.InvalidValue, Detail: detail}
	}
	out := r.Clone()
	if out == nil {
		out = scim.Resource{}
	}
	for _, op := range ops {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := apply(out, op, d); err != nil {
			return nil, located(err, fmt.Sprintf("%s %q", op.Kind, briefly(op.Path.String())))
		}
	}
	if err := held(r, out, rt); err != nil {
		return nil, err
	}
	return out, nil
}

func apply(r scim.Resource, op Op, d scim.Dialect) error {
	ref := op.Path.Attr.Ref
	switch {
	case ref.Attr == nil && ref.Extension != nil && op.Kind == Remove:
		r.Set(ref, nil)
		return nil
	case ref.Attr == nil: // Parse sets an extension attribute by attribute
		return &scim.Error{Type: scim.NoTarget, Detail: "the path names no attribute"}
	case readOnly(ref):
		if op.Kind != Remove && reflect.DeepEqual(r.Get(ref), op.Value) {
			return nil
		}
		return errReadOnly(ref)
	case ref.Attr.MultiValued:
		values, _ := r.Get(ref.Owner()).([]any)
		values, err := edit(values, op, d)
		if err != nil {
			return err
		}
		if len(values) == 0 {
			r.Set(ref.Owner(), nil)
		} else {
			r.Set(ref.Owner(), values)
		}
		return nil
	case op.Path.Filter != nil:
		return applyFiltered(r, op, d)
	}
	return applySingular(r, op)
}

func applySingular(r scim.Resource, op Op) error {
	ref := op.Path.Attr.Ref
	if op.Kind == Remove && ref.Sub == nil {
		r.Set(ref, nil)
		return nil
	}
	if ref.Sub == nil && ref.Attr.Type != schema.Complex {
		r.Set(ref, scim.CloneValue(op.Value))
		return nil
	}
	old, _ := r.Get(ref.Owner()).(map[string]any)
	c, err := amended(old, op)
	if err != nil {
		return err
	}
	if len(c) == 0 {
		r.Set(ref.Owner(), nil)
	} else {
		r.Set(ref.Owner(), c)
	}
	return nil
}

// amended merges an operation's value into a singular complex value: the sub-attributes given are replaced, the others stay
// (RFC 7644 §3.5.2.3). But where `value` changes it is another thing that is referred to, and what the service provider said of the old one
// ($ref, a readOnly displayName) goes.
func amended(old map[string]any, op Op) (map[string]any, error) {
	change, err := changeOf(op)
	if err != nil {
		return nil, err
	}
	if v, ok := change["value"]; ok && !reflect.DeepEqual(v, old["value"]) {
		kept := map[string]any{}
		for _, sub := range op.Path.Attr.Ref.Attr.SubAttributes {
			if v := old[sub.Name]; v != nil && sub.Type != schema.Reference && sub.Mutability != schema.ReadOnly {
				kept[sub.Name] = v
			}
		}
		old = kept
	}
	return merged(old, change), nil
}

// changeOf says which sub-attributes an operation sets, or with nil removes.
func changeOf(op Op) (map[string]any, error) {
	if sub := op.Path.Attr.Ref.Sub; sub != nil {
		if op.Kind == Remove {
			return map[string]any{sub.Name: nil}, nil
		}
		return map[string]any{sub.Name: op.Value}, nil
	}
	change, ok := op.Value.(map[string]any)
	if !ok {
		return nil, &scim.Error{Type: scim.InvalidValue, Detail: "the value must be a JSON object"}
	}
	return change, nil
}

func merged(old, change map[string]any) map[string]any {
	out := make(map[string]any, len(old)+len(change))
	for name, v := range old {
		out[name] = v
	}
	for name, v := range change {
		if v == nil {
			delete(out, name)
		} else {
			out[name] = scim.CloneValue(v)
		}
	}
	return out
}

// applyFiltered works on a singular complex attribute whose path has a filter, `manager[value eq "id"]`: its one value is taken as a list
// of one.
func applyFiltered(r scim.Resource, op Op, d scim.Dialect) error {
	owner := op.Path.Attr.Ref.Owner()
	var values []any
	if v := r.Get(owner); v != nil {
		values = []any{v}
	}
	values, err := edit(values, op, d)
	if err != nil {
		return err
	}
	switch len(values) {
	case 0:
		r.Set(owner, nil)
	case 1:
		r.Set(owner, values[0])
	default: // the filter's value would have to stand beside the present one
		return errNoTarget()
	}
	return nil
}

func errNoTarget() error {
	return &scim.Error{Type: scim.NoTarget, Detail: "no value matches the filter, and none can be made from it"}
}
