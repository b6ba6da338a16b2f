package ldapmap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"scimbridge/ldapmap/ldif"
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

// isBlocked says whether the entry is blocked by this way.
func (a activation) isBlocked(e *ldif.Entry) bool {
	values := e.Values(a.attribute)
	switch {
	case a.bit != 0:
		n, err := strconv.ParseInt(strings.Join(values, ""), 10, 64)
		return err == nil && int(n)&a.bit != 0
	case a.blocked != "":
		return slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, a.blocked) })
	default: // blocked is the absence of the unblocked value
		return !slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, a.unblocked) })
	}
}

// values are the attribute's values for an entry that is to be active or not, given those it has (none for a new one): a bit is set or
// cleared and every other bit stays; a blocked value takes the place of what is there.
func (a activation) values(present []string, active, create bool) ([]string, error) {
	if a.bit != 0 {
		n := int64(a.initial)
		if len(present) > 0 {
			var err error
			if n, err = strconv.ParseInt(present[0], 10, 64); err != nil {
				return nil, fmt.Errorf("%s holds %q, which is no integer", a.attribute, present[0])
			}
		}
		if active {
			n &^= int64(a.bit)
		} else {
			n |= int64(a.bit)
		}
		if active && !create && len(present) == 0 {
			return nil, nil
		}
		if n == 0 && create && a.initial == 0 && active {
			return nil, nil
		}
		return []string{strconv.FormatInt(n, 10)}, nil
	}
	value := a.unblocked
	if !active {
		value = a.blocked
	}
	if value == "" {
		return nil, nil
	}
	return []string{value}, nil
}

// filter is the LDAP filter for entries blocked by this way.
func (a activation) filter() string {
	switch {
	case a.bit != 0:
		return fmt.Sprintf("(%s:1.2.840.113556.1.4.803:=%d)", a.attribute, a.bit)
	case a.blocked != "":
		return fmt.Sprintf("(%s=%s)", a.attribute, ldif.EscapeFilter(a.blocked))
	default:
		return fmt.Sprintf("(!(%s=%s))", a.attribute, ldif.EscapeFilter(a.unblocked))
	}
}

// isActive says whether nothing blocks the entry.
func (t *Type) isActive(e *ldif.Entry) bool {
	return !slices.ContainsFunc(t.active, func(a activation) bool { return a.isBlocked(e) })
}

// activeFilter translates a comparison of active: blocked by any way is inactive.
func (t *Type) activeFilter(c *filter.Compare) translated {
	var blocked []string
	for _, a := range t.active {
		blocked = append(blocked, a.filter())
	}
	inactive := or(blocked...)
	wanted, ok := c.Value.(bool)
	switch {
	case c.Op == filter.Present:
		return everything
	case !ok || c.Op != filter.Equal && c.Op != filter.NotEqual:
		return translated{matchAll, c}
	case wanted == (c.Op == filter.Equal):
		return translated{"(!" + inactive + ")", nil}
	default:
		return translated{inactive, nil}
	}
}
