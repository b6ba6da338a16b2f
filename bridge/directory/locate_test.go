package directory

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"scimbridge/bridge/reason"
)

// records are what DNS tells, by name.
type records map[string][]*net.SRV

func (r records) lookup(_ context.Context, name string) ([]*net.SRV, error) {
	if found, known := r[name]; known {
		return slices.Clone(found), nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// TestLocate: a URL that names a service stands for the servers that DNS tells of, in their order, and for no other.
func TestLocate(t *testing.T) {
	const corp, site = "_ldap._tcp.corp.example", "_ldap._tcp.Berlin._sites.dc._msdcs.corp.example"
	r := records{
		corp: {
			{Target: "dc3.corp.example.", Port: 389, Priority: 20},
			{Target: "dc1.corp.example.", Port: 389, Priority: 10},
			{Target: "DC2.EU.Corp.Example.", Port: 3389, Priority: 10},
		},
		site:                       {{Target: "dc2.eu.corp.example.", Port: 389}, {Target: "dc9.corp.example.", Port: 389}},
		"_ldaps._tcp.corp.example": {{Target: "dc1.corp.example.", Port: 1636}},
		"_ldap._tcp.none.example":  {{Target: "."}},
		"_ldap._tcp.odd.example": {
			{Target: "dc.evil.example.", Port: 389}, {Target: "dcodd.example.", Port: 389}, {Target: "_x.odd.example.", Port: 1},
		},
		"_ldap._tcp.one.example": {{Target: "dc.evil.example.", Port: 389}, {Target: "one.example.", Port: 389}},
	}
	for name, test := range map[string]struct {
		urls, want []string
		server     string // tls.serverName
		fault      string // a part of it; "": there is none
	}{
		"no service": {
			urls: []string{"ldaps://dc1", "ldapi://%2Frun%2Fldapi"},
			want: []string{"ldaps://dc1", "ldapi://%2Frun%2Fldapi"},
		},
		"by priority": {
			urls: []string{"ldap://" + corp},
			want: []string{"ldap://dc1.corp.example:389", "ldap://dc2.eu.corp.example:3389", "ldap://dc3.corp.example:389"},
		},
		"LDAPS has its port": {
			urls: []string{"ldaps://_ldap._tcp.corp.example"},
			want: []string{"ldaps://dc1.corp.example:636", "ldaps://dc2.eu.corp.example:636", "ldaps://dc3.corp.example:636"},
		},
		"a port of its own": {
			urls: []string{"ldaps://" + site + ":10636"},
			want: []string{"ldaps://dc2.eu.corp.example:10636", "ldaps://dc9.corp.example:10636"},
		},
		"a service of LDAPS": {
			urls: []string{"ldaps://_ldaps._tcp.corp.example"},
			want: []string{"ldaps://dc1.corp.example:1636"},
		},
		"the site, then all, then one by its name": {
			urls: []string{"ldaps://" + site, "ldaps://" + corp, "ldaps://DC1.corp.example", "ldaps://old.corp.example"},
			want: []string{
				"ldaps://dc2.eu.corp.example:636", "ldaps://dc9.corp.example:636", "ldaps://dc1.corp.example:636",
				"ldaps://dc3.corp.example:636", "ldaps://old.corp.example",
			},
		},
		"a name that DNS does not know": {
			urls:  []string{"ldaps://_ldap._tcp.gone.example", "ldaps://dc1"},
			want:  []string{"ldaps://_ldap._tcp.gone.example", "ldaps://dc1"},
			fault: "directory.urls[0]: ldaps://_ldap._tcp.gone.example: lookup _ldap._tcp.gone.example: no such host",
		},
		"a service that is not offered": {
			urls: []string{"ldap://_ldap._tcp.none.example"}, want: []string{"ldap://_ldap._tcp.none.example"},
			fault: "DNS tells of no server",
		},
		"servers outside of the domain": {
			urls: []string{"ldap://_ldap._tcp.odd.example"}, want: []string{"ldap://_ldap._tcp.odd.example"},
			fault: "outside of odd.example, which are passed over unless directory.tls.serverName says whose certificate they have: " +
				"dc.evil.example, dcodd.example",
		},
		"one of them outside": {
			urls: []string{"ldap://_ldap._tcp.one.example"}, want: []string{"ldap://one.example:389"}, fault: "dc.evil.example",
		},
		"outside, by a name that is configured": {
			urls: []string{"ldap://_ldap._tcp.one.example"}, server: "ldap.one.example",
			want: []string{"ldap://dc.evil.example:389", "ldap://one.example:389"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := NewLocator(r.lookup).Locate(t.Context(), Options{URLs: test.urls, TLS: TLSOptions{ServerName: test.server}})
			if !slices.Equal(o.URLs, test.want) {
				t.Errorf("got  %v\nwant %v", o.URLs, test.want)
			}
			if (err == nil) != (test.fault == "") || err != nil && !strings.Contains(err.Error(), test.fault) {
				t.Errorf("fault: %v", err)
			}
		})
	}
}

// TestLocateAgain: what DNS tells in another order, as it does at each question, is the same; what it tells of no more is gone, and where
// it tells nothing that holds which it told before.
func TestLocateAgain(t *testing.T) {
	const corp = "_ldap._tcp.corp.example"
	srv := func(hosts ...string) (all []*net.SRV) {
		for _, h := range hosts {
			all = append(all, &net.SRV{Target: h + ".corp.example.", Port: 389})
		}
		return all
	}
	r := records{corp: srv("a", "b", "c")}
	l := NewLocator(r.lookup)
	o := Options{URLs: []string{"ldap://" + corp}, TLS: TLSOptions{StartTLS: true}}
	for _, step := range []struct {
		now   []*net.SRV // nil: nothing is told
		want  string
		fault bool
	}{
		{srv("a", "b", "c"), "abc", false},
		{srv("c", "a", "b"), "abc", false},
		{srv("d", "c", "b"), "bcd", false},
		{nil, "bcd", true},
		{srv("e"), "e", false},
		{srv("1", "2", "3", "4", "5", "6", "7", "8", "9"), "12345678", false},
		{srv("9", "8", "7", "6", "5", "4", "3", "2", "1"), "12345678", false},
	} {
		if r[corp] = step.now; step.now == nil {
			delete(r, corp)
		}
		var err error
		o, err = l.Locate(t.Context(), o)
		got := ""
		for _, url := range o.URLs {
			got += url[len("ldap://"):][:1]
		}
		if got != step.want || (err != nil) != step.fault {
			t.Errorf("got %s, want %s: %v", got, step.want, err)
		}
		if err := o.check(); err != nil {
			t.Error(err)
		}
	}
}

// TestUnlocated: while nothing is known of a service's servers the directory is away, at once; whoever is named beside it serves.
func TestUnlocated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network{"a": {}}
		c := n.client(t, "_ldap._tcp.corp.example")
		defer c.Close()
		_, err := c.Search(t.Context(), anyone)
		wantReason(t, err, reason.Unavailable)
		if !strings.Contains(errors.Unwrap(err).Error(), "DNS tells of at _ldap._tcp.corp.example") {
			t.Error(err)
		}
		other := n.client(t, "_ldap._tcp.corp.example", "a")
		defer other.Close()
		if _, err := other.Search(t.Context(), anyone); err != nil {
			t.Error(err)
		}
	})
}

// TestRelocated: a client with other servers of the same service begins with the server that the one before used.
func TestRelocated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network{"a.corp.example": {down: true}, "b.corp.example": {}, "c.corp.example": {}}
		r := records{"_ldap._tcp.corp.example": {{Target: "a.corp.example.", Port: 389}, {Target: "b.corp.example.", Port: 389}}}
		l := NewLocator(r.lookup)
		client := func(o Options) *Client {
			t.Helper()
			o, err := l.Locate(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			c, err := newClient(o, slog.New(slog.DiscardHandler), n.dial)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		before := client(Options{URLs: []string{"ldap://_ldap._tcp.corp.example"}, AllowCleartext: true})
		defer before.Close()
		if _, err := before.Search(t.Context(), anyone); err != nil {
			t.Fatal(err)
		}
		r["_ldap._tcp.corp.example"] = []*net.SRV{
			{Target: "c.corp.example.", Port: 389}, {Target: "b.corp.example.", Port: 389, Priority: 1},
		}
		next := client(before.Options())
		defer next.Close()
		next.Succeed(before)
		if _, err := next.Search(t.Context(), anyone); err != nil {
			t.Fatal(err)
		}
		if s := next.State(); s.Servers != 2 || s.URL != "ldap://b.corp.example:389" {
			t.Errorf("%+v", s)
		}
		if !next.Options().IsAt(before.Options()) {
			t.Error("it is another directory")
		}
	})
}
