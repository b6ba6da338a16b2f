package layout_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"scimbridge/bridge/inspect/layout"
	"scimbridge/config"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
)

// person is an entry with what is said of it, as LDIF lines.
func person(dn string, lines ...string) *ldif.Entry {
	text := "dn: " + dn + "\n" + strings.Join(lines, "\n") + "\n"
	if !strings.Contains(text, "objectClass") {
		text += "objectClass: inetOrgPerson\n"
	}
	entries, err := ldif.Parse(text)
	if err != nil {
		panic(err)
	}
	return entries[0]
}

// many are so many of them; # in what is said is the number.
func many(n int, dn string, lines ...string) (all []*ldif.Entry) {
	for i := range n {
		number := func(text string) string { return strings.ReplaceAll(text, "#", fmt.Sprint(i)) }
		var own []string
		for _, line := range lines {
			own = append(own, number(line))
		}
		all = append(all, person(number(dn), own...))
	}
	return all
}

const people, groups = ",ou=people,dc=shore,dc=example", ",ou=groups,dc=shore,dc=example"

// sight is what a directory of the kind shows of people and groups.
func sight(t *testing.T, kind ldif.ServerKind, people, groups []*ldif.Entry) layout.Sight {
	t.Helper()
	server := maptest.Server(t, kind)
	server.Contexts = []string{"dc=shore,dc=example"}
	return layout.Sight{Server: server, Bases: server.Contexts, People: people, Groups: groups, Whole: true}
}

var choices = layout.Choices{Name: "scimbridge", URL: "ldaps://ldap.shore.example", Account: "cn=scimbridge,dc=shore,dc=example"}

// TestPropose holds what is proposed for what was seen: it is a sound configuration, which fits the schema, and has these lines.
func TestPropose(t *testing.T) {
	atUID := many(20, "uid=u#@shore.example"+people, "uid: u#@shore.example", "cn: U #", "sn: #")
	linux := []string{
		"objectClass: inetOrgPerson", "objectClass: posixAccount", "uid: u#", "cn: U #", "sn: #", "mail: u#@shore.example",
		"uidNumber: 120#", "gidNumber: 100", "homeDirectory: /srv/home/u#", "loginShell: /bin/zsh",
	}
	for name, c := range map[string]struct {
		kind           ldif.ServerKind
		people, groups []*ldif.Entry
		held           []string
		choices        func(*layout.Choices)
		has            []string
		hasNot         []string
	}{
		"uid holds names with an @": {
			people: atUID, has: []string{"{scim: userName, ldap: uid}", `dn: '"uid=" + rdn(userName) + "," + base'`},
		},
		"uid is what stands ahead of the one domain": {
			people: many(20, "uid=u#"+people, "uid: u#", "mail: u#@shore.example"),
			has: []string{
				`read: 'value + "@shore.example"', samples: [mara@shore.example]`,
				`dn: '"uid=" + rdn(lower(before(userName, "@"))) + "," + base'`,
			},
		},
		"mail is what clients know": {
			people: many(20, "uid=u#"+people, "uid: u#", "mail: first.last#@shore.example"),
			has: []string{
				"{scim: userName, ldap: mail}", "{ldap: uid, value: 'lower(before(userName, \"@\"))', on: create, unique: true}",
				`{scim: 'emails[type eq "work"].value', ldap: mail, shares: userName} # a new email alone is a new userName too`,
			},
		},
		"uid is said to be what stands ahead of a domain": {
			people:  append(many(17, "uid=u#"+people, "uid: u#", "mail: u#@shore.example"), many(3, "uid=n#"+people, "uid: n#")...),
			choices: func(c *layout.Choices) { c.UserName = "uid@shore.example" },
			has: []string{
				`{scim: userName, ldap: uid, value: 'lower(before(value, "@"))', read: 'value + "@shore.example"'`,
				`dn: '"uid=" + rdn(lower(before(userName, "@"))) + "," + base'`,
			},
		},
		"what was said of the userName": {
			people: many(20, "uid=u#"+people, "uid: u#"), choices: func(c *layout.Choices) { c.UserName = "uid" },
			has: []string{"{scim: userName, ldap: uid} # as was said"},
		},
		"a value that says who is off": {
			people: append(many(18, "uid=u#@shore.example"+people, "uid: u#@shore.example", "employeeType: active"),
				many(2, "uid=o#@shore.example"+people, "uid: o#@shore.example", "employeeType: Disabled")...),
			has: []string{"active: {attribute: employeeType, blocked: Disabled, unblocked: active}"},
		},
		"a shell that says so": {
			people: append(many(20, "uid=u#"+people, linux...), many(1, "uid=off"+people, append(linux[:len(linux)-1:len(linux)-1],
				"loginShell: /usr/sbin/nologin")...)...),
			has:    []string{"active: {attribute: loginShell, blocked: /usr/sbin/nologin, unblocked: /bin/zsh}"},
			hasNot: []string{"ldap: loginShell"},
		},
		"locked accounts": {
			people: append(many(3, "uid=l#@shore.example"+people, "uid: l#@shore.example", "pwdAccountLockedTime: 000001010000Z"),
				atUID...),
			has: []string{"active: {by: pwdAccountLockedTime}"},
		},
		"the bridge's own account is none of the people": {
			people: many(1, "cn=scimbridge,dc=shore,dc=example", "cn: scimbridge", "sn: x"),
			has:    []string{"base: 'ou=people,dc=shore,dc=example' # there are no people, and no place for them: it is to be made"},
		},
		"389 Directory Server": {kind: ldif.DS389, people: atUID, has: []string{"active: {by: nsAccountLock}", "ldap: userPassword} #"}},
		"attributes that are in use": {
			people: many(20, "uid=u#@shore.example"+people, "uid: u#@shore.example", "eduPersonUniqueId: #@shore.example", "carLicense: #",
				"extensionName: #", "businessCategory: 1234567890123456789012345678901"),
			has: []string{"{scim: externalId, ldap: scimExternalId} # nobody has a value there", "tombstone: scimUserName # keeps"},
		},
		"the name of who is soft-deleted, kept where others have theirs": {
			people: append(many(1, "uid=x@shore.example"+people, "uid: x@shore.example",
				"businessCategory: 0123456789abcdef0123456789abcdefx@shore.example"), atUID...),
			has: []string{"tombstone: businessCategory # keeps the name that Entra gives a soft-deleted user; a bridge has kept it"},
		},
		"what a bridge has kept of one who is not among those that were looked at": {
			people: atUID, held: []string{"scimExternalId", "extensionName"},
			has: []string{"{scim: externalId, ldap: scimExternalId} # a bridge has kept it there already"},
		},
		"what a bridge has kept of one of many": {
			people: append(many(1, "uid=x@shore.example"+people, "uid: x@shore.example", "objectClass: inetOrgPerson",
				"objectClass: scimbridgeUser", "scimExternalId: 7", "scimUserName: x"), atUID...),
			groups: many(1, "cn=g"+groups, "objectClass: groupOfNames", "objectClass: scimbridgeGroup", "cn: g", "scimExternalId: 7"),
			has: []string{
				"{scim: externalId, ldap: scimExternalId} # a bridge has kept it there already",
				"tombstone: scimUserName # keeps the name that Entra gives a soft-deleted user; a bridge has kept it there already",
				"displayName, ldap: cn}\n      - {scim: externalId, ldap: scimExternalId} # a bridge has kept it there already",
			},
		},
		"the department's unit": {
			people: many(20, "cn=U #,ou=Sales"+people, "uid: u#@shore.example", "cn: U #", "departmentNumber: Sales"),
			has: []string{
				`dn: '"cn=" + rdn(displayName ?? before(userName, "@")) + "," + (enterprise.department != nil ? ` +
					`"ou=" + rdn(enterprise.department) + "," : "") + base'`,
				"createParents: true",
			},
			hasNot: []string{"ldap: cn, empty"},
			choices: func(c *layout.Choices) {
				c.UserBase = strings.TrimPrefix(people, ",")
			},
		},
		"units of which nothing is known": {
			people: append(many(10, "uid=u#@shore.example,ou=north"+people, "uid: u#@shore.example"),
				many(10, "uid=s#@shore.example,ou=south"+people, "uid: s#@shore.example")...),
			has:    []string{"base: 'ou=people,dc=shore,dc=example'", "units below the base for which no rule was found"},
			hasNot: []string{"createParents"},
		},
		"a few elsewhere": {
			people: append(many(1, "uid=x,ou=old,dc=shore,dc=example", "uid: x"), append(atUID, atUID...)...),
			has:    []string{"base: 'ou=people,dc=shore,dc=example' # people stand here, 40 of 41: the bridge will not see the others"},
		},
		"posixGroup": {
			people: many(20, "uid=u#"+people, linux...),
			groups: many(3, "cn=g#"+groups, "objectClass: posixGroup", "cn: g#", "gidNumber: 10#"),
			has: []string{
				"members: {attribute: memberUid, form: value, of: uid}", `protected: ['cn=g0,ou=groups,dc=shore,dc=example']`,
				"homeDirectory, on: create, unique: true, value: '\"/srv/home/\" + lower(before(userName, \"@\"))'", `value: '"/bin/zsh"'`,
				"allocate: {from: 1000, to: 59999, counter: 'cn=uidNext,ou=people,dc=shore,dc=example'}",
			},
		},
		"accounts that are no persons": {
			people: many(20, "uid=u#"+people, append([]string{"objectClass: account", "gecos: U"}, linux[1:]...)...),
			has: []string{
				"objectClasses: [account, posixAccount, scimbridgeUser]", "ldap: cn, empty: userName",
				`ldap: gecos, value: 'substitute(ascii(userName)`,
			},
			hasNot: []string{"ldap: displayName", "ldap: sn,"},
		},
		"named by a number": {
			people: many(20, "employeeNumber=#"+people, "uid: u#@shore.example", "employeeNumber: #", "cn: U", "sn: U"),
			has: []string{
				`dn: '"employeeNumber=" + rdn(enterprise.employeeNumber ?? userName) + "," + base' # 20 of 20 are named by it; is this`,
				"User:employeeNumber', ldap: employeeNumber}",
			},
		},
		"groupOfUniqueNames": {
			people: atUID, groups: many(3, "cn=g#"+groups, "objectClass: groupOfUniqueNames", "cn: g#"),
			has: []string{"objectClasses: [groupOfUniqueNames, scimbridgeGroup]", "members: {attribute: uniqueMember}"},
		},
		"an account in a place with a quote": {
			people: atUID, choices: func(c *layout.Choices) { c.Account = "cn=the bridge's #1: own,dc=shore,dc=example" },
			has: []string{"dn: 'cn=the bridge''s #1: own,dc=shore,dc=example'"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			said := choices
			if c.choices != nil {
				c.choices(&said)
			}
			if c.kind == "" {
				c.kind = ldif.OpenLDAP
			}
			s := sight(t, c.kind, c.people, c.groups)
			s.Held = c.held
			p, err := layout.Propose(s, said)
			if err != nil {
				t.Fatal(err)
			}
			sound(t, p.Text, s.Server, said)
			for _, want := range c.has {
				if !strings.Contains(p.Text, want) {
					t.Errorf("there is no %s\n%s", want, p.Text)
				}
			}
			for _, not := range c.hasNot {
				if strings.Contains(p.Text, not) {
					t.Errorf("there is %s\n%s", not, p.Text)
				}
			}
		})
	}
}

// sound holds a text to being a configuration that fits the server.
func sound(t *testing.T, text string, server *ldif.Server, said layout.Choices) {
	t.Helper()
	c, err := config.Parse("scimbridge.yaml", []byte(text), []string{
		"SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=secret", "SCIMBRIDGE_ACCESS_TOKEN=alpha-0123456789abcdef",
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if c.Directory.Bind.DN != said.Account {
		t.Errorf("the account is %q", c.Directory.Bind.DN)
	}
	compiled, err := c.Map()
	if err != nil {
		t.Fatal(err)
	}
	if _, problems := ldapmap.For(compiled, server); len(problems) > 0 {
		t.Errorf("%v\n%s", problems, text)
	}
}

// TestUndecided: what more than one thing may be meant by is asked, and each answer decides it.
func TestUndecided(t *testing.T) {
	atUID := many(20, "uid=u#@shore.example"+people, "uid: u#@shore.example")
	for name, c := range map[string]struct {
		people, groups []*ldif.Entry
		flag           string
		options        []string
	}{
		"people in two places": {
			people: append(many(5, "uid=x#@shore.example,ou=guests,dc=shore,dc=example", "uid: x#@shore.example"), atUID...),
			flag:   "--user-base", options: []string{"ou=people,dc=shore,dc=example", "ou=guests,dc=shore,dc=example"},
		},
		"groups in two places": {
			people: atUID, flag: "--group-base", options: []string{"ou=groups,dc=shore,dc=example", "ou=roles,dc=shore,dc=example"},
			groups: append(many(5, "cn=g#"+groups, "objectClass: groupOfNames"),
				many(4, "cn=g#,ou=roles,dc=shore,dc=example", "objectClass: groupOfNames")...),
		},
		"groups of two kinds": {
			people: atUID, flag: "--group-class", options: []string{"groupOfNames", "posixGroup"},
			groups: append(many(5, "cn=g#"+groups, "objectClass: groupOfNames"), many(4, "cn=p#"+groups, "objectClass: posixGroup")...),
		},
		"no names with an @": {
			people: many(20, "uid=u#"+people, "uid: u#"), flag: "--user-name", options: []string{"uid", "mail"},
		},
		"some have in uid what stands ahead of the domain": {
			people: append(many(17, "uid=u#"+people, "uid: u#", "mail: u#@shore.example"), many(3, "uid=n#"+people, "uid: n#")...),
			flag:   "--user-name", options: []string{"uid@shore.example", "uid", "mail"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := sight(t, ldif.OpenLDAP, c.people, c.groups)
			_, err := layout.Propose(s, choices)
			open, ok := errors.AsType[*layout.Undecided](err)
			if !ok || open.Flag != c.flag || len(open.Options) != len(c.options) {
				t.Fatalf("%v", err)
			}
			for i, o := range open.Options {
				if o.Value != c.options[i] || !strings.Contains(err.Error(), c.flag+" "+o.Value) {
					t.Errorf("%v", err)
				}
				said := open.Choose(choices, o.Value)
				p, err := layout.Propose(s, said)
				if err != nil {
					t.Fatal(err)
				}
				sound(t, p.Text, s.Server, said)
			}
		})
	}
}

// TestChosenElsewhere: a place that the server does not hold is none, and it is said which it holds.
func TestChosenElsewhere(t *testing.T) {
	said := choices
	said.UserBase = "ou=people,dc=shroe,dc=example"
	_, err := layout.Propose(sight(t, ldif.OpenLDAP, nil, nil), said)
	if err == nil || !strings.HasPrefix(err.Error(), said.UserBase+": the server holds dc=shore,dc=example,") {
		t.Error(err)
	}
}

// TestChoices: how the directory is reached stands in the text as it was said, and no password.
func TestChoices(t *testing.T) {
	said := choices
	said.CA, said.StartTLS, said.ServerName, said.PasswordFile = "ca's.pem", true, "ldap9", "bind.password"
	p, err := layout.Propose(sight(t, ldif.OpenLDAP, nil, nil), said)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"  tls: {startTLS: true, ca: 'ca''s.pem', serverName: ldap9}\n", "    passwordFile: bind.password\n",
		"urls: [ldaps://ldap.shore.example]",
	} {
		if !strings.Contains(p.Text, want) {
			t.Errorf("there is no %s\n%s", want, p.Text)
		}
	}
	if strings.Contains(p.Text, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD") {
		t.Errorf("two places for one password\n%s", p.Text)
	}
}
