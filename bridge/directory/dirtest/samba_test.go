package dirtest

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// quoted is a password as a value of unicodePwd.
func quoted(password string) string {
	var value []byte
	for _, unit := range utf16.Encode([]rune(`"` + password + `"`)) {
		value = binary.LittleEndian.AppendUint16(value, unit)
	}
	return string(value)
}

// account is the entry of a user without a password, and with more attributes given as name, value pairs.
func account(s *Server, cn string, more ...string) *ldif.Entry {
	e := &ldif.Entry{DN: "CN=" + cn + "," + s.People}
	e.Set("objectClass", "user")
	e.Set("sAMAccountName", strings.ToLower(fmt.Sprintf("%.20s", cn)))
	for i := 0; i < len(more); i += 2 {
		e.Set(more[i], more[i+1])
	}
	return e
}

func TestActiveDirectory(t *testing.T) {
	s := ActiveDirectory(t)
	checkLDAPS(t, s)
	conn := s.Connect(t)
	wantResult(t, add(conn, account(s, "bjensen", "unicodePwd", quoted("Secret.1"), "userAccountControl", "512")), ldap.LDAPResultSuccess)

	dn := "CN=bjensen," + s.People
	if got := s.Entry(t, dn, "userAccountControl").Value("userAccountControl"); got != "512" {
		t.Errorf("userAccountControl = %s", got)
	}
	wantResult(t, s.Bind(t, dn, "Secret.1"), ldap.LDAPResultSuccess)
	disable := ldap.NewModifyRequest(dn, nil)
	disable.Replace("userAccountControl", []string{"514"})
	wantResult(t, conn.Modify(disable), ldap.LDAPResultSuccess)
	wantResult(t, s.Bind(t, dn, "Secret.1"), ldap.LDAPResultInvalidCredentials)
	if s.Log() == "" {
		t.Error("no log")
	}
}

// TestActiveDirectorySharesNothing: the second run of the subtest would find the first one's entries.
func TestActiveDirectorySharesNothing(t *testing.T) {
	for range 2 {
		t.Run("same name", func(t *testing.T) {
			s := ActiveDirectory(t)
			if got := len(s.Entries(t, s.Base)); got != 3 {
				t.Errorf("%d entries, want the OU with its two containers", got)
			}
			s.Load(t, "dn: CN=once,"+s.Groups+"\nobjectClass: group\nsAMAccountName: once\n")
		})
	}
}

func TestActiveDirectoryRefusesWhatWindowsRefuses(t *testing.T) {
	s := ActiveDirectory(t)
	conn := s.Connect(t)
	long := strings.Repeat("x", 64)
	for _, e := range []*ldif.Entry{
		account(s, "passwordless"), account(s, "leaver", "unicodePwd", quoted("Secret.1"), "userAccountControl", "514"),
		{DN: "CN=team," + s.Groups, Attributes: []ldif.Attribute{{Name: "objectClass", Values: []string{"group"}}}},
	} {
		wantResult(t, add(conn, e), ldap.LDAPResultSuccess)
	}
	modify := func(dn, name, value string) func() error {
		return func() error {
			request := ldap.NewModifyRequest(dn, nil)
			request.Replace(name, []string{value})
			return conn.Modify(request)
		}
	}
	rename := func(rdn, parent string) func() error {
		return func() error { return conn.ModifyDN(ldap.NewModifyDNRequest("CN=leaver,"+s.People, rdn, true, parent)) }
	}
	adding := func(e *ldif.Entry) func() error { return func() error { return add(conn, e) } }
	of21 := account(s, "d", "sAMAccountName", "d23456789012345678901")
	passwordless, leaver, team := "CN=passwordless,"+s.People, "CN=leaver,"+s.People, "CN=team,"+s.Groups

	for name, c := range map[string]struct {
		do   func() error
		code uint16
		says string
	}{
		"add enabled without a password":         {adding(account(s, "a", "userAccountControl", "512")), 53, "0000052D: SvcErr:"},
		"add enabled that may go without":        {adding(account(s, "b", "userAccountControl", "544")), 0, ""},
		"enable without a password":              {modify(passwordless, "userAccountControl", "512"), 53, "0000052D: SvcErr:"},
		"enable with a password":                 {modify(leaver, "userAccountControl", "512"), 0, ""},
		"add with a short password":              {adding(account(s, "c", "unicodePwd", quoted("Se.1"))), 53, "0000052D: SvcErr:"},
		"set a simple password":                  {modify(leaver, "unicodePwd", quoted("secretsecret")), 53, "0000052D: SvcErr:"},
		"set a good password":                    {modify(leaver, "unicodePwd", quoted("Secret.2")), 0, ""},
		"add with a CN of 65":                    {adding(account(s, long+"x")), 19, "00002082: AtrErr:"},
		"add with a CN of 64":                    {adding(account(s, long)), 0, ""},
		"rename to a CN of 65":                   {rename("CN="+long+"x", ""), 19, "00002082: AtrErr:"},
		"move below nothing":                     {rename("CN=leaver", "OU=nothing,"+s.Base), 80, ""},
		"add with a sAMAccountName of 21":        {adding(of21), 80, "00000523: SysErr:"},
		"set a sAMAccountName of 21":             {modify(leaver, "sAMAccountName", "l23456789012345678901"), 80, "00000523: SysErr:"},
		"set a group's sAMAccountName of 21":     {modify(team, "sAMAccountName", "t23456789012345678901"), 0, ""},
		"add with a character not allowed":       {adding(account(s, "e", "sAMAccountName", "e*e")), 80, "00000523: SysErr:"},
		"add with a sAMAccountName with an at":   {adding(account(s, "f", "sAMAccountName", "f@example")), 0, ""},
		"add with a sAMAccountName with a point": {adding(account(s, "g", "sAMAccountName", "g.")), 80, "00000523: SysErr:"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.do()
			wantResult(t, err, c.code)
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want a diagnostic with %s", err, c.says)
			}
		})
	}
}

func TestActiveDirectoryKillAndRestart(t *testing.T) {
	s := ActiveDirectory(t)
	s.Load(t, "dn: CN=team,"+s.Groups+"\nobjectClass: group\n")
	s.Kill()
	if err := tryBind(s.URL, s.BindDN, s.Password); err == nil {
		t.Fatal("a killed server answers")
	}
	s.Restart()
	if s.Entry(t, "CN=team,"+s.Groups) == nil {
		t.Error("what was written before the kill is gone")
	}
}

// TestActiveDirectorySurvivesItsTests: what one test kills or stops is there again for the next.
func TestActiveDirectorySurvivesItsTests(t *testing.T) {
	for name, hurt := range map[string]func(*Server){"kill": (*Server).Kill, "stop": (*Server).Stop} {
		t.Run(name, func(t *testing.T) { hurt(ActiveDirectory(t)) })
		t.Run("after "+name, func(t *testing.T) {
			s := ActiveDirectory(t)
			wantResult(t, s.Bind(t, s.BindDN, s.Password), ldap.LDAPResultSuccess)
		})
	}
}
