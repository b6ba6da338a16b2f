package bridge

import (
	"reflect"
	"slices"
	"strings"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// mentionsMembers says whether a body has the members at all: to leave them out is not to clear them.
func mentionsMembers(body scim.Object) bool {
	return slices.ContainsFunc(body, func(m scim.Member) bool {
		return strings.EqualFold(m.Name, "members") || strings.EqualFold(m.Name, schema.GroupURN+":members")
	})
}

// replaced is what a PUT says: all of what is not left as it was, of the members, and of active, only where it has them.
type replaced struct{ members, active bool }

func (p replaced) Names(ref schema.Ref) bool {
	switch {
	case ref.Attr.Mutability != schema.ReadWrite:
		return false
	case ref.Extension != nil:
		return true
	}
	return (p.members || ref.Attr.Name != "members") && (p.active || ref.Attr.Name != "active")
}

func (p replaced) Whole(ref schema.Ref) bool { return p.Names(ref) }

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
			return &scim.Error{Type: scim.Mutability, Detail: ref.String() + " is immutable and has another value", Attribute: ref.String()}
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
