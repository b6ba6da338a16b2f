// Package dirtest starts a private directory server for a test, as net/http/httptest does for HTTP: OpenLDAP's slapd, 389 Directory Server,
// an Active Directory domain controller (Samba AD DC), or memdir in this process. A server listens on loopback only, keeps its files in a
// temporary folder, and ends with the test, in any case with the test process.
//
// Where a server cannot run the test fails if CI=true, and else is skipped; `make test` ends by saying what was left out.
//
// A package whose tests call ActiveDirectory hands its TestMain to Main, which ends the domain controllers.
package dirtest

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// Server is a running directory with an empty container for people and one for groups.
type Server struct {
	*ldif.Traits

	URL        string // ldap://127.0.0.1:port
	LDAPS      string // ldaps://127.0.0.1:port; "": the server has no TLS
	LDAPI      string // ldapi://…; "": the server has none
	CA         string // PEM file of the authority that issued the server's certificate
	ServerName string // the name in the server's certificate, which holds for 127.0.0.1 too

	BindDN   string // an administrator
	Password string

	Account, AccountPassword string // DN that the bridge binds as, where a test gives it one; "": BindDN

	Suffix string // the naming context
	Base   string // what this test may write below: the suffix, or on Active Directory an OU of the test's own
	People string // DN of a container for users
	Groups string // DN of a container for groups

	Mem *memdir.Server // of Memory alone

	KeepsMemberOf bool // an overlay of slapd's does

	t       testing.TB
	certs   certificates
	install func() error // puts what certs names where the server finds it; nil: it reads these files
	process *process
	domain  *leased // of ActiveDirectory alone
}

// Load adds the entries of an LDIF text (RFC 2849 content records), parents first.
func (s *Server) Load(t testing.TB, text string) {
	t.Helper()
	entries, err := ldif.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	conn := s.Connect(t)
	for _, entry := range entries {
		if err := add(conn, entry); err != nil {
			t.Fatalf("%s: %v", entry.DN, err)
		}
	}
}

// Entries returns base and everything below it with the attributes, by default all user attributes.
func (s *Server) Entries(t testing.TB, base string, attributes ...string) []*ldif.Entry {
	t.Helper()
	return s.search(t, base, ldap.ScopeWholeSubtree, attributes)
}

// Empty removes whatever stands below the two containers, and what the server keeps of what was removed.
func (s *Server) Empty(t testing.TB) {
	t.Helper()
	conn := s.Connect(t)
	for _, container := range []string{s.Groups, s.People} {
		entries := s.search(t, container, ldap.ScopeWholeSubtree, []string{"1.1"})
		slices.SortFunc(entries, func(a, b *ldif.Entry) int { return len(b.DN) - len(a.DN) }) // the container last
		for _, e := range entries[:len(entries)-1] {
			if err := conn.Del(ldap.NewDelRequest(e.DN, nil)); err != nil {
				t.Fatalf("%s: %v", e.DN, err)
			}
		}
	}
	s.Expunge(t)
}

// Entry returns one entry, with its user attributes where none are named, or nil where it does not exist.
func (s *Server) Entry(t testing.TB, dn string, attributes ...string) *ldif.Entry {
	t.Helper()
	found := s.search(t, dn, ldap.ScopeBaseObject, attributes)
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// Bind says whether a user gets in: nil, or the server's answer as *ldap.Error.
func (s *Server) Bind(t testing.TB, dn, password string) error {
	t.Helper()
	conn, err := dial(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.Bind(dn, password)
}

// Kill ends the server without warning (SIGKILL).
func (s *Server) Kill() { s.own().kill() }

// End ends the server as one who runs it does (SIGTERM), and returns when it is gone.
func (s *Server) End() {
	if p := s.own(); p.running() {
		_ = p.signal(syscall.SIGTERM)
		<-p.done
	}
}

// Restart starts a killed server again: same address, same data.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.process.start(); err != nil {
		s.t.Fatal(err)
	}
}

// Stop makes the server hang (SIGSTOP): connections are accepted, nothing is answered.
func (s *Server) Stop() {
	s.t.Helper()
	if err := s.own().stop(); err != nil {
		s.t.Fatal(err)
	}
}

// Cont lets a stopped server go on (SIGCONT).
func (s *Server) Cont() {
	s.t.Helper()
	if err := s.own().signal(syscall.SIGCONT); err != nil {
		s.t.Fatal(err)
	}
}

// Folder is where the server keeps its files.
func (s *Server) Folder() string { return s.own().dir }

// Log returns what the server has logged.
func (s *Server) Log() string { return s.own().log() }

// own returns the server's process; memdir has none.
func (s *Server) own() *process {
	s.t.Helper()
	if s.process == nil {
		s.t.Fatalf("this %s server is not a process of its own", s.Kind)
	}
	return s.process
}

// Connect returns a connection bound as the administrator, for the test's duration.
func (s *Server) Connect(t testing.TB) *ldap.Conn {
	t.Helper()
	conn, err := dial(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.Bind(s.BindDN, s.Password); err != nil {
		t.Fatal(err)
	}
	return conn
}

func (s *Server) search(t testing.TB, base string, scope int, attributes []string) []*ldif.Entry {
	t.Helper()
	request := ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", attributes, nil)
	conn := s.Connect(t)
	defer conn.Close()
	result, err := conn.SearchWithPaging(request, 500)
	if ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject) {
		return nil
	}
	if err != nil {
		t.Fatalf("%s: %v", base, err)
	}
	entries := make([]*ldif.Entry, len(result.Entries))
	for i, found := range result.Entries {
		entries[i] = &ldif.Entry{DN: found.DN}
		for _, a := range found.Attributes {
			entries[i].Set(a.Name, a.Values...)
		}
	}
	return entries
}

func add(conn *ldap.Conn, entry *ldif.Entry) error {
	request := ldap.NewAddRequest(entry.DN, nil)
	for _, a := range entry.Attributes {
		request.Attribute(a.Name, a.Values)
	}
	return conn.Add(request)
}

// patience bounds one LDAP operation of the test's own.
const patience = 30 * time.Second

func dial(url string, options ...ldap.DialOpt) (*ldap.Conn, error) {
	conn, err := ldap.DialURL(url, append(options, ldap.DialWithDialer(&net.Dialer{Timeout: patience}))...)
	if err != nil {
		return nil, err
	}
	conn.SetTimeout(patience)
	return conn, nil
}

// tryBind binds and leaves.
func tryBind(url, dn, password string) error {
	conn, err := dial(url)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Bind(dn, password)
}

// trust is what a client of a server with these certificates needs.
func trust(ca, serverName string) (*tls.Config, error) {
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New(ca + " holds no certificate")
	}
	return &tls.Config{RootCAs: roots, ServerName: serverName}, nil
}

const defaultSuffix = "dc=example,dc=org"

// tree is the LDIF of a suffix entry and the two containers below it.
func tree(suffix string) string {
	class := "organization"
	rdn, _ := ldif.SplitDN(suffix)
	attribute, name, _ := strings.Cut(rdn, "=")
	if strings.EqualFold(attribute, "dc") {
		class = "domain"
	}
	text := fmt.Sprintf("dn: %s\nobjectClass: %s\n%s: %s\n", suffix, class, attribute, name)
	for _, ou := range []string{"people", "groups"} {
		text += fmt.Sprintf("\ndn: ou=%s,%s\nobjectClass: organizationalUnit\nou: %[1]s\n", ou, suffix)
	}
	return text
}

// freePort returns a TCP port of 127.0.0.1 that is free at this moment. It is not among those that connections are given (from 32768 on):
// one of another test would have it by the time that a server is started there.
func freePort() (int, error) {
	for tries := 0; ; tries++ {
		port := 10_000 + mathrand.IntN(20_000)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, listener.Close()
		}
		if tries == 100 {
			return 0, err
		}
	}
}

// FreeAddress is an address of 127.0.0.1 to start something at.
func FreeAddress(t testing.TB) string {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// label makes an RDN value for a test of its name, at most 64 characters and different each time.
func label(t testing.TB) string {
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
			return r
		}
		return '-'
	}, t.Name())
	return fmt.Sprintf("%.40s-%.8s", name, strings.ToLower(rand.Text()))
}
