package openldap_test

import (
	"os"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/examples/readmetest"
)

// TestOverlays adds to the example's slapd.conf what many servers have besides: memberof and unique.
func TestOverlays(t *testing.T) {
	need(t)
	e := newExample(t)
	text, err := os.ReadFile(e.conf)
	if err != nil {
		t.Fatal(err)
	}
	e.write(t, e.conf, strings.Replace(string(text), "moduleload refint\n",
		"moduleload refint\nmoduleload memberof\nmoduleload unique\n", 1)+
		"\noverlay memberof\noverlay unique\nunique_uri ldap:///"+people+"?uid,mail?sub\n")
	blocks := readmetest.Read(t, "README.md", "Try it")
	e.Serve(t, blocks[0].Commands, listens(e.ldap))
	e.Serve(t, blocks[1].Commands, listens(e.scim))

	mara := e.made(t, "/Users", `{"userName": "mara", "emails": [{"type": "work", "value": "mara@contoso.example"}]}`)
	noor := e.made(t, "/Users", `{"userName": "noor"}`)
	group := e.made(t, "/Groups", `{"displayName": "Day Shift", "members": [{"value": "`+mara+`"}]}`)
	e.isMember(t, "uid=mara,"+people, true)
	e.ask(t, "PATCH", "/Groups/"+group, patch(`{"op": "Add", "path": "members", "value": [{"value": "`+noor+`"}]}`), 204)
	e.isMember(t, "uid=noor,"+people, true)
	e.ask(t, "PATCH", "/Groups/"+group, patch(`{"op": "Remove", "path": "members", "value": [{"value": "`+mara+`"}]}`), 204)
	e.isMember(t, "uid=mara,"+people, false)
	e.ask(t, "PATCH", "/Users/"+noor, patch(`{"op": "Replace", "path": "userName", "value": "noor.haan"}`), 200)
	e.isMember(t, "uid=noor.haan,"+people, true)
	t.Run("the lifecycle", e.lifecycle)
}

// isMember holds an account's memberOf to whether it is in a group.
func (e *example) isMember(t *testing.T, dn string, want bool) {
	t.Helper()
	found, err := e.bound(t, "cn=admin,dc=example,dc=org", "admin-secret").Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject,
		ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"memberOf"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if groups := found.Entries[0].GetAttributeValues("memberOf"); (len(groups) == 1) != want {
		t.Errorf("%s has memberOf %q", dn, groups)
	}
}
