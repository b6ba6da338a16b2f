package ldapmap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// Activation is one way in which `active` stands in the directory.
type Activation struct {
	compile.Activation // Attribute is canonical
	Server             *ldif.Server
}

// Unproven names the attributes of ways to block that keep nobody from binding unless the server is configured so: a password policy, an
// access rule. It is empty where one of the ways is the server's own.
func (t *Type) Unproven() []string {
	var names []string
	for _, a := range t.Active {
		if t.IsSame(a.Attribute, t.Server.Blocks) {
			return nil
		}
		names = append(names, a.Attribute)
	}
	return names
}

// IsActive says whether nothing blocks the entry.
func (t *Type) IsActive(e *ldif.Entry) bool {
	return !slices.ContainsFunc(t.Active, func(a Activation) bool { return a.IsBlocked(e) })
}

// StillSo names the attributes by which the entry is not what it was to be: those that block it though it was to be active, all where
// nothing blocks it.
func (t *Type) StillSo(e *ldif.Entry, active bool) []string {
	var names []string
	for _, a := range t.Active {
		if a.IsBlocked(e) == active && !slices.Contains(names, a.Attribute) {
			names = append(names, a.Attribute)
		}
	}
	return names
}

// IsBlocked says whether the entry is blocked by this way. A value counts as the directory compares it, and whatever its case.
func (a Activation) IsBlocked(e *ldif.Entry) bool {
	switch {
	case a.Bit != 0:
		n, err := strconv.ParseInt(e.Value(a.Attribute), 10, 64)
		return err == nil && n&int64(a.Bit) != 0
	case a.Blocked != "":
		return len(a.like(e, a.Blocked)) > 0
	default: // blocked is the absence of the unblocked value
		return len(a.like(e, a.Unblocked)) == 0
	}
}

// MayBeLent says that what blocks the entry may not be its own, and go without anybody writing the entry.
func (a Activation) MayBeLent(e *ldif.Entry) bool {
	return a.lender() != "" && len(e.Values(a.lender())) > 0 && len(a.Locks(e)) > 0
}

// lender is the attribute that shows who may lend the entry what blocks it; "": nobody does.
func (a Activation) lender() string {
	if !strings.EqualFold(a.Attribute, a.Server.Blocks) {
		return ""
	}
	return a.Server.LentBy
}

// Locks are the values by which the entry is blocked.
func (a Activation) Locks(e *ldif.Entry) []string {
	if a.Blocked == "" {
		return nil
	}
	return a.like(e, a.Blocked)
}

// like are the entry's values of the attribute that are equal to the one given.
func (a Activation) like(e *ldif.Entry, value string) []string {
	var found []string
	for _, v := range e.Values(a.Attribute) {
		if strings.EqualFold(v, value) || ldif.Equal(a.Server.Schema, a.Attribute, v, value) {
			found = append(found, v)
		}
	}
	return found
}

// Change tells the values that go and those that come when the entry (nil: a new one) becomes active or blocked: a bit is set or
// cleared and every other bit stays; a blocked value takes the place of the unblocked one.
func (a Activation) Change(e *ldif.Entry, active bool) (old, now []string, err error) {
	if a.Bit != 0 {
		return a.changeBit(e, active)
	}
	coming, going := a.Blocked, a.Unblocked
	if active {
		coming, going = going, coming
	}
	if going != "" {
		old = a.like(e, going)
	}
	if coming != "" {
		now = []string{coming}
	}
	return old, now, nil
}

func (a Activation) changeBit(e *ldif.Entry, active bool) (old, now []string, err error) {
	n, old := int64(a.Initial), e.Values(a.Attribute)
	switch {
	case len(old) > 0:
		if n, err = strconv.ParseInt(old[0], 10, 64); err != nil {
			detail := fmt.Sprintf("active: the entry's %s is %q, which is no integer", a.Attribute, old[0])
			return nil, nil, &scim.Error{Type: scim.InvalidValue, Detail: detail, Attribute: "active"}
		}
	case active && (e != nil || n == 0):
		return nil, nil, nil // without the bit it is not blocked
	}
	if active {
		n &^= int64(a.Bit)
	} else {
		n |= int64(a.Bit)
	}
	return old, []string{strconv.FormatInt(n, 10)}, nil
}
