package directory

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/clocktest"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// readOnly is a server that changes nothing.
func readOnly(answer func(*session, message)) *peer {
	return &peer{script: func(s *session, m message) bool {
		if m.op == ldap.ApplicationModifyRequest {
			answer(s, m)
			return true
		}
		return false
	}}
}

func shadow(s *session, m message) {
	s.result(m, ldap.LDAPResultUnwillingToPerform, "shadow context; no update referral")
}

// TestReadOnlyServer: a write goes to the next server that takes it, first to the one that is referred to.
func TestReadOnlyServer(t *testing.T) {
	refer := func(urls ...string) func(*session, message) {
		return func(s *session, m message) { s.refer(m, urls...) }
	}
	for name, test := range map[string]struct {
		answer func(*session, message)
		want   int // server
	}{
		"a consumer":                           {shadow, 1},
		"a referral to a configured server":    {refer("ldap://elsewhere/", "ldap://C:389/dc=example??sub"), 2},
		"a referral to its other port":         {refer("ldap://c:1389"), 2},
		"a referral to a server of others":     {refer("ldap://elsewhere/dc=example"), 1},
		"a referral to nowhere, and to itself": {refer("", "nonsense", "ldap://a"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peers := []*peer{readOnly(test.answer), {}, {}}
				c := network{"a": peers[0], "b": peers[1], "c": peers[2]}.client(t, "a", "b", "c")
				defer c.Close()
				if _, err := c.Search(t.Context(), anyone); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if err := c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err; err != nil {
						t.Fatal(err)
					}
				}
				if n := peers[test.want].count(ldap.ApplicationModifyRequest); n != 2 || c.pool.server() != test.want || !c.Available() {
					t.Errorf("%d writes, on server %d, available %v", n, c.pool.server(), c.Available())
				}
			})
		})
	}
}

// TestNoServerTakesChanges: the servers answer, and so nothing is open; reads go on, and the health check tells.
func TestNoServerTakesChanges(t *testing.T) {
	for _, hosts := range [][]string{{"a"}, {"a", "b"}} {
		for name, answer := range map[string]func(*session, message){
			"shadows":   shadow,
			"referrals": func(s *session, m message) { s.refer(m, "ldap://elsewhere") },
			"full":      func(s *session, m message) { s.result(m, ldap.LDAPResultOther, "entry store failed") },
			"full too":  func(s *session, m message) { s.result(m, ldap.LDAPResultOther, "DN index delete failed") },
		} {
			t.Run(fmt.Sprint(name, len(hosts)), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := network{"a": readOnly(answer), "b": readOnly(answer)}.client(t, hosts...)
					defer c.Close()
					for range 2 * DefaultFailures {
						receipt := c.Execute(t.Context(), modifyMail("uid=ada"), nil)
						wantReason(t, receipt.Err, reason.Unwritable)
						if receipt.Steps[0].State != ldif.Refused {
							t.Errorf("the step is %s", receipt.Steps[0].State)
						}
						if _, err := c.Search(t.Context(), anyone); err != nil {
							t.Fatal(err)
						}
						if c.Available() {
							t.Fatal("available")
						}
					}
					time.Sleep(unwritableFor + time.Second)
					if !c.Available() {
						t.Error("no change will try again")
					}
				})
			})
		}
	}
}

// TestUnwritableIsMeasured: how long a server is said to take no changes does not depend on the time of day, which may be set back.
func TestUnwritableIsMeasured(t *testing.T) {
	c := network{"a": readOnly(shadow)}.client(t, "a")
	defer c.Close()
	wantReason(t, c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err, reason.Unwritable)
	last := *c.unwritable.Load()
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		refused := clocktest.Turned(last, by)
		if c.unwritable.Store(&refused); c.Writable() {
			t.Errorf("%s: it passes for one that takes changes", by)
		}
		refused = refused.Add(-unwritableFor - time.Second)
		if c.unwritable.Store(&refused); !c.Writable() {
			t.Errorf("%s: no change may try again", by)
		}
	}
}

// TestOpenLDAPFull fills a small database, and empties it again. The entries are so large that one too many leaves room to delete others,
// for which slapd copies pages too: it may want a second try, when an earlier transaction has let its own go.
func TestOpenLDAPFull(t *testing.T) {
	s := dirtest.OpenLDAP(t, dirtest.Config("maxsize 524288"))
	c := open(t, s)
	fill := func(n, size int) ldif.Plan {
		e := &ldif.Entry{DN: fmt.Sprintf("cn=%d,%s", n, s.People)}
		e.Set("objectClass", "person")
		e.Set("sn", "x")
		e.Set("description", strings.Repeat("x", size))
		return steps(ldif.Change{Kind: ldif.Add, DN: e.DN, Entry: e.Attributes})
	}
	n := 0
	var err error
	for ; err == nil && n < 1000; n++ {
		err = c.Execute(t.Context(), fill(n, 30000), nil).Err
	}
	wantReason(t, err, reason.Unwritable)
	if c.Available() {
		t.Error("available")
	}
	for i := range n - 1 {
		deletion := ldif.Change{Kind: ldif.Delete, DN: fmt.Sprintf("cn=%d,%s", i, s.People)}
		for tries := 1; ; tries++ {
			err := c.Execute(t.Context(), steps(deletion), nil).Err
			if err == nil {
				break
			}
			if wantReason(t, err, reason.Unwritable); tries == 10 {
				t.Fatal(err)
			}
		}
	}
	if err := c.Execute(t.Context(), fill(n, 300), nil).Err; err != nil || !c.Available() {
		t.Errorf("available %v: %v", c.Available(), err)
	}
}
