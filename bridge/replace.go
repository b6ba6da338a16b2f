package bridge

import (
	"context"
	"reflect"
	"strings"

	"scimbridge/ldapmap/draft"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// Replace puts a resource in the place of the one there is (RFC 7644 §3.5.1): readOnly attributes are ignored, readWrite ones that are left out
// are cleared. What is left out and stays: active, passwords, immutable attributes, and a group's members, which [] clears. It never creates.
func (b *Bridge) Replace(ctx context.Context, c Call, typ, id string, body []byte, v View) (*Result, error) {
	m, t, server, err := b.typed(ctx, typ)
	if err != nil {
		return nil, err
	}
	rt := t.Resource
	p, err := scim.NewProjection(rt, b.dialect, v.Attributes, v.Excluded)
	if err != nil {
		return nil, err
	}
	sent, dropped, err := b.resourceIn(c, t.Resource, body)
	if err != nil {
		return nil, err
	}
	if err := scim.CheckRequired(sent, rt); err != nil {
		return nil, err
	}
	p.SpecifyAll(sent)
	said, err := mentionsMembers(body)
	if err != nil {
		return nil, err
	}
	u := &update{b: b, c: c, m: m, t: t, id: id, p: p, whole: t.HasMembers() && said}
	members := draft.TakeMembers(t, sent)
	u.ids = append(draft.ResourceIDs(t, sent), members...)
	u.apply = func(before scim.Resource) (scim.Resource, draft.Members, error) {
		after := sent.Clone()
		if err := keep(after, before, rt); err != nil {
			return nil, draft.Members{}, err
		}
		if !u.whole {
			return after, draft.Members{}, nil
		}
		return after, draft.Delta(draft.TakeMembers(t, before), members), nil
	}
	r, err := u.run(ctx, "replace", server, false)
	return r.dropping(dropped), err
}

// mentionsMembers says whether the body has the members at all: to leave them out is not to clear them.
func mentionsMembers(body []byte) (bool, error) {
	object, err := scim.Decode(body)
	if err != nil {
		return false, err
	}
	for _, m := range object {
		if strings.EqualFold(m.Name, "members") || strings.EqualFold(m.Name, schema.GroupURN+":members") {
			return true, nil
		}
	}
	return false, nil
}

// keep takes over from before what a replacement does not clear, and holds it to the immutable values.
func keep(after, before scim.Resource, rt *schema.ResourceType) error {
	for _, name := range []string{"id", "meta"} {
		after[name] = before[name]
	}
	if after["active"] == nil && before["active"] != nil {
		after["active"] = before["active"]
	}
	return eachAttribute(rt, func(ref schema.Ref) error {
		old, now := before.Get(ref), after.Get(ref)
		switch {
		case ref.Attr.Mutability == schema.ReadOnly:
			after.Set(ref, scim.CloneValue(old))
		case ref.Attr.Mutability != schema.Immutable || old == nil:
		case now == nil:
			after.Set(ref, scim.CloneValue(old))
		case !reflect.DeepEqual(old, now):
			return &scim.Error{Type: scim.Mutability, Detail: ref.String() + " is immutable and has another value"}
		}
		return nil
	})
}

// eachAttribute calls do for every attribute of the core schema and the extensions.
func eachAttribute(rt *schema.ResourceType, do func(schema.Ref) error) error {
	for _, a := range rt.Core.Attributes {
		if err := do(schema.Ref{Attr: a}); err != nil {
			return err
		}
	}
	for _, e := range rt.Extensions {
		for _, a := range e.Schema.Attributes {
			if err := do(schema.Ref{Extension: e.Schema, Attr: a}); err != nil {
				return err
			}
		}
	}
	return nil
}
