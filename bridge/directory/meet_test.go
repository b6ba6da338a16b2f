package directory

import (
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// TestMeetingIsNoOutage: a second server that does not know the account is told of, and takes nothing from who is served by the first.
func TestMeetingIsNoOutage(t *testing.T) {
	stranger := &peer{script: func(s *session, m message) bool {
		if m.op != ldap.ApplicationBindRequest {
			return false
		}
		s.result(m, ldap.LDAPResultInvalidCredentials, "")
		return true
	}}
	c := network{"a": {}, "b": stranger}.client(t, "a", "b")
	defer c.Close()
	list := func() error {
		return c.Enumerate(t.Context(), Search{Base: "dc=example", Filter: "(cn=*)"}, func(*ldif.Entry) error { return nil })
	}
	if err := list(); err != nil {
		t.Fatal(err)
	}
	meetings := c.Meet(t.Context())
	if meetings[0].Ended != AtEnd || meetings[1].Ended != AtBind || meetings[1].Code != ldap.LDAPResultInvalidCredentials {
		t.Errorf("%+v", meetings)
	}
	if err := list(); err != nil {
		t.Error(err)
	}
}
