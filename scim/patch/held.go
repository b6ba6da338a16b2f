package patch

import (
	"reflect"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// held holds the whole of a patch to what its operations must leave as it was: required attributes are not left unassigned (RFC 7644
// §3.5.2.2, §3.5.2.3), and immutable ones that have a value keep it (§3.5.2: set once, then a mutability error).
func held(before, after scim.Resource, rt *schema.ResourceType) error {
	if err := heldAll(before, after, nil, rt.Core.Attributes); err != nil {
		return err
	}
	for _, e := range rt.Extensions {
		whole := schema.Ref{Extension: e.Schema}
		if e.Required && before.Get(whole) != nil && after.Get(whole) == nil {
			return errRequired(whole)
		}
		if err := heldAll(before, after, e.Schema, e.Schema.Attributes); err != nil {
			return err
		}
	}
	return nil
}

func heldAll(before, after scim.Resource, extension *schema.Schema, attributes []*schema.Attribute) error {
	for _, a := range attributes {
		owner := schema.Ref{Extension: extension, Attr: a}
		if err := heldOne(owner, before.Get(owner), after.Get(owner)); err != nil {
			return err
		}
		if a.MultiValued {
			continue // its values come and go; a sub-attribute of one that stays is the operation's concern
		}
		for _, sub := range a.SubAttributes {
			ref := schema.Ref{Extension: extension, Attr: a, Sub: sub}
			was, is := before.Get(ref), after.Get(ref)
			if sub.Mutability == schema.Immutable && after.Get(owner) == nil {
				continue // gone with the whole
			}
			if err := heldOne(ref, was, is); err != nil {
				return err
			}
		}
	}
	return nil
}

func heldOne(ref schema.Ref, was, is any) error {
	leaf := ref.Leaf()
	switch {
	case was == nil:
		return nil
	case leaf.Mutability == schema.Immutable && !reflect.DeepEqual(was, is):
		return errImmutable(ref)
	case leaf.Required && is == nil:
		return errRequired(ref)
	case status(ref) && is == nil:
		return &scim.Error{Type: scim.Mutability, Detail: ref.String() + " is true or false and cannot be removed", Attribute: ref.String()}
	}
	return nil
}

// status says that the attribute is the administrative status of an account (RFC 7643 §4.1.1 active). Without one it would be neither let
// in nor kept out: whoever removes it must not be told that something was done, nor let a blocked one in.
func status(ref schema.Ref) bool {
	return ref.Extension == nil && ref.Attr.Name == "active" && ref.Attr.Type == schema.Boolean
}

// keptImmutable holds that a change to one of many values leaves the immutable sub-attributes that it has: members.value, for one.
func keptImmutable(ref schema.Ref, old, change map[string]any) error {
	for _, sub := range ref.Attr.SubAttributes {
		to, said := change[sub.Name]
		if said && sub.Mutability == schema.Immutable && old[sub.Name] != nil && !reflect.DeepEqual(old[sub.Name], to) {
			return errImmutable(schema.Ref{Extension: ref.Extension, Attr: ref.Attr, Sub: sub})
		}
	}
	return nil
}

func errRequired(ref schema.Ref) error {
	return &scim.Error{Type: scim.Mutability, Detail: ref.String() + " is required and cannot be removed", Attribute: ref.String()}
}

func errImmutable(ref schema.Ref) error {
	return &scim.Error{Type: scim.Mutability, Detail: ref.String() + " is immutable and has another value", Attribute: ref.String()}
}
