package ldapmap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/filter"
)

// activation is one way in which `active` stands in the directory. It is blocked where the bit is set, or where the attribute holds
// the blocked value (or lacks the unblocked one, where blocked is absence).
type activation struct {
	attribute string
	bit       int // 0: by values
	initial   int
	blocked   string
	unblocked string
}

// presets are the ways that directories ship.
var presets = map[string]activation{
	// [MS-ADTS] §2.2.16: ACCOUNTDISABLE is 0x2, NORMAL_ACCOUNT 0x200.
	"useraccountcontrol": {attribute: "userAccountControl", bit: 0x2, initial: 0x200},
	// 389 Directory Server: nsAccountLock true blocks the bind; absence lets in.
	"nsaccountlock": {attribute: "nsAccountLock", blocked: "true"},
	// draft-behera-ldap-password-policy §5.3.3: the zero time is a lock that no time ends; any other time is a lock-out by failed binds.
	"pwdaccountlockedtime": {attribute: "pwdAccountLockedTime", blocked: "000001010000Z"},
}

func compileActivation(o ActiveOptions) (activation, string) {
	if o.By != "" {
		a, ok := presets[strings.ToLower(o.By)]
		if !ok {
			return a, fmt.Sprintf("%q is no preset: userAccountControl, nsAccountLock and pwdAccountLockedTime are", o.By)
		}
		if o.Attribute+o.Blocked+o.Unblocked != "" || o.Bit != 0 {
			return a, "`by` stands alone, or with `initial`"
		}
		if o.Initial != 0 {
			a.initial = o.Initial
		}
		return a, ""
	}
	a := activation{o.Attribute, o.Bit, o.Initial, o.Blocked, o.Unblocked}
	switch {
	case o.Attribute == "":
		return a, "names neither a preset (`by`) nor an `attribute`"
	case o.Bit < 0 || o.Bit&(o.Bit-1) != 0:
		return a, fmt.Sprintf("bit %d is not one bit", o.Bit)
	case o.Bit != 0 && o.Blocked+o.Unblocked != "":
		return a, "is either by `bit` or by `blocked` and `unblocked`"
	case o.Bit == 0 && o.Blocked == o.Unblocked:
		return a, "`blocked` and `unblocked` are the same"
	case o.Initial&o.Bit != 0:
		return a, "`initial` already has the blocking bit"
	}
	return a, ""
}

// isBlocked says whether the entry is blocked by this way. A value counts as the directory compares it, and whatever its case.
func (a activation) isBlocked(e *ldif.Entry, s *ldif.Subschema) bool {
	switch {
	case a.bit != 0:
		n, err := strconv.ParseInt(e.Value(a.attribute), 10, 64)
		return err == nil && n&int64(a.bit) != 0
	case a.blocked != "":
		return len(a.like(e, s, a.blocked)) > 0
	default: // blocked is the absence of the unblocked value
		return len(a.like(e, s, a.unblocked)) == 0
	}
}

// like are the entry's values of the attribute that are equal to the one given.
func (a activation) like(e *ldif.Entry, s *ldif.Subschema, value string) []string {
	var found []string
	for _, v := range e.Values(a.attribute) {
		if strings.EqualFold(v, value) || ldif.Equal(s, a.attribute, v, value) {
			found = append(found, v)
		}
	}
	return found
}

// change tells the values that go and those that come when the entry (nil: a new one) becomes active or blocked: a bit is set or cleared and every other
// bit stays; a blocked value takes the place of the unblocked one.
func (a activation) change(e *ldif.Entry, s *ldif.Subschema, active bool) (old, now []string, err error) {
	if a.bit != 0 {
		return a.changeBit(e, active)
	}
	coming, going := a.blocked, a.unblocked
	if active {
		coming, going = going, coming
	}
	if going != "" {
		old = a.like(e, s, going)
	}
	return old, asValues(coming), nil
}

func (a activation) changeBit(e *ldif.Entry, active bool) (old, now []string, err error) {
	n, old := int64(a.initial), e.Values(a.attribute)
	switch {
	case len(old) > 0:
		if n, err = strconv.ParseInt(old[0], 10, 64); err != nil {
			detail := fmt.Sprintf("active: the entry's %s is %q, which is no integer", a.attribute, old[0])
			return nil, nil, &scim.Error{Type: scim.InvalidValue, Detail: detail}
		}
	case active && (e != nil || n == 0):
		return nil, nil, nil // without the bit it is not blocked
	}
	if active {
		n &^= int64(a.bit)
	} else {
		n |= int64(a.bit)
	}
	return old, []string{strconv.FormatInt(n, 10)}, nil
}

// filter is an LDAP filter that every entry blocked by this way matches. exact says that no other does, and that its negation finds every other.
func (a activation) filter(server *ldif.Server) (text string, exact bool) {
	rule, _ := rulesOf(server, a.attribute)
	comparesAll := ignoresCase(rule) || strings.EqualFold(rule, "generalizedTimeMatch")
	switch {
	case a.bit != 0 && server.Kind == ldif.Generic:
		return presence(a.attribute), false // nobody knows whether it has the matching rule
	case a.bit != 0:
		return fmt.Sprintf("(%s:1.2.840.113556.1.4.803:=%d)", a.attribute, a.bit), true
	case a.blocked != "" && comparesAll:
		return equality(a.attribute, a.blocked), true
	case a.blocked != "":
		return presence(a.attribute), false
	case comparesAll:
		return "(!" + equality(a.attribute, a.unblocked) + ")", true
	}
	return matchAll, false
}

// isActive says whether nothing blocks the entry.
func (t *Type) isActive(e *ldif.Entry) bool {
	return !slices.ContainsFunc(t.active, func(a activation) bool { return a.isBlocked(e, t.server.Schema) })
}

// activeFilter translates a comparison of active: blocked by any way is inactive.
func (t *Type) activeFilter(c *filter.Compare) translated {
	var blocked []string
	exactly := true
	for _, a := range t.active {
		text, exact := a.filter(t.server)
		blocked, exactly = append(blocked, text), exactly && exact
	}
	inactive := translated{ldap: or(blocked...)}
	if !exactly {
		inactive.remainder = c
	}
	wanted, ok := c.Value.(bool)
	switch {
	case c.Op == filter.Present:
		return everything
	case !ok || c.Op != filter.Equal:
		return translated{matchAll, c}
	case wanted:
		return negated(c, inactive)
	}
	return inactive
}
