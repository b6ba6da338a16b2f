package ldapmap

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

func TestExpressions(t *testing.T) {
	r := scim.Resource{
		"id": "7", "userName": "Mara.Lind@example", "title": "", "active": true, "name": map[string]any{"familyName": " Lind "},
		"emails":               []any{map[string]any{"type": "work", "value": "m@example"}},
		schema.EnterpriseURN:   map[string]any{"department": "Ops", "manager": map[string]any{"value": "9"}},
		"urn:example:2.0:User": map[string]any{"deck": json.Number("12")},
	}
	rt := fullResourceType(Options{Type: "User", Attributes: []AttributeOptions{{SCIM: "urn:example:2.0:User:deck", LDAP: "deck"}}})
	for source, want := range map[string]string{
		`userName`:                                 "Mara.Lind@example",
		`before(userName, "@")`:                    "Mara.Lind",
		`before(userName, "#")`:                    "Mara.Lind@example",
		`after(userName, "@")`:                     "example",
		`after(userName, "#")`:                     "",
		`lower(upper(userName))`:                   "mara.lind@example",
		`trim(name.familyName)`:                    "Lind",
		`truncate("Ångström", 3)`:                  "Ång",
		`truncate(userName, 100)`:                  "Mara.Lind@example",
		`rdn(" a,b ")`:                             `\ a\,b\ `,
		`nickName`:                                 "",
		`lower(nickName)`:                          "",
		`nickName ?? title`:                        "",
		`nickName ?? userName`:                     "Mara.Lind@example",
		`name.givenName ?? "none"`:                 "none",
		`enterprise.department`:                    "Ops",
		`enterprise.manager.value`:                 "9",
		`enterprise.division ?? "-"`:               "-",
		`active ? "yes" : "no"`:                    "yes",
		`emails[0].value`:                          "m@example",
		`let x = userName; lower(x)`:               "mara.lind@example",
		`resource["urn:example:2.0:User"]?.deck`:   "12",
		`"cn=" + rdn(userName) + "," + base`:       "cn=Mara.Lind@example,dc=example",
		`1 + 1`:                                    "2",
		`id`:                                       "7",
		`any(emails, .type == "work") ? "w" : "-"`: "w",
	} {
		e, err := compileExpression(source, rt)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got, err := e.eval(r, rt, "dc=example"); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", source, got, err, want)
		}
	}
	for source, want := range map[string]string{
		`rdn(nickName)`:           "the value is not assigned",
		`rdn("")`:                 "the value is not assigned",
		`"cn=" + rdn(title)`:      "the value is not assigned",
		`emails`:                  "[]interface {} is not text",
		`truncate(userName, -1)`:  "truncate: -1 is no length",
		`truncate(userName, "x")`: "truncate: x is no length",
		`lower(emails)`:           "lower: []interface {} is not text",
		`repeat("x", 100000000)`:  "memory budget exceeded",
		`emails[7].value`:         "index out of range",
	} {
		e, err := compileExpression(source, rt)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		_, err = e.eval(r, rt, "dc=example")
		if fault, ok := err.(*scim.Error); !ok || fault.Type != scim.InvalidValue || !strings.Contains(fault.Detail, want) || strings.Contains(fault.Detail, "\n") {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
	for _, source := range []string{
		``, `userName +`, `nope`, `name.nope`, `enterprise.nope`, `Enterprise.department`, `username`, `now()`, `keys(name)`, `before(userName)`,
		strings.Repeat("userName + ", 200) + "userName",
	} {
		if e, err := compileExpression(source, rt); err == nil {
			if _, err = e.eval(r, rt, ""); err == nil {
				t.Errorf("%.40s is an expression", source)
			}
		}
	}
}

func TestReads(t *testing.T) {
	rt := fullResourceType(Options{Type: "User"})
	for source, want := range map[string][]string{
		`userName`:                       {"userName"},
		`name.familyName + "x"`:          {"name.familyName"},
		`name.familyName + string(name)`: {"name.familyName", "name.givenName"},
		`enterprise.department`:          {"enterprise.department"},
		`string(enterprise)`:             {"enterprise.department"},
		`emails[0].value`:                {"emails"},
		`lower("x")`:                     nil,
		`resource.title`:                 {"userName", "name.familyName", "name.givenName", "emails", "enterprise.department"},
		`let userName = "x"; userName`:   {"userName"}, // more than it reads is no harm
	} {
		e, err := compileExpression(source, rt)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, path := range []string{"userName", "name.familyName", "name.givenName", "emails", "enterprise.department"} {
			urn, name, sub := rt.Split(strings.Replace(path, "enterprise.", schema.EnterpriseURN+":", 1))
			ref, _ := rt.Resolve(urn, name, sub)
			if e.reads(&rule{ref: ref, options: AttributeOptions{SCIM: path}}) {
				got = append(got, path)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s reads (-want +got):\n%s", source, diff)
		}
	}
}

func TestActivations(t *testing.T) {
	server := testServer(t, ldif.OpenLDAP)
	bit, lock := presets["useraccountcontrol"], presets["pwdaccountlockedtime"]
	plain, absent := activation{attribute: "employeeType", blocked: "gone", unblocked: "here"}, activation{attribute: "employeeType", unblocked: "here"}
	exact := activation{attribute: "scimExternalId", blocked: "gone"}
	for _, c := range []struct {
		name    string
		a       activation
		values  []string
		blocked bool
		block   []string // the values after blocking
		unblock []string // the values after unblocking
	}{
		{"a bit", bit, []string{"512"}, false, []string{"514"}, []string{"512"}},
		{"a set bit", bit, []string{"66050"}, true, []string{"66050"}, []string{"66048"}},
		{"no integer yet", bit, nil, false, []string{"514"}, nil},
		{"above 31 bits", bit, []string{"4294967298"}, true, []string{"4294967298"}, []string{"4294967296"}},
		{"below zero", bit, []string{"-2147483646"}, true, []string{"-2147483646"}, []string{"-2147483648"}},
		{"only the bit", bit, []string{"2"}, true, []string{"2"}, []string{"0"}},
		{"blocked", plain, []string{"gone"}, true, []string{"gone"}, []string{"here"}},
		{"another case", plain, []string{"x", "GONE"}, true, []string{"x", "GONE"}, []string{"x", "here"}},
		{"neither", plain, []string{"x"}, false, []string{"x", "gone"}, []string{"x", "here"}},
		{"blocked by absence", absent, nil, true, nil, []string{"here"}},
		{"unblocked by presence", absent, []string{"x", "Here"}, false, []string{"x"}, []string{"x", "Here"}},
		{"locked for ever", lock, []string{"000001010000Z"}, true, []string{"000001010000Z"}, nil},
		{"the same time otherwise", lock, []string{"00000101000000Z"}, true, []string{"00000101000000Z"}, nil},
		{"locked out for a while", lock, []string{"20260102120000Z"}, false, []string{"000001010000Z"}, []string{"20260102120000Z"}},
		{"not locked", lock, nil, false, []string{"000001010000Z"}, nil},
		{"a case-exact attribute", exact, []string{"Gone"}, true, []string{"gone"}, nil},
	} {
		e := &ldif.Entry{DN: "uid=x,dc=example"}
		e.Set(c.a.attribute, c.values...)
		if got := c.a.isBlocked(e, server.Schema); got != c.blocked {
			t.Errorf("%s: blocked is %v", c.name, got)
		}
		for active, want := range map[bool][]string{true: c.unblock, false: c.block} {
			d := &difference{t: &Type{server: server}, entry: e}
			old, now, err := c.a.change(e, server.Schema, active)
			if err != nil {
				t.Fatal(err)
			}
			d.values(c.a.attribute, old, now)
			if err := d.settle(); err != nil {
				t.Fatal(err)
			}
			after := ldif.Apply(e, ldif.Change{Kind: ldif.Modify, Mods: d.mods()}, server.Schema)
			if diff := cmp.Diff(want, after.Values(c.a.attribute)); diff != "" {
				t.Errorf("%s, active %v (-want +got):\n%s", c.name, active, diff)
			}
		}
	}
}
