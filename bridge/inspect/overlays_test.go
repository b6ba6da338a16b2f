package inspect_test

import (
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples"
)

// withGroups is the sound map that shows users their groups from what the server keeps.
var withGroups = strings.Replace(sound, "    active:", "    groups: {show: direct, attribute: memberOf}\n    active:", 1)

// with is the sound map with another line for users.
func with(line string) string {
	return strings.Replace(sound, "    active:", "      - "+line+"\n    active:", 1)
}

// TestBrokenOverlays breaks one overlay of slapd after the other; what is proposed is run, and mends it.
func TestBrokenOverlays(t *testing.T) {
	t.Parallel()
	d := openLDAP(t, dirtest.MemberOf(), dirtest.Global("moduleload constraint"))
	const at = "," + database
	add := func(overlay, class, setting string) string {
		return "dn: olcOverlay=" + overlay + at + "\nchangetype: add\nobjectClass: olcOverlayConfig\nobjectClass: " + class +
			"\nolcOverlay: " + overlay + "\n" + setting + "\n"
	}
	replace := func(overlay, name, value string) string {
		return "dn: olcOverlay=" + overlay + at + "\nchangetype: modify\nreplace: " + name + "\n" + name + ": " + value + "\n"
	}
	const keeps = "SCIMBRIDGE_DIRECTORY_KEEPSREFERENCES=true"
	d.breaks([]fault{
		{name: "as it should be", text: withGroups},
		{
			name: "references that refint keeps later", text: withGroups, env: keeps, finds: "warning references-later",
			key: "directory.keepsReferences", repair: "keepsReferences: false",
		},
		{
			name: "refint leaves the last", finds: "hint refint-nothing", key: "resources[1].members", mends: true,
			repair: "olcRefintNothing: cn=no-member",
		},
		{
			name: "memberOf of other groups", text: withGroups, finds: "warning memberof", key: "resources[0].groups", mends: true,
			broken: replace("{1}memberof", "olcMemberOfGroupOC", "groupOfUniqueNames") + "-\nreplace: olcMemberOfMemberAD\n" +
				"olcMemberOfMemberAD: uniqueMember\n",
			repair: "olcMemberOfMemberAD: member\n-\nreplace: olcMemberOfGroupOC\nolcMemberOfGroupOC: groupOfNames",
		},
		{
			name: "memberOf that nothing fills in", text: withGroups, finds: "warning memberof", key: "resources[0].groups", mends: true,
			broken: "dn: olcOverlay={1}memberof" + at + "\nchangetype: delete\n",
			repair: "dn: olcOverlay=memberof" + at,
		},
		{
			name: "members that refint does not keep", env: keeps, finds: "error references", key: "directory.keepsReferences", mends: true,
			broken: replace("{0}refint", "olcRefintAttribute", "manager"), repair: "olcRefintAttribute: member",
		},
		{
			name: "references that nobody keeps", env: keeps, finds: "error references", key: "directory.keepsReferences", mends: true,
			broken: "dn: olcOverlay={0}refint" + at + "\nchangetype: delete\n", repair: "dn: olcOverlay=refint" + at,
		},
		{
			name: "a unique attribute that the map does not know of", finds: "hint unique", key: "resources[0].attributes[2].ldap",
			broken: add("unique", "olcUniqueConfig", "olcUniqueURI: ldap:///ou=people,dc=example,dc=org?displayName,title?sub"),
			repair: "unique: [displayName]",
		},
		{
			name: "a unique attribute that is a constant", text: with("{ldap: businessCategory, constant: scim}"),
			broken: replace("{2}unique", "olcUniqueURI", "ldap:///dc=example,dc=org?businessCategory,title?sub"),
			finds:  "error unique-broken", key: "resources[0].attributes[9].constant", mends: true,
			repair: "add: olcUniqueURI\nolcUniqueURI: ldap:///dc=example,dc=org?title?sub",
		},
		{
			name:   "a unique attribute that holds a placeholder",
			broken: replace("{2}unique", "olcUniqueURI", "ldap:///dc=example,dc=org?member?sub"),
			finds:  "error unique-broken", key: "resources[1].members", mends: true, repair: "delete: olcUniqueURI",
		},
		{
			name: "a constraint to one value", finds: "error constraint", key: "resources[0].attributes[8].ldap", mends: true,
			broken: add("constraint", "olcConstraintConfig", "olcConstraintAttribute: scimRole count 1"),
			repair: "delete: olcConstraintAttribute",
		},
		{
			name: "a constraint that a constant breaks", text: with("{ldap: employeeType, constant: scim}"),
			broken: "dn: olcOverlay={3}constraint" + at + "\nchangetype: modify\nadd: olcConstraintAttribute\n" +
				"olcConstraintAttribute: employeeType regex ^[a-z]+-\n",
			finds: "error constraint", key: "resources[0].attributes[9].constant", mends: true, repair: "delete: olcConstraintAttribute",
		},
		{
			name: "overlays that are not shown", text: withGroups, finds: "hint unseen-overlays", key: "resources[0].groups",
			broken: "dn: olcDatabase={0}config,cn=config\nchangetype: modify\ndelete: olcAccess\n", repair: "put somebody into a group",
		},
	})
}

// TestBrokenPlugins is TestBrokenOverlays with a 389 Directory Server.
func TestBrokenPlugins(t *testing.T) {
	t.Parallel()
	need(t)
	server := dirtest.DS389(t, dirtest.DS389Schema(strings.Replace(examples.OpenLDAPSchema, "userAccountControl $ ", "", 1)))
	d := deployment{t, server, sound, []string{
		"SCIMBRIDGE_DIRECTORY_URLS=" + server.URL, "SCIMBRIDGE_DIRECTORY_BIND_DN=cn=Directory Manager",
		"SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=" + server.Password, "SCIMBRIDGE_RESOURCES_0_ACTIVE_0_BY=nsAccountLock",
	}, nil, false}
	const at = ",cn=plugins,cn=config"
	set := func(plugin, name, value string) string {
		return "dn: cn=" + plugin + at + "\nchangetype: modify\nreplace: " + name + "\n" + name + ": " + value + "\n"
	}
	const keeps = "SCIMBRIDGE_DIRECTORY_KEEPSREFERENCES=true"
	number := strings.Replace(with("{ldap: uidNumber, constant: '-1'}"), "[inetOrgPerson, scimbridgeUser]",
		"[inetOrgPerson, scimbridgeUser, posixAccount]", 1)
	const demanded = "      - {ldap: gidNumber, constant: '100'}\n      - {ldap: homeDirectory, constant: /}\n    active:"
	number = strings.Replace(number, "    active:", demanded, 1)
	allots := strings.Replace(number, "constant: '-1'}", "on: create, allocate: {from: 1, to: 9, counter: 'cn=n,dc=example,dc=org'}}", 1)
	d.breaks([]fault{
		{name: "as it should be"},
		{
			name: "memberOf that nothing fills in", text: withGroups, finds: "warning memberof", key: "resources[0].groups", mends: true,
			repair: "memberOfGroupAttr: member",
		},
		{
			name: "memberOf of other groups", text: withGroups, finds: "warning memberof", key: "resources[0].groups", mends: true,
			broken: set("MemberOf Plugin", "memberOfGroupAttr", "uniqueMember"),
			repair: "memberOfGroupAttr: uniqueMember\nmemberOfGroupAttr: member\n",
		},
		{
			name: "memberOf that no class allows", finds: "error memberof-class", key: "resources[0].objectClasses", mends: true,
			broken: "dn: cn=MemberOf Plugin" + at + "\nchangetype: modify\nreplace: memberOfAutoAddOC\n",
			repair: "memberOfAutoAddOC: nsMemberOf",
		},
		{
			name: "references that nobody keeps", env: keeps, finds: "error references", key: "directory.keepsReferences", mends: true,
			repair: "referint-membership-attr: member",
		},
		{
			name: "references that are kept later", env: keeps, finds: "warning references-later", key: "directory.keepsReferences",
			broken: set("referential integrity postoperation", "referint-update-delay", "60"), mends: true,
			repair: "referint-update-delay: 0",
		},
		{
			name: "a unique attribute that the map does not know of", finds: "hint unique", key: "resources[0].attributes[2].ldap",
			broken: set("attribute uniqueness", "nsslapd-pluginEnabled", "on") + "-\nreplace: uniqueness-attribute-name\n" +
				"uniqueness-attribute-name: displayName\n",
			repair: "unique: [displayName]",
		},
		{
			name: "a unique attribute that is a constant", text: with("{ldap: businessCategory, constant: scim}"),
			broken: set("attribute uniqueness", "uniqueness-attribute-name", "businessCategory"),
			finds:  "error unique-broken", key: "resources[0].attributes[9].constant", mends: true, repair: "nsslapd-pluginEnabled: off",
		},
		{
			name: "letters beyond ASCII", finds: "hint ascii-only", key: "resources[0].attributes[0].ldap", mends: true,
			repair: "dn: cn=7-bit check" + at,
		},
		{
			name: "numbers that nothing allots", text: number, finds: "error numbers", key: "resources[0].attributes[9].constant",
			repair: "dnaMagicRegen: -1", mends: true,
		},
		{
			name: "numbers in the place of another value", text: strings.Replace(number, "'-1'", "'-9'", 1), finds: "error numbers",
			key: "resources[0].attributes[9].constant", repair: "{ldap: uidNumber, constant: '-1'}",
		},
		{
			name: "numbers that the map allots too", finds: "warning numbers-twice", key: "resources[0].attributes[9].ldap", mends: true,
			text: allots, repair: "changetype: delete",
		},
		{
			name: "accounts that end by themselves", finds: "hint account-policy", key: "resources[0].active",
			broken: set("Account Policy Plugin", "nsslapd-pluginEnabled", "on"), repair: "ldapsearch",
		},
	})
}
