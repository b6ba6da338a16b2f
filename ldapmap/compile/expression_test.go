package compile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
		e, err := newExpression(source, rt)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got, err := e.Eval(r, rt, "dc=example"); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", source, got, err, want)
		}
	}
	const emails = `[{"type":"work","value":"m@example"}]`
	for source, want := range map[string]string{
		`rdn(nickName)`:                  "the value is not assigned",
		`rdn("")`:                        "the value is not assigned",
		`"cn=" + rdn(title)`:             "the value is not assigned",
		`emails`:                         `over emails ` + emails + `: ` + emails + ` is not text`,
		`truncate(userName, -1)`:         `over userName "Mara.Lind@example": truncate: -1 is no length`,
		`repeat("x", 100000000)`:         "cannot be computed at line 1, column 1",
		`truncate(userName, resource.n)`: `truncate: null is no length`,
		`emails[7].value`:                `over emails ` + emails + `: cannot be computed at line 1, column 7`,
		`find(emails, .primary)?.value`:  "at line 1, column 1, which needs something that is not assigned: `x ?? y` or",
		`userName + emails[0].display`:   "at line 1, column 10, which needs something that is not assigned",
	} {
		e, err := newExpression(source, rt)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		_, err = e.Eval(r, rt, "dc=example")
		fault, ok := err.(*scim.Error)
		if !ok || fault.Type != scim.InvalidValue || !strings.Contains(fault.Detail, source+" has no result") ||
			!strings.Contains(fault.Detail, want) ||
			strings.Contains(fault.Detail, "\n") || strings.Contains(fault.Detail, "interface") {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
	for source, want := range map[string]string{
		`truncate(userName, "x")`:                `truncate(s, n) takes a number, and "x" is text (1:20)`,
		`lower(emails)`:                          `lower(s) takes text, and emails is a list (1:7)`,
		`lower(enterprise)`:                      `lower(s) takes text, and enterprise is an object (1:7)`,
		`title + lower(split(title ?? "", "-"))`: `lower(s) takes text, and split(title ?? "", "-") is a list (1:15)`,
		`userName + 1`:                           `invalid operation: + (mismatched types string and int) (1:10)`,
		`name.familyName.x`:                      `type string has no field x (1:17)`,
		`join(userName, "-")`:                    `join(list, sep) takes a list, and userName is text (1:6)`,
		`regexp(userName, title)`:                `the pattern of regexp(s, pattern) is a text of the map itself (1:18)`,
		`substitute(userName, "(", "")`:          "\"(\" is no pattern: error parsing regexp: missing closing ): `(` (1:22)",
		`dateTime(title, "filetime")`: `"filetime" is none of generalizedTime, fileTime, shadowDays; ` +
			`did you mean fileTime? (1:17)`,
		`switch(title, "", "A")`:      `switch(s, otherwise, key, value, …): the last key, "A", has no value (1:1)`,
		`active ? 1 : lower([title])`: `lower(s) takes text, and [title] is a list (1:20)`,
	} {
		if _, err := newExpression(source, rt); err == nil || firstLine(err) != want {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
	for _, source := range []string{
		``, `userName +`, `nope`, `name.nope`, `enterprise.nope`, `Enterprise.department`, `username`,
		`now()`, `keys(name)`, `before(userName)`, `lower(userName, 3)`, `lower()`, `rdn(userName, title)`, `truncate(userName)`,
		strings.Repeat("userName + ", 200) + "userName",
	} {
		if _, err := newExpression(source, rt); err == nil {
			t.Errorf("%.40s is an expression", source)
		}
	}
}

// What an expression says of its failure tells no password.
func TestFailureOfSecrets(t *testing.T) {
	r := scim.Resource{"userName": "mara", "password": "Hush-1"}
	for _, source := range []string{
		`split(lower(password), "-")[9]`, `truncate("x", [1][len(password)])`, `split(password, "-")[7]`, `1 + int(password)`,
	} {
		m, err := Compile([]Options{{
			Type: "User", Base: Bases{"dc=example"},
			ObjectClasses: []ClassOptions{{Class: "inetOrgPerson"}}, Attributes: []AttributeOptions{
				{SCIM: "userName", LDAP: "uid"}, {SCIM: "password", LDAP: "userPassword"}, {LDAP: "description", Value: source},
			},
		}})
		if err != nil {
			t.Fatal(err)
		}
		user := m.Type("User")
		_, err = user.Rules[2].Value.Eval(r, user.Resource, "dc=example")
		if fault, ok := err.(*scim.Error); !ok || strings.Contains(fault.Detail, "Hush") || strings.Contains(fault.Detail, "mara") {
			t.Errorf("%s: %v", source, err)
		}
	}
}

// The resource as a whole shows no secrets, of extensions neither.
func TestResourceWithoutSecrets(t *testing.T) {
	const urn = "urn:example:2.0:User"
	m, err := Compile([]Options{{
		Type: "User", Base: Bases{"dc=example"},
		ObjectClasses: []ClassOptions{{Class: "inetOrgPerson"}}, Attributes: []AttributeOptions{
			{SCIM: "userName", LDAP: "uid"},
			{SCIM: "password", LDAP: "userPassword"},
			{LDAP: "description", Value: "toJSON(resource)"},
			{SCIM: urn + ":pin", LDAP: "clearPassword", Define: DefineOptions{Mutability: "writeOnly", Returned: "never"}},
			{SCIM: urn + ":deck", LDAP: "roomNumber"},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	user := m.Type("User")
	r := scim.Resource{"userName": "mara", "password": "Hush-1", urn: map[string]any{"pin": "Hush-2", "deck": "7"}}
	got, err := user.Rules[2].Value.Eval(r, user.Resource, "dc=example")
	if err != nil || strings.Contains(got, "Hush") || !strings.Contains(got, `"deck": "7"`) || user.Rules[2].Secret() {
		t.Errorf("%s, %v", got, err)
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
		`resource.title`:                 nil,
		`resource["name"].familyName`:    {"name.familyName", "name.givenName"},
		`string(resource)`:               {"userName", "name.familyName", "name.givenName", "emails", "enterprise.department"},
		`resource["` + schema.EnterpriseURN + `"]?.department`: {"enterprise.department"},
		`let userName = "x"; userName`:                         {"userName"}, // more than it reads is no harm
	} {
		e, err := newExpression(source, rt)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, path := range []string{"userName", "name.familyName", "name.givenName", "emails", "enterprise.department"} {
			urn, name, sub := rt.Split(strings.Replace(path, "enterprise.", schema.EnterpriseURN+":", 1))
			ref, _ := rt.Resolve(urn, name, sub)
			if e.Reads(&Rule{Ref: ref, Options: AttributeOptions{SCIM: path}}) {
				got = append(got, path)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s reads (-want +got):\n%s", source, diff)
		}
	}
}

// A text that is cut within a character is none: the directory would refuse it, or show another.
func TestCutWithinCharacter(t *testing.T) {
	rt := fullResourceType(Options{Type: "User"})
	for source, want := range map[string]string{`title[0:1]`: "", `title[0:2]`: "Å", `truncate(title, 1)`: "Å"} {
		e, err := newExpression(source, rt)
		if err != nil {
			t.Fatal(err)
		}
		r := scim.Resource{"title": "Ås"}
		values, err := e.Values(r, rt, "")
		text, problem := e.Eval(r, rt, "")
		if text != want || (err == nil) != (want != "") || (problem == nil) != (want != "") || len(values) == 1 && values[0] != want {
			t.Errorf("%s is %q, %v and %q, %v", source, text, problem, values, err)
		}
	}
}
