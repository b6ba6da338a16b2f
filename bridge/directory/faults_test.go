package directory

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// ofServers are faults that servers have of their own: what a client makes of them, and that all is well when they are over.
var ofServers = map[string]struct {
	begin func(t *testing.T, s *dirtest.Server)
	end   func(t *testing.T, s *dirtest.Server)
	do    func(t *testing.T, c *Client, s *dirtest.Server) error
	want  Error  // RetryAfter: whether there is one
	says  string // what the operator can do
	takes bool   // changes, meanwhile
	less  []ldif.ServerKind
}{
	"a limit of entries": {
		begin: func(t *testing.T, s *dirtest.Server) { s.Limit(t, dirtest.Limits{Entries: 5}) },
		end:   func(t *testing.T, s *dirtest.Server) { s.Limit(t, dirtest.Limits{}) },
		do:    searches("(objectClass=account)"),
		want:  Error{Reason: reason.LimitExceeded, Code: 4}, says: "raised for the bridge's account", takes: true,
	},
	"a limit of entries, of a list": {
		begin: func(t *testing.T, s *dirtest.Server) { s.Limit(t, dirtest.Limits{Entries: 5}) },
		end:   func(t *testing.T, s *dirtest.Server) { s.Limit(t, dirtest.Limits{}) },
		do:    enumerates,
		want:  Error{Reason: reason.LimitExceeded, Code: 4}, says: "raised for the bridge's account", takes: true,
	},
	"a limit of what is looked through": {
		begin: func(t *testing.T, s *dirtest.Server) { s.Limit(t, dirtest.Limits{Looked: 5}) },
		end:   func(t *testing.T, s *dirtest.Server) { s.Limit(t, dirtest.Limits{}) },
		do:    searches("(description=none)"),
		want:  Error{Reason: reason.LimitExceeded, Code: 11}, says: "indexed", takes: true,
	},
	"read-only": {
		begin: func(t *testing.T, s *dirtest.Server) { s.ReadOnly(t, true) },
		end:   func(t *testing.T, s *dirtest.Server) { s.ReadOnly(t, false) },
		do:    writes("uid=u1,"),
		want:  Error{Reason: reason.Unwritable, Code: 53},
	},
	"a place elsewhere is written": {
		do:   writes("uid=u1,ou=far,"),
		want: Error{Reason: reason.Refused, Code: 10}, says: "ldap://elsewhere.example", takes: true, less: []ldif.ServerKind{ldif.DS389},
	},
	"a place elsewhere is read": {
		do: func(t *testing.T, c *Client, s *dirtest.Server) error {
			_, err := c.Search(t.Context(), Search{Base: "ou=far," + s.People, Scope: BaseObject})
			return err
		},
		want: Error{Reason: reason.Refused, Code: 10}, says: "directory.urls", takes: true, less: []ldif.ServerKind{ldif.DS389},
	},
	"a place elsewhere is searched": {
		do: func(t *testing.T, c *Client, s *dirtest.Server) error {
			_, err := c.Search(t.Context(), Search{Base: "ou=far," + s.People})
			return err
		},
		want: Error{Reason: reason.Hidden, Code: 10}, says: "another server", takes: true, less: []ldif.ServerKind{ldif.DS389},
	},
	"the database is away": {
		begin: func(t *testing.T, s *dirtest.Server) { s.Offline(t, true) },
		end:   func(t *testing.T, s *dirtest.Server) { s.Offline(t, false) },
		do:    searches("(uid=u1)"),
		want:  Error{Reason: reason.Unavailable, Code: 1, RetryAfter: 1}, says: "disabled node", less: []ldif.ServerKind{ldif.OpenLDAP},
	},
	"the database is away from a write": {
		begin: func(t *testing.T, s *dirtest.Server) { s.Offline(t, true) },
		end:   func(t *testing.T, s *dirtest.Server) { s.Offline(t, false) },
		do:    writes("uid=u1,"),
		want:  Error{Reason: reason.Unavailable, Code: 1, RetryAfter: 1}, says: "disabled node", less: []ldif.ServerKind{ldif.OpenLDAP},
	},
}

func searches(filter string) func(*testing.T, *Client, *dirtest.Server) error {
	return func(t *testing.T, c *Client, s *dirtest.Server) error {
		found, err := c.Search(t.Context(), Search{Base: s.People, Filter: filter})
		if len(found) > 0 {
			t.Errorf("%d entries in the place of all", len(found))
		}
		return err
	}
}

func enumerates(t *testing.T, c *Client, s *dirtest.Server) error {
	return c.Enumerate(t.Context(), Search{Base: s.People, Filter: "(objectClass=account)"}, func(*ldif.Entry) error { return nil })
}

func writes(rdn string) func(*testing.T, *Client, *dirtest.Server) error {
	return func(t *testing.T, c *Client, s *dirtest.Server) error {
		change := ldif.Change{Kind: ldif.Modify, DN: rdn + s.People, Mods: []ldif.Mod{
			{Op: ldif.ReplaceValues, Name: "description", Values: []string{"x"}},
		}}
		receipt := c.Execute(t.Context(), steps(change), nil)
		e, _ := errors.AsType[*Error](receipt.Err)
		if e != nil && e.Reason != reason.Unavailable && receipt.Steps[0].State != ldif.Refused {
			t.Errorf("the step is %s", receipt.Steps[0].State)
		}
		return receipt.Err
	}
}

func TestFaultsOfServers(t *testing.T) {
	for _, s := range []*dirtest.Server{dirtest.OpenLDAP(t, dirtest.Configurable()), dirtest.DS389(t)} {
		s.OwnAccount(t)
		var people strings.Builder
		for i := range 20 {
			fmt.Fprintf(&people, "dn: uid=u%d,%s\nobjectClass: account\nuid: u%[1]d\n\n", i, s.People)
		}
		s.Load(t, people.String())
		if s.Kind == ldif.OpenLDAP {
			s.Refer(t, "far", "ldap://elsewhere.example/")
		}
		bind := BindOptions{DN: s.Account, Password: s.AccountPassword}
		for name, fault := range ofServers {
			t.Run(string(s.Kind)+"/"+name, func(t *testing.T) {
				for _, kind := range fault.less {
					if kind == s.Kind {
						return
					}
				}
				c := open(t, s, func(o *Options) { o.Bind, o.Breaker.Pause, o.PageSize = bind, 10*time.Millisecond, 7 })
				if _, err := c.Server(t.Context()); err != nil {
					t.Fatal(err)
				}
				if fault.begin != nil {
					fault.begin(t, s)
				}
				for range DefaultFailures + 1 {
					e := wantReason(t, fault.do(t, c, s), fault.want.Reason)
					if e.Code != 0 && (e.Code != fault.want.Code || !strings.Contains(e.Error(), fault.says)) ||
						e.RetryAfter > 0 != (fault.want.RetryAfter > 0) {
						t.Fatalf("got %d, Retry-After %v: %v", e.Code, e.RetryAfter, e)
					}
				}
				outage := fault.want.Reason == reason.Unavailable
				if state := c.State(); state.Opened > 0 != outage || state.Writable != (fault.takes || outage) {
					t.Errorf("opened %d times, takes changes: %v", state.Opened, state.Writable)
				}
				if !outage {
					read(t, c, "uid=u1,"+s.People, "uid")
				}
				if fault.end != nil {
					fault.end(t, s)
				}
				until := time.Now().Add(30 * time.Second)
				for err := enumerates(t, c, s); err != nil; err = enumerates(t, c, s) {
					if reasonOf(err) != reason.Unavailable || !outage || time.Now().After(until) {
						t.Fatal(err)
					}
					time.Sleep(5 * time.Millisecond)
				}
				if err := writes("uid=u1,")(t, c, s); err != nil || !c.Available() {
					t.Errorf("available %v: %v", c.Available(), err)
				}
			})
		}
	}
}

// TestCertificatesOfServers: a certificate that is not the server's, or no longer, is an outage, whose password is kept back; the next one
// is taken.
func TestCertificatesOfServers(t *testing.T) {
	s := dirtest.OpenLDAP(t)
	dn := person(t, s, "ada")
	for name, shown := range map[string]struct {
		dirtest.Certificate
		says string
	}{
		"another name": {dirtest.Certificate{Name: "dc9.example.org"}, "directory.tls.serverName"},
		"an authority": {dirtest.Certificate{Stranger: true}, "directory.tls.ca"},
		"expired":      {dirtest.Certificate{Expired: true}, "has expired"},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, s, func(o *Options) { o.Breaker.Pause = 10 * time.Millisecond })
			read(t, c, dn)
			s.Show(t, shown.Certificate)
			for range DefaultFailures {
				_, err := c.Search(t.Context(), Search{Base: dn, Scope: BaseObject})
				if e := wantReason(t, err, reason.Unavailable); e.RetryAfter == 0 || !strings.Contains(e.Error(), shown.says) {
					t.Fatalf("Retry-After %v: %v", e.RetryAfter, e)
				}
			}
			wantReason(t, c.Execute(t.Context(), modifyMail(dn), nil).Err, reason.Unavailable)
			if state := c.State(); state.Opened == 0 || c.Available() {
				t.Errorf("got %+v", state)
			}
			s.Show(t, dirtest.Certificate{})
			until := time.Now().Add(30 * time.Second)
			for !c.Available() && time.Now().Before(until) {
				time.Sleep(5 * time.Millisecond)
			}
			if err := c.Execute(t.Context(), modifyMail(dn), nil).Err; err != nil {
				t.Error(err)
			}
		})
	}
}
