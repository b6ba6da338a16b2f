package directory

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
)

// TestLocatedOverTLS: of two servers that DNS tells of, the second serves when the first dies. One without a certificate for the name that
// DNS tells it by is not told who the bridge is, though the name is in the domain; tls.serverName lets it be anywhere.
func TestLocatedOverTLS(t *testing.T) {
	const service, first, second = "_ldap._tcp.corp.example", "dc1.corp.example", "dc2.corp.example"
	one := dirtest.OpenLDAP(t)
	two := dirtest.OpenLDAP(t, dirtest.RootPassword(one.Password))
	one.Show(t, dirtest.Certificate{Name: first})
	two.Show(t, dirtest.Certificate{Name: second})
	authorities := filepath.Join(t.TempDir(), "ca.pem")
	for _, s := range []*dirtest.Server{one, two} {
		text, err := os.ReadFile(s.CA)
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.OpenFile(authorities, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// at is what DNS tells of a server: a name, and the port that the server really has.
	at := func(name, text string) *net.SRV {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil {
			t.Fatal(err)
		}
		return &net.SRV{Target: name + ".", Port: uint16(port)}
	}
	// here has every name be this machine's.
	here := func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}
	for name, way := range map[string]struct {
		service  string
		startTLS bool
		url      func(*dirtest.Server) string
	}{
		"StartTLS": {"ldap://" + service, true, func(s *dirtest.Server) string { return s.URL }},
		"LDAPS":    {"ldaps://_ldaps._tcp.corp.example", false, func(s *dirtest.Server) string { return s.LDAPS }},
	} {
		t.Run(name, func(t *testing.T) {
			r := records{}
			var binds atomic.Int32
			client := func(serverName string, told ...*net.SRV) *Client {
				t.Helper()
				for i, record := range told {
					record.Priority = uint16(i)
				}
				r[service], r["_ldaps._tcp.corp.example"] = told, told
				o, err := NewLocator(r.lookup).Locate(t.Context(), Options{
					URLs: []string{way.service}, Bind: BindOptions{DN: one.BindDN, Password: one.Password},
					TLS: TLSOptions{StartTLS: way.startTLS, CA: authorities, ServerName: serverName},
				})
				if err != nil {
					t.Fatal(err)
				}
				c, err := newClient(o, slog.New(slog.DiscardHandler), here)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(c.Close)
				binds.Store(0)
				c.Observe(func(_ context.Context, e Exchange) {
					if e.Operation == "bind" {
						binds.Add(1)
					}
				})
				return c
			}
			look := func(c *Client) error {
				_, err := c.Search(t.Context(), Search{Base: one.Suffix, Filter: "(uid=ada)"})
				return err
			}

			c := client("", at(first, way.url(one)), at(second, way.url(two)))
			for _, want := range []string{first, second} {
				if err := look(c); err != nil {
					t.Fatal(err)
				}
				if s := c.State(); !strings.Contains(s.URL, want) || s.Servers != 2 {
					t.Errorf("%+v, want %s", s, want)
				}
				one.Kill()
			}
			one.Restart()

			forged := client("", at(second, way.url(one)))
			err := look(forged)
			wantReason(t, err, reason.Unavailable)
			if n := binds.Load(); n > 0 {
				t.Errorf("a server that shows no certificate for its name is told who the bridge is: %d binds", n)
			}
			if m := forged.Meet(t.Context()); len(m) != 1 || m[0].Ended != AtTLS || binds.Load() > 0 {
				t.Errorf("%+v", m)
			}
			if err := look(client(first, at("dc1.elsewhere.example", way.url(one)))); err != nil || binds.Load() == 0 {
				t.Errorf("by a name that is configured: %d binds: %v", binds.Load(), err)
			}
		})
	}
}
