package directory

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// TestOpenLDAPSmallerPages: a server that allows smaller pages than ours (size.pr) is asked for such, and remembered.
func TestOpenLDAPSmallerPages(t *testing.T) {
	s := dirtest.OpenLDAP(t, dirtest.Config(
		`limits dn.exact="uid=reader,ou=people,dc=example,dc=org" size.soft=20 size.hard=20 size.pr=50 size.prtotal=unlimited`))
	var people strings.Builder
	for i := range 120 {
		fmt.Fprintf(&people, "dn: uid=u%d,%s\nobjectClass: account\nuid: u%d\n\n", i, s.People, i)
	}
	s.Load(t, people.String()+fmt.Sprintf(
		"dn: uid=reader,%s\nobjectClass: inetOrgPerson\nuid: reader\ncn: x\nsn: x\nuserPassword: sesame\n", s.People))
	c := open(t, s, func(o *Options) {
		o.Bind = BindOptions{DN: "uid=reader," + s.People, Password: "sesame"}
		o.PageSize = 300
	})
	for range 2 {
		found, err := c.Search(t.Context(), Search{Base: s.People, Filter: "(objectClass=account)", Attributes: []string{"uid"}})
		if err != nil || len(found) != 120 {
			t.Fatalf("%d entries: %v", len(found), err)
		}
		n := 0
		err = c.Enumerate(t.Context(), Search{Base: s.People, Filter: "(objectClass=account)"}, func(*ldif.Entry) error {
			n++
			return nil
		})
		if err != nil || n != 120 || c.pageSize.Load() != 37 {
			t.Fatalf("%d entries, pages of %d: %v", n, c.pageSize.Load(), err)
		}
	}
}

// TestOpenLDAPSmallerPagesMidway: where the server begins to allow smaller pages alone while entries are enumerated, those that were handed
// over are not handed over again, and none is passed over.
func TestOpenLDAPSmallerPagesMidway(t *testing.T) {
	const reader = `dn.exact="uid=reader,ou=people,dc=example,dc=org"`
	limits := func(page int) string {
		return fmt.Sprintf("%s size.soft=20 size.hard=20 size.pr=%d size.prtotal=unlimited", reader, page)
	}
	s := dirtest.OpenLDAP(t, dirtest.Config("limits "+limits(50)),
		dirtest.Schema("database config\nrootdn cn=admin,dc=example,dc=org\n"))
	var people strings.Builder
	for i := range 120 {
		fmt.Fprintf(&people, "dn: uid=u%d,%s\nobjectClass: account\nuid: u%d\n\n", i, s.People, i)
	}
	s.Load(t, people.String()+fmt.Sprintf(
		"dn: uid=reader,%s\nobjectClass: inetOrgPerson\nuid: reader\ncn: x\nsn: x\nuserPassword: sesame\n", s.People))
	c := open(t, s, func(o *Options) {
		o.Bind = BindOptions{DN: "uid=reader," + s.People, Password: "sesame"}
		o.PageSize = 40
	})
	seen, n := map[string]int{}, 0
	err := c.Enumerate(t.Context(), Search{Base: s.People, Filter: "(objectClass=account)"}, func(e *ldif.Entry) error {
		seen[e.DN]++
		if n++; n == 1 {
			lower := ldap.NewModifyRequest("olcDatabase={1}mdb,cn=config", nil)
			lower.Replace("olcLimits", []string{limits(15)})
			if err := s.Connect(t).Modify(lower); err != nil {
				t.Error(err)
			}
		}
		return nil
	})
	if err != nil || len(seen) != 120 || n != 120 || c.pageSize.Load() != 10 {
		t.Errorf("%d entries, %d of them others, pages of %d: %v", n, len(seen), c.pageSize.Load(), err)
	}
}
