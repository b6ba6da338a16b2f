package search

import (
	"fmt"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/filter"
)

// translateActive translates a comparison of active: blocked by any way is inactive.
func (x *translator) translateActive(c *filter.Compare) translated {
	var blocked []string
	exactly := true
	for _, a := range x.Active {
		text, exact := blockedFilter(a)
		blocked, exactly = append(blocked, text), exactly && exact
	}
	inactive := translated{ldap: ldif.AnyOf(blocked...)}
	if !exactly {
		inactive.remainder = c
	}
	wanted, ok := c.Value.(bool)
	switch {
	case c.Op == filter.Present:
		return everything
	case !ok || c.Op != filter.Equal:
		return translated{ldif.Everything, c}
	case wanted:
		return negated(c, inactive)
	}
	return inactive
}

// blockedFilter is an LDAP filter that every entry blocked by this way matches. exact says that no other does, and that its
// negation finds every other.
func blockedFilter(a ldapmap.Activation) (text string, exact bool) {
	rule, _ := a.Server.Schema.Rules(a.Attribute)
	comparesAll := ldif.IgnoresCase(rule) || strings.EqualFold(rule, "generalizedTimeMatch")
	switch {
	case a.Bit != 0 && !a.Server.BitRule:
		return ldif.Presence(a.Attribute), false
	case a.Bit != 0:
		return fmt.Sprintf("(%s:%s:=%d)", a.Attribute, ldif.BitwiseAnd, a.Bit), true
	case a.Blocked != "" && comparesAll:
		return ldif.Equality(a.Attribute, a.Blocked), true
	case a.Blocked != "":
		return ldif.Presence(a.Attribute), false
	case comparesAll:
		return "(!" + ldif.Equality(a.Attribute, a.Unblocked) + ")", true
	}
	return ldif.Everything, false
}
