package compile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim/schema"
)

// Each map has the faults named, and no other.
func TestCompileFaults(t *testing.T) {
	user := func(lines string) string {
		return "- type: User\n  base: dc=example\n  objectClasses: [inetOrgPerson]\n" +
			"  attributes:\n    - {scim: userName, ldap: uid}\n" + lines
	}
	const active, marker = "  active: {attribute: flag, blocked: x}\n", "marker: {attribute: employeeType, value: deleted}}"
	device := func(name, endpoint string) string {
		return "- type: " + name + "\n  endpoint: " + endpoint + "\n  schema: urn:x:" + name + "\n" +
			"  base: ou=" + name + ",dc=example,dc=org\n" +
			"  objectClasses: [device]\n  dn: '\"cn=\" + rdn(name) + \",\" + base'\n  attributes: [{scim: name, ldap: cn}]\n"
	}
	own := func(more string) string { return user("    - {scim: 'urn:x:key', ldap: l, " + more + "}\n") }
	const known = "; there are expr-lang's own and rdn, lower, upper, trim, before, after, split, join, replace, regexp, " +
		"substitute, truncate, ascii, german, digits, switch, generalizedTime, fileTime, shadowDays, dateTime, isTrue, boolean, " +
		"countryCode, countryName, countryNumber, random, uuid"
	const drawn = "[0].attributes[1].value: what is drawn is written once: with `on: create`, and without `unique` and `previous`"
	const unseen = ", which no expression sees: a new user is in no group, and none of his own changes puts him into one or " +
		"takes him out, so that what is made of them would never be true"
	const noOption = " has an option that is none: lang-de is one"
	const misplaced = "[0].attributes[1].ldap: a password, and nothing else, is kept in an attribute whose values are never shown, " +
		"such as userPassword or unicodePwd"
	for _, c := range []struct{ text, want string }{
		{user(""), ""},
		{"- {type: User}", `[0].base: "" is not a DN, as ou=people,dc=example,dc=org is
[0].objectClasses: at least the structural object class is needed
[0].attributes: userName must be mapped, as {scim: userName, ldap: uid}`},
		{strings.Replace(user(""), "dc=example", "no DN", 1), `[0].base: "no DN" is not a DN, as ou=people,dc=example,dc=org is`},
		{
			strings.Replace(user(""), "User", "Printer", 1),
			`[0].type: "Printer" is neither User nor Group: a type of your own needs ` + "`endpoint` and `schema`" + `
[0].dn: how is an entry named? For example '"cn=" + rdn(displayName) + "," + base'`,
		},
		{user("") + user(""), "[1].type: User is mapped twice"},
		{user("") + device("A", "/users"), "[1].endpoint: /users is the endpoint of User"},
		{user("") + device("A", "/As") + device("B", "as/"), "[2].endpoint: /as is the endpoint of A"},
		{device("A", "/users") + user(""), "[0].endpoint: /users is the endpoint of User"},
		{device("A", "/me"), "[0].endpoint: /me is the protocol's own"},
		{device("A", "/.search"), "[0].endpoint: /.search is the protocol's own"},
		{device("A", "/:id"), `[0].endpoint: "/:id" is not a path of one segment, as /Devices`},
		{device("A", "/a/b"), `[0].endpoint: "/a/b" is not a path of one segment, as /Devices`},
		{user("  filter: (a=b"), `[0].filter: filter "(a=b", offset 4: ')' wanted`},
		{strings.Replace(user(""), "dc=example", `["ou=a,dc=example", "ou=b,dc=example"]`, 1), ""},
		{
			strings.Replace(user(""), "dc=example", `["ou=a,dc=example", "ou=b,ou=A,dc=example", "ou=a,dc=example", ou=x, "dc= , ,"]`, 1),
			`[0].base[1]: "ou=b,ou=A,dc=example" lies in base[0], which covers it: name one of the two
[0].base[2]: "ou=a,dc=example" lies in base[0], which covers it: name one of the two
[0].base[3]: "ou=x" is a DN of one part: if it is a piece of one that was cut at its commas, quote the DN in brackets
[0].base[4]: "dc= , ," is not a DN, as ou=people,dc=example,dc=org is`,
		},
		{
			strings.Replace(user(""), "[inetOrgPerson]",
				`[{class: person, when: 'userName == "x"'}, {when: '"a"'}, {class: top, when: '1 +'}]`, 1),
			"[0].objectClasses[1].class: the object class is missing\n" +
				"[0].objectClasses[1].when: is text, and whether entries have the class is true or false\n" +
				"[0].objectClasses[2].when: unexpected token EOF (1:3)\n" +
				"[0].objectClasses: at least the structural object class is needed, without `when`",
		},
		{
			strings.Replace(user("    - {scim: password, ldap: userPassword}"), "[inetOrgPerson]",
				`[person, {class: a, when: 'password == "x"'}, {class: A, when: 'true'}, {class: b, when: 'random(3) == "x"'}]`, 1),
			"[0].objectClasses[1].when: the classes of an entry are shown, and a password must not be\n" +
				"[0].objectClasses[2].class: A is listed twice\n" +
				"[0].objectClasses[2].when: is the same for every resource: a class that all have goes without `when`\n" +
				"[0].objectClasses[3].when: a class follows from the resource alone: neither from chance nor from `previous`",
		},
		{
			strings.Replace(user("    - {scim: title, ldap: title}\n"+active+"  onBlock: {clear: [title]}"), "[inetOrgPerson]",
				`[person, {class: a, when: 'title == "x"'}]`, 1),
			"[0].onBlock.clear[0]: title decides under `objectClasses` which classes entries have",
		},
		{
			user("    - {scim: password, ldap: userPassword, by: hand}\n    - {scim: title, ldap: title, by: password-modify}\n" +
				"    - {ldap: l, constant: x, by: password-modify}"),
			`[0].attributes[1].by: "hand" is not known: password-modify is, or nothing where the password is written as an attribute
[0].attributes[2].by: goes with the line of the password: {scim: password, …}
[0].attributes[3].by: goes with the line of the password: {scim: password, …}`,
		},
		{
			user("    - {scim: password, ldap: unicodePwd, by: password-modify}"),
			"[0].attributes[1].by: unicodePwd is written as an attribute alone",
		},
		{
			user("    - {scim: password, ldap: userPassword, by: password-modify}\n  active: {by: pwdAccountLockedTime}\n"),
			"[0].attributes[1].by: takes away pwdAccountLockedTime, by which accounts are blocked: leave it out, " +
				"or block by another attribute",
		},
		{
			user("    - {ldap: title, value: 'len(resource.groups)'}\n    - {ldap: l, value: 'previous.groups[0].display'}\n" +
				"  groups: {show: direct}\n- {type: Group, base: dc=x, objectClasses: [groupOfNames], " +
				"attributes: [{scim: displayName, ldap: cn}], members: {attribute: member}}"),
			"[0].attributes[1].value: \"len(resource.groups)\" uses resource.groups" + unseen + "\n" +
				"[0].attributes[2].value: \"previous.groups[0].display\" uses previous.groups" + unseen,
		},
		{
			user(`    - {scim: 'emails[type eq "work"].value', ldap: mail}` + "\n" +
				"    - {ldap: title, value: 'find(emails ?? [], .primary == true)?.value'}\n" +
				"    - {ldap: l, value: 'find(emails ?? [], .type == \"work\")?.value'}"),
			"[0].attributes[2].value: unknown field primary (1:21): what the map does not keep of a value shows in the request that " +
				"brings it, and never again",
		},
		{user("  onForbidden: drop"), `[0].onForbidden: "drop" is not known: skip is, or nothing where such a request is refused`},
		{
			user("    - {scim: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:Usermanager', ldap: manager, reference: User}"),
			`[0].attributes[1].scim: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:Usermanager" would be of an ` +
				`extension of its own; did you mean urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager?`,
		},
		{user("    - {scim: 'urn:ietf:params:scim:schemas:extension:acme:2.0:User:manager', ldap: description}"), ""},
		{
			user("    - {scim: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager', ldap: manager}"),
			"[0].attributes[1].reference: manager holds DNs, and clients know resources by their ids: say what it refers to, " +
				"as `reference: User`",
		},
		{user("    - {scim: 'urn:x:seen', ldap: seeAlso, define: {mutability: readOnly}}"), ""},
		{user("  rename: no"), `[0].rename: "no" is not known: never is, or nothing where entries follow ` + "`dn`"},
		{
			user("    - {scim: externalId, ldap: l}\n" +
				"  match: [{scim: userName}, {scim: externalId}, {scim: userName, in: externalId}]"),
			"",
		},
		{
			user("  match: [{scim: userName}]"),
			"[0].match: externalId is not mapped, and it alone tells whose an entry is: map it to an attribute that the entries have free",
		},
		{
			user("    - {scim: externalId, ldap: l, on: create}\n  match: [{scim: userName}]"),
			"[0].match: externalId is written to what is found, and the map writes it `on: create` alone",
		},
		{
			user("    - {scim: externalId, ldap: l}\n    - {scim: password, ldap: userPassword}\n    " +
				"- {scim: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager', ldap: manager, reference: User}\n" +
				"    - {scim: 'x509Certificates.value', ldap: userCertificate}\n" +
				"  match: [{scim: UserName}, {scim: userName}, {scim: title}, {}, " +
				"{scim: password}, {scim: userName, in: userName}, {scim: userName, in: 'x509Certificates.value'}, " +
				"{scim: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager'}]"),
			`[0].match[1].scim: userName is listed twice
[0].match[2].scim: "title" is not mapped
[0].match[3].scim: "" is not mapped
[0].match[4].scim: password is a password, and tells nobody apart
[0].match[5].in: userName itself is meant where ` + "`in`" + ` is left out
[0].match[6].in: x509Certificates.value is of type binary: a key is a text or an integer
[0].match[7].scim: urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager refers to another resource: ` +
				`a key is a text or an integer of the entry's own`,
		},
		{user("  delete: {mode: hide}"), `[0].delete.mode: "hide" is not a way to delete: delete, block, move and strip are`},
		{user("  delete: {to: 'ou=x,dc=example'}"), "[0].delete.mode: `to` goes with move, and `marker` with block and strip"},
		{user(active + "  delete: {mode: move, to: 'ou=x,dc=example'}"), ""},
		{user(active + "  delete: {mode: block, " + marker), ""},
		{user(active + "  delete: {mode: strip, " + marker), ""},
		{
			user("  delete: {mode: strip, " + marker),
			"[0].delete.mode: strip blocks who leaves: `active` of the resource must say how",
		},
		{user(active + "  delete: {mode: move}"), "[0].delete.to: move needs the DN of the place that it moves to"},
		{user(active + "  delete: {mode: move, to: x}"), `[0].delete.to: "x" is not a DN`},
		{
			user(active + "  delete: {mode: move, to: dc=example}"),
			`[0].delete.to: "dc=example" is "dc=example" or above it: everybody would have left`,
		},
		{
			user(active + "  delete: {mode: move, to: 'ou=x,dc=other'}"),
			`[0].delete.to: "ou=x,dc=other" and "dc=example" have nothing in common: no entry can be moved so`,
		},
		{
			user(active + "  delete: {mode: move, to: 'ou=x,dc=example', " + marker),
			"[0].delete.marker: move tells leavers by their place: `marker` goes with block and strip",
		},
		{
			user(active + "  delete: {mode: block}"),
			"[0].delete.marker: block needs an `attribute` and a `value` that tell leavers, " +
				"such as {attribute: employeeType, value: deleted}",
		},
		{user(active + "  delete: {mode: block, to: 'ou=x,dc=example', " + marker), "[0].delete.to: `to` goes with move"},
		{
			user(active + "  delete: {mode: block, marker: {attribute: flag, value: x}}"),
			"[0].active[0]: flag holds the marker already",
		},
		{
			user(active + "  delete: {mode: block, marker: {attribute: userPassword, value: x}}"),
			"[0].delete.marker.attribute: userPassword holds passwords, and tells of nobody that he left",
		},
		{
			user("    - {ldap: employeeType, constant: deleted}\n" + active + "  delete: {mode: block, " + marker),
			"[0].delete.marker.value: every new entry has employeeType deleted: nobody would be seen",
		},
		{
			"- type: Group\n  base: dc=example\n  objectClasses: [groupOfNames]\n  attributes: [{scim: displayName, ldap: cn}]\n" +
				"  delete: {mode: block, " + marker,
			"[0].delete.mode: there is nothing to block without `active`: move and strip are ways to delete a Group",
		},
		{user(active + "  onBlock: {clear: [mail, l], set: {attribute: employeeType, value: left}}"), ""},
		{user("  onBlock: {clear: [mail]}\n  onTombstone: {clear: [mail]}"), "[0].onBlock: nobody is blocked without `active`\n" +
			"[0].onTombstone: goes with `tombstone`: without it a rename is a rename, whatever the name"},
		{
			user(active + "  onBlock: {leaveGroups: true}"),
			"[0].onBlock.leaveGroups: no groups with members are mapped: there are none to leave",
		},
		{
			user("    - {scim: title, ldap: title}\n" +
				"    - {ldap: uidNumber, allocate: {from: 1, to: 9, counter: 'cn=n,dc=example'}, on: create}\n" +
				active + "  tombstone: gone\n  dn: '\"cn=\" + rdn(userName + (title ?? \"\")) + \",\" + base'\n" +
				"  onBlock: {clear: [UID, flag, gone, userPassword, objectClass, title, uidNumber, \"\"]}"),
			`[0].onBlock.clear[0]: UID holds the login: nobody would know whose the account is
[0].onBlock.clear[1]: flag holds active
[0].onBlock.clear[2]: gone holds the tombstone
[0].onBlock.clear[3]: userPassword is a password: it opens nothing while the account is blocked, and nobody could give it back
[0].onBlock.clear[4]: objectClass says what the entry is
[0].onBlock.clear[5]: title is what ` + "`dn`" + ` names entries by, or places them
[0].onBlock.clear[6]: uidNumber holds a number that is the entry's own for ever
[0].onBlock.clear[7]: is no attribute`,
		},
		{
			user("    - {scim: externalId, ldap: number}\n  match: [{scim: userName}]\n" + active + "  onBlock: {clear: [number]}"),
			"[0].onBlock.clear[0]: number says whose the entry is: `match` would give it to another",
		},
		{
			user("    - {ldap: description, value: userName}\n" + active + "  delete: {mode: block, " + marker + "\n  onBlock:\n" +
				"    clear: [mail]\n    set:\n" +
				"      - {attribute: UID, value: x}\n      - {attribute: description, value: x}\n      - {attribute: flag, value: x}\n" +
				"      - {attribute: employeeType, value: x}\n      - {attribute: mail, value: x}\n      - {attribute: l, value: x}\n" +
				"      - {attribute: L, value: x}\n      - {attribute: st}\n      - {attribute: userPassword, value: x}\n"),
			`[0].onBlock.set[7]: needs an ` + "`attribute` and a `value`" + `, such as {attribute: employeeType, value: left}
[0].onBlock.set[0].attribute: UID is filled under attributes[0] already
[0].onBlock.set[1].attribute: description is filled under attributes[1] already
[0].onBlock.set[2].attribute: flag holds active
[0].onBlock.set[3].attribute: employeeType holds the marker
[0].onBlock.set[4].attribute: mail is cleared too
[0].onBlock.set[6].attribute: L is set twice
[0].onBlock.set[8].attribute: userPassword is a password`,
		},
		{user("    - {scim: nope, ldap: cn}"), `[0].attributes[1].scim: "nope" is not an attribute of User`},
		{user("    - {scim: title}"), `[0].attributes[1].ldap: the LDAP attribute is missing`},
		{user("    - {scim: title, ldap: title;lang-de}"), ""},
		{user("    - {scim: title, ldap: title;}"), `[0].attributes[1].ldap: "title;"` + noOption},
		{user("    - {scim: title, ldap: title;range=0-9}"), `[0].attributes[1].ldap: "title;range=0-9"` + noOption},
		{user("    - {scim: title, ldap: title, also: [cn, description;lang-de]}"), ""},
		{user("    - {scim: title, ldap: title, also: [cn, title]}"), "[0].attributes[1].also: title is named twice"},
		{user("    - {scim: title, ldap: title, also: ['cn;']}"), `[0].attributes[1].also: "cn;"` + noOption},
		{
			user("    - {scim: password, ldap: userPassword, also: [cn]}"),
			"[0].attributes[1].also: a password and a reference have one attribute",
		},
		{user("    - {scim: title, ldap: title, on: delete}"), `[0].attributes[1].on: "delete" is not known: create is`},
		{
			user("    - {scim: nope, ldap: cn}\n    - {scim: title, ldap: title, reference: Robot}"),
			`[0].attributes[1].scim: "nope" is not an attribute of User
[0].attributes[2].reference: Robot is not mapped; here are User`,
		},
		{user("    - {ldap: cn}"), "[0].attributes[1].value: a line without `scim` needs one of `value`, `constant` and `allocate`"},
		{
			user("    - {ldap: cn, value: userName, empty: userName}"),
			"[0].attributes[1].scim: `empty`, `reference` and `choose` go with `scim`",
		},
		{user("    - {scim: title, ldap: title, choose: 'values[0]'}"), ""},
		{user("    - {scim: title, ldap: title, choose: first(vales)}"), `[0].attributes[1].choose: unknown name vales (1:7)`},
		{user("    - {scim: title, ldap: title, choose: userName}"), `[0].attributes[1].choose: unknown name userName (1:1)`},
		{user("    - {scim: title, ldap: title, choose: values}"), `[0].attributes[1].choose: expected string, but got []string`},
		{user("    - {scim: title, ldap: title, choose: 'find(values, # contains \"@\")'}"), ""},
		{
			user("    - {scim: emails.value, ldap: mail, choose: first(values)}"),
			`[0].attributes[1].choose: emails.value shows every value: there is none to choose`,
		},
		{user("    - {scim: 'emails[type eq \"work\"].value', ldap: mail, choose: first(values)}"), ""},
		{
			user("    - {scim: title, ldap: title, empty: userName, choose: first(values)}"),
			"[0].attributes[1].choose: `choose` goes with neither `reference` nor `empty`, nor with a password",
		},
		{
			user("    - {scim: title, ldap: title, constant: [x]}"),
			"[0].attributes[1].scim: `constant`, `allocate` and `unique` go with a line without `scim`; " +
				"a SCIM attribute is made unique under `unique` of the resource",
		},
		{user("    - {scim: name, ldap: cn}"), `[0].attributes[1].scim: name is complex: name one of its sub-attributes`},
		{user("    - {scim: active, ldap: cn}"), "[0].attributes[1].scim: active is mapped under `active` of the resource"},
		{user("    - {scim: id, ldap: cn}"), "[0].attributes[1].scim: id comes from the directory itself"},
		{
			user("    - {scim: 'emails[type sw \"w\"].value', ldap: mail}"),
			"[0].attributes[1].scim: the filter of a mapped path holds `eq` clauses joined by `and` only",
		},
		{user("    - {scim: title, ldap: title}\n    - {scim: Title, ldap: cn}"), `[0].attributes[2].scim: Title is mapped twice`},
		{user("    - {scim: title, ldap: UID}"), `[0].attributes[1].ldap: UID holds userName already`},
		{
			user("    - {scim: emails.value, ldap: mail}\n    - {scim: 'emails[type eq \"work\"].value', ldap: cn}"),
			`[0].attributes[2].scim: emails[type eq "work"].value cannot stand beside emails.value: ` +
				"each needs a filter such as [type eq \"work\"], or one ldap and a `prefix` of its own",
		},
		{user("    - {scim: title, ldap: l, prefix: 't:'}\n    - {scim: nickName, ldap: L, prefix: 'n:'}"), ""},
		{user("    - {scim: title, ldap: l, prefix: 't:'}\n    - {scim: nickName, ldap: l, where: 'value startsWith \"n\"'}"), ""},
		{
			user("    - {scim: title, ldap: l, prefix: 't'}\n    - {scim: nickName, ldap: l, prefix: 't:'}"),
			"[0].attributes[2].ldap: l holds title already",
		},
		{
			user("    - {scim: title, ldap: l, prefix: 't:'}\n    - {scim: nickName, ldap: l}"),
			"[0].attributes[2].ldap: l holds title already",
		},
		{user("    - {scim: password, ldap: description}"), misplaced},
		{user("    - {scim: title, ldap: userPassword}"), misplaced},
		{user("    - {ldap: cn, value: nickName}"), `[0].attributes[1].value: "nickName" uses nickName, which the map does not name`},
		{
			user("    - {scim: name.familyName, ldap: sn, empty: name.givenName}"),
			`[0].attributes[1].empty: "name.givenName" uses name.givenName, which the map does not name`,
		},
		{
			user("    - {scim: name.familyName, ldap: sn, empty: name.FamilyName}"),
			`[0].attributes[1].empty: "name.FamilyName" uses name.FamilyName, which the map does not name; did you mean name.familyName?`,
		},
		{user("    - {ldap: cn, value: random(8), on: create}\n    - {ldap: l, value: previous.userName}"), ""},
		{user("    - {ldap: cn, value: random(8)}"), drawn},
		{user("    - {ldap: cn, value: uuid(), on: create, unique: true}"), drawn},
		{
			user("    - {ldap: cn, value: previous.userName, on: create}"),
			"[0].attributes[1].value: `previous` is of a change: without `on: create` and `unique`",
		},
		{
			user("    - {ldap: cn, value: previous.titel}"),
			`[0].attributes[1].value: "previous.titel" uses previous.titel, which the map does not name`,
		},
		{user("    - {ldap: uid, value: previous.userName}"), `[0].attributes[1].ldap: uid holds userName already`},
		{
			user("    - {scim: title, ldap: title, empty: uuid()}"),
			"[0].attributes[1].empty: what stands in follows from the resource alone: neither from chance nor from `previous`",
		},
		{
			user("  dn: '\"uid=\" + rdn(random(8)) + \",\" + base'"),
			"[0].dn: a name follows from the resource alone: neither from chance nor from `previous`",
		},
		{user("    - {ldap: cn, value: '1 +'}"), `[0].attributes[1].value: unexpected token EOF (1:3)`},
		{user("    - {ldap: cn, value: 'now()'}"), `[0].attributes[1].value: "now()" calls now, which is no function` + known},
		{
			user("    - {ldap: cn, value: lowercase(userName)}"),
			`[0].attributes[1].value: "lowercase(userName)" calls lowercase, which is no function; did you mean lower?` + known,
		},
		{
			user("    - {ldap: cn, value: userNam}"),
			`[0].attributes[1].value: "userNam" uses userNam, which the map does not name; did you mean userName?`,
		},
		{
			user("    - {scim: name.givenNam, ldap: givenName}"),
			`[0].attributes[1].scim: "name.givenNam" is not an attribute of User; did you mean name.givenName?`,
		},
		{
			user("    - {scim: title, ldap: title, empty: nickName}\n    - {scim: nickName, ldap: cn, empty: title}"),
			"[0].attributes: what stands in for empty attributes (`empty`) goes in a circle",
		},
		{user("  dn: '\"uid=\" + rdn(userName) + \",dc=else\"'"), `[0].dn: the DN would end in "dc=else", which is ` +
			`not below "dc=example": end it in + "," + base`},
		{user("  dn: '\"uid=\" + rdn(userName)'"), `[0].dn: the DN would end in no base: end it in + "," + base`},
		{user("  dn: '\"uid=\" + rdn(userName) + base'"), `[0].dn: a comma is missing before base: + "," + base`},
		{user("  dn: '\"uid=\" + rdn(userName) + (userName == \"x\" ? \",ou=x\" : \"\") + \",dc=example\"'"), ""},
		{
			user("  dn: 'let b = base; \"uid=\" + rdn(userName) + \",\" + (userName == \"x\" ? \"dc=y\" : b)'"),
			`[0].dn: the DN would end in "dc=y", which is not below "dc=example": end it in + "," + base`,
		},
		{
			user("  active: {by: nsAccountLock}\n  dn: '\"uid=\" + rdn(userName) + \",ou=\" + rdn(active) + \",\" + base'"),
			`[0].dn: rdn(active) would name entries true and false: say which place is whose, as (active ? "" : "ou=other,") + base`,
		},
		{user("  active: {by: nsAccountLock}\n  dn: '\"uid=\" + rdn(userName) + \",\" + (active ? \"\" : \"ou=x,\") + base'"), ""},
		{user("  dn: '\"cn=\" + rdn(displayName)'"), `[0].dn: "\"cn=\" + rdn(displayName)" uses displayName, which the map does not name`},
		{
			strings.Replace(user(""), "ldap: uid", "ldap: mail", 1),
			`[0].dn: how is an entry named? For example '"cn=" + rdn(displayName) + "," + base'`,
		},
		{own("define: {type: integer}, reference: User"), "[0].attributes[1].define.type: what `reference` names is found by its id: " +
			"the line has no type of its own"},
		{
			own("define: {type: reference}"),
			"[0].attributes[1].define.type: a reference needs `referenceTypes`: external, uri or resource types",
		},
		{own("define: {referenceTypes: [uri]}"), "[0].attributes[1].define.referenceTypes: goes with `type: reference`"},
		{
			own("define: {type: reference, referenceTypes: [uri, User, Robot]}"),
			"[0].attributes[1].define.referenceTypes[2]: Robot is neither external nor uri, nor mapped",
		},
		{own("define: {type: link}"), `[0].attributes[1].define.type: "link" is none of string, boolean, decimal, integer, dateTime, ` +
			"binary, reference"},
		{
			user("    - {scim: 'urn:x:keys[type eq \"a\"].value', ldap: l, reference: User}"),
			"[0].attributes[1].reference: a reference has no filter: its values are told apart by what they refer to",
		},
		{
			user("    - {scim: 'urn:x:keys[type eq \"a\"].value', ldap: l}\n" +
				"    - {scim: 'urn:x:keys[type eq \"b\"].value', ldap: o, define: {caseExact: true}}"),
			"[0].attributes[2].define: urn:x:keys.value is defined otherwise under attributes[1]",
		},
		{
			user("    - {scim: 'urn:x:keys', ldap: l}\n    - {scim: 'urn:x:keys[type eq \"b\"].value', ldap: o}"),
			`[0].attributes[2].scim: "urn:x:keys[type eq \"b\"].value" is not an attribute of User`,
		},
		{
			user("    - {scim: 'urn:x:keys[type sw \"a\"].value', ldap: l}"),
			`[0].attributes[1].scim: "urn:x:keys[type sw \"a\"].value" is not an attribute of User`,
		},
		{user("  extensions: [{schema: urn:x, required: true}]"), `[0].extensions[0].schema: no attribute of "urn:x" is mapped`},
		{
			own("define: {mutability: readOnly}") + "  extensions: [{schema: urn:X, required: true}]",
			"[0].extensions[0].required: no client can set an attribute of it",
		},
		{
			user(`    - {scim: password, ldap: userPassword}
    - {scim: title, ldap: title, empty: password}
    - {ldap: cn, value: 'let p = password; p', unique: true}
    - {ldap: Title, value: 'before(password, "-")'}
  dn: '"cn=" + rdn(password) + "," + base'`),
			`[0].attributes[2].empty: title is shown, and a password must not be
[0].attributes[3].unique: what is made of a password is not searched for
[0].dn: a DN is shown, and a password must not be
[0].attributes[4].ldap: Title holds title already`,
		},
		{
			user("  dn: '\"uid=\" + userName + \",\" + base'"),
			"[0].dn: userName stands in the DN as it is, where `x+sn=y` would be more than a value: rdn(…) makes one value of it",
		},
		{user("  unique: [userName, title]"), "[0].unique[1]: title is not mapped: it needs a line under `attributes`"},
		{user("    - {scim: title, ldap: title}\n  unique: [titel]"), "[0].unique[0]: titel is not mapped; did you mean title?"},
		{
			"- {type: Group, base: dc=example, objectClasses: [a], attributes: [{scim: displayName, ldap: cn}], members: " +
				"{attribute: a, form: value, of: uid, suffixes: true}}",
			"[0].members[0].suffixes: goes with DNs: nothing else has a unique identifier behind it\n" +
				"[0].members[0].of: is of a User, and User is not mapped",
		},
		{user("  members: {form: uid, placeholder: nobody}"), `[0].members: only a Group has members
[0].members[0].attribute: the LDAP attribute is missing
[0].members[0].form: "uid" is not known: dn and value are
[0].members[0].placeholder: "nobody" is not a DN`},
		{
			"- {type: Group, base: dc=example, objectClasses: [posixGroup], attributes: [{scim: displayName, ldap: cn}], members: " +
				"[{attribute: a, form: value}, {attribute: A, of: uid}, {attribute: b, form: value, of: 'cn;lang-de'}]}",
			"[0].members[0].of: the LDAP attribute of a User is missing that the values are of, such as uid\n" +
				"[0].members[1].of: goes with `form: value`: a DN is of no attribute\n" +
				"[0].members[2].of: values with options name nobody\n" +
				"[0].members[1].attribute: A holds members already\n" +
				"[0].members[0].of: is of a User, and User is not mapped\n" +
				"[0].members[2].of: is of a User, and User is not mapped",
		},
		{user("  groups: {show: all}"), "[0].groups.show: \"all\" is not known: direct and transitive are\n" +
			"[0].groups: needs a mapped Group with `members`"},
		{
			user("    - {scim: groups.value, ldap: memberOf}\n  groups: {attribute: memberOf}"),
			"[0].groups.show: \"\" is not known: direct and transitive are\n" +
				"[0].groups: attributes[1] maps groups already\n" +
				"[0].groups: needs a mapped Group with `members`",
		},
		{
			user("    - {ldap: title, value: 'len(groups) > 0 ? \"x\" : \"y\"'}\n  groups: {show: direct}"),
			"[0].attributes[1].value: \"len(groups) > 0 ? \\\"x\\\" : \\\"y\\\"\" uses groups" + unseen + "\n" +
				"[0].groups: needs a mapped Group with `members`",
		},
		{user("  tombstone: UID"), `[0].tombstone: UID holds userName already`},
		{
			"- {type: Group, base: dc=example, objectClasses: [groupOfNames], tombstone: cn, attributes: [{scim: displayName, ldap: cn}]}",
			`[0].tombstone: a tombstone needs a mapped userName
[0].tombstone: cn holds displayName already`,
		},
		{
			user(`  active:
    - {by: nope}
    - {}
    - {attribute: a, bit: 3}
    - {attribute: a1, bit: 2, blocked: x}
    - {attribute: a2}
    - {attribute: a3, bit: 2, initial: 2}
    - {by: nsAccountLock, attribute: a4}
`),
			"[0].active[0]: \"nope\" is no preset: userAccountControl, nsAccountLock and pwdAccountLockedTime are\n" +
				"[0].active[1]: names neither a preset (`by`) nor an `attribute`\n" +
				"[0].active[2]: bit 3 is not one bit\n" +
				"[0].active[3]: is either by `bit` or by `blocked` and `unblocked`\n" +
				"[0].active[4]: `blocked` and `unblocked` are the same\n" +
				"[0].active[5]: `initial` already has the blocking bit\n" +
				"[0].active[6]: `by` stands alone, or with `initial`",
		},
	} {
		var got []string
		compile.CheckAll(maptest.Read(t, c.text), func(path, problem string) { got = append(got, path+": "+problem) })
		if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s\n(-want +got):\n%s", c.text, diff)
		}
	}
}

// The resource type is exactly what the map covers.
func TestResourceType(t *testing.T) {
	m, _ := compile.Compile(maptest.Read(t, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson]
  unique: [externalId, 'emails[type eq "work"].value']
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: externalId, ldap: employeeNumber}
    - {scim: 'emails[type eq "work"].value', ldap: mail}
    - {scim: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager', ldap: manager, reference: User}
`))
	rt := m.Type("User").Resource
	var got []string
	for _, s := range []*schema.Schema{rt.Core, rt.Extensions[0].Schema} {
		for _, a := range s.Attributes {
			line := a.Name + " " + string(a.Uniqueness)
			for _, sub := range a.SubAttributes {
				line += " ." + sub.Name + " " + string(sub.Uniqueness) + strings.Join(sub.CanonicalValues, "|")
			}
			got = append(got, line)
		}
	}
	want := []string{
		"userName server", "emails none .value server .type nonework", "externalId server", "manager none .value none .$ref none",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
