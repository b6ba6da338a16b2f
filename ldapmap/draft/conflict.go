package draft

import (
	"fmt"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// Conflict is why a write is answered 409: the entries that are in its way. Its text, which the client sees, names them by their ids alone.
type Conflict struct {
	Entries []*ldif.Entry
	Several bool // each of them may be meant
	Foreign bool // they are no resources: of no mapped type, or outside its scope

	fault *scim.Error
}

func (c *Conflict) Error() string { return c.fault.Error() }

func (c *Conflict) Unwrap() error { return c.fault }

// conflict says who holds what is claimed, where the caller may know. attribute is the SCIM attribute whose value it is; "": none. A 409
// is made here.
func conflict(m *ldapmap.Map, claimed, attribute string, e *ldif.Entry) error {
	holder, owner := "an entry that is not managed here", m.TypeOf(e)
	if owner != nil {
		holder = fmt.Sprintf("the %s with id %q", owner.Name, owner.ID(e))
	}
	return &Conflict{
		Entries: []*ldif.Entry{e}, Foreign: owner == nil,
		fault: &scim.Error{Type: scim.Uniqueness, Detail: fmt.Sprintf("%s is taken by %s", claimed, holder), Attribute: attribute},
	}
}
