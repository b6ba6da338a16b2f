package draft_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
)

// Members beyond a chunk go out in further modifications, and refs show only what lies within a mapped type's scope.
func TestMemberChunks(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, maptest.BroadMap, "dn: cn=crew,ou=groups,dc=example\nobjectClass: groupOfNames\ncn: crew\n")
	var ids []string
	for i := range 12_001 {
		e := &ldif.Entry{DN: "uid=" + maptest.ID(i) + ",ou=people,dc=example"}
		e.Set("objectClass", "inetOrgPerson")
		w.Stamp(e, i+1)
		w.Entries = append(w.Entries, e)
		ids = append(ids, maptest.ID(i+1))
	}
	all := ids
	ids = ids[:1201:1201]
	groups := w.Map.Type("Group")
	searches := w.Map.LookUp(append(ids, "nobody", ids[0]), ldapmap.DNs("cn=x,dc=elsewhere"), nil)
	few := ids[:ldapmap.SearchChunk]
	if one := w.Map.LookUp(few, nil, nil); len(searches) != 25 || len(one) != 1 || searches[0].Base != "dc=example" {
		t.Fatalf("%d searches, %d for %d", len(searches), len(one), len(few))
	}
	e, refs := w.Entries[0], w.Map.Refs(w.Entries, nil)
	shown := read.Resource(groups, e, ldapmap.Refs{})
	for _, c := range []struct {
		write draft.Write
		want  []int
	}{
		{draft.Write{Entry: e, Before: shown, After: shown, Members: draft.Members{Add: ids}}, []int{500, 500, 201}},
		{draft.Write{Entry: e, Before: shown, After: shown, Members: draft.Members{Add: ids[:1], Remove: ids[1:700]}}, []int{1, 500, 199}},
		{draft.Write{After: scim.Resource{"displayName": "new"}, Members: draft.Members{Add: ids}}, []int{501, 500, 201}},
		{ // a server refuses a value that one Modify names twice
			draft.Write{After: scim.Resource{"displayName": "new"}, Members: draft.Members{Add: append(ids[:502:502], ids[501])}},
			[]int{501, 2},
		},
		{ // of very many more at a time
			draft.Write{Entry: e, Before: shown, After: shown, Members: draft.Members{Add: all}},
			append(slices.Repeat([]int{600}, 20), 1),
		},
	} {
		d, err := draft.New(groups, c.write)
		if err != nil {
			t.Fatal(err)
		}
		told := map[ldapmap.Name][]draft.Referrer{ldapmap.DN("cn=new,ou=groups,dc=example"): nil}
		p, needs, err := d.Plan(draft.Facts{Refs: refs, Rounds: 1, Referrers: told})
		if err != nil || !needs.None() {
			t.Fatal(err, needs)
		}
		var got []int
		for _, s := range p.Steps {
			n := 0
			for _, m := range s.Change.Mods {
				n += len(m.Values)
			}
			got = append(got, n+len((&ldif.Entry{Attributes: s.Change.Entry}).Values("member")))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	delta := draft.Delta([]string{"a", "B"}, []string{"b", "c", "C"})
	if diff := cmp.Diff(draft.Members{Add: []string{"c"}, Remove: []string{"a"}}, delta); diff != "" {
		t.Errorf("Delta (-want +got):\n%s", diff)
	}
}

// A draft says who holds a value that its write claims, and finds the written entry and its rivals again.
func TestRival(t *testing.T) {
	w := maptest.New(t, ldif.OpenLDAP, maptest.BroadMap, `
dn: uid=mara,ou=people,dc=example
objectClass: inetOrgPerson
uid: mara

dn: uid=noor,ou=people,dc=example
objectClass: inetOrgPerson
uid: noor
scimUserName: 0123456789abcdef0123456789abcdefnoor
`)
	users := w.Map.Type("User")
	for name, want := range map[string][2]bool{
		"mara": {true, false}, "MARA": {true, false}, "noor": {false, false},
		"0123456789ABCDEF0123456789abcdefNOOR": {false, true}, "ivo": {},
	} {
		write := draft.Write{After: scim.Resource{"userName": name}}
		d, err := draft.New(users, write)
		if err != nil {
			t.Fatal(err)
		}
		if f := d.ClaimFilter(); !strings.Contains(f, "(uid="+name+")(scimUserName="+name+")") {
			t.Errorf("%s: %s", name, f)
		}
		for i, e := range w.Entries {
			if got := d.Rival(e) != nil; got != want[i] {
				t.Errorf("%s and %s: %v", name, e.DN, got)
			}
		}
	}
	same := draft.Write{Entry: w.Entries[0], Before: scim.Resource{"userName": "mara"}, After: scim.Resource{"userName": "Mara"}}
	d, err := draft.New(users, same)
	if err != nil {
		t.Fatal(err)
	}
	if f := d.ClaimFilter(); f != "" {
		t.Errorf("nothing is claimed by %s", f)
	}
}

// Every numbered form is tried before a name is given up, and the lowest free one is taken.
func TestNumbers(t *testing.T) {
	text := `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson]
  dn: '"cn=" + rdn(userName) + "," + base'
  attributes: [{scim: userName, ldap: displayName}, {scim: name.familyName, ldap: sn}, {ldap: uid, value: name.familyName, unique: true}]
`
	w := maptest.New(t, ldif.OpenLDAP, text, "")
	users := w.Map.Type("User")
	create := func() (string, error) {
		p, err := w.Plan(users, draft.Write{After: scim.Resource{"userName": "new", "name": map[string]any{"familyName": "lind"}}}, false)
		if err != nil {
			return "", err
		}
		e := ldif.Entry{Attributes: p.Steps[0].Change.Entry}
		return p.Steps[0].Change.DN + " " + e.Value("uid"), nil
	}
	for taken, want := range map[int]string{0: "lind", 1: "lind2", 10: "lind11", 150: "lind151", 1000: ""} {
		w.Entries = nil
		for n := 1; n <= taken; n++ {
			e := &ldif.Entry{DN: "uid=x" + maptest.ID(n) + ",dc=example"}
			e.Set("uid", "LIND"+strings.TrimPrefix(fmt.Sprint(n), map[bool]string{true: "1"}[n == 1]))
			w.Stamp(e, n)
			w.Entries = append(w.Entries, e)
		}
		got, err := create()
		gaveUp := strings.HasSuffix(fmt.Sprint(err), "every numbered form of the entry's name is taken")
		if want == "" && !gaveUp || want != "" && got != "cn=new,dc=example "+want {
			t.Errorf("%d taken: %s, %v", taken, got, err)
		}
	}
}

// The DN expression has to give a place under the base.
func TestOutsideTheBase(t *testing.T) {
	for expression, want := range map[string]string{
		`"uid=" + rdn(userName) + ",ou=" + rdn(title ?? "x") + ",dc=example"`: "",
		`"uid=" + rdn(userName) + "+cn=," + base`:                             `dn: the entry cannot be named "uid=new+cn=,dc=example"`,
		`rdn("sn=" + userName) + "," + base`:                                  `dn: the entry cannot be named "sn\\=new,dc=example"`,
		`"nobody," + base`:                                                    `dn: the entry cannot be named "nobody,dc=example"`,
	} {
		text := "- type: User\n  base: dc=example\n  objectClasses: [inetOrgPerson]\n  dn: '" + expression + "'\n" +
			"  attributes: [{scim: userName, ldap: uid}, {scim: title, ldap: title}, " +
			"{ldap: cn, value: userName}, {ldap: sn, value: userName}]"
		w := maptest.New(t, ldif.OpenLDAP, text, "")
		_, err := w.Plan(w.Map.Type("User"), draft.Write{After: scim.Resource{"userName": "new"}}, false)
		detail := ""
		if fault, ok := err.(*scim.Error); ok {
			detail = fault.Detail
		} else if err != nil {
			t.Error(err)
		}
		if detail != want {
			t.Errorf("%s: %s", expression, detail)
		}
	}
	w := maptest.New(t, ldif.OpenLDAP, `
- type: User
  base: ou=a,dc=example
  objectClasses: [inetOrgPerson]
  dn: '"uid=" + rdn(userName) + ",ou=" + rdn(title ?? "a") + ",dc=example"'
  attributes: [{scim: userName, ldap: uid}, {scim: title, ldap: title}]
`, "dn: uid=mara,ou=a,dc=example\nobjectClass: inetOrgPerson\nuid: mara\n")
	users, e := w.Map.Type("User"), w.Entries[0]
	after := w.See(users, e)
	after["title"] = "b"
	if p, err := w.Plan(users, draft.Write{Entry: e, Before: w.See(users, e), After: after}, false); err == nil {
		t.Errorf("a move out of the base is planned:\n%s", p)
	}
}

// Integers that are taken are counted up.
func TestIntegers(t *testing.T) {
	text := `
- type: User
  base: dc=example
  objectClasses: [inetOrgPerson, shipmate]
  dn: '"uid=" + rdn(userName) + "," + base'
  attributes:
    - {scim: userName, ldap: uid}
    - {ldap: deck, value: '"9999"', unique: true}
    - {ldap: cn, value: userName}
    - {ldap: sn, value: userName}
`
	w := maptest.New(t, ldif.OpenLDAP, text, "")
	users := w.Map.Type("User")
	for n, want := range []string{"9999", "10000", "10001"} {
		p, err := w.Plan(users, draft.Write{After: scim.Resource{"userName": fmt.Sprint("new", n)}}, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Steps {
			w.Apply(s.Change)
		}
		if got := w.Entries[n].Value("deck"); got != want {
			t.Errorf("number %d is %s, want %s", n, got, want)
		}
	}
}
