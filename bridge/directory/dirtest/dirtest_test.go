package dirtest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

func TestMain(m *testing.M) { Main(m) }

// wantResult fails unless err is the LDAP result code.
func wantResult(t *testing.T, err error, code uint16) {
	t.Helper()
	var result *ldap.Error
	switch {
	case code == ldap.LDAPResultSuccess && err == nil:
	case !errors.As(err, &result) || result.ResultCode != code:
		t.Fatalf("result %v, want %d (%s)", err, code, ldap.LDAPResultCodeMap[code])
	}
}

func TestServers(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t testing.TB) *Server{
		"openldap": func(t testing.TB) *Server { return OpenLDAP(t) },
		"389ds":    func(t testing.TB) *Server { return DS389(t) },
		"memory":   func(t testing.TB) *Server { return Memory(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkServer(t, start(t))
		})
	}
}

// checkServer holds the server to its kind, loads a user and a group, reads them back, and binds as the user.
func checkServer(t *testing.T, s *Server) {
	if kind := ldif.KindOf(s.Entry(t, "", "*", "+")); kind != s.Kind {
		t.Errorf("its root DSE is that of %s, want %s", kind, s.Kind)
	}
	s.Load(t, person("bjensen", "userPassword: secret1\n")+"\n"+group("staff", "uid=bjensen,"+s.People))

	if got := s.Entry(t, "uid=bjensen,"+s.People).Value("sn"); got != "Sn" {
		t.Errorf("sn = %q", got)
	}
	if e := s.Entry(t, "uid=nobody,"+s.People); e != nil {
		t.Errorf("an entry that is not there: %v", e)
	}
	if got := len(s.Entries(t, s.Suffix)); got != 5 {
		t.Errorf("%d entries, want the suffix, two containers, a user and a group", got)
	}
	wantResult(t, s.Bind(t, "uid=bjensen,"+s.People, "secret1"), ldap.LDAPResultSuccess)
	wantResult(t, s.Bind(t, "uid=bjensen,"+s.People, "wrong"), ldap.LDAPResultInvalidCredentials)
}

func person(uid, more string) string {
	return fmt.Sprintf("dn: uid=%s,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: Cn\nsn: Sn\n%s", uid, more)
}

func group(cn string, members ...string) string {
	return fmt.Sprintf("dn: cn=%s,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: %[1]s\nmember: %s\n",
		cn, strings.Join(members, "\nmember: "))
}

// blockable is an auxiliary class that lets a person hold userAccountControl.
const blockable = "objectclass ( 1.3.6.1.4.1.4203.666.1.1 NAME 'blockable' SUP top AUXILIARY MAY userAccountControl )"

func TestOpenLDAPBlocksByUserAccountControl(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "blockable.schema")
	if err := os.WriteFile(file, []byte(blockable), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, option := range map[string]Option{"text": Schema(blockable), "file": SchemaFile(file)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := OpenLDAP(t, option)
			for control, want := range map[string]uint16{"512": ldap.LDAPResultSuccess, "514": ldap.LDAPResultInvalidCredentials} {
				s.Load(t, person("u"+control, "objectClass: blockable\nuserPassword: secret1\nuserAccountControl: "+control+"\n"))
				wantResult(t, s.Bind(t, "uid=u"+control+","+s.People, "secret1"), want)
			}
		})
	}
}

func TestOpenLDAPTakesDeletedMembersOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []Option
		members int
	}{"refint": {nil, 1}, "without": {[]Option{WithoutRefint()}, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := OpenLDAP(t, c.options...)
			s.Load(t, person("a", "")+"\n"+person("b", "")+"\n"+group("g", "uid=a,"+s.People, "uid=b,"+s.People))
			if err := s.Connect(t).Del(ldap.NewDelRequest("uid=a,"+s.People, nil)); err != nil {
				t.Fatal(err)
			}
			for begun := time.Now(); ; time.Sleep(time.Millisecond) { // refint does so in a task of its own, behind the answer
				got := s.Entry(t, "cn=g,"+s.Groups).Values("member")
				if len(got) == c.members {
					break
				}
				if time.Since(begun) > 10*time.Second {
					t.Fatalf("members %q, want %d", got, c.members)
				}
			}
		})
	}
}

func TestOpenLDAPOptions(t *testing.T) {
	t.Parallel()
	account := "cn=scimbridge,o=Example"
	s := OpenLDAP(t, Suffix("o=Example"), MemberOf(), Config(
		fmt.Sprintf("access to * by dn.exact=%q manage by * break", account),
		"overlay unique", "unique_uri ldap:///?mail?sub"))
	s.Load(t, "dn: "+account+"\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: secret1\n")
	s.BindDN, s.Password = account, "secret1"
	s.Load(t, "dn: cn=a,"+s.People+"\nobjectClass: inetOrgPerson\nsn: a\nmail: a@example.org\n\n"+
		"dn: cn=g,"+s.Groups+"\nobjectClass: groupOfNames\nmember: cn=a,"+s.People+"\n")
	if got := s.Entry(t, "cn=a,"+s.People, "memberOf").Value("memberOf"); got != "cn=g,"+s.Groups {
		t.Errorf("memberOf = %q", got)
	}
	again := ldap.NewAddRequest("cn=b,"+s.People, nil)
	again.Attribute("objectClass", []string{"inetOrgPerson"})
	again.Attribute("sn", []string{"b"})
	again.Attribute("mail", []string{"a@example.org"})
	wantResult(t, s.Connect(t).Add(again), ldap.LDAPResultConstraintViolation)
}

// TestOpenLDAPLoads: slapadd's entries are there, and one that it refuses is told.
func TestOpenLDAPLoads(t *testing.T) {
	t.Parallel()
	s := OpenLDAP(t, MaxSize(2<<30), Entries(func(to io.Writer) error {
		_, err := io.WriteString(to, person("a", "")+"\n"+group("g", "uid=a,ou=people,dc=example,dc=org"))
		return err
	}))
	if got := len(s.Entries(t, s.Suffix)); got != 5 {
		t.Errorf("%d entries, want the suffix, two containers, a user and a group", got)
	}
	if !strings.HasPrefix(s.Version(), "slapd 2.") {
		t.Errorf("version %q", s.Version())
	}
	bad := &slapd{suffix: defaultSuffix, password: "x", maxSize: 1 << 30, entries: func(to io.Writer) error {
		_, err := io.WriteString(to, person("a", "nonsense: 1\n"))
		return err
	}}
	if _, err := bad.start(t, findSlapd(t)); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("an entry that is none: %v", err)
	}
}

func TestOpenLDAPEncrypts(t *testing.T) {
	t.Parallel()
	s := OpenLDAP(t)
	config, err := trust(s.CA, s.ServerName)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := dial(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.StartTLS(config); err != nil {
		t.Error("StartTLS:", err)
	}
	checkLDAPS(t, s)

	if conn, err := dial(s.LDAPI); err != nil {
		t.Error("ldapi:", err)
	} else {
		conn.Close()
	}
}

// checkLDAPS connects with the right name and authority, and expects a refusal without.
func checkLDAPS(t *testing.T, s *Server) {
	t.Helper()
	config, err := trust(s.CA, s.ServerName)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := dial(s.LDAPS, ldap.DialWithTLSConfig(config))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	wantResult(t, conn.Bind(s.BindDN, s.Password), ldap.LDAPResultSuccess)

	wrong := config.Clone()
	wrong.ServerName = "elsewhere.example.org"
	if conn, err := dial(s.LDAPS, ldap.DialWithTLSConfig(wrong)); err == nil {
		conn.Close()
		t.Error("the certificate holds for a name that is not its own")
	}
}

func TestLogSaysWhatIsWrongWithTheConfiguration(t *testing.T) {
	t.Parallel()
	program := findSlapd(t)
	_, err := (&slapd{suffix: "dc=example,dc=org", password: "x", lines: []string{"nonsense here"}}).start(t, program)
	if err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("error %v, want one that shows slapd's own words", err)
	}
}
