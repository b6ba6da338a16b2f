package draft_test

import (
	"fmt"
	"os"
	"testing"

	"go.yaml.in/yaml/v3"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
	"scimbridge/scim/patch"
)

// shipped is a directory with the map that examples/openldap ships, a user and a group.
func shipped(t testing.TB) *maptest.World {
	text, err := os.ReadFile("../../examples/openldap/scimbridge.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct{ Resources yaml.Node }
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	resources, err := yaml.Marshal(&config.Resources)
	if err != nil {
		t.Fatal(err)
	}
	w := maptest.New(t, ldif.OpenLDAP, string(resources), `
dn: uid=mara@contoso.example,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
objectClass: scimbridgeUser
uid: mara@contoso.example
cn: Mara Lind
sn: Lind
givenName: Mara
displayName: Mara Lind
title: Clerk
mail: mara@contoso.example
userAccountControl: 512

dn: cn=Crew,ou=groups,dc=example,dc=org
objectClass: groupOfNames
objectClass: scimbridgeGroup
cn: Crew
member: cn=no-member
`)
	for _, e := range w.Entries {
		e.Asked = read.Attributes(w.Map.TypeOf(e), nil)
	}
	return w
}

// planned is the plan of a write that needs nothing but that nobody holds what it claims, or refers to it.
func planned(t testing.TB, typ *ldapmap.Type, w draft.Write, refs ldapmap.Refs) ldif.Plan {
	d, err := draft.New(typ, w)
	if err != nil {
		t.Fatal(err)
	}
	facts := draft.Facts{Refs: refs}
	for {
		plan, needs, err := d.Plan(facts)
		if err != nil || needs.None() {
			if err != nil || plan.Empty() {
				t.Fatal(err, plan)
			}
			d.Aftermath(plan, refs, nil).Nothing()
			return plan
		}
		facts.Rounds = needs.Rounds
		for _, n := range needs.Along {
			facts = facts.Told(n, nil)
		}
		for _, n := range needs.Referrers {
			facts = facts.Told(n, nil)
		}
	}
}

// patchUser goes from the body of a PATCH and the entry to the plan.
func patchUser(t testing.TB, w *maptest.World, body []byte) ldif.Plan {
	user := w.Map.Type("User")
	ops, _, err := patch.Parse(body, user.Resource, scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	shown := read.Resource(user, w.Entries[0], ldapmap.Refs{})
	after, err := patch.Ops(ops).Apply(t.Context(), shown, user.Resource, scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	return planned(t, user, draft.Write{Entry: w.Entries[0], Before: shown, After: after, Said: patch.Ops(ops)}, ldapmap.Refs{})
}

func patchOf(path, value string) []byte {
	return fmt.Appendf(nil, `{"schemas":[%q],"Operations":[{"op":"replace","path":%q,"value":%s}]}`, scim.PatchOpURN, path, value)
}

func createUser(t testing.TB, w *maptest.World, body []byte) ldif.Plan {
	user := w.Map.Type("User")
	resource, _, err := scim.Parse(body, user.Resource, scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	return planned(t, user, draft.Write{After: resource}, ldapmap.Refs{})
}

func addMember(t testing.TB, w *maptest.World, body []byte) ldif.Plan {
	group := w.Map.Type("Group")
	ops, _, err := patch.Parse(body, group.Resource, scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	refs := w.Map.Refs(w.Entries, nil)
	rest, members, _ := patch.SplitMembers(ops, "members")
	shown := read.Resource(group, w.Entries[1], refs)
	after, err := patch.Ops(rest).Apply(t.Context(), shown, group.Resource, scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	change := draft.Members{Add: members.Add, Remove: members.Remove}
	return planned(t, group, draft.Write{Entry: w.Entries[1], Before: shown, After: after, Members: change, Said: patch.Ops(ops)}, refs)
}

var writes = []struct {
	name string
	plan func(testing.TB, *maptest.World, []byte) ldif.Plan
	body []byte

	allocations float64
}{
	{"patch", patchUser, patchOf("title", `"Bosun"`), 143},
	{"disable", patchUser, patchOf("active", "false"), 137},
	{"rename", patchUser, patchOf("userName", `"mara.lind@contoso.example"`), 655},
	{"create", createUser, []byte(`{
		"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "nils@contoso.example", "active": true,
		"displayName": "Nils Holm", "title": "Clerk", "name": {"givenName": "Nils", "familyName": "Holm", "formatted": "Nils Holm"},
		"emails": [{"primary": true, "type": "work", "value": "nils@contoso.example"}]
	}`), 258},
	{"member", addMember, fmt.Appendf(nil, `{"schemas":[%q],"Operations":[{"op":"add","path":"members","value":[{"value":%q}]}]}`,
		scim.PatchOpURN, maptest.ID(0)), 127},
}

// From the body and the entry to the plan, and to what is to be looked at when it is done.
func BenchmarkPlan(b *testing.B) {
	w := shipped(b)
	for _, c := range writes {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.plan(b, w, c.body)
			}
		})
	}
}

// TestAllocations holds what a write works out by itself to the allocations that are written down, within a tenth: fewer are to be written
// down too.
func TestAllocations(t *testing.T) {
	w := shipped(t)
	for _, c := range writes {
		t.Run(c.name, func(t *testing.T) {
			n := testing.AllocsPerRun(100, func() { c.plan(t, w, c.body) })
			if n < 0.9*c.allocations || n > 1.1*c.allocations {
				t.Errorf("%v allocations, and %v are written down", n, c.allocations)
			}
		})
	}
}
