package directory

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
)

// TestReach: a health check hears of a directory that went while nobody used it, and costs one that is there nothing.
func TestReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		if _, err := c.Search(t.Context(), anyone); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := c.Reach(t.Context()); err != nil || p.conns != 1 {
				t.Fatalf("%v, %d connections", err, p.conns)
			}
		}
		p.kill()
		synctest.Wait()
		for range 2 * DefaultFailures { // the breaker opens meanwhile
			wantReason(t, c.Reach(t.Context()), reason.Unavailable)
		}
		if c.breaker.closed() {
			t.Error("not open")
		}
		for _, word := range []string{"open since 2000-01-01T", "ldap://a"} {
			if why := c.Reach(t.Context()).Error(); !strings.Contains(why, word) {
				t.Errorf("no %s in %s", word, why)
			}
		}
		p.revive()
		time.Sleep(4 * DefaultPause)
		synctest.Wait()
		if err := c.Reach(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestReachOfASlowServer: a health check that does not wait for the answer to a bind has no further bind sent: a server that takes long to
// refuse a wrong password would lock the account.
func TestReachOfASlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rotate(t)
		defer r.Close()
		r.right.Store("second")
		script := r.peer.script
		r.peer.script = func(s *session, m message) bool {
			if m.op != ldap.ApplicationBindRequest {
				return script(s, m)
			}
			go func() {
				time.Sleep(2 * time.Second)
				if !script(s, m) {
					s.result(m, 0, "")
				}
			}()
			return true
		}
		checks := func(n int) {
			t.Helper()
			for range n {
				ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
				wantReason(t, r.Reach(ctx), reason.Unavailable)
				cancel()
				time.Sleep(renewalPause)
			}
		}
		checks(10)
		r.offered(t, 1)
		r.right.Store("first")
		time.Sleep(secondChance)
		if err := r.Reach(t.Context()); err != nil {
			t.Error(err)
		}
		r.offered(t, 2)
	})
}
