package draft_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// Each way in which active stands in the directory, told and changed.
func TestActivations(t *testing.T) {
	const bit, lock = "{by: userAccountControl}", "{by: pwdAccountLockedTime}"
	const plain, absent = "{attribute: employeeType, blocked: gone, unblocked: here}", "{attribute: employeeType, unblocked: here}"
	for _, c := range []struct {
		name, active string
		values       []string
		blocked      bool
		block        []string // the values after blocking
		unblock      []string // the values after unblocking
	}{
		{"a bit", bit, []string{"512"}, false, []string{"514"}, []string{"512"}},
		{"a set bit", bit, []string{"66050"}, true, []string{"66050"}, []string{"66048"}},
		{"no integer yet", bit, nil, false, []string{"514"}, nil},
		{"above 31 bits", bit, []string{"4294967298"}, true, []string{"4294967298"}, []string{"4294967296"}},
		{"below zero", bit, []string{"-2147483646"}, true, []string{"-2147483646"}, []string{"-2147483648"}},
		{"only the bit", bit, []string{"2"}, true, []string{"2"}, []string{"0"}},
		{"blocked", plain, []string{"gone"}, true, []string{"gone"}, []string{"here"}},
		{"another case", plain, []string{"x", "GONE"}, true, []string{"x", "GONE"}, []string{"x", "here"}},
		{"neither", plain, []string{"x"}, false, []string{"x", "gone"}, []string{"x"}},
		{"blocked by absence", absent, nil, true, nil, []string{"here"}},
		{"unblocked by presence", absent, []string{"x", "Here"}, false, []string{"x"}, []string{"x", "Here"}},
		{"locked for ever", lock, []string{"000001010000Z"}, true, []string{"000001010000Z"}, nil},
		{"the same time otherwise", lock, []string{"00000101000000Z"}, true, []string{"00000101000000Z"}, nil},
		{
			"locked out for a while", lock,
			[]string{"20260102120000Z"},
			false,
			[]string{"20260102120000Z", "000001010000Z"},
			[]string{"20260102120000Z"},
		},
		{"not locked", lock, nil, false, []string{"000001010000Z"}, nil},
		{"a case-exact attribute", "{attribute: scimExternalId, blocked: gone}", []string{"Gone"}, true, []string{"Gone"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "- {type: User, base: 'dc=example', objectClasses: [inetOrgPerson, scimbridgeUser], " +
				"attributes: [{scim: userName, ldap: uid}], active: [" + c.active + "]}"
			entries := "dn: uid=x,dc=example\nobjectClass: inetOrgPerson\nobjectClass: scimbridgeUser\nuid: x\n"
			for active, want := range map[bool][]string{true: c.unblock, false: c.block} {
				w := maptest.New(t, ldif.OpenLDAP, text, entries)
				users, e := w.Map.Type("User"), w.Entries[0]
				e.Set(users.Active[0].Attribute, c.values...)
				before := w.See(users, e)
				if before["active"] == c.blocked {
					t.Errorf("active is %v", before["active"])
				}
				after := before.Clone()
				after["active"] = active
				p, err := w.Plan(users, draft.Write{Entry: e, Before: before, After: after}, false)
				if err != nil {
					t.Fatal(err)
				}
				words := ""
				switch {
				case active && c.blocked:
					words = "enabled uid=x,dc=example"
				case !active && !c.blocked:
					words = "blocked uid=x,dc=example"
				}
				if got := p.Words(); got != words || (got == "") != p.Empty() {
					t.Errorf("active %v: the effects are %q", active, got)
				}
				for _, s := range p.Steps {
					e = ldif.Apply(e, s.Change, w.Server.Schema)
				}
				got := e.Values(users.Active[0].Attribute)
				if users.Active[0].Attribute == "pwdAccountLockedTime" && !active == !c.blocked && len(got) == 1 && len(want) == 2 {
					want = want[1:] // one value: the lock takes the place of the lock-out
				}
				if diff := cmp.Diff(strings.Join(want, " "), strings.Join(got, " ")); diff != "" {
					t.Errorf("active %v (-want +got):\n%s", active, diff)
				}
			}
		})
	}
}
