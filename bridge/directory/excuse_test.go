package directory

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
)

// hangBelow leaves searches below a base without an answer, and answers what is quick.
func hangBelow(_ *session, m message) bool {
	return m.op == ldap.ApplicationSearchRequest && m.request.Children[1].Value == int64(ldap.ScopeWholeSubtree)
}

// TestExcused: what only shows that a caller did not wait, or that a search was heavy, neither opens the breaker nor moves the bridge to
// another server. A server that says nothing at all does both, see TestFailover and TestOpenLDAPHangs.
func TestExcused(t *testing.T) {
	for name, test := range map[string]struct {
		script func(*session, message) bool
		wait   time.Duration // of the caller; 0: as long as it takes
		do     func(context.Context, *Client) error
	}{
		"a caller's deadline in a search": {hang(ldap.ApplicationSearchRequest), time.Second, find},
		"a caller's deadline in a write": {hang(ldap.ApplicationModifyRequest), time.Second, func(ctx context.Context, c *Client) error {
			return c.Execute(ctx, modifyMail("uid=ada"), nil).Err
		}},
		"a heavy search": {hangBelow, 0, find},
		"a heavy page": {hangBelow, 0, func(ctx context.Context, c *Client) error {
			return c.Enumerate(ctx, anyone, nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first, second := &peer{}, &peer{}
				c := network{"a": first, "b": second}.client(t, "a", "b")
				defer c.Close()
				if _, err := c.Server(t.Context()); err != nil {
					t.Fatal(err)
				}
				first.script = test.script
				for range 2 * DefaultFailures {
					ctx, cancel := context.WithCancel(t.Context())
					if test.wait > 0 {
						ctx, cancel = context.WithTimeout(t.Context(), test.wait)
					}
					err := test.do(ctx, c)
					cancel()
					if r := reasonOf(err); r != reason.Unavailable && r != reason.Unknown {
						t.Fatalf("got %v", err)
					}
				}
				if !c.Available() || c.pool.server() != 0 || c.State().Left != 0 {
					t.Errorf("available %v, on server %d", c.Available(), c.pool.server())
				}
			})
		})
	}
}

func find(ctx context.Context, c *Client) error {
	_, err := c.Search(ctx, anyone)
	return err
}

// TestOneProbe: a request that found the breaker closed, and comes to it when it is open, is no probe, and none is started beside the one
// that is to come.
func TestOneProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := 0
		down := &outage{cause: errors.New("down")}
		o := Options{}.WithDefaults().Breaker
		answers := func(context.Context) error { return nil }
		b := newBreaker(o, slog.New(slog.DiscardHandler), answers, func(context.Context) error {
			probes++
			return down
		}, func() bool { return true })
		defer b.stop()
		for range DefaultFailures {
			_ = b.run(func() error { return down })
		}
		time.Sleep(time.Millisecond)
		for range 5 {
			err := b.through(func() error {
				t.Error("it went through")
				return down
			})
			if e, ok := errors.AsType[*Error](err); !ok || e.Reason != reason.Unavailable {
				t.Errorf("got %v", err)
			}
		}
		time.Sleep(DefaultPause)
		synctest.Wait()
		if probes != 1 || b.retryAfter() >= 2*DefaultPause {
			t.Errorf("%d probes, the next in %v", probes, b.retryAfter())
		}
	})
}
