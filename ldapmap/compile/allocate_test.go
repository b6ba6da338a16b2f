package compile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/maptest"
)

// What a map says wrongly of numbers.
func TestAllocateFaults(t *testing.T) {
	user := func(lines string) string {
		return "- type: User\n  base: ou=people,dc=example\n  objectClasses: [inetOrgPerson]\n" +
			"  attributes:\n    - {scim: userName, ldap: uid}\n" + lines
	}
	const good = "    - {ldap: uidNumber, on: create, allocate: {from: 100, to: 199, counter: 'cn=next,dc=example'}}\n"
	for _, c := range []struct{ text, want string }{
		{user(good), ""},
		{user(good + "    - {ldap: gidNumber, allocate: {from: 100, to: 199, counter: 'CN=next, dc=example'}, unique: true}\n"), ""},
		{
			user("    - {ldap: uidNumber, allocate: {from: 100, to: 199}}\n"),
			"[0].attributes[1].allocate.counter: the DN of the entry that counts is missing; where the server allots numbers itself, as " +
				"389 Directory Server's DNA plug-in does, no counter is needed: the line is " +
				`{ldap: …, constant: "-1"}, with the plug-in's magic value`,
		},
		{
			user("    - {ldap: uidNumber, allocate: {from: 0, to: -1, counter: next}}\n"),
			`[0].attributes[1].allocate.counter: "next" is not the DN of an entry: for example cn=uidNext,ou=system,dc=example,dc=org
[0].attributes[1].allocate.from: the first number is 1 or more
[0].attributes[1].allocate.to: the last number, -1, is below the first, 0`,
		},
		{
			user("    - {ldap: userPassword, allocate: {from: 1, to: 2, counter: 'cn=next,dc=example'}}\n"),
			"[0].attributes[1].ldap: userPassword holds passwords, and numbers are none",
		},
		{
			user("    - {ldap: uidNumber, value: userName, allocate: {from: 1, to: 2, counter: 'cn=next,dc=example'}}\n"),
			"[0].attributes[1].value: a line without `scim` needs one of `value`, `constant` and `allocate`",
		},
		{
			user("    - {scim: title, ldap: title, allocate: {from: 1, to: 2, counter: 'cn=next,dc=example'}}\n"),
			"[0].attributes[1].scim: `constant`, `allocate` and `unique` go with a line without `scim`; " +
				"a SCIM attribute is made unique under `unique` of the resource",
		},
		{
			user(good) + `- type: Group
  base: ou=groups,dc=example
  objectClasses: [groupOfNames]
  attributes:
    - {scim: displayName, ldap: cn}
    - {ldap: gidNumber, allocate: {from: 200, to: 299, counter: 'cn=next,dc=example'}}
`, "[1].attributes[1].allocate: the counter cn=next,dc=example counts from 100 to 199 under resources[0].attributes[1].allocate",
		},
	} {
		got := ""
		compile.CheckAll(maptest.Read(t, c.text), func(path, problem string) {
			if got != "" {
				got += "\n"
			}
			got += path + ": " + problem
		})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s\n(-want +got):\n%s", c.text, diff)
		}
	}
}
