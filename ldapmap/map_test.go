package ldapmap_test

import (
	"slices"
	"strings"
	"testing"

	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

func TestWritesAndPath(t *testing.T) {
	m := maptest.New(t, ldif.OpenLDAP, maptest.BroadMap, "").Map
	users, groups := m.Type("User"), m.Type("Group")
	for attribute, want := range map[string]string{
		"uid": "userName", "USERID": "userName", "fax": `phoneNumbers[type eq "fax"].value`,
		"employeeType": "", "scimUserName": "", "userAccountControl": "active",
		"member": "", "title": "", "objectClass": "", "unicodePwd": "password",
	} {
		if got := users.Path(attribute); got != want {
			t.Errorf("Path(%s) is %q", attribute, got)
		}
		writes := !slices.Contains([]string{"member", "title", "unicodePwd"}, attribute)
		if got := users.Writes(attribute); got != writes {
			t.Errorf("Writes(%s) is %v", attribute, got)
		}
	}
	if !groups.Writes("member") || groups.Path("MEMBER") != "members" || groups.Writes("uid") || groups.Writes("") {
		t.Error("the attributes of groups are mixed up")
	}
}

func TestScope(t *testing.T) {
	for _, c := range []struct {
		kind                        ldif.ServerKind
		classes, filter, text, hold string
	}{
		{ldif.OpenLDAP, "[inetOrgPerson, scimbridgeUser]", "", "(objectClass=inetOrgPerson)", "mara noor"},
		{ldif.OpenLDAP, "[inetOrgPerson]", "(uid=mara)", "(&(objectClass=inetOrgPerson)(uid=mara))", "mara"},
		{ldif.OpenLDAP, "[inetOrgPerson]", "(objectClass=account)", "(objectClass=account)", "ivo"},
		{ldif.OpenLDAP, "[scimbridgeUser]", "", "(objectClass=scimbridgeUser)", "noor"},
		{ldif.ActiveDirectory, "[top, person, user]", "", "(&(objectCategory=person)(objectClass=user))", "mara"},
		{ldif.ActiveDirectory, "[user]", "(displayName=x)", "(&(&(objectCategory=person)(objectClass=user))(displayName=x))", ""},
		{ldif.ActiveDirectory, "[user]", "(objectCategory=computer)", "(objectCategory=computer)", "noor"},
	} {
		attribute := "displayName"
		if c.classes == "[scimbridgeUser]" { // which allows few
			attribute = "scimExternalId"
		}
		text := "- {type: User, base: 'dc=example', objectClasses: " + c.classes + ", filter: '" + c.filter + "', " +
			"dn: '\"cn=\" + rdn(userName) + \",\" + base', attributes: [{scim: userName, ldap: " + attribute + "}]}"
		entries := "dn: uid=mara,dc=example\nobjectClass: inetOrgPerson\nuid: mara\n\n" +
			"dn: uid=noor,dc=example\nobjectClass: inetOrgPerson\nobjectClass: scimbridgeUser\nuid: noor\n\n" +
			"dn: uid=ivo,dc=example\nobjectClass: account\nuid: ivo\n"
		if strings.Contains(c.classes, "user]") {
			entries = "dn: uid=mara,dc=example\nobjectClass: person\nobjectClass: user\n\n" +
				"dn: uid=noor,dc=example\nobjectClass: user\nobjectClass: computer\n"
		}
		entries += "\ndn: uid=stranger,dc=elsewhere\nobjectClass: inetOrgPerson\nobjectClass: user\nuid: mara\n"
		w := maptest.New(t, c.kind, text, entries)
		users := w.Map.Type("User")
		var held []string
		for _, e := range w.Entries {
			if users.Holds(e) {
				rdn, _ := ldif.ParseRDN(e.DN)
				held = append(held, rdn[0].Value)
			}
		}
		if users.Scope() != c.text || strings.Join(held, " ") != c.hold {
			t.Errorf("%s %s: %s holds %q", c.kind, c.filter, users.Scope(), held)
		}
	}
}
