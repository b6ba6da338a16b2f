package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

func TestCheck(t *testing.T) {
	bases := []string{"ou=groups,dc=example", "ou=people,dc=example"}
	var got []string
	o := Options{Protected: []string{"ou=admins,ou=people,dc=example", "nobody", "", "OU=People, dc=example"}}
	o.PrivilegedGroups = []string{"cn=admins,dc=example", "admins", "ou=groups,dc=example"} // a group may stand where it likes
	o.Check(func(path, problem string) { got = append(got, path+": "+problem) }, bases)
	want := []string{
		`privilegedGroups[1]: "admins" is not a DN`, `protected[1]: "nobody" is not a DN`, `protected[2]: "" is not a DN`,
		`protected[3]: "OU=People, dc=example" would protect everything under "ou=people,dc=example", of which then nothing can be written`,
	}
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(got))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A server whose users are those in scope of a filter, and that holds more than the map names.
func testMap(t *testing.T) (*ldapmap.Map, *ldif.Server) {
	t.Helper()
	var attributes []string
	for _, name := range []string{
		"objectClass", "uid", "cn", "mail", "title", "memberOf", "member", "entryUUID", "adminCount", "userPrincipalName", "sAMAccountName",
	} {
		syntax := "1.3.6.1.4.1.1466.115.121.1.15"
		if name == "member" {
			syntax = ldif.SyntaxDN
		}
		attributes = append(attributes, "( 1.9."+name+" NAME '"+name+"' EQUALITY caseIgnoreMatch SYNTAX "+syntax+" )")
	}
	schema, err := ldif.ParseSubschema(attributes, []string{
		"( 1.8.1 NAME 'user' STRUCTURAL MAY ( uid $ title ) )", "( 1.8.2 NAME 'group' STRUCTURAL MAY ( mail $ member ) )",
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &ldif.Server{Traits: ldif.OpenLDAP.Traits(), Schema: schema}
	compiled, err := compile.Compile([]compile.Options{
		{
			Type: "User", Base: compile.Bases{"ou=people,dc=example"},
			ObjectClasses: []compile.ClassOptions{{Class: "user"}}, Filter: "(!(title=secret))",
			Attributes: []compile.AttributeOptions{{SCIM: "userName", LDAP: "uid"}, {SCIM: "title", LDAP: "title"}},
		},
		{
			Type: "Group", Base: compile.Bases{"ou=groups,dc=example"}, ObjectClasses: []compile.ClassOptions{{Class: "group"}},
			DN:         `"cn=" + rdn(displayName) + "," + base`,
			Attributes: []compile.AttributeOptions{{SCIM: "displayName", LDAP: "mail"}},
			Members:    []compile.MembersOptions{{Attribute: "member"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	m, problems := ldapmap.For(compiled, s)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return m, s
}

// as is whom the guard's bridge is.
func as(names ...string) func() []string { return func() []string { return names } }

func entry(dn string, pairs ...string) *ldif.Entry {
	e := &ldif.Entry{DN: dn, Asked: []string{"objectClass", "title", "userPrincipalName", "sAMAccountName", "adminCount"}}
	for i := 0; i < len(pairs); i += 2 {
		e.Set(pairs[i], append(e.Values(pairs[i]), pairs[i+1])...)
	}
	return e
}

// unread is an entry that was read with these attributes alone.
func unread(dn string, asked ...string) *ldif.Entry {
	e := entry(dn, "objectClass", "user", "uid", "mara")
	e.Asked = asked
	return e
}

func modify(e *ldif.Entry, dn string, op ldif.ModOp, name string, values ...string) ldif.Step {
	return ldif.Step{Before: e, Change: ldif.Change{Kind: ldif.Modify, DN: dn, Mods: []ldif.Mod{{Op: op, Name: name, Values: values}}}}
}

// instead is the step with what may be done in the place of its change.
func instead(step, other ldif.Step) ldif.Step {
	step.Change.Else = &other.Change
	return step
}

func rename(e *ldif.Entry, dn, rdn, superior string) ldif.Step {
	return ldif.Step{Before: e, Change: ldif.Change{Kind: ldif.ModifyDN, DN: dn, NewRDN: rdn, DeleteOldRDN: true, NewSuperior: superior}}
}

func add(e *ldif.Entry) ldif.Step {
	return ldif.Step{Change: ldif.Change{Kind: ldif.Add, DN: e.DN, Entry: e.Attributes}}
}

func TestJudge(t *testing.T) {
	m, s := testMap(t)
	const maraDN, crewDN = "uid=mara,ou=people,dc=example", "cn=crew,ou=groups,dc=example"
	const bridgeDN = "UID=Bridge, ou=people,dc=example"
	mara, crew := entry(maraDN, "objectClass", "user", "uid", "mara"), entry(crewDN, "objectClass", "group", "cn", "crew", "member", maraDN)
	const (
		outside = "the entry is outside what the map covers"
		leaving = "the change would put the entry outside what the map covers"
		unnamed = "the map does not name every attribute that the change writes"
		listed  = "the entry is protected by the configuration, under guard.protected: ou=admins,ou=people,dc=example"
		own     = "the bridge does not change its own account"
	)
	for _, c := range []struct {
		name  string
		steps []ldif.Step
		want  string
	}{
		{"nothing", nil, ""},
		{"a change", []ldif.Step{modify(mara, maraDN, ldif.AddValues, "title", "cook")}, ""},
		{"a class", []ldif.Step{modify(mara, maraDN, ldif.AddValues, "objectClass", "scimbridgeUser")}, ""},
		{"an attribute that the map does not name", []ldif.Step{modify(mara, maraDN, ldif.AddValues, "mail", "x")}, unnamed},
		{"another type's attribute", []ldif.Step{modify(mara, maraDN, ldif.AddValues, "member", "x")}, unnamed},
		{"one of several", []ldif.Step{{Before: mara, Change: ldif.Change{Kind: ldif.Modify, DN: maraDN, Mods: []ldif.Mod{
			{Op: ldif.AddValues, Name: "title", Values: []string{"x"}}, {Op: ldif.ReplaceValues, Name: "cn"},
		}}}}, unnamed},
		{"in its place an attribute that the map does not name", []ldif.Step{
			instead(modify(mara, maraDN, ldif.DeleteValues, "title", "x"), modify(mara, maraDN, ldif.AddValues, "mail", "x")),
		}, unnamed},
		{"in its place another entry", []ldif.Step{
			instead(modify(mara, maraDN, ldif.DeleteValues, "title", "x"), modify(crew, crewDN, ldif.AddValues, "member", "x")),
		}, "nobody has looked at the entry that is there"},
		{"in its place nothing", []ldif.Step{
			instead(modify(mara, maraDN, ldif.DeleteValues, "title", "x"), ldif.Step{Change: ldif.Change{Kind: ldif.Modify, DN: crewDN}}),
		}, ""},
		{"out of scope", []ldif.Step{modify(mara, maraDN, ldif.AddValues, "title", "secret")}, leaving},
		{"into scope", []ldif.Step{
			modify(entry(maraDN, "objectClass", "user", "uid", "mara", "title", "secret"), maraDN, ldif.DeleteValues, "title", "secret"),
		}, outside},
		{"out and back", []ldif.Step{
			modify(mara, maraDN, ldif.AddValues, "title", "secret"), modify(mara, maraDN, ldif.DeleteValues, "title", "secret"),
		}, leaving},
		{"out in the second step", []ldif.Step{
			modify(mara, maraDN, ldif.AddValues, "title", "x"), modify(mara, maraDN, ldif.ReplaceValues, "title", "secret"),
		}, leaving},
		{"a class that makes it another thing", []ldif.Step{modify(mara, maraDN, ldif.ReplaceValues, "objectClass", "group")}, leaving},
		{"another place", []ldif.Step{
			modify(entry("uid=x,ou=else,dc=example", "objectClass", "user"), "uid=x,ou=else,dc=example", ldif.AddValues, "title", "x"),
		}, outside},
		{"a group where people are", []ldif.Step{
			modify(entry("cn=x,ou=people,dc=example", "objectClass", "group"), "cn=x,ou=people,dc=example", ldif.AddValues, "member", "x"),
		}, outside},
		{
			"an entry that nobody has read",
			[]ldif.Step{modify(nil, maraDN, ldif.AddValues, "title", "x")},
			"nobody has looked at the entry that is there",
		},
		{"a rename", []ldif.Step{rename(mara, maraDN, "uid=noor", "")}, ""},
		{"a move within", []ldif.Step{rename(mara, maraDN, "uid=mara", "ou=sales,OU=People,dc=example")}, ""},
		{"a move out", []ldif.Step{rename(mara, maraDN, "uid=mara", "ou=groups,dc=example")}, leaving},
		{"a move under the protected", []ldif.Step{rename(mara, maraDN, "uid=mara", "OU=Admins, ou=people,dc=example")}, listed},
		{"what was renamed", []ldif.Step{
			rename(mara, maraDN, "uid=noor", ""), modify(mara, "uid=noor,ou=people,dc=example", ldif.AddValues, "title", "secret"),
		}, leaving},
		{"a newcomer in a freed place", []ldif.Step{rename(mara, maraDN, "uid=noor", ""), add(mara)}, ""},
		{
			"a newcomer on another's place",
			[]ldif.Step{modify(mara, maraDN, ldif.AddValues, "title", "x"), add(mara)},
			"nobody has looked at the entry that is there",
		},
		{"a new entry and more of it", []ldif.Step{add(crew), modify(nil, crewDN, ldif.AddValues, "member", "x")}, ""},
		{
			"a new entry with more than the map names",
			[]ldif.Step{add(entry(maraDN, "objectClass", "user", "uid", "mara", "mail", "x"))},
			unnamed,
		},
		{"a new entry whose name the map's expression gives", []ldif.Step{add(crew)}, ""},
		{"a new entry out of scope", []ldif.Step{add(entry(maraDN, "objectClass", "user", "uid", "mara", "title", "Secret"))}, leaving},
		{"a new entry elsewhere", []ldif.Step{add(entry("uid=x,dc=example", "objectClass", "user", "uid", "x"))}, leaving},
		{"a deletion", []ldif.Step{{Before: mara, Change: ldif.Change{Kind: ldif.Delete, DN: maraDN}}}, ""},
		{
			"a deletion of what nobody has read",
			[]ldif.Step{{Change: ldif.Change{Kind: ldif.Delete, DN: maraDN}}},
			"nobody has looked at the entry that is there",
		},
		{"the second of two entries", []ldif.Step{
			modify(crew, crewDN, ldif.DeleteValues, "member", maraDN),
			{
				Before: entry("uid=boss,ou=admins,ou=people,dc=example", "objectClass", "user"),
				Change: ldif.Change{Kind: ldif.Delete, DN: "uid=boss,ou=admins,ou=people,dc=example"},
			},
		}, listed},
		{
			"an entry that was read without its scope",
			[]ldif.Step{modify(unread(maraDN, "objectClass"), maraDN, ldif.AddValues, "title", "x")},
			"nobody has looked at the entry's title",
		},
		{
			"an entry that was read from nowhere",
			[]ldif.Step{modify(unread(maraDN), maraDN, ldif.AddValues, "title", "x")},
			"nobody has looked at the entry's objectClass",
		},
		{"its own account", []ldif.Step{
			modify(entry(bridgeDN, "objectClass", "user"), bridgeDN, ldif.AddValues, "title", "x"),
		}, own},
		{"a rename to its own account", []ldif.Step{rename(mara, maraDN, "uid=bridge", "")}, own},
	} {
		g := New(Options{Protected: []string{"ou=admins,ou=people,dc=example"}}, as("uid=bridge,ou=people,dc=example"), nil)
		err := g.Judge(context.Background(), m, s, ldif.Plan{Steps: c.steps})
		why := ""
		if refusal, ok := errors.AsType[*Refusal](err); ok {
			why = refusal.Why
		} else if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if why != c.want {
			t.Errorf("%s: %q, want %q", c.name, why, c.want)
		}
	}
}

// What is marked as privileged is not written, and neither is what was read without the mark.
func TestPrivileged(t *testing.T) {
	m, s := testMap(t)
	s.Traits = ldif.ActiveDirectory.Traits()
	g := New(Options{}, as(), nil)
	const dn = "uid=mara,ou=people,dc=example"
	for mark, want := range map[string]string{"1": "the entry is privileged (adminCount)", "0": ""} {
		if why := g.isProtected(s, entry(dn, "objectClass", "user", "adminCount", mark)); why != want {
			t.Errorf("adminCount %s: %q", mark, why)
		}
	}
	blind := entry(dn, "objectClass", "user")
	blind.Asked = []string{"objectClass", "title", "userPrincipalName", "sAMAccountName"}
	err := g.Judge(context.Background(), m, s, ldif.Plan{Steps: []ldif.Step{modify(blind, dn, ldif.AddValues, "title", "x")}})
	if refusal, ok := errors.AsType[*Refusal](err); !ok || refusal.Why != "nobody has looked at the entry's adminCount" {
		t.Errorf("an entry read without its mark: %v", err)
	}
}

// The account of the bridge under each of the names that Active Directory takes.
func TestOwnAccount(t *testing.T) {
	_, s := testMap(t)
	e := entry("CN=Bridge,OU=Service,DC=corp,DC=example", "userPrincipalName", "scim@corp.example", "sAMAccountName", "scimbridge")
	for own, want := range map[string]bool{
		"cn=bridge, ou=service,dc=corp,dc=example": true,
		"SCIM@corp.example":                        true, `CORP\scimBridge`: true, "scimbridge@corp.example": true,
		"": false, "scimbridge": false, `CORP\other`: false, "other@corp.example": false,
		"cn=bridge,dc=corp,dc=example": false, `CORP\`: false,
	} {
		if got := New(Options{}, as(own), nil).isOwn(s, e); got != want {
			t.Errorf("%q: %v", own, got)
		}
	}
	if New(Options{}, as(`CORP\`), nil).isOwn(s, entry("cn=x")) {
		t.Error("an entry without an account name is nobody's account")
	}
}

// TestManyMembers: what a change of members costs to judge does not grow with them, where nothing is judged by members.
func TestManyMembers(t *testing.T) {
	m, s := testMap(t)
	group := entry("cn=crew,ou=groups,dc=example", "objectClass", "group", "mail", "crew")
	judged := func(chunk int) float64 {
		var p ldif.Plan
		for c := range 4 {
			var values []string
			for i := range chunk {
				values = append(values, fmt.Sprintf("uid=u%d-%d,ou=people,dc=example", c, i))
			}
			p.Steps = append(p.Steps, modify(group, group.DN, ldif.AddValues, "member", values...))
		}
		g := New(Options{}, as(), nil)
		return testing.AllocsPerRun(10, func() {
			if err := g.Judge(t.Context(), m, s, p); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := judged(1), judged(500); few != many {
		t.Errorf("%v allocations for 1 member at a time, %v for 500", few, many)
	}
}

// TestBecomesOwn: no entry is given the name that the bridge binds with, on any server.
func TestBecomesOwn(t *testing.T) {
	m, s := testMap(t)
	mara := entry("uid=mara,ou=people,dc=example", "objectClass", "user", "uid", "mara")
	for own, give := range map[string]ldif.Step{
		"bridge@shore.example": modify(mara, mara.DN, ldif.AddValues, "userPrincipalName", "bridge@shore.example"),
		`SHORE\bridge`:         modify(mara, mara.DN, ldif.ReplaceValues, "sAMAccountName", "Bridge"),
	} {
		err := New(Options{}, as(own), nil).Judge(t.Context(), m, s, ldif.Plan{Steps: []ldif.Step{give}})
		if refusal, _ := errors.AsType[*Refusal](err); refusal == nil || refusal.Why != "the bridge does not change its own account" {
			t.Errorf("%s: %v", own, err)
		}
	}
}
