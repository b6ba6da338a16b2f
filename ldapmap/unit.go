package ldapmap

import (
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// UnitClass is the object class of the places that are made for entries to stand in.
const UnitClass = "organizationalUnit"

// Unit is the change that makes the organizational unit of the DN; false where the DN names no unit that this type makes. One that is there
// already, since another copy of the bridge was quicker, will do.
func (t *Type) Unit(dn string) (ldif.Change, bool) {
	text, _ := ldif.SplitDN(dn)
	rdn, err := ldif.ParseRDN(text)
	if err != nil || len(rdn) != 1 || !t.IsSame(rdn[0].Type, "ou") || rdn[0].Value == "" {
		return ldif.Change{}, false
	}
	return ldif.Change{Kind: ldif.Add, DN: dn, Place: true, Entry: []ldif.Attribute{
		{Name: "objectClass", Values: []string{UnitClass}}, {Name: t.Canonical("ou"), Values: []string{rdn[0].Value}},
	}}, t.MakesUnits && t.Covers(dn) && !t.IsBase(dn)
}

// IsUnit says that the change does nothing but make an organizational unit, as some type does.
func (m *Map) IsUnit(c ldif.Change) bool {
	return c.Place && slices.ContainsFunc(m.Types, func(t *Type) bool {
		unit, makes := t.Unit(c.DN)
		return makes && slices.EqualFunc(unit.Entry, c.Entry, func(a, b ldif.Attribute) bool {
			return strings.EqualFold(a.Name, b.Name) && slices.Equal(a.Values, b.Values)
		})
	})
}
