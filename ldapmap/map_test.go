package ldapmap

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

func TestWritesAndPath(t *testing.T) {
	m := newWorld(t, ldif.OpenLDAP, propertyMap, "").m
	users, groups := m.Type("User"), m.Type("Group")
	for attribute, want := range map[string]string{
		"uid": "userName", "USERID": "userName", "fax": `phoneNumbers[type eq "fax"].value`, "employeeType": "", "scimUserName": "", "userAccountControl": "active",
		"member": "", "title": "", "objectClass": "", "unicodePwd": "password",
	} {
		if got := users.Path(attribute); got != want {
			t.Errorf("Path(%s) is %q", attribute, got)
		}
		writes := !slices.Contains([]string{"member", "title", "unicodePwd"}, attribute)
		if got := users.Writes(attribute); got != writes {
			t.Errorf("Writes(%s) is %v", attribute, got)
		}
	}
	if !groups.Writes("member") || groups.Path("MEMBER") != "members" || groups.Writes("uid") || groups.Writes("") {
		t.Error("the attributes of groups are mixed up")
	}
}

// What is read is what is asked for, and what nothing can be made or judged without.
func TestAttributes(t *testing.T) {
	text := `
- type: User
  base: ou=people,dc=example
  filter: (|(memberOf=cn=scim)(!(description=*)))
  objectClasses: [inetOrgPerson, scimbridgeUser]
  tombstone: scimUserName
  attributes:
    - {scim: userName, ldap: uid}
    - {scim: name.formatted, ldap: cn, empty: 'displayName ?? userName'}
    - {scim: displayName, ldap: displayName}
    - {scim: title, ldap: title}
    - {scim: password, ldap: userPassword}
    - {ldap: employeeType, value: userName}
    - {ldap: employeeNumber, value: userName, on: create, unique: true}
    - {ldap: roomNumber, constant: x}
  active: {by: userAccountControl}
`
	none := func(schema.Ref) bool { return false }
	title := func(r schema.Ref) bool { return r.Attr.Name == "title" }
	always := "%s %s objectClass createTimestamp modifyTimestamp memberOf description uid cn displayName"
	for _, c := range []struct {
		kind  ldif.ServerKind
		wants func(schema.Ref) bool
		want  string
	}{
		{ldif.OpenLDAP, none, always + " employeeType scimUserName userAccountControl"},
		{ldif.OpenLDAP, title, always + " title employeeType scimUserName userAccountControl"},
		{ldif.OpenLDAP, nil, always + " title employeeType employeeNumber roomNumber scimUserName userAccountControl"},
		{ldif.DS389, none, always + " title employeeType employeeNumber roomNumber scimUserName userAccountControl"},
	} {
		users := newWorld(t, c.kind, text, "").m.Type("User")
		want := slices.Compact(strings.Fields(strings.Replace(strings.Replace(c.want, "%s", users.server.IDAttribute, 1), "%s", users.server.VersionAttribute, 1)))
		want = slices.DeleteFunc(want, func(s string) bool { return c.kind != ldif.OpenLDAP && s == "modifyTimestamp" })
		got := slices.DeleteFunc(users.Attributes(c.wants), func(s string) bool { return c.kind != ldif.OpenLDAP && s == "modifyTimestamp" })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.kind, diff)
		}
	}
	m := newWorld(t, ldif.OpenLDAP, text, "").m
	if diff := cmp.Diff([]string{"entryUUID", "objectClass", "memberOf", "description"}, m.LookUpAttributes()); diff != "" {
		t.Errorf("LookUpAttributes (-want +got):\n%s", diff)
	}
}

func TestScope(t *testing.T) {
	for _, c := range []struct {
		kind                        ldif.ServerKind
		classes, filter, text, hold string
	}{
		{ldif.OpenLDAP, "[inetOrgPerson, scimbridgeUser]", "", "(objectClass=inetOrgPerson)", "mara noor"},
		{ldif.OpenLDAP, "[inetOrgPerson]", "(uid=mara)", "(&(objectClass=inetOrgPerson)(uid=mara))", "mara"},
		{ldif.OpenLDAP, "[inetOrgPerson]", "(objectClass=account)", "(objectClass=account)", "ivo"},
		{ldif.OpenLDAP, "[scimbridgeUser]", "", "(objectClass=scimbridgeUser)", "noor"},
		{ldif.ActiveDirectory, "[top, person, user]", "", "(&(objectCategory=person)(objectClass=user))", "mara"},
		{ldif.ActiveDirectory, "[user]", "(displayName=x)", "(&(&(objectCategory=person)(objectClass=user))(displayName=x))", ""},
		{ldif.ActiveDirectory, "[user]", "(objectCategory=computer)", "(objectCategory=computer)", "noor"},
	} {
		text := "- {type: User, base: 'dc=example', objectClasses: " + c.classes + ", dn: '\"cn=\" + rdn(userName) + \",\" + base', filter: '" + c.filter + "', attributes: [{scim: userName, ldap: displayName}]}"
		entries := "dn: uid=mara,dc=example\nobjectClass: inetOrgPerson\nuid: mara\n\ndn: uid=noor,dc=example\nobjectClass: inetOrgPerson\nobjectClass: scimbridgeUser\nuid: noor\n\ndn: uid=ivo,dc=example\nobjectClass: account\nuid: ivo\n"
		if c.kind == ldif.ActiveDirectory {
			entries = "dn: uid=mara,dc=example\nobjectClass: person\nobjectClass: user\n\ndn: uid=noor,dc=example\nobjectClass: user\nobjectClass: computer\n"
		}
		entries += "\ndn: uid=stranger,dc=elsewhere\nobjectClass: inetOrgPerson\nobjectClass: user\nuid: mara\n"
		w := newWorld(t, c.kind, text, entries)
		users := w.m.Type("User")
		var held []string
		for _, e := range w.entries {
			if users.Holds(e) {
				rdn, _ := ldif.ParseRDN(e.DN)
				held = append(held, rdn[0].Value)
			}
		}
		if users.Scope() != c.text || strings.Join(held, " ") != c.hold {
			t.Errorf("%s %s: %s holds %q", c.kind, c.filter, users.Scope(), held)
		}
	}
}

// Members beyond a chunk go out in further modifications, and refs show only what lies within a mapped type's scope.
func TestMemberChunks(t *testing.T) {
	w := newWorld(t, ldif.OpenLDAP, propertyMap, "dn: cn=crew,ou=groups,dc=example\nobjectClass: groupOfNames\ncn: crew\n")
	var ids []string
	for i := range 1201 {
		e := &ldif.Entry{DN: "uid=" + idOf(i) + ",ou=people,dc=example"}
		e.Set("objectClass", "inetOrgPerson")
		w.stamp(e, i+1)
		w.entries = append(w.entries, e)
		ids = append(ids, idOf(i+1))
	}
	groups := w.m.Type("Group")
	searches := w.m.LookUp(append(ids, "nobody", ids[0]), []string{"cn=x,dc=elsewhere"})
	if len(searches) != 3 || searches[0].Base != "dc=example" {
		t.Fatalf("%d searches", len(searches))
	}
	e, refs := w.entries[0], w.m.Refs(w.entries)
	shown := groups.Resource(e, Refs{})
	for _, c := range []struct {
		write Write
		want  []int
	}{
		{Write{Entry: e, Before: shown, After: shown, Members: Members{Add: ids}}, []int{500, 500, 201}},
		{Write{Entry: e, Before: shown, After: shown, Members: Members{Add: ids[:1], Remove: ids[1:700]}}, []int{1, 500, 199}},
		{Write{After: scim.Resource{"displayName": "new"}, Members: Members{Add: ids}}, []int{501, 500, 201}},
	} {
		p, err := groups.Plan(c.write, Facts{Refs: refs})
		if err != nil {
			t.Fatal(err)
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
	delta := Delta([]string{"a", "B"}, []string{"b", "c", "C"})
	if diff := cmp.Diff(Members{Add: []string{"c"}, Remove: []string{"a"}}, delta); diff != "" {
		t.Errorf("Delta (-want +got):\n%s", diff)
	}
}

// The map says who holds a value, and finds its own entry and rivals again.
func TestRival(t *testing.T) {
	w := newWorld(t, ldif.OpenLDAP, propertyMap, "dn: uid=mara,ou=people,dc=example\nobjectClass: inetOrgPerson\nuid: mara\n\ndn: uid=noor,ou=people,dc=example\nobjectClass: inetOrgPerson\nuid: noor\nscimUserName: 0123456789abcdef0123456789abcdefnoor\n")
	users := w.m.Type("User")
	for name, want := range map[string][2]bool{"mara": {true, false}, "MARA": {true, false}, "noor": {false, false}, "0123456789ABCDEF0123456789abcdefNOOR": {false, true}, "ivo": {}} {
		write := Write{After: scim.Resource{"userName": name}}
		if f := users.ClaimFilter(write); !strings.Contains(f, "(uid="+name+")(scimUserName="+name+")") {
			t.Errorf("%s: %s", name, f)
		}
		for i, e := range w.entries {
			if got := users.Rival(write, e) != nil; got != want[i] {
				t.Errorf("%s and %s: %v", name, e.DN, got)
			}
		}
	}
	if f := users.ClaimFilter(Write{Entry: w.entries[0], Before: scim.Resource{"userName": "mara"}, After: scim.Resource{"userName": "Mara"}}); f != "" {
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
	w := newWorld(t, ldif.OpenLDAP, text, "")
	users := w.m.Type("User")
	create := func() (string, error) {
		p, err := w.plan(users, Write{After: scim.Resource{"userName": "new", "name": map[string]any{"familyName": "lind"}}}, false)
		if err != nil {
			return "", err
		}
		e := ldif.Entry{Attributes: p.Steps[0].Change.Entry}
		return p.Steps[0].Change.DN + " " + e.Value("uid"), nil
	}
	for taken, want := range map[int]string{0: "lind", 1: "lind2", 10: "lind11", 150: "lind151", 1000: ""} {
		w.entries = nil
		for n := 1; n <= taken; n++ {
			e := &ldif.Entry{DN: "uid=x" + idOf(n) + ",dc=example"}
			e.Set("uid", strings.Replace(numbered("LIND", "", n, 0), "LIND1", "LIND", map[bool]int{true: 1}[n == 1]))
			w.stamp(e, n)
			w.entries = append(w.entries, e)
		}
		got, err := create()
		if want == "" && err != ErrRound || want != "" && got != "cn=new,dc=example "+want {
			t.Errorf("%d taken: %s, %v", taken, got, err)
		}
	}
	for _, c := range []struct {
		stem, separator string
		n, limit        int
		want            string
	}{
		{"Mara Lind", " ", 2, 0, "Mara Lind 2"},
		{"mara@x", "", 12, 0, "mara12@x"},
		{"Mara Lind", " ", 10, 9, "Mara L 10"},
		{"Mara  Lind", " ", 2, 7, "Mara 2"},
		{"ab", "", 100, 2, "100"},
	} {
		if got := numbered(c.stem, c.separator, c.n, c.limit); got != c.want {
			t.Errorf("%s %d within %d is %q", c.stem, c.n, c.limit, got)
		}
	}
	for value, want := range map[string]bool{"lind": false, "lind2": true, "LIND10": true, "lind1": false, "lind 2": false, "lindx": false, "": false} {
		if got := isNumbered(value, "lind", 0); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
	if !isNumbered("agent72", "agent7", 0) || !isNumbered("averylongaccountnam2", "averylongaccountname", 20) {
		t.Error("a stem with digits, or cut short, is not recognised")
	}
}

func TestIDs(t *testing.T) {
	const guid = "00112233-4455-6677-8899-aabbccddeeff"
	raw := "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff"
	if got := guidText(raw); got != guid {
		t.Errorf("objectGUID is %s", got)
	}
	if guidText("short") != "" {
		t.Error("a short GUID has a text")
	}
	for kind, c := range map[ldif.ServerKind]struct{ good, want, bad string }{
		ldif.ActiveDirectory: {guid, `(objectGUID=\33\22\11\00\55\44\77\66\88\99\aa\bb\cc\dd\ee\ff)`, "{" + guid + "}"},
		ldif.OpenLDAP:        {guid, "(entryUUID=" + guid + ")", "urn:uuid:" + guid},
		ldif.Generic:         {guid, "(entryUUID=" + guid + ")", "*"},
		ldif.DS389:           {"ab-12*", `(nsUniqueId=ab-12\2a)`, ""},
	} {
		typ := &Type{server: &ldif.Server{Traits: kind.Traits()}}
		if got, ok := typ.idFilter(c.good); !ok || got != c.want {
			t.Errorf("%s: %s", kind, got)
		}
		if got, ok := typ.idFilter(c.bad); ok {
			t.Errorf("%s: %q becomes %s", kind, c.bad, got)
		}
	}
}

// The DN expression has to give a place under the base.
func TestOutsideTheBase(t *testing.T) {
	for expression, want := range map[string]string{
		`"uid=" + rdn(userName) + ",dc=else"`:                          `the map would put the entry at "uid=new,dc=else", which is not under "dc=example"`,
		`"uid=" + rdn(userName)`:                                       `the map would put the entry at "uid=new", which is not under "dc=example"`,
		`"uid=" + userName + ",ou=" + (title ?? "x") + ",dc=example"`:  "",
		`"uid=" + rdn(userName) + "+cn=" + (title ?? "") + "," + base`: `the entry cannot be named "uid=new+cn=,dc=example"`,
		`"nobody," + base`:                                             `the entry cannot be named "nobody,dc=example"`,
	} {
		text := "- type: User\n  base: dc=example\n  objectClasses: [inetOrgPerson]\n  dn: '" + expression + "'\n  attributes: [{scim: userName, ldap: uid}, {scim: title, ldap: title}, {ldap: cn, value: userName}, {ldap: sn, value: userName}]"
		w := newWorld(t, ldif.OpenLDAP, text, "")
		_, err := w.plan(w.m.Type("User"), Write{After: scim.Resource{"userName": "new"}}, false)
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
	w := newWorld(t, ldif.OpenLDAP, "- {type: User, base: 'ou=a,dc=example', objectClasses: [inetOrgPerson], dn: '\"uid=\" + rdn(userName) + \",ou=\" + (title ?? \"a\") + \",dc=example\"', attributes: [{scim: userName, ldap: uid}, {scim: title, ldap: title}]}",
		"dn: uid=mara,ou=a,dc=example\nobjectClass: inetOrgPerson\nuid: mara\n")
	users, e := w.m.Type("User"), w.entries[0]
	after := w.see(users, e)
	after["title"] = "b"
	if p, err := w.plan(users, Write{Entry: e, Before: w.see(users, e), After: after}, false); err == nil {
		t.Errorf("a move out of the base is planned:\n%s", p)
	}
}
