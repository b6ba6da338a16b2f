package draft_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim"
)

// Values in parts, in forms and in several attributes: any change is refused, or shows what was wanted, leaves what is no line's, changes
// nothing when it is sent again, and its inverses bring back what was there.
func TestPartsAndFormsAndBack(t *testing.T) {
	start := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, scimbridgeUser]
  dn: '"uid=" + rdn(userName) + "," + base'
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: nickName, ldap: uid, shares: userName}
    - {scim: name.familyName, ldap: sn, empty: userName}
    - {scim: displayName, ldap: cn, empty: userName, also: [displayName]}
    - {scim: 'emails[primary eq true].value', ldap: description, prefix: 'SMTP:'}
    - {scim: emails.value, ldap: description, prefix: 'smtp:'}
    - {scim: 'phoneNumbers[type eq "work"].value', ldap: employeeType, where: 'value startsWith "m"'}
    - {scim: 'phoneNumbers[type eq "home"].value', ldap: employeeType, where: 'value contains "a"', choose: last}
    - {scim: 'addresses[type eq "work"].formatted', ldap: postalAddress, as: postalAddress}
    - {scim: title, ldap: title, value: '"<" + value + ">"', read: 'substitute(value, "^<(.*)>$", "$1")'}
`, `
dn: uid=anna,ou=people,dc=example
objectClass: inetOrgPerson
uid: anna
sn: Lind
cn: Anna
description: X500:/o=shore
employeeType: other
`)
	users := start.Map.Type("User")
	draw := func(t *rapid.T) scim.Resource {
		word := func(label string) string { return maptest.DrawWord(t, label) }
		r := scim.Resource{"userName": "anna"}
		var emails, phones []any
		for i := range rapid.IntRange(0, 3).Draw(t, "emails") {
			email := map[string]any{"value": word("email")}
			same := func(e any) bool {
				return ldif.Equal(start.Server.Schema, "description", e.(map[string]any)["value"].(string), email["value"].(string))
			}
			if slices.ContainsFunc(emails, same) {
				continue
			}
			if i == 0 && rapid.Bool().Draw(t, "primary") {
				email["primary"] = true
			}
			emails = append(emails, email)
		}
		for _, typ := range []string{"work", "home"} {
			if rapid.Bool().Draw(t, typ) {
				phones = append(phones, map[string]any{"type": typ, "value": word(typ)})
			}
		}
		if len(emails) > 0 {
			r["emails"] = emails
		}
		if len(phones) > 0 {
			r["phoneNumbers"] = phones
		}
		for _, name := range []string{"title", "displayName"} {
			if rapid.Bool().Draw(t, name) {
				r[name] = word(name)
			}
		}
		if rapid.Bool().Draw(t, "address") {
			r["addresses"] = []any{map[string]any{"type": "work", "formatted": word("line") + "\n" + word("line")}}
		}
		return r
	}
	refused := func(err error) bool {
		e, ok := errors.AsType[*scim.Error](err)
		return ok && e.Type == scim.InvalidValue
	}
	rapid.Check(t, func(t *rapid.T) {
		w := start.Clone()
		w.T = t
		for range 2 {
			e := w.Entries[0]
			before := w.See(users, e)
			write := draft.Write{Entry: e, Before: before, After: draw(t)}
			p, err := w.Plan(users, write, false)
			if refused(err) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
			after := w.Clone()
			for _, s := range p.Steps {
				after.Apply(s.Change)
			}
			e = after.Entries[0]
			shown := after.See(users, e)
			wanted := normal(write.After, nil)
			wanted["nickName"] = wanted["userName"]
			if diff := cmp.Diff(wanted, normal(shown, nil)); diff != "" {
				t.Fatalf("(-wanted +shown):\n%s\n%s\n%s", diff, w.Text(), p)
			}
			if !slices.Contains(e.Values("description"), "X500:/o=shore") || !slices.Contains(e.Values("employeeType"), "other") {
				t.Fatalf("what is no line's is gone\n%s", p)
			}
			if also := strings.Join(e.Values("displayName"), ""); write.After["displayName"] != nil && also != write.After["displayName"] {
				t.Fatalf("displayName is %q\n%s", also, p)
			}
			again, err := after.Plan(users, draft.Write{Entry: e, Before: shown, After: write.After.Clone()}, false)
			if err != nil || !again.Empty() {
				t.Fatalf("again: %v\n%s\n%s", err, after.Text(), again)
			}
			back := after.Clone()
			takeBack(back, users, write, p)
			if diff := cmp.Diff(w.Text(), back.Text()); diff != "" {
				t.Fatalf("the inverses do not bring back what was there:\n%s\n%s", diff, planWithInverses(p))
			}
			w = after
		}
	})
}
