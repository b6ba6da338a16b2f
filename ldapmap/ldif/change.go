package ldif

import (
	"slices"
	"strings"
)

// Kind is the kind of a change record, by its RFC 2849 changetype.
type Kind string

// The change types of RFC 2849.
const (
	Add      Kind = "add"
	Modify   Kind = "modify"
	ModifyDN Kind = "modrdn"
	Delete   Kind = "delete"
)

// Change is one LDIF change record with the condition under which it may run.
type Change struct {
	Kind Kind
	DN   string

	Entry []Attribute // Add: the new entry's attributes
	Place bool        // Add: it is only for others to stand below; one that is there already will do, and it stays whatever comes of them
	Mods  []Mod       // Modify: in order
	// Operation says of a Modify of a password alone that it goes as an operation of its own (RFC 3062).
	Operation bool

	NewRDN       string // ModifyDN
	DeleteOldRDN bool   // ModifyDN
	NewSuperior  string // ModifyDN: the new parent's DN; "" leaves the parent
	Apart        bool   // ModifyDN: the server takes the names for two, though Server.SameDN does not

	// Restores says that the entry was deleted, and is to be as it was again: the map need not name all that it gets. Revives of an Add
	// is the DN under which the directory keeps it among what was deleted, and brings it back, with its id; "": it does not.
	Restores bool
	Revives  string

	Leaves bool // Modify, ModifyDN: the entry is no resource any more, and what refers to it lets go of it

	Secrets []string // attributes that are secrets here, beside those that are everywhere (Secret)

	If Condition
	// Else is the Modify in the place of this one where a value that this takes away has gone: somebody else took it. One without Mods:
	// nothing is sent. nil: what is settled is a success.
	Else *Change
}

// Strict is the change as the directory must find the values that it takes away.
func (c Change) Strict() Change {
	c.Mods = slices.Clone(c.Mods)
	for i, m := range c.Mods {
		c.Mods[i].Settled = m.Settled && m.Op != DeleteValues
	}
	c.Else = nil
	return c
}

// Takes says that the change takes away a value that another does.
func (c Change) Takes(as Change) bool { return c.has(DeleteValues, as) }

// Gives says that the change adds a value that another takes away.
func (c Change) Gives(what Change) bool { return c.has(AddValues, what) }

// has says that the change does this to a value that another takes away.
func (c Change) has(op ModOp, taken Change) bool {
	return slices.ContainsFunc(c.Mods, func(m Mod) bool {
		return slices.ContainsFunc(taken.Mods, func(o Mod) bool {
			same := m.Op == op && o.Op == DeleteValues && m.Name == o.Name
			return same && slices.ContainsFunc(m.Values, func(v string) bool { return slices.Contains(o.Values, v) })
		})
	})
}

// TakesClass says that the change takes an object class from the entry.
func (c Change) TakesClass() bool {
	return slices.ContainsFunc(c.Mods, func(m Mod) bool { return m.Op == DeleteValues && strings.EqualFold(m.Name, "objectClass") })
}

// Secret says whether an attribute's values must not be shown.
func (c Change) Secret(name string) bool { return Secret(name) || Named(c.Secrets, name) }

// NewDN is the DN of the target after a ModifyDN.
func (c Change) NewDN() string {
	_, parent := SplitDN(c.DN)
	if c.NewSuperior != "" {
		parent = c.NewSuperior
	}
	return c.NewRDN + "," + parent
}

// ModOp is what a Mod does to its attribute, by its RFC 2849 word.
type ModOp string

// The modifications of RFC 4511 §4.6.
const (
	AddValues     ModOp = "add"
	DeleteValues  ModOp = "delete"
	ReplaceValues ModOp = "replace"
)

// Mod is one modification of an attribute's values. No values: delete or replace removes the attribute.
type Mod struct {
	Op     ModOp
	Name   string
	Values []string
	// Settled says that adding a value that is there, or deleting one that is not, is success: the value-level changes of a
	// group's members. The directory sends what is left when the server refuses the whole (results 16, 20, 68).
	Settled bool
	// ByDN says that each value stands for all that name its DN, whatever unique identifier is behind that: see In.
	ByDN bool
}

// TurnedRound is what takes back the modification of the entry.
func (m Mod) TurnedRound(e *Entry) Mod {
	switch m.Op {
	case AddValues:
		m.Op = DeleteValues
	case DeleteValues:
		m.Op = AddValues
		if len(m.Values) == 0 {
			m.Values = e.Values(m.Name)
		}
	case ReplaceValues:
		m.Values = e.Values(m.Name)
	}
	return m
}

// IsSettled says whether every modification of the change is a success where it is so already: it says how things are to be, whatever they
// were, and the same request again goes on from there.
func (c Change) IsSettled() bool {
	return c.Place || len(c.Mods) > 0 && !slices.ContainsFunc(c.Mods, func(m Mod) bool { return !m.Settled })
}

// Condition is what must hold in the directory for a change to run. How it is held depends on the server: OpenLDAP asserts it
// (RFC 4528), Active Directory names the target by its GUID and relies on the deleted old values, 389-ds relies on the
// deleted old values too: of Shows, on one that is deleted and added again; and it shows what was there (RFC 4527). The zero Condition
// always holds.
type Condition struct {
	ID      string // the entry's stable id, in the form of the SCIM id
	Version string // the version attribute's value as it was read (entryCSN); "" asserts none
	AsLeft  bool   // as an earlier change of the plan left the entry: the directory fills in the version that it showed, or reads it
	Made    bool   // the entry is the one that the plan's Add made: the directory finds out its id
	Shows   AVA    // a value that the entry holds; the zero AVA asserts none
	// Found are attributes that a Modify writes, with the values that it was planned on.
	Found []Attribute
}
