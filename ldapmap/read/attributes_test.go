package read_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/ldapmap/read"
	"scimbridge/scim/schema"
)

// What is read is what is asked for, and what nothing can be made or judged without.
func TestAttributes(t *testing.T) {
	text := `
- type: User
  base: ou=people,dc=example
  filter: (|(memberOf=cn=scim)(!(description=*)))
  objectClasses: [inetOrgPerson, scimbridgeUser]
  tombstone: scimUserName
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: name.formatted, ldap: cn, empty: 'displayName ?? userName'}
    - {scim: displayName, ldap: displayName}
    - {scim: title, ldap: title}
    - {scim: password, ldap: userPassword}
    - {ldap: employeeType, value: userName}
    - {ldap: employeeNumber, value: userName, on: create, unique: true}
    - {ldap: roomNumber, constant: x}
  active: {by: userAccountControl}
`
	none := func(schema.Ref) bool { return false }
	title := func(r schema.Ref) bool { return r.Attr.Name == "title" }
	always := "%s %s objectClass createTimestamp modifyTimestamp memberOf description uid cn displayName"
	for _, c := range []struct {
		kind  ldif.ServerKind
		wants func(schema.Ref) bool
		want  string
	}{
		{ldif.OpenLDAP, none, always + " employeeType scimUserName userAccountControl"},
		{ldif.OpenLDAP, title, always + " title employeeType scimUserName userAccountControl"},
		{ldif.OpenLDAP, nil, always + " title employeeType employeeNumber roomNumber scimUserName userAccountControl"},
		{ldif.DS389, none, always + " title employeeType employeeNumber roomNumber scimUserName userAccountControl"},
	} {
		users := maptest.New(t, c.kind, text, "").Map.Type("User")
		// Where it is the version too it is read once, and the version is looked at by itself.
		isVersion := func(s string) bool { return users.Server.VersionAttribute == s && s == "modifyTimestamp" }
		want := slices.Compact(strings.Fields(fmt.Sprintf(c.want, users.Server.IDAttribute, users.Server.VersionAttribute)))
		want = slices.DeleteFunc(want, isVersion)
		got := slices.DeleteFunc(read.Attributes(users, c.wants), isVersion)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.kind, diff)
		}
	}
	m := maptest.New(t, ldif.OpenLDAP, text, "").Map
	if diff := cmp.Diff([]string{"entryUUID", "objectClass", "memberOf", "description"}, m.LookUpAttributes()); diff != "" {
		t.Errorf("LookUpAttributes (-want +got):\n%s", diff)
	}
}
