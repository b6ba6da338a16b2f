package maptest

import (
	"encoding/json"
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// BroadMap maps something of every kind.
const BroadMap = `
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

// Words are values that differ in case, spaces and letters with odd cases.
var Words = []string{
	"mara", "Mara", "MARA", "mara  lind", " mara lind", "mara lind ", "Mara Lind", "ma", "LIND", "5-5", "55", " - ",
	"*", "a*b", `a\b`, "(x)", "a,b+c=d", "ΝΊΚΟΣ", "νίκος", "νίκοσ",
	"Straße", "STRAßE", "K", "k", "ſ", "é", "É", "e\u0301", "ｍａ", "m\u00a0a", "İ", "i",
	"#1", "12", "TRUE", "0123456789abcdef0123456789abcdefmara",
}

// DrawWord draws one of them.
func DrawWord(t *rapid.T, label string) string { return rapid.SampledFrom(Words).Draw(t, label) }

// DrawResource draws a User's attributes; userName is unique among those drawn with the same number.
func DrawResource(t *rapid.T, number int, managers []string) scim.Resource {
	r := scim.Resource{"userName": fmt.Sprintf("%s%d", DrawWord(t, "userName"), number), "active": rapid.Bool().Draw(t, "active")}
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
		maybe(r, name, DrawWord(t, name))
	}
	name, address, own, enterprise := map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}
	nearStandIn := func(attribute string, of any) string { // a word, or what stands in with spaces behind it
		if text, ok := of.(string); ok && rapid.Bool().Draw(t, attribute+" near its stand-in") {
			return text + strings.Repeat(" ", rapid.IntRange(0, 2).Draw(t, "spaces"))
		}
		return DrawWord(t, attribute)
	}
	maybe(name, "familyName", nearStandIn("familyName", r["userName"]))
	maybe(name, "formatted", nearStandIn("formatted", rapid.SampledFrom([]any{r["userName"], name["familyName"]}).Draw(t, "stands in")))
	put("name", name)
	for _, list := range []struct{ name, a, b string }{{"emails", "work", "home"}, {"phoneNumbers", "work", "fax"}} {
		var elements []any
		for _, typ := range []string{list.a, list.b} {
			if rapid.Bool().Draw(t, "has "+typ) {
				elements = append(elements, map[string]any{"type": typ, "value": DrawWord(t, typ)})
			}
		}
		if elements != nil {
			r[list.name] = elements
		}
	}
	maybe(address, "locality", DrawWord(t, "locality"))
	maybe(address, "region", DrawWord(t, "region"))
	if len(address) > 0 {
		address["type"] = "work"
		r["addresses"] = []any{address}
	}
	var roles []any
	anyRole := rapid.SampledFrom([]string{"cook", "Mate", "bosun", "νίκος"})
	for _, role := range rapid.SliceOfNDistinct(anyRole, 0, 3, rapid.ID).Draw(t, "roles") {
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
