// Package ldif holds directory data as plain values: entries, change records, the conditions under which a change may run,
// plans, the subschema and search filters, and the text of each (RFC 2849, RFC 4512, RFC 4515). It knows no connection.
package ldif

import (
	"slices"
	"strings"
)

// Entry is one directory entry as it was read. Attribute descriptions keep the spelling of the server; look-ups ignore case.
type Entry struct {
	DN         string
	Attributes []Attribute
	// Asked are the attributes that it was read with; nil: it does not come from a directory. What was not asked for is not known to
	// be absent.
	Asked []string
}

// Attribute is an attribute description with its values, in the server's order. A value is the raw octets.
type Attribute struct {
	Name   string
	Values []string
}

// Values returns the values of the attribute named, ignoring case, or nil. A name matches only itself: `description` does not
// match `description;lang-de`.
func (e *Entry) Values(name string) []string {
	if e == nil {
		return nil
	}
	for _, a := range e.Attributes {
		if strings.EqualFold(a.Name, name) {
			return a.Values
		}
	}
	return nil
}

// Value returns the first value of the attribute named, or "".
func (e *Entry) Value(name string) string {
	if v := e.Values(name); len(v) > 0 {
		return v[0]
	}
	return ""
}

// Saw says whether the entry was read with the attribute.
func (e *Entry) Saw(name string) bool {
	return Named(e.Asked, name)
}

// Set replaces the values of an attribute, keeping its place; no values removes it.
func (e *Entry) Set(name string, values ...string) {
	for i, a := range e.Attributes {
		if strings.EqualFold(a.Name, name) {
			if len(values) == 0 {
				e.Attributes = slices.Delete(e.Attributes, i, i+1)
			} else {
				e.Attributes[i].Values = values
			}
			return
		}
	}
	if len(values) > 0 {
		e.Attributes = append(e.Attributes, Attribute{Name: name, Values: values})
	}
}

// Octets is about how much memory the entry takes.
func (e *Entry) Octets() int {
	const ofText = 16 // beside its characters
	octets := len(e.DN) + ofText
	for _, a := range e.Attributes {
		octets += len(a.Name) + ofText
		for _, v := range a.Values {
			octets += len(v) + ofText
		}
	}
	return octets
}

// Clone returns a copy that shares nothing with e.
func (e *Entry) Clone() *Entry {
	if e == nil {
		return nil
	}
	c := &Entry{DN: e.DN, Asked: e.Asked, Attributes: make([]Attribute, len(e.Attributes))}
	for i, a := range e.Attributes {
		c.Attributes[i] = Attribute{Name: a.Name, Values: slices.Clone(a.Values)}
	}
	return c
}
