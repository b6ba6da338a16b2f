package directory

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// describe makes an entry's description as long as that.
func describe(dn, name string, octets int) ldif.Plan {
	return steps(ldif.Change{Kind: ldif.Modify, DN: dn, Mods: []ldif.Mod{{
		Op: ldif.ReplaceValues, Name: name, Values: []string{"\xff\xd8\xff\xe0\x00\x10JFIF" + strings.Repeat("\xff", octets)},
	}}})
}

// TestTooLargeForTheServer: a request that is longer than a server takes, on which it closes the connection, is told as that after a few
// times, with the name of the server's limit. It is no outage: the breaker stays closed, and who goes by other connections does not notice.
// What the server takes is taken as before.
func TestTooLargeForTheServer(t *testing.T) {
	for name, server := range map[string]struct {
		start func(testing.TB) *dirtest.Server
		limit string
		takes int // octets
	}{
		"openldap": {func(t testing.TB) *dirtest.Server {
			return dirtest.OpenLDAP(t, dirtest.Global("sockbuf_max_incoming_auth 1000000"))
		}, "sockbuf_max_incoming_auth", 900_000},
		"389ds":            {func(t testing.TB) *dirtest.Server { return dirtest.DS389(t) }, "nsslapd-maxbersize", 2_000_000},
		"active-directory": {dirtest.ActiveDirectory, "MaxReceiveBuffer", 1_000_000},
		"memory":           {func(t testing.TB) *dirtest.Server { return dirtest.Memory(t) }, "sockbuf_max_incoming_auth", 3_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			s := server.start(t)
			c := open(t, s, func(o *Options) { o.Timeout = time.Minute }) // a slow machine is no server that closes connections
			var dn, attribute string
			var entry *ldif.Entry
			if name == "active-directory" {
				dn, attribute = "cn=large,"+s.People, "jpegPhoto"
				entry = &ldif.Entry{DN: dn}
				entry.Set("objectClass", "user")
				entry.Set("sAMAccountName", "large")
				s.Load(t, "dn: "+dn+"\nobjectClass: user\nsAMAccountName: large\n")
			} else {
				dn, attribute = "uid=large,"+s.People, "jpegPhoto"
				s.Load(t, "dn: "+dn+"\nobjectClass: inetOrgPerson\nuid: large\ncn: large\nsn: large\n")
			}
			// Others go by other connections all the while.
			ctx, stop := context.WithCancel(t.Context())
			others := make(chan error, 1)
			go func() {
				var failed error
				for ctx.Err() == nil && failed == nil {
					_, failed = c.Search(context.Background(), Search{Base: dn, Scope: BaseObject, Attributes: []string{"cn"}})
				}
				others <- failed
			}()
			if err := c.Execute(t.Context(), describe(dn, attribute, server.takes), nil).Err; err != nil {
				t.Fatal(err)
			}
			const beyond = 17 << 20
			unsure := 0
			var err error
			for range 2 * DefaultFailures {
				receipt := c.Execute(t.Context(), describe(dn, attribute, beyond), nil)
				if err = receipt.Err; reasonOf(err) == reason.TooLarge {
					if receipt.Steps[0].State != ldif.Refused {
						t.Errorf("the step is %v", receipt.Steps[0].State)
					}
					break
				}
				unsure++
			}
			if e := wantReason(t, err, reason.TooLarge); !strings.Contains(e.Advice, server.limit) || unsure > breaksToBelieve {
				t.Errorf("after %d: %v", unsure, e)
			}
			stop()
			if err := <-others; err != nil {
				t.Errorf("another's search: %v", err)
			}
			if !c.Available() {
				t.Error("the breaker is open")
			}
			if err := c.Execute(t.Context(), describe(dn, attribute, server.takes+10), nil).Err; err != nil {
				t.Errorf("what it takes: %v", err)
			}
			if e := s.Entry(t, dn, attribute); len(e.Value(attribute)) != server.takes+20 {
				t.Errorf("%d octets stand", len(e.Value(attribute)))
			}
		})
	}
}

// drops ends the connection at each modify, and may take the server with it.
func drops(p *peer, down bool) func(*session, message) bool {
	return func(s *session, m message) bool {
		if m.op != ldap.ApplicationModifyRequest {
			return false
		}
		if down {
			p.kill()
		}
		s.conn.Close()
		return true
	}
}

// TestHeavyAndAway: where a connection ends under a heavy request and the server lives, that is no outage; where it does not, it is one. A
// limit that was raised is found out within a minute, and one that a short request passes is none.
func TestHeavyAndAway(t *testing.T) {
	change := func(t *testing.T, c *Client, octets int) reason.Reason {
		return reasonOf(c.Execute(t.Context(), describe("uid=ada", "photo", octets), nil).Err)
	}
	heavy := func(t *testing.T, c *Client) reason.Reason { return change(t, c, 200_000) }
	run := func(name string, test func(t *testing.T, p *peer, c *Client)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &peer{}
				c := network{"a": p}.client(t, "a")
				defer c.Close()
				if _, err := c.Server(t.Context()); err != nil {
					t.Fatal(err)
				}
				test(t, p, c)
			})
		})
	}
	run("the server lives", func(t *testing.T, p *peer, c *Client) {
		p.script = drops(p, false)
		for n, want := range []reason.Reason{reason.Unknown, reason.Unknown, reason.TooLarge, reason.TooLarge} {
			if got := heavy(t, c); got != want {
				t.Errorf("%d: %v, want %v", n, got, want)
			}
		}
		if n := p.count(ldap.ApplicationModifyRequest); n != breaksToBelieve || !c.Available() {
			t.Errorf("sent %d times; available: %v", n, c.Available())
		}
		time.Sleep(believedFor + time.Second)
		p.script = nil
		if got := heavy(t, c); got != reason.None {
			t.Errorf("raised: %v", got)
		}
	})
	run("the server lives, and each is shorter than the last", func(t *testing.T, p *peer, c *Client) {
		p.script = drops(p, false)
		for n := range 2 * DefaultFailures {
			if got := change(t, c, 300_000-n); got != reason.Unknown {
				t.Errorf("%d: %v", n, got)
			}
		}
		if !c.Available() {
			t.Error("the breaker is open")
		}
	})
	run("the server is gone", func(t *testing.T, p *peer, c *Client) {
		p.script = drops(p, true)
		for range DefaultFailures {
			if got := heavy(t, c); got != reason.Unknown && got != reason.Unavailable {
				t.Errorf("got %v", got)
			}
		}
		if c.Available() {
			t.Error("the breaker is closed")
		}
	})
	run("a firewall drops one", func(t *testing.T, p *peer, c *Client) {
		p.script = drops(p, false)
		_ = heavy(t, c)
		p.script = nil
		if got := heavy(t, c); got != reason.None {
			t.Errorf("the next: %v", got)
		}
		p.script = drops(p, false)
		for n, want := range []reason.Reason{reason.Unknown, reason.Unknown, reason.TooLarge} {
			if got := heavy(t, c); got != want {
				t.Errorf("%d: %v, want %v", n, got, want)
			}
		}
	})
}

// TestHeavyGoesAlone: a heavy request goes by a connection of its own, by which whoever goes one way with it goes too, until that ends.
func TestHeavyGoesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{}
		var by []net.Conn
		p.script = func(s *session, m message) bool {
			if m.op == ldap.ApplicationModifyRequest || m.op == ldap.ApplicationSearchRequest && m.target() == "dc=example" {
				by = append(by, s.conn)
			}
			return false
		}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		within, end := context.WithCancel(t.Context())
		ctx, done := OneWay(within)
		defer done()
		for _, do := range []func() error{
			func() error { return find(t.Context(), c) },
			func() error { return c.Execute(ctx, describe("uid=ada", "photo", 200_000), nil).Err },
			func() error { return find(ctx, c) },
			func() error { return c.Execute(ctx, describe("uid=ada", "photo", 200_000), nil).Err },
			func() error { return find(t.Context(), c) },
			func() error { return c.Execute(t.Context(), describe("uid=ada", "photo", 200_000), nil).Err },
		} {
			if err := do(); err != nil {
				t.Fatal(err)
			}
		}
		shared, own := by[0], by[1]
		if shared == own || by[2] != own || by[3] != own || by[4] != shared || by[5] == shared || by[5] == own {
			t.Errorf("went by %v", by)
		}
		end()
		synctest.Wait()
		if p.mu.Lock(); len(p.open) != 1 {
			t.Errorf("%d connections stay", len(p.open))
		}
		p.mu.Unlock()
	})
}
