package directory

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// TestRanges: an attribute that Active Directory hands out 1,500 values at a time is read whole, in as many searches as it takes.
func TestRanges(t *testing.T) {
	const handful = 1500
	for _, size := range []int{handful, handful + 1, 2 * handful, 50_000} {
		synctest.Test(t, func(t *testing.T) {
			p := &peer{root: activeDirectory, script: func(s *session, m message) bool {
				if m.op != ldap.ApplicationSearchRequest || m.target() == "" {
					return false
				}
				first := 0
				asked := text(m.request.Children[7].Children[0])
				if _, err := fmt.Sscanf(asked, "member;range=%d-*", &first); err != nil && asked != "member" {
					t.Errorf("asked for %q", asked)
				}
				end := min(first+handful, size)
				part := ldif.Attribute{Name: fmt.Sprintf("member;range=%d-%d", first, end-1)}
				if end == size {
					part.Name = fmt.Sprintf("member;range=%d-*", first)
				}
				for i := first; i < end; i++ {
					part.Values = append(part.Values, fmt.Sprintf("cn=%d", i))
				}
				if size <= handful { // which needs no range
					part.Name = "member"
				}
				s.entry(m, "cn=group", ldif.Attribute{Name: "objectGUID", Values: []string{strings.Repeat("g", 16)}}, part)
				return false
			}}
			c := network{"a": p}.client(t, "a")
			defer c.Close()
			if _, err := c.Server(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := p.count(ldap.ApplicationSearchRequest)
			found, err := c.Search(t.Context(), Search{Base: "cn=group", Scope: BaseObject, Attributes: []string{"member"}})
			if err != nil || len(found) != 1 {
				t.Fatal(found, err)
			}
			values := found[0].Values("member")
			for i, v := range values {
				if v != fmt.Sprintf("cn=%d", i) {
					t.Fatalf("value %d is %q", i, v)
				}
			}
			searches := p.count(ldap.ApplicationSearchRequest) - before
			if want := (size + handful - 1) / handful; len(values) != size || searches != want || len(found[0].Attributes) > 2 {
				t.Errorf("%d of %d values in %d searches, want %d", len(values), size, searches, want)
			}
		})
	}
}
