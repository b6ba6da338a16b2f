package search_test

import (
	"testing"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/ldapmap/read"
	"scimbridge/ldapmap/search"
	"scimbridge/scim"
	"scimbridge/scim/filter"
)

func TestFilters(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, maptest.BroadMap, `
dn: uid=mara,ou=people,dc=example
objectClass: inetOrgPerson
uid: mara

dn: cn=crew,ou=groups,dc=example
objectClass: groupOfNames
cn: crew
`)
	const (
		mara, crew = "00000000-0000-0000-0000-000000000000", "00000001-0000-0000-0000-000000000000"
		enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"
	)
	for _, c := range []struct {
		typ, filter, want string
		exact             bool
	}{
		{"User", `userName eq "mara"`, `(|(uid=mara)(scimUserName=mara))`, false},
		{"User", `userName eq "*"`, `(|(uid=\2a)(scimUserName=\2a))`, false},
		{"User", `userName eq "(x)"`, `(|(uid=\28x\29)(scimUserName=\28x\29))`, false},
		{"User", `externalId eq "A"`, `(scimExternalId=A)`, false},
		{"User", `externalId co "A"`, `(scimExternalId=*A*)`, false},
		{"User", `displayName sw "A"`, `(displayName=A*)`, false},
		{"User", `displayName ew "A"`, `(displayName=*A)`, false},
		{"User", `displayName co " A"`, `(displayName=*)`, false},
		{"User", `displayName co "a  b"`, `(displayName=*)`, false},
		{"User", `displayName gt "A"`, `(displayName=*)`, false},
		{"User", `displayName pr`, `(displayName=*)`, false},
		{"User", `displayName eq "νίκος"`, `(|(displayName=\ce\bd\ce\af*\ce\bf*)(displayName=\ce\bd*\cc\81*\ce\bf*))`, false},
		{"User", `displayName eq "jos\u00e9"`, `(|(displayName=jos\c3\a9)(displayName=jose\cc\81))`, false},
		{"User", `displayName sw "jose\u0301"`, `(|(displayName=jose\cc\81*)(displayName=jos\c3\a9*))`, false},
		{"User", `displayName eq "\uff4d"`, `(|(displayName=\ef\bd\8d)(displayName=m))`, false},
		{"User", `displayName eq "a  b"`, `(displayName=a  b)`, false},
		{"User", `displayName eq "\u0130vo"`, `(|(displayName=*vo)(displayName=I\cc\87vo)(displayName=ivo))`, false},
		{"User", `externalId eq "jos\u00e9"`, `(scimExternalId=jos\c3\a9)`, false},
		{"User", `displayName co "σ x"`, `(displayName=*x*)`, false},
		{"User", `displayName eq "σ"`, `(displayName=*)`, false},
		{"User", `displayName eq "\u200b"`, `(displayName=*)`, false},
		{"User", `displayName ne "A"`, ``, false},
		{"User", `not (displayName eq "A")`, ``, false},
		{"User", `displayName eq null`, ``, false},
		{"User", `emails.value eq "A"`, `(|(mail=A)(homePostalAddress=A))`, false},
		{"User", `emails[type eq "work" and value eq "A"]`, `(mail=A)`, false},
		{"User", `emails[type eq "other" and value eq "A"]`, `(!(objectClass=*))`, false},
		{"User", `emails[type ne "work" and value eq "A"]`, `(|(mail=A)(homePostalAddress=A))`, false},
		{"User", `phoneNumbers[type eq "fax"].value eq "1"`, `(facsimileTelephoneNumber=*)`, false},
		{"User", `phoneNumbers.value co "-"`, `(|(telephoneNumber=*)(facsimileTelephoneNumber=*))`, false},
		{"User", `phoneNumbers.value co "5-5"`, `(|(telephoneNumber=*5-5*)(facsimileTelephoneNumber=*))`, false},
		{"User", `urn:example:2.0:User:onSite eq false`, `(onSite=FALSE)`, false},
		{"User", `urn:example:2.0:User:deck eq -0`, `(deck=0)`, false},
		{"User", `urn:example:2.0:User:deck eq 1.0`, `(deck=*)`, false},
		{"User", `urn:example:2.0:User:room eq 1`, `(roomNumber=*)`, false},
		{"User", `id eq "` + mara + `"`, `(entryUUID=` + mara + `)`, false},
		{"User", `id eq "nobody"`, `(!(objectClass=*))`, true},
		{"User", `id pr`, ``, true},
		{"User", `active eq true`, `(!(|(userAccountControl:1.2.840.113556.1.4.803:=2)(carLicense=gone)))`, true},
		{"User", `active ne true`, `(|(userAccountControl:1.2.840.113556.1.4.803:=2)(carLicense=gone))`, true},
		{"User", enterprise + `manager eq "` + mara + `"`, `(manager=uid=mara,ou=people,dc=example)`, false},
		{"User", enterprise + `manager eq "` + crew + `"`, `(!(objectClass=*))`, true},
		{"User", `not (` + enterprise + `manager eq "nobody")`, ``, true},
		{"User", enterprise + `manager[value eq "` + mara + `"]`, `(manager=uid=mara,ou=people,dc=example)`, false},
		{"User", `meta.created gt "2026-01-01T01:00:00.5+01:00"`, `(createTimestamp>=20260101000000Z)`, false},
		{"User", `meta.created le "2026-01-01T00:00:00.5Z"`, `(createTimestamp<=20260101000001Z)`, false},
		{"User", `meta.lastModified le "2026-01-01T00:00:00.5Z"`, ``, false}, // no ordering rule here
		{"User", `displayName eq "A" and nickName eq "B"`, `(&(displayName=A)(description=B))`, false},
		{"User", `id eq "nobody" or nickName eq "B"`, `(description=B)`, false},
		{"User", `id eq "nobody" and nickName eq "B"`, `(!(objectClass=*))`, false},
		{"Group", `members eq "` + mara + `"`, `(member=uid=mara,ou=people,dc=example)`, true},
		{"Group", `not (members eq "` + mara + `")`, `(!(member=uid=mara,ou=people,dc=example))`, true},
		{"Group", `members[value eq "` + crew + `"]`, `(member=cn=crew,ou=groups,dc=example)`, true},
		{"Group", `members.value co "1"`, `(member=*)`, false},
	} {
		typ := w.Map.Type(c.typ)
		e, err := filter.Parse(c.filter, typ.Resource, scim.Dialect{})
		if err != nil {
			t.Fatalf("%s: %v", c.filter, err)
		}
		got, remainder := search.Filter(typ, e, w.Refs(search.IDs(typ, e), nil))
		want := ldif.AllOf(c.want, typ.Scope())
		if got != want || (remainder == nil) != c.exact {
			t.Errorf("%s\n got %s, remainder %v\nwant %s", c.filter, got, remainder, want)
		}
	}
}

// On Active Directory the syntax says how values compare.
func TestFiltersOfActiveDirectory(t *testing.T) {
	w := maptest.New(t, ldif.ActiveDirectory, `
- type: User
  base: DC=shore,DC=example
  objectClasses: [user]
  dn: '"CN=" + rdn(userName) + "," + base'
  attributes: [{scim: userName, ldap: userPrincipalName}]
  active: {by: userAccountControl}
`, "")
	users := w.Map.Type("User")
	for text, want := range map[string]string{
		`userName eq "a"`: `(userPrincipalName=a)`,
		`userName co "a"`: `(userPrincipalName=*a*)`,
		`active eq false`: `(userAccountControl:1.2.840.113556.1.4.803:=2)`,
		`id eq "00112233-4455-6677-8899-AABBCCDDEEFF"`: `(objectGUID=\33\22\11\00\55\44\77\66\88\99\aa\bb\cc\dd\ee\ff)`,
	} {
		e, err := filter.Parse(text, users.Resource, scim.Dialect{})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := search.Filter(users, e, ldapmap.Refs{}); got != "(&"+want+"(&(objectCategory=person)(objectClass=user)))" {
			t.Errorf("%s becomes %s", text, got)
		}
	}
}

func TestIsDirect(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, maptest.BroadMap, "")
	users := w.Map.Type("User")
	for text, want := range map[string]bool{
		`userName eq "a"`: true, `id eq "x" and active eq true`: true,
		`userName sw "a"`: false, `userName eq "a" or id eq "x"`: false, `externalId eq "a"`: false,
	} {
		e, err := filter.Parse(text, users.Resource, scim.Dialect{})
		if err != nil {
			t.Fatal(err)
		}
		if got := search.IsDirect(users, e); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// A value in a form of its own is asked for as it would be written; what no equality can say is left to the remainder.
func TestFiltersOfForms(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, shipmate]
  tombstone: description
  attributes:
    - {scim: userName, ldap: uid, value: 'before(value, "@")', read: 'value + "@x"'}
    - {scim: 'phoneNumbers[type eq "work"].value', ldap: telephoneNumber, value: digits(value), read: value}
    - {scim: 'addresses[type eq "work"].formatted', ldap: postalAddress}
    - {scim: 'photos[type eq "photo"].value', ldap: jpegPhoto}
    - {scim: 'urn:example:2.0:User:leaves', ldap: deck, as: shadowDays, define: {type: dateTime}}
    - {scim: title, ldap: title, value: 'switch(value, nil, "Chief", "c")', read: 'switch(value, nil, "c", "Chief")'}
`, "")
	users := w.Map.Type("User")
	for text, want := range map[string]string{
		`userName eq "mara@x"`:                                  `(|(uid=mara)(description=mara@x))`,
		`userName sw "mara"`:                                    `(|(uid=*)(description=mara*))`,
		`phoneNumbers.value eq "+41-44"`:                        `(|(telephoneNumber=4144)(telephoneNumber=+41-44))`,
		`addresses.formatted eq "Kai 1\nD-20457 $"`:             `(postalAddress=Kai 1$D-20457 \5c24)`,
		`addresses.formatted co "Kai"`:                          `(postalAddress=*)`,
		`photos.value eq "R0lGODlh"`:                            `(jpegPhoto=*)`,
		`urn:example:2.0:User:leaves eq "2026-02-01T00:00:00Z"`: `(deck=20485)`,
		`urn:example:2.0:User:leaves gt "2026-02-01T00:00:00Z"`: `(deck=*)`,
		`title eq "Chief"`:                                      `(title=c)`,
		`title eq "Cook"`:                                       `(title=*)`,
		`not (title eq "Chief")`:                                ``,
	} {
		e, err := filter.Parse(text, users.Resource, scim.Dialect{})
		if err != nil {
			t.Fatal(err)
		}
		got, remainder := search.Filter(users, e, ldapmap.Refs{})
		if want := ldif.AllOf(want, users.Scope()); got != want || remainder == nil {
			t.Errorf("%s becomes %s, remainder %v, want %s", text, got, remainder, want)
		}
	}
}

// A part of an attribute's values is asked for by what is written; where any value matches, each is judged, of its part.
func TestFiltersOfParts(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson]
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: title, ldap: title, choose: first, match: any}
    - {scim: nickName, ldap: l}
    - {scim: 'emails[type eq "work"].value', ldap: description, prefix: 'SMTP:', match: any}
    - {scim: 'emails[type eq "home"].value', ldap: description, prefix: 'smtp:'}
`, "dn: uid=anna,ou=people,dc=example\nobjectClass: inetOrgPerson\nuid: anna\ntitle: b\ntitle: a\nl: a\nl: b\n"+
		"description: SMTP:a@x\ndescription: SMTP:b@x\ndescription: smtp:c@x\ndescription: smtp:d@x\n")
	users := w.Map.Type("User")
	for text, want := range map[string]bool{
		`title eq "a"`: true, `title eq "b"`: true, `title eq "c"`: false, `nickName eq "b"`: false, `nickName eq "a"`: true,
		`emails.value eq "b@x"`: true, `emails[type eq "work" and value eq "b@x"]`: true,
		`emails[type eq "home" and value eq "b@x"]`: false,
		`emails.value eq "c@x"`:                     true, `emails.value eq "d@x"`: false,
		`emails[type eq "work" and value eq "c@x"]`: false,
		`emails.value eq "SMTP:a@x"`:                false,
	} {
		e, err := filter.Parse(text, users.Resource, scim.Dialect{})
		if err != nil {
			t.Fatal(err)
		}
		asked, remainder := search.Filter(users, e, ldapmap.Refs{})
		found := w.Search(ldapmap.Search{Base: users.Base, Filter: asked})
		if got := len(found) > 0 && filter.Matches(remainder, read.Judged(users, w.See(users, found[0]), found[0])); got != want {
			t.Errorf("%s becomes %s and finds: %v", text, asked, got)
		}
	}
}
