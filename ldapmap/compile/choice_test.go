package compile

import "testing"

// TestNaming: what of a unique value names an entry, wherever the DN has it and by whatever variable.
func TestNaming(t *testing.T) {
	for dn, want := range map[string]string{
		`"uid=" + rdn(userName) + "," + base`:                                                           "userName",
		`"uid=" + rdn(before(userName, "@")) + ",ou=" + rdn(userName) + "," + base`:                     `before(userName, "@")`,
		`let n = userName; "uid=" + rdn(n) + "," + base`:                                                "userName",
		`let n = userName; let m = before(n, "@"); "uid=" + rdn(m) + "," + base`:                        `before(userName, "@")`,
		`"cn=" + rdn(title) + "+uid=" + rdn(userName) + "," + base`:                                     "userName",
		`"cn=" + rdn(title + userName) + "," + base`:                                                    "",
		`"cn=" + rdn(title) + "," + base`:                                                               "",
		`"cn=" + rdn(map([1], let n = title; n)[0]) + rdn(map([1], let n = userName; n)[0]) + ","+base`: "map([1], let n = userName; n)[0]",
	} {
		m, err := Compile([]Options{{
			Type: "User", Base: Bases{"ou=people,dc=example"}, ObjectClasses: []ClassOptions{{Class: "person"}}, DN: dn,
			Attributes: []AttributeOptions{{SCIM: "userName", LDAP: "uid"}, {SCIM: "title", LDAP: "title"}},
		}})
		if err != nil {
			t.Errorf("%s: %v", dn, err)
			continue
		}
		got := ""
		if e := m.Types[0].RuleFor("userName").Naming; e != nil {
			got = e.text
		}
		if got != want {
			t.Errorf("%s: %s, want %s", dn, got, want)
		}
	}
}

func TestFirstAndLast(t *testing.T) {
	for source, want := range map[string]string{"first": "Anna", "last": "mara"} {
		c, err := newChoice(source)
		if err != nil {
			t.Fatal(err)
		}
		values := []string{"lind", "mara", "Anna"}
		if at, ok := c.Of(values); !ok || values[at] != want {
			t.Errorf("%s chooses %d, %v", source, at, ok)
		}
	}
}
