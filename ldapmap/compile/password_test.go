package compile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/maptest"
)

// What a map says wrongly of the password of new accounts.
func TestInitialFaults(t *testing.T) {
	user := func(line string) string {
		return "- type: User\n  base: ou=people,dc=example\n  objectClasses: [inetOrgPerson]\n" +
			"  attributes:\n    - {scim: userName, ldap: uid}\n    - {" + line + "}\n"
	}
	const shared = "[0].attributes[1].ldap: a password that is the same for every account is everybody's: " +
		"{scim: password, ldap: …, initial: {length: 24}} gives each one of its own"
	const (
		at        = "[0].attributes[1]."
		length    = at + "initial.length: a random password has 12 to 64 characters"
		misplaced = at + "initial: goes with the line of the password: {scim: password, …}"
	)
	for line, want := range map[string]string{
		"scim: password, ldap: userPassword, initial: {length: 24}":                          "",
		"scim: password, ldap: userPassword, initial: {length: 12, classes: [lower, digit]}": "",
		"scim: password, ldap: userPassword, initial: {length: 8}":                           length,
		"scim: password, ldap: userPassword, initial: {classes: [digit]}":                    length,
		"scim: password, ldap: userPassword, initial: {length: 24, classes: [digit, emoji]}": at +
			`initial.classes[1]: "emoji" is none of digit, lower, symbol, upper`,
		"scim: title, ldap: title, initial: {length: 24}":               misplaced,
		"ldap: title, constant: x, initial: {length: 24}":               misplaced,
		"ldap: userPassword, constant: Welcome-2026":                    shared,
		"ldap: userPassword, value: '\"Welcome-\" + base'":              shared,
		"scim: password, ldap: userPassword, empty: '\"Welcome-2026\"'": shared,
		"ldap: userPassword, value: '\"Welcome-\" + userName'":          "",
	} {
		got := ""
		compile.CheckAll(maptest.Read(t, user(line)), func(path, problem string) { got += path + ": " + problem })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n(-want +got):\n%s", line, diff)
		}
	}
}
