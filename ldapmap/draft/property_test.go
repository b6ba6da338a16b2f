package draft_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim"
)

// Any change, carried out and read back, shows what was wanted; and its inverses bring back what was there.
func TestChangeAndBack(t *testing.T) {
	start := maptest.New(t, ldif.OpenLDAP, maptest.BroadMap, `
dn: cn=crew,ou=groups,dc=example
objectClass: groupOfNames
cn: crew
member: cn=no-member
member: cn=printer,ou=devices,dc=example
`)
	users, crew := start.Map.Type("User"), start.Entries[0]
	rapid.Check(t, func(t *rapid.T) {
		w := start.Clone()
		w.T = t
		var ids []string
		for number := range 2 {
			p, err := w.Plan(users, draft.Write{After: maptest.DrawResource(t, number, ids)}, false)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range p.Steps {
				w.Apply(s.Change)
			}
			ids = append(ids, users.ID(w.Entries[len(w.Entries)-1]))
		}
		e := w.Entry(users, ids[0])
		for _, name := range []string{"uid", "cn", "description", "telephoneNumber", "facsimileTelephoneNumber", "employeeType"} {
			if rapid.Bool().Draw(t, "more "+name) { // what the map does not show
				e.Set(name, append(e.Values(name), "other "+name)...)
			}
		}
		w.Entries[0] = crew.Clone()
		w.Entries[0].Set("member", append(crew.Values("member"), e.DN)...)
		before := w.See(users, e)
		write := draft.Write{Entry: e, Before: before, After: maptest.DrawResource(t, rapid.IntRange(0, 2).Draw(t, "number"), ids[1:])}
		if rapid.Bool().Draw(t, "soft delete") {
			write.After["userName"] = "0123456789abcdef0123456789abcdef" + before["userName"].(string)
		}
		p, err := w.Plan(users, write, false)
		if strings.HasPrefix(fmt.Sprint(err), string(scim.Uniqueness)) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		after, blocked := w.Clone(), !users.IsActive(e)
		for i, s := range p.Steps {
			if blocked && i > 0 && users.IsActive(after.Entry(users, ids[0])) {
				t.Fatalf("step %d comes behind what lets him in\n%s", i, p)
			}
			after.Apply(s.Change)
		}
		e = after.Entry(users, ids[0])
		wanted, shown := normal(write.After, nil), normal(after.See(users, e), write.After)
		if diff := cmp.Diff(wanted, shown); diff != "" {
			t.Fatalf("(-wanted +shown):\n%s\n%s\n%s", diff, w.Text(), p)
		}
		isSame := func(dn string) bool { return w.Server.SameDN(dn, e.DN) }
		if held := after.Entries[0].Values("member"); len(held) != 3 || !slices.ContainsFunc(held, isSame) {
			t.Fatalf("%q is no member any more: %q\n%s", e.DN, held, p)
		}
		for _, s := range p.Steps {
			if lasts(s) {
				t.Fatalf("no inverse\n%s", p)
			}
		}
		takeBack(after, users, write, p)
		if diff := cmp.Diff(standing(w, p).Text(), after.Text()); diff != "" {
			t.Fatalf("the inverses do not bring back what was there:\n%s\n%s", diff, planWithInverses(p))
		}
	})
}

// normal is a resource for comparing. wanted is given for a shown one: where an attribute was to be cleared a value that did not show
// before may show.
func normal(r, wanted scim.Resource) scim.Resource {
	r = r.Clone()
	delete(r, "id")
	delete(r, "meta")
	delete(r, "members")
	name, _ := r["name"].(map[string]any)
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
