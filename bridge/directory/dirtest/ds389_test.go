package dirtest

import (
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// TestDS389Blocks: nsAccountLock keeps a user out, and lets in when it goes.
func TestDS389Blocks(t *testing.T) {
	t.Parallel()
	s := DS389(t)
	dn := "uid=a," + s.People
	s.Load(t, person("a", "userPassword: secret1\nnsAccountLock: true\n"))
	if err := s.Bind(t, dn, "secret1"); err == nil {
		t.Error("a locked account binds")
	}
	unlock := ldap.NewModifyRequest(dn, nil)
	unlock.Replace("nsAccountLock", nil)
	wantResult(t, s.Connect(t).Modify(unlock), ldap.LDAPResultSuccess)
	wantResult(t, s.Bind(t, dn, "secret1"), ldap.LDAPResultSuccess)
}

// TestDS389Schema: definitions written for slapd, comments and line breaks included.
func TestDS389Schema(t *testing.T) {
	t.Parallel()
	s := DS389(t, DS389Schema("# a tag\nattributetype ( 1.3.6.1.4.1.4203.666.1.2\n\tNAME 'tag'\n\tEQUALITY caseExactMatch\n"+
		"\tSYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )\n\n"+
		"objectclass ( 1.3.6.1.4.1.4203.666.1.3 NAME 'tagged'\n\tSUP top AUXILIARY MAY tag )\n"))
	s.Load(t, person("a", "objectClass: tagged\ntag: Blue\n"))
	for filter, want := range map[string]int{"(tag=Blue)": 1, "(tag=blue)": 0} {
		request := ldap.NewSearchRequest(s.People, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
			filter, []string{"1.1"}, nil)
		if found, err := s.Connect(t).Search(request); err != nil || len(found.Entries) != want {
			t.Errorf("%s: %v, %v, want %d", filter, found, err, want)
		}
	}
}

// TestDS389Plugins: what keeps references true is off unless it is asked for.
func TestDS389Plugins(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options                     []DS389Option
		members, managers, memberOf int
	}{
		"none":                  {nil, 2, 1, 0},
		"memberOf":              {[]DS389Option{MemberOfPlugin()}, 1, 1, 1}, // it takes deleted members out itself
		"referential integrity": {[]DS389Option{ReferentialIntegrityPlugin()}, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := DS389(t, c.options...)
			s.Load(t, person("a", "")+"\n"+
				person("b", "manager: uid=a,"+s.People+"\n")+"\n"+
				group("g", "uid=a,"+s.People, "uid=b,"+s.People))
			if got := s.Entry(t, "uid=b,"+s.People, "memberOf").Values("memberOf"); len(got) != c.memberOf {
				t.Errorf("memberOf %q, want %d", got, c.memberOf)
			}
			wantResult(t, s.Connect(t).Del(ldap.NewDelRequest("uid=a,"+s.People, nil)), ldap.LDAPResultSuccess)
			if got := s.Entry(t, "cn=g,"+s.Groups).Values("member"); len(got) != c.members {
				t.Errorf("members %q, want %d", got, c.members)
			}
			if got := s.Entry(t, "uid=b,"+s.People).Values("manager"); len(got) != c.managers {
				t.Errorf("managers %q, want %d", got, c.managers)
			}
		})
	}
}

func TestDS389ChecksSevenBits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []DS389Option
		code    uint16
	}{
		"as it is installed": {nil, ldap.LDAPResultConstraintViolation},
		"without":            {[]DS389Option{WithoutSevenBitCheck()}, ldap.LDAPResultSuccess},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := DS389(t, c.options...)
			e := &ldif.Entry{DN: "uid=jürgen," + s.People}
			e.Set("objectClass", "inetOrgPerson")
			e.Set("cn", "Jürgen")
			e.Set("sn", "Groß")
			wantResult(t, add(s.Connect(t), e), c.code)
		})
	}
}

func TestDS389SaysWhatIsWrongWithItsConfiguration(t *testing.T) {
	t.Parallel()
	program := findDS389(t)
	s := &ds389{password: "x"}
	s.set("cn=config", "nsslapd-sizelimit", "nonsense")
	if _, err := s.start(t, program); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("error %v, want one that shows the server's own words", err)
	}
}
