package draft_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim"
	"scimbridge/scim/filter"
)

const correlated = `
- type: User
  base: dc=shore
  objectClasses: [inetOrgPerson]
  filter: (!(employeeType=service))
  match: [{scim: userName}, {scim: userName, in: 'emails[type eq "work"].value'}, {scim: 'emails[type eq "work"].value'},
    {scim: 'emails[type eq "work"].value', in: userName}, {scim: nickName}]
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: externalId, ldap: employeeNumber}
    - {scim: 'emails[type eq "work"].value', ldap: mail}
    - {scim: nickName, ldap: title}
`

const brownfield = `dn: uid=anna,dc=shore
objectClass: inetOrgPerson
uid: anna
uid: Anna@X
mail;lang-de: nobody@x
title: Captain

dn: cn=bo,dc=shore
objectClass: inetOrgPerson
uid: bo
mail: Bo@X
employeeNumber: 7

dn: cn=cy,dc=shore
objectClass: inetOrgPerson
uid: cy
mail: team@x
title: captain

dn: cn=di,dc=shore
objectClass: inetOrgPerson
uid: di
mail: team@x
title: mate

dn: cn=service,dc=shore
objectClass: inetOrgPerson
employeeType: service
uid: service
mail: service@x

dn: cn=leaver,dc=shore
objectClass: inetOrgPerson
uid: 283405f5aa11bb22cc33dd44ee55ff66leaver@x
mail: leaver@x
`

const two = `userName "team@x" is found in the User with id "00000002-0000-0000-0000-000000000000" and ` +
	`the User with id "00000003-0000-0000-0000-000000000000", and only one of them can be meant`

// TestCorrelation: whom a POST means, or that nobody is meant, or several.
func TestCorrelation(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, correlated, brownfield)
	u := w.Map.Type("User")
	find := func(c draft.Correlation) []*ldif.Entry {
		if s := c.Search(); s != nil {
			return w.Search(*s)
		}
		return nil
	}
	mails := func(values ...string) []any {
		var list []any
		for _, v := range values {
			list = append(list, map[string]any{"type": "work", "value": v})
		}
		return list
	}
	post := func(more ...any) scim.Resource {
		r := scim.Resource{"externalId": "1", "userName": "nobody"}
		for i := 0; i < len(more); i += 2 {
			r[more[i].(string)] = more[i+1]
		}
		return r
	}
	for name, c := range map[string]struct {
		post scim.Resource
		want string // DN, or the detail of a conflict
	}{
		"by its userName, in another case":     {post("userName", "ANNA@x "), "uid=anna,dc=shore"},
		"without an externalId":                {scim.Resource{"userName": "anna"}, ""},
		"another's":                            {post("userName", "bo"), ""},
		"its own":                              {post("externalId", "7", "userName", "bo"), "cn=bo,dc=shore"},
		"its own, in another place":            {post("externalId", "7", "userName", "bo@x"), "cn=bo,dc=shore"},
		"two":                                  {post("userName", "team@x"), two},
		"the first key decides":                {post("userName", "di", "emails", mails("team@x")), "cn=di,dc=shore"},
		"the first key of whom nobody has":     {post("userName", "bo", "nickName", "Mate"), "cn=di,dc=shore"},
		"out of scope":                         {post("userName", "service@x"), ""},
		"who left":                             {post("userName", "leaver@x"), ""},
		"two by another key":                   {post("nickName", "captain"), "2 by nickName"},
		"a value with an option is no value":   {post("emails", mails("nobody@x")), ""},
		"an empty value":                       {post("userName", " "), ""},
		"no value":                             {scim.Resource{"externalId": "1"}, ""},
		"by a mail that is another's userName": {post("emails", mails("anna@x")), "uid=anna,dc=shore"},
	} {
		correlation := draft.Correlate(u, c.post)
		e, err := correlation.One(find(correlation))
		got := ""
		switch fault, _ := errors.AsType[*scim.Error](err); {
		case fault != nil && fault.Attribute != "userName":
			got = "2 by " + fault.Attribute
		case fault != nil:
			got = fault.Detail
		case e != nil:
			got = e.DN
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for text, want := range map[string][]string{
		`userName eq "team@x"`:                                     {"cn=cy,dc=shore", "cn=di,dc=shore"},
		`userName eq "BO@x"`:                                       nil, // somebody's
		`userName eq "service@x"`:                                  nil,
		`userName eq "leaver@x"`:                                   nil,
		`userName sw "team@x"`:                                     nil,
		`not (userName eq "team@x")`:                               nil,
		`userName eq "team@x" and nickName eq "mate"`:              nil,
		`userName eq "team@x" or nickName eq "mate"`:               nil,
		`nickName eq "team@x"`:                                     nil,
		`emails[type eq "work"].value eq "anna@x"`:                 {"uid=anna,dc=shore"},
		`emails[value eq "anna@x" and type eq "WORK"]`:             {"uid=anna,dc=shore"},
		`emails[type eq "home"].value eq "anna@x"`:                 nil,
		`emails[type eq "work" or value eq "anna@x"]`:              nil,
		`emails.value eq "anna@x"`:                                 nil,
		`emails.type eq "work" and emails.value eq "anna@x"`:       nil,
		`emails[type eq "work" and type eq "work"]`:                nil,
		`emails[type eq "work"].value eq "anna@x" and userName pr`: nil,
	} {
		e, err := filter.Parse(text, u.Resource, scim.Dialect{})
		if err != nil {
			t.Fatal(err)
		}
		correlation := draft.CorrelateQuery(u, e)
		var got []string
		for _, found := range correlation.Meant(find(correlation)) {
			got = append(got, found.DN)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestLinkedStays: an entry that is linked keeps its DN, unless what names it changes or who is blocked has a place of his own.
func TestLinkedStays(t *testing.T) {
	const text = `
- type: User
  base: dc=shore
  objectClasses: [inetOrgPerson]
  dn: '"uid=" + rdn(userName) + ",ou=" + rdn(nickName ?? "x") + (active ? "" : ",ou=blocked") + "," + base'
  attributes: [{scim: userName, ldap: uid}, {scim: externalId, ldap: employeeNumber}, {scim: nickName, ldap: title}]
  active: {attribute: carLicense, blocked: gone}
`
	for name, c := range map[string]struct {
		dn    string
		after scim.Resource
		want  string
	}{
		"by another attribute":  {"cn=Anna,ou=a,dc=shore", scim.Resource{"userName": "lind"}, "cn=Anna,ou=a,dc=shore"},
		"by what changes":       {"uid=anna,ou=a,dc=shore", scim.Resource{"userName": "lind"}, "uid=lind,ou=a,dc=shore"},
		"by what does not":      {"uid=anna,ou=a,dc=shore", scim.Resource{"nickName": "mate"}, "uid=anna,ou=a,dc=shore"},
		"active, as it is":      {"uid=anna,ou=a,dc=shore", scim.Resource{"active": true}, "uid=anna,ou=a,dc=shore"},
		"to be blocked as well": {"cn=Anna,ou=a,dc=shore", scim.Resource{"active": false}, "cn=Anna,ou=x,ou=blocked,dc=shore"},
	} {
		w := maptest.New(t, ldif.OpenLDAP, text, "dn: ou=x,ou=blocked,dc=shore\nobjectClass: organizationalUnit\n\n"+
			"dn: "+c.dn+"\nobjectClass: inetOrgPerson\nuid: anna\ncn: Anna\nsn: Lind\n")
		u := w.Map.Type("User")
		e := w.Entry(u, maptest.ID(1))
		before := w.See(u, e)
		after := before.Clone()
		maps.Copy(after, c.after)
		after["externalId"] = "1"
		plan, err := w.Plan(u, draft.Write{Entry: e, Before: before, After: after, Links: true}, false)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := c.dn
		for _, s := range plan.Steps {
			if s.Change.Kind == ldif.ModifyDN {
				got = s.Change.NewDN()
			}
		}
		if got != c.want || plan.Effects[0].Kind != ldif.Linked {
			t.Errorf("%s: %s, want %s\n%s", name, got, c.want, plan)
		}
	}
}

// TestLinkedForbidden: an entry whose classes forbid the externalId is not linked as if it had it.
func TestLinkedForbidden(t *testing.T) {
	const text = `
- type: User
  base: dc=shore
  objectClasses: [inetOrgPerson]
  filter: (|(objectClass=inetOrgPerson)(objectClass=groupOfNames))
  onForbidden: skip
  match: [{scim: userName}]
  attributes: [{scim: userName, ldap: cn}, {scim: externalId, ldap: employeeNumber}, {scim: nickName, ldap: title}]
`
	w := maptest.New(t, ldif.OpenLDAP, text, "dn: cn=anna,dc=shore\nobjectClass: groupOfNames\ncn: anna\nmember: cn=x\n")
	u := w.Map.Type("User")
	e := w.Entry(u, maptest.ID(0))
	before := w.See(u, e)
	for path, refused := range map[string]bool{"externalId": true, "nickName": false} {
		after := before.Clone()
		after[path] = "1"
		if _, err := w.Plan(u, draft.Write{Entry: e, Before: before, After: after, Links: true}, false); (err != nil) != refused {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestCorrelationByPart: of an attribute that several lines share a key sees the values of its own line.
func TestCorrelationByPart(t *testing.T) {
	const text = `
- type: User
  base: dc=shore
  objectClasses: [inetOrgPerson]
  match: [{scim: userName, in: 'emails[type eq "home"].value'}]
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: externalId, ldap: employeeNumber}
    - {scim: 'emails[type eq "work"].value', ldap: carLicense, prefix: 'SMTP:'}
    - {scim: 'emails[type eq "home"].value', ldap: carLicense, prefix: 'smtp:'}
`
	w := maptest.New(t, ldif.OpenLDAP, text, "dn: uid=anna,dc=shore\nobjectClass: inetOrgPerson\nuid: anna\ncarLicense: SMTP:a@x\n\n"+
		"dn: uid=bo,dc=shore\nobjectClass: inetOrgPerson\nuid: bo\ncarLicense: smtp:A@x\n")
	correlation := draft.Correlate(w.Map.Type("User"), scim.Resource{"externalId": "1", "userName": "a@x"})
	e, err := correlation.One(w.Search(*correlation.Search()))
	if err != nil || e == nil || e.DN != "uid=bo,dc=shore" {
		t.Error(e, err)
	}
}
