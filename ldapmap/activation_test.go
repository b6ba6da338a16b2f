package ldapmap_test

import (
	"slices"
	"testing"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

// TestUnproven: only what the server itself blocks by needs no policy and no rule.
func TestUnproven(t *testing.T) {
	way := func(attribute string) ldapmap.Activation {
		return ldapmap.Activation{Activation: compile.Activation{Attribute: attribute}}
	}
	for _, c := range []struct {
		kind ldif.ServerKind
		ways []string
		want []string
	}{
		{ldif.OpenLDAP, nil, nil},
		{ldif.OpenLDAP, []string{"pwdAccountLockedTime"}, []string{"pwdAccountLockedTime"}},
		{ldif.OpenLDAP, []string{"userAccountControl", "employeeType"}, []string{"userAccountControl", "employeeType"}},
		{ldif.ActiveDirectory, []string{"useraccountcontrol"}, nil},
		{ldif.ActiveDirectory, []string{"employeeType", "userAccountControl"}, nil},
		{ldif.ActiveDirectory, []string{"employeeType"}, []string{"employeeType"}},
		{ldif.DS389, []string{"nsAccountLock"}, nil},
		{ldif.DS389, []string{"pwdAccountLockedTime"}, []string{"pwdAccountLockedTime"}},
	} {
		typ := &ldapmap.Type{Server: &ldif.Server{Traits: c.kind.Traits()}}
		for _, name := range c.ways {
			typ.Active = append(typ.Active, way(name))
		}
		if got := typ.Unproven(); !slices.Equal(got, c.want) {
			t.Errorf("%s, %v: %v, want %v", c.kind, c.ways, got, c.want)
		}
	}
}
