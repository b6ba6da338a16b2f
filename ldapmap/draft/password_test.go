package draft_test

import (
	"testing"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// Who is let in with a password that an operation sets can be blocked again as he was: what lets him in can be taken back.
func TestEnabledWithAPasswordIsTakenBack(t *testing.T) {
	for _, c := range []struct {
		active, attribute, blocked string
		back                       []ldif.Mod
	}{
		{"{attribute: employeeType, blocked: gone}", "employeeType", "gone", []ldif.Mod{
			{Op: ldif.AddValues, Name: "employeeType", Values: []string{"gone"}},
		}},
		{"{by: userAccountControl}", "userAccountControl", "514", []ldif.Mod{
			{Op: ldif.ReplaceValues, Name: "userAccountControl", Values: []string{"514"}},
		}},
	} {
		text := "- {type: User, base: 'dc=example', objectClasses: [inetOrgPerson, scimbridgeUser], active: [" + c.active + "], " +
			"attributes: [{scim: userName, ldap: uid}, {scim: password, ldap: userPassword, by: password-modify}]}"
		w := maptest.New(t, ldif.OpenLDAP, text, "dn: uid=x,dc=example\nobjectClass: inetOrgPerson\nobjectClass: scimbridgeUser\nuid: x\n"+
			c.attribute+": "+c.blocked+"\n")
		users, e := w.Map.Type("User"), w.Entries[0]
		before := w.See(users, e)
		after := before.Clone()
		after["active"], after["password"] = true, "First-secret-4711"
		p, err := w.Plan(users, draft.Write{Entry: e, Before: before, After: after}, false)
		if err != nil {
			t.Fatal(err)
		}
		last := p.Steps[len(p.Steps)-1]
		if len(p.Steps) != 2 || !p.Steps[0].Change.Operation || last.Inverse == nil {
			t.Fatalf("%s", p)
		}
		back := ldif.Change{Kind: ldif.Modify, DN: e.DN, Mods: c.back, If: last.Inverse.If}
		if last.Inverse.String() != back.String() {
			t.Errorf("%s, want %s", last.Inverse, back)
		}
	}
}
