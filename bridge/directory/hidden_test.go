package directory

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// TestHidden: a base that is not there, and an entry that does not show its id, are no answers. Both make the client look again at what the
// server says of itself.
func TestHidden(t *testing.T) {
	for name, answer := range map[string]func(*session, message){
		"the base": func(s *session, m message) { s.result(m, ldap.LDAPResultNoSuchObject, "") },
		"the id": func(s *session, m message) {
			s.entry(m, "uid=ada,dc=example", ldif.Attribute{Name: "uid", Values: []string{"ada"}})
			s.result(m, 0, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &peer{root: openLDAP, script: func(s *session, m message) bool {
					if m.op != ldap.ApplicationSearchRequest || m.target() == "" {
						return false
					}
					answer(s, m)
					return true
				}}
				c := network{"a": p}.client(t, "a")
				defer c.Close()
				before, err := c.Server(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				search := Search{Base: "dc=example", Filter: "(uid=ada)", Attributes: []string{"uid", "entryUUID"}}
				_, err = c.Search(t.Context(), search)
				wantReason(t, err, reason.Hidden)
				err = c.Enumerate(t.Context(), search, func(*ldif.Entry) error { return nil })
				wantReason(t, err, reason.Hidden)
				synctest.Wait()
				if now, err := c.Server(t.Context()); err != nil || now == before {
					t.Errorf("the same server as before: %v", err)
				}
				search.Scope = BaseObject
				if _, err = c.Search(t.Context(), search); name == "the base" {
					wantReason(t, err, reason.NoSuchObject) // an entry may not be there
				}
			})
		})
	}
}

// TestStaleContact: what a server said of itself an hour ago is read again beside the requests, none of which waits for it, and one attempt
// at a time.
func TestStaleContact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := &peer{root: openLDAP, script: func(_ *session, m message) bool {
			if m.op == ldap.ApplicationSearchRequest && m.target() == "" && m.nth > 1 {
				<-release
			}
			return false
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		ask := func() *ldif.Server {
			t.Helper()
			start := time.Now()
			s, err := c.Server(t.Context())
			if err != nil || time.Since(start) != 0 {
				t.Fatalf("%v after %v", err, time.Since(start))
			}
			return s
		}
		first := ask()
		time.Sleep(staleAfter + time.Second)
		for range 5 {
			if ask() != first {
				t.Error("another server")
			}
		}
		synctest.Wait()
		if n := p.count(ldap.ApplicationSearchRequest); n != 2 {
			t.Errorf("asked %d times", n)
		}
		close(release)
		synctest.Wait()
		if ask() == first {
			t.Error("not read again")
		}
	})
}
