package search_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/ldapmap/read"
	"scimbridge/ldapmap/search"
	"scimbridge/scim"
	"scimbridge/scim/filter"
)

// Of values in parts and forms, too, a filter misses none; but one with spaces at its ends within what is stored, where they count.
func TestFilterMissesNoPart(t *testing.T) {
	const mapText = `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, scimbridgeUser]
  dn: '"cn=" + rdn(userName) + "," + base'
  tombstone: scimUserName
  attributes:
    - {scim: userName, ldap: uid, value: 'value + "!"', read: 'replace(value, "!", "")'}
    - {scim: 'emails[primary eq true].value', ldap: description, prefix: 'SMTP:', match: any}
    - {scim: emails.value, ldap: description, prefix: 'smtp:'}
    - {scim: 'phoneNumbers[type eq "work"].value', ldap: telephoneNumber, where: 'value startsWith "5"'}
    - {scim: 'phoneNumbers[type eq "home"].value', ldap: telephoneNumber, where: 'value != ""', match: any, choose: last}
    - {scim: 'addresses[type eq "work"].formatted', ldap: postalAddress}
    - {scim: title, ldap: title, choose: last, match: any}
`
	kinds := []ldif.ServerKind{ldif.OpenLDAP, ldif.Generic, ldif.DS389}
	worlds := map[ldif.ServerKind]*maptest.World{}
	for _, kind := range kinds {
		worlds[kind] = maptest.New(t, kind, mapText, "dn: cn=a,ou=people,dc=example\nobjectClass: inetOrgPerson\ncn: a\nsn: a\nuid: a!\n")
	}
	rapid.Check(t, func(t *rapid.T) {
		w := worlds[rapid.SampledFrom(kinds).Draw(t, "kind")].Clone()
		w.T = t
		users, e := w.Map.Type("User"), w.Entries[0]
		word := func(label string) string { return maptest.DrawWord(t, label) }
		more := func(name string, prefixes ...string) {
			for range rapid.IntRange(0, 2).Draw(t, name) {
				e.Set(name, append(e.Values(name), rapid.SampledFrom(prefixes).Draw(t, "prefix")+strings.TrimSpace(word(name)))...)
			}
		}
		more("description", "SMTP:", "smtp:", "Smtp:", "")
		more("telephoneNumber", "", "5")
		more("title", "")
		e.Set("uid", strings.TrimSpace(word("uid"))+"!")
		if rapid.Bool().Draw(t, "soft-deleted") {
			e.Set("scimUserName", "0123456789abcdef0123456789abcdef"+e.Value("uid"))
		}
		comparison := func(name string) string {
			op := rapid.SampledFrom([]string{"eq", "ne", "co", "sw", "ew", "gt", "pr"}).Draw(t, "op")
			if op == "pr" {
				return name + " pr"
			}
			return fmt.Sprintf("%s %s %q", name, op, word("value"))
		}
		text := ""
		switch name := rapid.SampledFrom([]string{"emails", "phoneNumbers", "title", "userName", "addresses"}).Draw(t, "name"); {
		case name == "title" || name == "userName":
			text = comparison(name)
		case name == "addresses":
			text = comparison("addresses.formatted")
		case rapid.Bool().Draw(t, "bare"):
			text = comparison(name + ".value")
		default:
			label := map[string]string{"emails": "primary eq true", "phoneNumbers": `type eq "work"`}[name]
			text = name + "[" + rapid.SampledFrom([]string{"", "not (", "("}).Draw(t, "not")
			closing := map[bool]string{true: ")", false: ""}[text[len(text)-1] == '(']
			text += label + closing + rapid.SampledFrom([]string{" and ", " or "}).Draw(t, "and") + comparison("value") + "]"
		}
		if rapid.Bool().Draw(t, "negated") {
			text = "not (" + text + ")"
		}
		expr, err := filter.Parse(text, users.Resource, scim.Dialect{})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		asked, remainder := search.Filter(users, expr, w.Refs(nil, nil))
		f, err := ldif.ParseFilter(asked)
		if err != nil {
			t.Fatal(asked, err)
		}
		r := read.Judged(users, w.See(users, e), e)
		matches, found := filter.Matches(expr, r), f.Matches(e, w.Server.Schema)
		if matches && !found {
			t.Fatalf("%s becomes %s, which misses\n%s\nas %v", text, asked, e, r)
		}
		if got := found && (remainder == nil || filter.Matches(remainder, r)); got != matches {
			t.Fatalf("%s becomes %s with the remainder %v, which finds\n%s", text, asked, remainder, e)
		}
	})
}
