package examples_test

import (
	"fmt"
	"io"
	"strings"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// product is what the tests have to know of a directory product beyond its traits: which example is for it, and how its entries look.
type product struct {
	folder string    // the example
	env    []string  // what is otherwise there
	start  string    // LDIF that every exchange begins with
	log    io.Writer // where the bridge logs; nil: see logOutput

	user  func(dn, name string) string         // LDIF of a user
	group func(dn, name, member string) string // LDIF of a group with a member, where it needs one
	rdn   func(userName string) string         // of a user without a displayName

	login, tombstone         string // attributes
	active, unlocked, locked string // the attribute that blocks, and its values for a new account and a blocked one

	certificate     string // attribute, as the server names it
	oneMail, noRole bool   // a user has one mail; the example has no roles
	oneAtATime      bool   // writes that meet in its database wait longer for one another than they take
}

var products = map[ldif.ServerKind]product{
	ldif.OpenLDAP: {
		folder: "openldap", start: "start.ldif",
		user: inetOrgPerson, group: groupOfNames, rdn: func(userName string) string { return "uid=" + userName },
		login: "uid", tombstone: "scimUserName", active: "userAccountControl", unlocked: "512", locked: "514",
		certificate: "userCertificate;binary",
	},
	ldif.DS389: {
		folder: "openldap", start: "start.389ds.ldif", env: []string{"SCIMBRIDGE_RESOURCES_0_ACTIVE_0_BY=nsAccountLock"},
		user: inetOrgPerson, group: groupOfNames, rdn: func(userName string) string { return "uid=" + userName },
		login: "uid", tombstone: "scimUserName", active: "nsAccountLock", locked: "true",
		certificate: "userCertificate", oneAtATime: true,
	},
	ldif.ActiveDirectory: {
		folder: "active-directory", start: "start.active-directory.ldif",
		user: domainUser, group: domainGroup, rdn: func(userName string) string { return "CN=" + beforeAt(userName) },
		login: "userPrincipalName", tombstone: "extensionName", active: "userAccountControl", unlocked: "512", locked: "514",
		certificate: "userCertificate", oneMail: true, noRole: true,
	},
}

func productOf(server *dirtest.Server) product { return products[server.Kind] }

func inetOrgPerson(dn, name string) string {
	return fmt.Sprintf("dn: %s\nobjectClass: inetOrgPerson\nuid: %s\ncn: %[2]s\nsn: %[2]s\n", dn, name)
}

func groupOfNames(dn, name, member string) string {
	return fmt.Sprintf("dn: %s\nobjectClass: groupOfNames\ncn: %s\nmember: %s\n", dn, name, member)
}

func domainUser(dn, name string) string {
	return fmt.Sprintf("dn: %s\nobjectClass: user\nsAMAccountName: %s\nuserPrincipalName: %[2]s\n", dn, name)
}

func domainGroup(dn, name, _ string) string {
	return fmt.Sprintf("dn: %s\nobjectClass: group\nsAMAccountName: %s\n", dn, name)
}

func beforeAt(userName string) string {
	name, _, _ := strings.Cut(userName, "@")
	return name
}
