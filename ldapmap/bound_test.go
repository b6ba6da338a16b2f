package ldapmap_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim/schema"
)

// What the directory's schema lacks.
func TestForProblems(t *testing.T) {
	const noRule = " has no equality rule in the directory's schema: nobody can find out whether a value is taken"
	only := func(class, attribute string) string {
		return "only " + class + " allows " + attribute + ", and not every entry has that class: "
	}
	for _, c := range []struct {
		kind ldif.ServerKind
		text string
		want string
	}{
		{ldif.OpenLDAP, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson, nope, inetOrgPersn]
  filter: (&(nothing=x)(memberOf:1.2.840.113556.1.4.1941:=cn=x))
  tombstone: gone
  unique: ['phoneNumbers[type eq "fax"].value']
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: title, ldap: titel}
    - {scim: 'phoneNumbers[type eq "fax"].value', ldap: fax}
    - {ldap: jpegPhoto, value: userName, unique: true}
  active: {attribute: state, blocked: x}
`, `[0].objectClasses[1]: nope is not in the directory's schema
[0].objectClasses[2]: inetOrgPersn is not in the directory's schema; did you mean inetOrgPerson?
[0].attributes[1].ldap: titel is not in the directory's schema; did you mean title?
[0].attributes[2].ldap: facsimileTelephoneNumber` + noRule + `
[0].attributes[3].ldap: jpegPhoto` + noRule + `
[0].tombstone: gone is not in the directory's schema
[0].active[0]: state is not in the directory's schema
[0].filter: every entry is judged before it is written, and the bridge cannot judge by the matching rule 1.2.840.113556.1.4.1941
[0].filter: nothing is not in the directory's schema`},
		{ldif.Generic, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson]
  attributes: [{scim: userName, ldap: uid}, {scim: password, ldap: userPassword, by: password-modify}]
`, "[0].attributes[1].by: the directory does not announce the password modify operation (RFC 3062, 1.3.6.1.4.1.4203.1.11.1)"},
		{ldif.OpenLDAP, `
- type: User
  base: dc=example
  objectClasses:
    - {class: shipmat, when: userName == "x"}
    - {class: inetOrgPerson, when: userName == "x"}
    - {class: top, when: userName == "x"}
    - account
  attributes: [{scim: userName, ldap: uid}]
`, `[0].objectClasses[0]: shipmat is not in the directory's schema; did you mean shipmate?
[0].objectClasses[1]: inetOrgPerson is structural: an entry has its structural class for ever, and ` + "`when`" + ` is for auxiliary ones
[0].objectClasses[2]: top is abstract: an entry has its structural class for ever, and ` + "`when`" + ` is for auxiliary ones`},
		{ldif.OpenLDAP, `
- type: User
  base: dc=example
  objectClasses: [{class: posixAccount, when: nickName == "x"}, account, {class: shadowAccount, when: nickName == "x"}]
  dn: '"uid=" + rdn(userName) + ",ou=" + rdn(title) + "," + base'
  unique: [nickName]
  tombstone: shadowMin
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: nickName, ldap: uidNumber}
    - {scim: title, ldap: gecos}
    - {scim: password, ldap: userPassword}
    - {scim: displayName, ldap: homeDirectory}
  active: {attribute: shadowFlag, blocked: "1"}
  onBlock: {clear: [homeDirectory], set: {attribute: shadowMax, value: "1"}}
`, `[0].tombstone: ` + only("shadowAccount", "shadowMin") + `every entry must be able to hold the tombstone
[0].active[0]: ` + only("shadowAccount", "shadowFlag") + `every entry must be able to hold active
[0].attributes[1].ldap: ` + only("posixAccount", "uidNumber") + `nickName is of every resource
[0].attributes[2].ldap: ` + only("posixAccount", "gecos") + "`dn`" + ` names entries by it, or places them
[0].attributes[3].ldap: ` + only("posixAccount", "userPassword") + `a password would come and go with it
[0].onBlock.set[0].attribute: ` + only("shadowAccount", "shadowMax") + `whoever is blocked gets it
[0].onBlock.clear[0]: homeDirectory is demanded by posixAccount: no entry of that class can be without it`},
		{ldif.OpenLDAP, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson, shipmate]
  attributes: [{scim: userName, ldap: uid}, {scim: title, ldap: boss}]
`, "[0].attributes[1].ldap: boss holds DNs, and clients know resources by their ids: say what it refers to, as `reference: User`"},
		{ldif.OpenLDAP, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson]
  attributes: [{scim: userName, ldap: uid}, {scim: title, ldap: userid}]
`, `[0].attributes[1].ldap: uid holds userName already`},
		{ldif.OpenLDAP, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson, shipmate]
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager', ldap: title, reference: User}
    - {scim: 'urn:example:2.0:User:since', ldap: deck, define: {type: dateTime}}
    - {scim: externalId, ldap: scimExternalId}
    - {ldap: carLicense, constant: x}
  active: [{attribute: userPassword, blocked: x}, {attribute: carLicense, blocked: gone}]
- type: Group
  base: dc=example
  objectClasses: [groupOfNames]
  attributes: [{scim: displayName, ldap: cn}]
  members: {attribute: description}
`, `[0].attributes[1].ldap: title holds no DNs in the directory's schema: a reference needs such an attribute
[0].attributes[2].ldap: deck holds integers in the directory's schema, and ` +
			"urn:example:2.0:User:since is a dateTime: is it `as: shadowDays`?" + `
[0].attributes[3].ldap: none of the object classes allows scimExternalId
[0].active[0]: userPassword holds passwords, and says of nobody whether he is active
[0].active[1]: carLicense is computed under attributes[4] too
[1].members[0].attribute: description holds no DNs in the directory's schema; ` + "`form: value`" + ` is for values of a User's attribute`},
		{ldif.OpenLDAP, `
- type: Group
  base: dc=example
  objectClasses: [groupOfNames]
  attributes: [{scim: displayName, ldap: cn}]
  members: {attribute: member, suffixes: true}
`, "[0].members[0].suffixes: member holds DNs without unique identifiers in the directory's schema: " +
			"they stand in uniqueMember and the like (RFC 4517 §3.3.21)"},
		{ldif.OpenLDAP, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson]
  groups: {show: direct, attribute: title}
  attributes: [{scim: userName, ldap: uid}]
- type: Group
  base: dc=example
  objectClasses: [groupOfNames]
  attributes: [{scim: displayName, ldap: cn}]
  members:
    - {attribute: member, form: value, of: uid}
    - {attribute: memberUid, form: value, of: uid}
    - {attribute: description, form: value, of: uuid}
    - {attribute: businessCategory, form: value, of: userPassword}
`, `[1].members[0].attribute: member holds DNs in the directory's schema, and no values of another attribute
[1].members[1].attribute: none of the object classes allows memberUid
[1].members[2].of: uuid is not in the directory's schema
[1].members[3].of: userPassword holds passwords, and names nobody
[0].groups.attribute: title holds no DNs in the directory's schema`},
		{ldif.OpenLDAP, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson, {class: posixAccount, when: 'title == "Staff"'}]
  attributes: [{scim: userName, ldap: uid}, {scim: title, ldap: title}, {ldap: gecos, value: userName}]
- type: Group
  base: dc=example
  objectClasses: [groupOfNames]
  attributes: [{scim: displayName, ldap: cn}]
  members:
    - {attribute: member}
    - {attribute: businessCategory, form: value, of: gecos}
    - {attribute: description, form: value, of: uid}
`, "[1].members[1].of: only posixAccount allows gecos, and not every entry has that class: nobody else could be a member"},
		{ldif.OpenLDAP, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson]
  match: [{scim: userName}, {scim: userName, in: 'phoneNumbers[type eq "fax"].value'}]
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: externalId, ldap: carLicense}
    - {scim: 'phoneNumbers[type eq "fax"].value', ldap: fax}
`, `[0].attributes[1].ldap: carLicense may have several values in the directory's schema: with ` +
			"`match` it says whose an entry is, and takes one alone\n" +
			`[0].attributes[2].ldap: facsimileTelephoneNumber has no equality rule in the directory's schema, and ` +
			"`match` is to find entries by it"},
		{ldif.OpenLDAP, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson]
  filter: (!(employeeType=guest))
  attributes: [{scim: userName, ldap: uid}, {scim: name.familyName, ldap: sn}, {ldap: description, value: userName}]
  active: {attribute: carLicense, blocked: gone}
  onBlock:
    clear: [surname, titel]
    set:
      - {attribute: scimExternalId, value: x}
      - {attribute: jpegPhoto, value: x}
      - {attribute: employeeType, value: left}
`, `[0].onBlock.clear[0]: sn is demanded by the object classes: no entry can be without it
[0].onBlock.clear[1]: titel is not in the directory's schema; did you mean title?
[0].onBlock.set[0].attribute: none of the object classes allows scimExternalId
[0].onBlock.set[1].attribute: jpegPhoto has no equality rule in the directory's schema: the value could not be taken back
[0].onBlock.set[2].attribute: employeeType is what ` + "`filter`" + ` tells the resources by: who loses or gets it would be none`},
		{ldif.OpenLDAP, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson]
  attributes: [{scim: userName, ldap: uid}, {ldap: street, value: userName}]
  active: {attribute: carLicense, blocked: gone}
  onBlock: {clear: [userid], set: {attribute: streetAddress, value: x}}
`, `[0].onBlock.clear[0]: userid holds the login: nobody would know whose the account is
[0].onBlock.set[0].attribute: streetAddress is filled under attributes[1] already`},
		{ldif.ActiveDirectory, `
- type: User
  base: DC=example
  objectClasses: [user]
  dn: '"CN=" + rdn(userName) + "," + base'
  attributes: [{scim: userName, ldap: userPrincipalName}, {ldap: uid, constant: x}]
`, `[0].attributes[1].ldap: uid is not in the directory's schema`},
	} {
		compiled, err := compile.Compile(maptest.Read(t, c.text))
		if err != nil {
			t.Fatal(err)
		}
		_, problems := ldapmap.For(compiled, maptest.Server(t, c.kind))
		got := strings.ReplaceAll(strings.TrimPrefix(problems.Error(), "resources"), "\nresources", "\n")
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s\n(-want +got):\n%s", c.text, diff)
		}
	}
}

// A map is for many directories: what one says changes nothing for another.
func TestForLeavesTheMap(t *testing.T) {
	compiled, err := compile.Compile(maptest.Read(t, `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson]
  attributes: [{scim: userName, ldap: userid}, {scim: name.familyName, ldap: surname}]
  dn: '"uid=" + rdn(userName) + "," + base'
`))
	if err != nil {
		t.Fatal(err)
	}
	m, problems := ldapmap.For(compiled, maptest.Server(t, ldif.OpenLDAP))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	required := func(rt *schema.ResourceType) bool { return rt.Core.Attribute("name").Sub("familyName").Required }
	bound, unbound := m.Type("User"), compiled.Type("User")
	if !required(bound.Resource) || bound.Rules[1].LDAP != "sn" || !bound.Rules[1].Must {
		t.Error("the directory demands sn, and familyName is not required")
	}
	if required(unbound.Resource) || unbound.Rules[0].LDAP != "userid" || unbound.Rules[1].Ref.Leaf().Required {
		t.Error("the map has learnt from a directory")
	}
}
