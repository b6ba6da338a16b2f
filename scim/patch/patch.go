// Package patch reads PATCH bodies (RFC 7644 §3.5.2): client dialects become canonical operations, and a strict engine applies those to a
// resource.
package patch

import (
	"scimbridge/scim/filter"
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
