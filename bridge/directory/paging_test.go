package directory

import (
	"fmt"
	"strings"
	"testing"

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
