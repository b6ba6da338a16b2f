package search_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/ldapmap/read"
	"scimbridge/ldapmap/search"
	"scimbridge/scim"
	"scimbridge/scim/filter"
)

// Any SCIM filter, asked of the directory and its remainder evaluated over the answer, finds what it matches, neither less nor more.
func TestFilterMissesNothing(t *testing.T) {
	kinds := []ldif.ServerKind{ldif.OpenLDAP, ldif.Generic, ldif.DS389}
	worlds := map[ldif.ServerKind]*maptest.World{}
	for _, kind := range kinds {
		worlds[kind] = maptest.New(t, kind, maptest.BroadMap, "dn: cn=crew,ou=groups,dc=example\nobjectClass: groupOfNames\ncn: crew\n")
	}
	rapid.Check(t, func(t *rapid.T) {
		w := worlds[rapid.SampledFrom(kinds).Draw(t, "kind")].Clone()
		w.T = t
		users, groups := w.Map.Type("User"), w.Map.Type("Group")
		var ids []string
		for number := range 3 {
			after := maptest.DrawResource(t, number, ids)
			rival := after["userName"]
			p, err := w.Plan(users, draft.Write{After: after}, false)
			if err != nil {
				t.Fatal(err, rival)
			}
			for _, s := range p.Steps {
				w.Apply(s.Change)
			}
			e := w.Entries[len(w.Entries)-1]
			disturb(t, e)
			ids = append(ids, users.ID(e))
			if rapid.Bool().Draw(t, "member") {
				w.Entries[0].Set("member", append(slices.Clone(w.Entries[0].Values("member")), e.DN)...)
			}
		}
		for _, typ := range []*ldapmap.Type{users, groups} {
			text := drawFilter(t, typ, ids, 3)
			e, err := filter.Parse(text, typ.Resource, scim.Dialect{})
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			asked, remainder := search.Filter(typ, e, w.Refs(search.IDs(typ, e), nil))
			f, err := ldif.ParseFilter(asked)
			if err != nil {
				t.Fatalf("%s becomes %s: %v", text, asked, err)
			}
			for _, entry := range w.Entries {
				if !typ.Holds(entry) {
					continue
				}
				r := read.Judged(typ, w.See(typ, entry), entry)
				matches, found := filter.Matches(e, r), f.Matches(entry, w.Server.Schema)
				if matches && !found {
					t.Fatalf("%s becomes %s, which misses\n%s\nas %v", text, asked, entry, r)
				}
				if got := found && (remainder == nil || filter.Matches(remainder, r)); got != matches {
					t.Fatalf("%s becomes %s with the remainder %v, which finds\n%s", text, asked, remainder, entry)
				}
			}
		}
	})
}

// disturb makes of an entry what another hand could have: more values, odd ones, tombstones, other bits.
func disturb(t *rapid.T, e *ldif.Entry) {
	for _, name := range []string{"uid", "cn", "description", "telephoneNumber", "facsimileTelephoneNumber", "scimRole", "manager"} {
		if !rapid.Bool().Draw(t, "more "+name) {
			continue
		}
		value := maptest.DrawWord(t, "more")
		if name == "manager" {
			value = rapid.SampledFrom([]string{"cn=nobody", e.DN, "CN=crew,ou=groups,dc=example"}).Draw(t, "a manager")
		}
		e.Set(name, append([]string{value}, e.Values(name)...)...)
	}
	set := func(name string, values ...string) {
		if value := rapid.SampledFrom(append(values, "as it is", "")).Draw(t, name); value == "" {
			e.Set(name)
		} else if value != "as it is" {
			e.Set(name, value)
		}
	}
	set("scimUserName", "0123456789abcdef0123456789abcdef"+e.Value("uid"), "garbage")
	set("userAccountControl", "-1", "2", "66050", "4294967298", "many")
	set("carLicense", "HERE", "gone", " here ", "other")
	set("onSite", "true")
	set("deck", "x")
	set("roomNumber", "007", "true", "1.50")
}

// drawFilter draws a filter's text.
func drawFilter(t *rapid.T, typ *ldapmap.Type, ids []string, depth int) string {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	inner := func() string { return drawFilter(t, typ, ids, depth-1) }
	switch {
	case depth == 0 || kind < 2:
		return drawComparison(t, typ, ids)
	case kind == 2:
		return "(" + inner() + ") and (" + inner() + ")"
	case kind == 3:
		return "(" + inner() + ") or (" + inner() + ")"
	case kind == 4:
		return "not (" + inner() + ")"
	}
	if typ.Name == "Group" {
		return "members[" + drawOf(t, "value", ids) + "]"
	}
	switch rapid.IntRange(0, 3).Draw(t, "value path") {
	case 0:
		return "emails[" + valueFilter(t, []string{"type", "value"}, 2) + "]"
	case 1:
		return "addresses[" + valueFilter(t, []string{"type", "locality", "region"}, 2) + "]"
	case 2:
		return "roles[" + valueFilter(t, []string{"value"}, 2) + "]"
	}
	return "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager[" + drawOf(t, "value", ids) + "]"
}

func valueFilter(t *rapid.T, names []string, depth int) string {
	kind := rapid.IntRange(0, 3).Draw(t, "kind within")
	switch {
	case depth == 0 || kind == 0:
		name := rapid.SampledFrom(names).Draw(t, "name within")
		if name == "type" {
			return drawOf(t, name, []string{"work", "home", "WORK"})
		}
		return drawOf(t, name, maptest.Words)
	case kind == 1:
		return "(" + valueFilter(t, names, depth-1) + ") and (" + valueFilter(t, names, depth-1) + ")"
	case kind == 2:
		return "(" + valueFilter(t, names, depth-1) + ") or (" + valueFilter(t, names, depth-1) + ")"
	}
	return "not (" + valueFilter(t, names, depth-1) + ")"
}

func drawComparison(t *rapid.T, typ *ldapmap.Type, ids []string) string {
	ids = append([]string{"00000000-0000-0000-0000-000000000000", "nobody", "00000000-0000-0000-0000-0000000000FF"}, ids...)
	if typ.Name == "Group" {
		switch rapid.IntRange(0, 2).Draw(t, "group attribute") {
		case 0:
			return drawOf(t, "members.value", ids)
		case 1:
			return drawOf(t, "id", ids)
		}
		return drawOf(t, "displayName", append(maptest.Words, "crew", "CREW"))
	}
	const enterprise, own = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:", "urn:example:2.0:User:"
	switch rapid.IntRange(0, 10).Draw(t, "attribute") {
	case 0:
		return fmt.Sprintf("active %s %v", rapid.SampledFrom([]string{"eq", "ne"}).Draw(t, "op"), rapid.Bool().Draw(t, "active?"))
	case 1:
		return drawOf(t, "id", ids)
	case 2:
		return drawOf(t, enterprise+"manager.value", ids)
	case 3:
		return fmt.Sprintf("%sonSite %s %v", own, rapid.SampledFrom([]string{"eq", "ne"}).Draw(t, "op"), rapid.Bool().Draw(t, "onSite?"))
	case 4, 8:
		op := rapid.SampledFrom([]string{"eq", "ne", "gt", "ge", "lt", "le"}).Draw(t, "op")
		name := rapid.SampledFrom([]string{"deck", "room"}).Draw(t, "number")
		return fmt.Sprintf("%s%s %s %s", own, name, op, rapid.SampledFrom([]string{"0", "-0", "1", "1.0", "12", "1.5"}).Draw(t, "a number"))
	case 5:
		return rapid.SampledFrom([]string{
			"name", "emails", "addresses", enterprise + "manager", "active", "roles", "id", "meta.created",
		}).Draw(t, "present") + " pr"
	case 6:
		return drawOf(t, enterprise+"department", []string{"staff", "STAFF", "a, b", "a"})
	case 9:
		op := rapid.SampledFrom([]string{"eq", "ne", "gt", "ge", "lt", "le"}).Draw(t, "op")
		at := rapid.SampledFrom([]string{"12:00:01Z", "12:00:01.5Z", "12:00:02.000Z", "13:00:02+01:00"}).Draw(t, "time")
		return fmt.Sprintf(`meta.created %s "2026-01-02T%s"`, op, at)
	case 7:
		values := []string{}
		for _, v := range maptest.Words {
			values = append(values, v+"0", v+"1", "0123456789abcdef0123456789abcdef"+v+"0")
		}
		return drawOf(t, "userName", append(values, maptest.Words...))
	}
	return drawOf(t, rapid.SampledFrom([]string{
		"externalId", "displayName", "name.formatted", "name.familyName", "nickName", "emails.value", "emails.type",
		"phoneNumbers.value", "addresses.locality", "roles.value",
	}).Draw(t, "text"), maptest.Words)
}

func drawOf(t *rapid.T, path string, values []string) string {
	op := rapid.SampledFrom([]string{"eq", "eq", "ne", "co", "sw", "ew", "pr", "gt", "le"}).Draw(t, "op")
	if op == "pr" {
		return path + " pr"
	}
	literal, _ := json.Marshal(rapid.SampledFrom(values).Draw(t, "value"))
	return fmt.Sprintf("%s %s %s", path, op, literal)
}
