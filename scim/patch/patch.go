// Package patch reads PATCH bodies (RFC 7644 §3.5.2): client dialects become canonical operations, and a strict engine applies those to a
// resource.
package patch

import (
	"slices"

	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// Kind is what an operation does.
type Kind string

// The operations of RFC 7644 §3.5.2.
const (
	Add     Kind = "add"
	Replace Kind = "replace"
	Remove  Kind = "remove"
)

// Op is one canonical operation: a resolved path (never path-less), and a value of the attribute's own type (nil for remove). In the value
// of a complex attribute a nil sub-attribute is to be removed. An extension as a whole is only ever removed.
type Op struct {
	Kind  Kind
	Path  filter.Path
	Value any
}

// Names says whether the operation is about the attribute, or about the extension that it stands in.
func (o Op) Names(ref schema.Ref) bool {
	at := o.Path.Attr.Ref
	return at.Extension == ref.Extension && (at.Attr == nil || at.Attr == ref.Attr)
}

// Whole says whether the operation is about all values of the attribute: a replace or a remove of it, or of the extension.
func (o Op) Whole(ref schema.Ref) bool {
	return o.Names(ref) && o.Kind != Add && o.Path.Filter == nil && o.Path.Attr.Ref.Sub == nil
}

// Ops are the operations of a PATCH.
type Ops []Op

// Names says whether any of the operations is about the attribute.
func (ops Ops) Names(ref schema.Ref) bool {
	return slices.ContainsFunc(ops, func(op Op) bool { return op.Names(ref) })
}

// Whole says whether any of the operations is about all values of the attribute.
func (ops Ops) Whole(ref schema.Ref) bool {
	return slices.ContainsFunc(ops, func(op Op) bool { return op.Whole(ref) })
}
