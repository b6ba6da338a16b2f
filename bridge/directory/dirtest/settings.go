package dirtest

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// Configurable lets the administrator change slapd's configuration while it runs, which the other servers always do.
func Configurable() Option {
	return func(s *slapd) { s.schema = append(s.schema, fmt.Sprintf("database config\nrootdn %q", s.rootDN())) }
}

// ReadOnly has the server take no changes below its suffix, or take them again.
func (s *Server) ReadOnly(t testing.TB, yes bool) {
	t.Helper()
	switch s.Kind {
	case ldif.OpenLDAP:
		s.set(t, s.database(t), "olcReadOnly", map[bool]string{true: "TRUE", false: "FALSE"}[yes])
	case ldif.DS389:
		s.set(t, ds389Database, "nsslapd-readonly", map[bool]string{true: "on", false: "off"}[yes])
	default:
		t.Fatalf("%s is never read-only here", s.Kind)
	}
}

// Offline takes the server's database away while the server goes on, as an import does, or brings it back.
func (s *Server) Offline(t testing.TB, yes bool) {
	t.Helper()
	if s.Kind != ldif.DS389 {
		t.Fatalf("%s has no such state", s.Kind)
	}
	s.set(t, s.node(), "nsslapd-state", map[bool]string{true: "disabled", false: "backend"}[yes])
}

// ReferChanges has the server answer each change with the URL of another server, as a replica does; "": no more.
func (s *Server) ReferChanges(t testing.TB, url string) {
	t.Helper()
	switch {
	case s.Kind == ldif.OpenLDAP && url == "":
		s.change(t, ldap.DeleteAttribute, s.database(t), "olcUpdateRef")
		s.change(t, ldap.DeleteAttribute, s.database(t), "olcSyncrepl")
	case s.Kind == ldif.OpenLDAP:
		s.change(t, ldap.AddAttribute, s.database(t), "olcSyncrepl", fmt.Sprintf(
			"rid=1 provider=ldap://127.0.0.1:9 searchbase=%q type=refreshOnly retry=\"3600 +\"", s.Suffix))
		s.change(t, ldap.AddAttribute, s.database(t), "olcUpdateRef", url)
	case s.Kind == ldif.DS389 && url == "":
		s.set(t, s.node(), "nsslapd-state", "backend")
	case s.Kind == ldif.DS389:
		s.set(t, s.node(), "nsslapd-referral", url)
		s.set(t, s.node(), "nsslapd-state", "referral on update")
	default:
		t.Fatalf("%s is the domain's only controller here", s.Kind)
	}
}

// node is the DN of the configuration of where 389 Directory Server has its suffix.
func (s *Server) node() string { return ldif.MappingTree(s.Suffix) }

// Limits are those of a search that OwnAccount's account sends; zero: none.
type Limits struct {
	Entries int // result 4
	Looked  int // entries that are looked through: result 11
}

// Limit sets the limits.
func (s *Server) Limit(t testing.TB, l Limits) {
	t.Helper()
	limit := func(n int, none string) string {
		if n == 0 {
			return none
		}
		return strconv.Itoa(n)
	}
	switch s.Kind {
	case ldif.OpenLDAP:
		s.set(t, s.database(t), "olcLimits", fmt.Sprintf(
			"dn.exact=%q size.soft=%[2]s size.hard=%[2]s size.prtotal=%[2]s size.unchecked=%[3]s",
			s.Account, limit(l.Entries, "unlimited"), limit(l.Looked, "unlimited")))
	case ldif.DS389:
		s.set(t, "cn=config", "nsslapd-sizelimit", limit(l.Entries, "-1"))
		s.set(t, "cn=config,cn=ldbm database,cn=plugins,cn=config", "nsslapd-lookthroughlimit", limit(l.Looked, "-1"))
	default:
		t.Fatalf("%s has no such limits", s.Kind)
	}
}

// OwnAccount has the bridge bind as an account that may do anything, and that limits hold for: an administrator has none.
func (s *Server) OwnAccount(t testing.TB) {
	t.Helper()
	account, password := "cn=scimbridge,"+s.Suffix, s.Password
	s.Load(t, fmt.Sprintf("dn: %s\nobjectClass: inetOrgPerson\ncn: scimbridge\nsn: scimbridge\nuserPassword: %s\n", account, password))
	switch s.Kind {
	case ldif.OpenLDAP:
		s.change(t, ldap.AddAttribute, s.database(t), "olcAccess", fmt.Sprintf("{0}to * by dn.exact=%q manage by * break", account))
	case ldif.DS389:
		s.change(t, ldap.AddAttribute, s.Suffix, "aci", fmt.Sprintf(
			`(targetattr!="aci")(version 3.0; acl "scimbridge"; allow (all) userdn="ldap:///%s";)`, account))
	default:
		t.Fatalf("%s has no such account here", s.Kind)
	}
	s.Account, s.AccountPassword = account, password
}

// Refer has a place, which holds nothing, say that what stands there is on another server (RFC 3296).
func (s *Server) Refer(t testing.TB, ou, url string) (dn string) {
	t.Helper()
	dn = "ou=" + ou + "," + s.People
	s.Load(t, fmt.Sprintf("dn: %s\nobjectClass: referral\nobjectClass: extensibleObject\nou: %s\nref: %s\n", dn, ou, url))
	return dn
}

const ds389Database = "cn=" + ds389Backend + ",cn=ldbm database,cn=plugins,cn=config"

// database is the DN of the configuration of slapd's database.
func (s *Server) database(t testing.TB) string {
	t.Helper()
	conn := s.Connect(t)
	defer conn.Close()
	found, err := conn.Search(ldap.NewSearchRequest("cn=config", ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false,
		ldif.Equality("olcSuffix", s.Suffix), []string{"1.1"}, nil))
	if err != nil || len(found.Entries) != 1 {
		t.Fatalf("slapd's configuration (Configurable): %v", err)
	}
	return found.Entries[0].DN
}

func (s *Server) set(t testing.TB, dn, name, value string) {
	t.Helper()
	s.change(t, ldap.ReplaceAttribute, dn, name, value)
}

func (s *Server) change(t testing.TB, how uint, dn, name string, values ...string) {
	t.Helper()
	conn := s.Connect(t)
	defer conn.Close()
	request := ldap.NewModifyRequest(dn, nil)
	request.Changes = []ldap.Change{{Operation: how, Modification: ldap.PartialAttribute{Type: name, Vals: values}}}
	if err := conn.Modify(request); err != nil {
		t.Fatalf("%s: %s: %v", dn, name, err)
	}
}

// Full leaves slapd's database, which is to be a small one (MaxSize), no room for another entry, or gives it some again.
func (s *Server) Full(t testing.TB, yes bool) {
	t.Helper()
	conn := s.Connect(t)
	defer conn.Close()
	if !yes {
		for _, e := range s.search(t, s.Suffix, ldap.ScopeSingleLevel, []string{"1.1"}) {
			if !strings.HasPrefix(e.DN, "cn=filling") {
				continue
			}
			for tries := 1; ; tries++ { // pages are copied to delete too, and an earlier transaction has yet to let its own go
				err := conn.Del(ldap.NewDelRequest(e.DN, nil))
				if err == nil {
					break
				}
				if tries == 100 {
					t.Fatalf("%s: %v", e.DN, err)
				}
			}
		}
		return
	}
	for size := 200_000; size > 0; size /= 8 {
		for refused := 0; refused < 3; { // what an earlier transaction has let go of is room
			e := &ldif.Entry{DN: "cn=filling" + rand.Text() + "," + s.Suffix}
			e.Set("objectClass", "person")
			e.Set("sn", strings.Repeat("x", size))
			if err := add(conn, e); err != nil {
				refused++
			}
		}
	}
}
