package ldapmap_test

import (
	"testing"

	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// TestPasswordFor: of random passwords an account gets the first that shares no three characters in a row with one of its names.
func TestPasswordFor(t *testing.T) {
	users := maptest.New(t, ldif.OpenLDAP, "- {type: User, base: 'dc=example', objectClasses: [inetOrgPerson], "+
		"attributes: [{scim: userName, ldap: uid}, {scim: displayName, ldap: cn}, {scim: title, ldap: title}]}", "").Map.Type("User")
	e := &ldif.Entry{}
	e.Set("uid", "lee@contoso.example")
	e.Set("cn", "Mara Lindholm", "Æsa")
	e.Set("title", "Zqx")
	for password, want := range map[string]bool{
		"x": true, "7le3e@": true, "7zqx3": true, "raL7in3": true, // of two names, or what is no name
		"7LEE3": false, "7e@c3": false, "ara": false, "7holm": false, "dholm7Q3": false, "7 li3": false,
	} {
		if got := users.PasswordFor(e, []string{"lee", password, "lee@"}); (got == password) != want || !want && got != "lee" {
			t.Errorf("%q: %q", password, got)
		}
	}
}
