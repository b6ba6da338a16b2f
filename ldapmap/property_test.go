package ldapmap

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// propertyMap maps something of every kind.
const propertyMap = `
- type: User
  base: ou=people,dc=example
  objectClasses: [inetOrgPerson, scimbridgeUser, shipmate]
  dn: '"uid=" + rdn(userName) + ",ou=" + rdn(enterprise.department ?? "staff") + "," + base'
  tombstone: scimUserName
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: externalId, ldap: scimExternalId}
    - {scim: displayName, ldap: displayName}
    - {scim: name.formatted, ldap: cn, empty: 'name.familyName ?? userName'}
    - {scim: name.familyName, ldap: sn, empty: userName}
    - {scim: nickName, ldap: description}
    - {scim: 'emails[type eq "work"].value', ldap: mail}
    - {scim: 'emails[type eq "home"].value', ldap: homePostalAddress}
    - {scim: 'phoneNumbers[type eq "work"].value', ldap: telephoneNumber}
    - {scim: 'phoneNumbers[type eq "fax"].value', ldap: facsimileTelephoneNumber}
    - {scim: 'addresses[type eq "work"].locality', ldap: l}
    - {scim: 'addresses[type eq "work"].region', ldap: st}
    - {scim: roles.value, ldap: scimRole}
    - {scim: 'urn:example:2.0:User:onSite', ldap: onSite, define: {type: boolean}}
    - {scim: 'urn:example:2.0:User:deck', ldap: deck, define: {type: integer}}
    - {scim: 'urn:example:2.0:User:room', ldap: roomNumber, define: {type: integer}}
    - {scim: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department', ldap: departmentNumber}
    - {scim: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager', ldap: manager, reference: User}
    - {ldap: employeeType, value: 'lower(displayName ?? "none")'}
  active:
    - {by: userAccountControl}
    - {attribute: carLicense, unblocked: here, blocked: gone}
- type: Group
  base: ou=groups,dc=example
  objectClasses: [groupOfNames]
  attributes: [{scim: displayName, ldap: cn}]
  members: {attribute: member}
`

// words are values that differ in case, spaces and letters with odd cases.
var words = []string{
	"mara", "Mara", "MARA", "mara  lind", " mara lind", "mara lind ", "Mara Lind", "ma", "LIND", "5-5", "55", " - ", "*", "a*b", `a\b`, "(x)", "a,b+c=d", "ΝΊΚΟΣ", "νίκος", "νίκοσ",
	"Straße", "STRAßE", "K", "k", "ſ", "é", "É", "#1", "12", "TRUE", "0123456789abcdef0123456789abcdefmara",
}

func word(t *rapid.T, label string) string { return rapid.SampledFrom(words).Draw(t, label) }

// drawResource draws a User's attributes; userName is unique among those drawn with the same number.
func drawResource(t *rapid.T, number int, managers []string) scim.Resource {
	r := scim.Resource{"userName": fmt.Sprintf("%s%d", word(t, "userName"), number), "active": rapid.Bool().Draw(t, "active")}
	maybe := func(into map[string]any, name string, value any) {
		if rapid.Bool().Draw(t, "has "+name) {
			into[name] = value
		}
	}
	put := func(name string, into map[string]any) {
		if len(into) > 0 {
			r[name] = into
		}
	}
	for _, name := range []string{"externalId", "displayName", "nickName"} {
		maybe(r, name, word(t, name))
	}
	name, address, own, enterprise := map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}
	maybe(name, "formatted", word(t, "formatted"))
	maybe(name, "familyName", word(t, "familyName"))
	put("name", name)
	for _, list := range []struct{ name, a, b string }{{"emails", "work", "home"}, {"phoneNumbers", "work", "fax"}} {
		var elements []any
		for _, typ := range []string{list.a, list.b} {
			if rapid.Bool().Draw(t, "has "+typ) {
				elements = append(elements, map[string]any{"type": typ, "value": word(t, typ)})
			}
		}
		if elements != nil {
			r[list.name] = elements
		}
	}
	maybe(address, "locality", word(t, "locality"))
	maybe(address, "region", word(t, "region"))
	if len(address) > 0 {
		address["type"] = "work"
		r["addresses"] = []any{address}
	}
	var roles []any
	for _, role := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"cook", "Mate", "bosun", "νίκος"}), 0, 3, rapid.ID).Draw(t, "roles") {
		roles = append(roles, map[string]any{"value": role})
	}
	if roles != nil {
		r["roles"] = roles
	}
	maybe(own, "onSite", rapid.Bool().Draw(t, "onSite"))
	maybe(own, "deck", json.Number(fmt.Sprint(rapid.IntRange(-2, 12).Draw(t, "deck"))))
	maybe(own, "room", json.Number(rapid.SampledFrom([]string{"1", "1.0", "1e0", "-0", "12"}).Draw(t, "room")))
	put("urn:example:2.0:User", own)
	maybe(enterprise, "department", rapid.SampledFrom([]string{"staff", "Staff", "a, b"}).Draw(t, "department"))
	if len(managers) > 0 {
		maybe(enterprise, "manager", map[string]any{"value": rapid.SampledFrom(managers).Draw(t, "manager")})
	}
	put(schema.EnterpriseURN, enterprise)
	return r
}

// Any change, carried out and read back, shows what was wanted; and its inverses bring back what was there.
func TestChangeAndBack(t *testing.T) {
	start := newWorld(t, ldif.OpenLDAP, propertyMap, `
dn: cn=crew,ou=groups,dc=example
objectClass: groupOfNames
cn: crew
member: cn=no-member
member: cn=printer,ou=devices,dc=example
`)
	users, crew := start.m.Type("User"), start.entries[0]
	rapid.Check(t, func(t *rapid.T) {
		w := start.clone()
		w.t = t
		var ids []string
		for number := range 2 {
			p, err := w.plan(users, Write{After: drawResource(t, number, ids)}, false)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range p.Steps {
				w.apply(s.Change)
			}
			ids = append(ids, users.ID(w.entries[len(w.entries)-1]))
		}
		e := w.entry(users, ids[0])
		for _, name := range []string{"uid", "cn", "description", "telephoneNumber", "facsimileTelephoneNumber", "employeeType"} {
			if rapid.Bool().Draw(t, "more "+name) { // what the map does not show
				e.Set(name, append(e.Values(name), "other "+name)...)
			}
		}
		w.entries[0] = crew.Clone()
		w.entries[0].Set("member", append(crew.Values("member"), e.DN)...)
		before := w.see(users, e)
		write := Write{Entry: e, Before: before, After: drawResource(t, rapid.IntRange(0, 2).Draw(t, "number"), ids[1:])}
		if rapid.Bool().Draw(t, "soft delete") {
			write.After["userName"] = "0123456789abcdef0123456789abcdef" + before["userName"].(string)
		}
		p, err := w.plan(users, write, false)
		if strings.HasPrefix(fmt.Sprint(err), string(scim.Uniqueness)) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		after := w.clone()
		for _, s := range p.Steps {
			after.apply(s.Change)
		}
		e = after.entry(users, ids[0])
		wanted, shown := normal(write.After, users.loginOf(e), nil), normal(after.see(users, e), "", write.After)
		if diff := cmp.Diff(wanted, shown); diff != "" {
			t.Fatalf("(-wanted +shown):\n%s\n%s\n%s", diff, w.text(), p)
		}
		if held := after.entries[0].Values("member"); len(held) != 3 || !slices.ContainsFunc(held, func(dn string) bool { return ldif.SameDN(dn, e.DN) }) {
			t.Fatalf("%q is no member any more: %q\n%s", e.DN, held, p)
		}
		for _, s := range slices.Backward(p.Steps) {
			if s.Inverse == nil {
				t.Fatalf("no inverse\n%s", p)
			}
			after.apply(*s.Inverse)
		}
		if diff := cmp.Diff(w.text(), after.text()); diff != "" {
			t.Fatalf("the inverses do not bring back what was there:\n%s\n%s", diff, planWithInverses(p))
		}
	})
}

// normal is a resource for comparing. login is given for a wanted one: what equals its stand-in is to read as absent. wanted is given for a shown
// one: where an attribute was to be cleared a value that did not show before may show.
func normal(r scim.Resource, login string, wanted scim.Resource) scim.Resource {
	r = r.Clone()
	delete(r, "id")
	delete(r, "meta")
	delete(r, "members")
	name, _ := r["name"].(map[string]any)
	lost := func(into map[string]any, key string, standIn any) {
		a, _ := into[key].(string)
		if b, _ := standIn.(string); a != "" && a == b {
			delete(into, key)
		}
	}
	if login != "" {
		lost(name, "familyName", login)
		standIn := any(login)
		if name["familyName"] != nil {
			standIn = name["familyName"]
		}
		lost(name, "formatted", standIn)
	}
	if wanted != nil {
		for _, key := range slices.Collect(maps.Keys(r)) {
			if r[key] == "other description" {
				delete(r, key)
			}
		}
		if name["formatted"] == "other cn" {
			delete(name, "formatted")
		}
		phones, _ := r["phoneNumbers"].([]any)
		phones = slices.DeleteFunc(phones, func(p any) bool { return strings.HasPrefix(p.(map[string]any)["value"].(string), "other ") })
		if r["phoneNumbers"] = phones; len(phones) == 0 {
			delete(r, "phoneNumbers")
		}
	}
	if len(name) == 0 {
		delete(r, "name")
	}
	for _, v := range r {
		if list, ok := v.([]any); ok {
			slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	return r
}
