package read_test

import (
	"testing"

	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// What stands in reads as absent; a text with spaces more behind it is shown with one less, unless it may name the entry or is of another
// syntax.
func TestStandIns(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, shipmate]
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: name.familyName, ldap: sn, empty: userName}
    - {scim: name.formatted, ldap: cn, empty: 'name.familyName ?? userName'}
    - {scim: 'emails[type eq "work"].value', ldap: mail, empty: userName}
    - {scim: 'urn:example:2.0:User:room', ldap: roomNumber, empty: userName, define: {type: integer}}
`, "dn: uid=7,ou=people,dc=example\nobjectClass: inetOrgPerson\nuid: 7\n")
	users, e := w.Map.Type("User"), w.Entries[0]
	for _, c := range []struct {
		dn, ldap, path, stored string
		want                   any // nil: absent
	}{
		{ldap: "sn", path: "familyName", stored: "7"},
		{ldap: "sn", path: "familyName", stored: "7 ", want: "7"},
		{ldap: "sn", path: "familyName", stored: "7  ", want: "7 "},
		{ldap: "sn", path: "familyName", stored: "7 8 ", want: "7 8 "},
		{ldap: "sn", path: "familyName", stored: " 7 ", want: " 7 "},
		{ldap: "sn", path: "familyName", stored: "", want: ""},
		{ldap: "cn", path: "formatted", stored: "7 ", want: "7"},
		{ldap: "cn", path: "formatted", stored: "7", dn: "cn=7,ou=people,dc=example"},
		{ldap: "cn", path: "formatted", stored: "7 ", dn: "commonName=7,ou=people,dc=example", want: "7 "},
		{ldap: "mail", path: "emails", stored: "7"},
		{ldap: "mail", path: "emails", stored: "7 ", want: "7 "},
		{ldap: "roomNumber", path: "room", stored: "7"},
	} {
		held := e.Clone()
		held.Set(c.ldap, c.stored)
		if c.dn != "" {
			held.DN = c.dn
		}
		r := w.See(users, held)
		var got any
		switch name, _ := r["name"].(map[string]any); c.path {
		case "emails":
			if list, _ := r["emails"].([]any); len(list) > 0 {
				got = list[0].(map[string]any)["value"]
			}
		case "room":
			own, _ := r["urn:example:2.0:User"].(map[string]any)
			got = own["room"]
		default:
			got = name[c.path]
		}
		if got != c.want {
			t.Errorf("%s: %s %q shows %#v, want %#v", held.DN, c.ldap, c.stored, got, c.want)
		}
	}
}
