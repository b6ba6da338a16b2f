package dirtest

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// proxied is a proxy before a server in memory, and a connection through it.
func proxied(t *testing.T) (*Server, *Proxy, *ldap.Conn) {
	t.Helper()
	s := Memory(t)
	p := Counted(t, s)
	return s, p, through(t, p)
}

func through(t *testing.T, p *Proxy) *ldap.Conn {
	t.Helper()
	conn, err := dial(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetTimeout(briefly)
	return conn
}

// briefly is how long a test waits for what does not come.
const briefly = 300 * time.Millisecond

func look(conn *ldap.Conn, base string) error {
	_, err := conn.Search(ldap.NewSearchRequest(
		base, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", nil, nil))
	return err
}

func entitle(conn *ldap.Conn, dn, title string) error {
	modify := ldap.NewModifyRequest(dn, nil)
	modify.Replace("description", []string{title})
	return conn.Modify(modify)
}

// TestProxyBreaks: each fault shows as what it is, and all is well when it is mended.
func TestProxyBreaks(t *testing.T) {
	t.Parallel()
	timedOut := func(err error) bool {
		return ldap.IsErrorWithCode(err, ldap.ErrorNetwork) && strings.Contains(err.Error(), "timed out")
	}
	hungUp := func(err error) bool { return err != nil && !timedOut(err) }
	code := func(want uint16) func(error) bool {
		return func(err error) bool { return ldap.IsErrorWithCode(err, want) }
	}
	well := func(err error) bool { return err == nil }
	refused := func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
	late := func(err error) bool { return errors.Is(err, context.DeadlineExceeded) || isTimeout(err) }
	for _, c := range []struct {
		name             string
		does             func(*testing.T, *Proxy)
		old, fresh, dial func(error) bool // by the connection that is there, by a new one, and of the opening of one
		stays            bool             // the connection that was there, dead after the fault was mended
		meets            bool             // that connection, or what is asked by it
	}{
		{"refuses", func(_ *testing.T, p *Proxy) { p.Refuse() }, well, nil, refused, false, false},
		{"resets", func(_ *testing.T, p *Proxy) { p.Reset() }, hungUp, well, well, true, true},
		{"ends", func(_ *testing.T, p *Proxy) { p.End() }, hungUp, well, well, true, true},
		{"swallows", func(_ *testing.T, p *Proxy) { p.Swallow() }, timedOut, timedOut, well, false, true},
		{"is a black hole", func(t *testing.T, p *Proxy) { p.BlackHole(t) }, timedOut, nil, late, false, true},
		{"is half open", func(t *testing.T, p *Proxy) { p.HalfOpen(t) }, timedOut, well, well, true, true},
		{"is slow", func(_ *testing.T, p *Proxy) { p.Delay(2 * briefly) }, timedOut, timedOut, well, false, true},
		{"is busy", func(_ *testing.T, p *Proxy) { p.Answer(51, "busy") }, code(51), code(51), well, false, true},
		{"answers binds", func(_ *testing.T, p *Proxy) { p.Answer(49, "no", "bind") }, well, well, well, false, false},
		{"cuts modifications", func(_ *testing.T, p *Proxy) { p.Cut("modify", HalfRequest) }, well, well, well, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, p, conn := proxied(t)
			if err := look(conn, s.Base); err != nil {
				t.Fatal(err)
			}
			met := p.Met()
			c.does(t, p)
			if err := look(conn, s.Base); !c.old(err) {
				t.Errorf("by the connection that is there: %v", err)
			}
			if yes := p.Met() > met; yes != c.meets {
				t.Errorf("it met something: %t", yes)
			}
			raw, err := net.DialTimeout("tcp", strings.TrimPrefix(p.URL, "ldap://"), briefly)
			if !c.dial(err) {
				t.Errorf("opening one: %v", err)
			}
			if c.fresh != nil && raw != nil {
				fresh := ldap.NewConn(raw, false)
				fresh.SetTimeout(briefly)
				fresh.Start()
				if err := look(fresh, s.Base); !c.fresh(err) {
					t.Errorf("by a new one: %v", err)
				}
				fresh.Close()
			}
			p.Mend(t)
			if err := look(through(t, p), s.Base); err != nil {
				t.Errorf("by a new one afterwards: %v", err)
			}
			if !c.stays {
				conn.SetTimeout(patience) // TCP sends again what vanished
			}
			if err := look(conn, s.Base); (err == nil) == c.stays {
				t.Errorf("by the old one afterwards: %v", err)
			}
		})
	}
}

// TestProxyEnds: who ends what is there hears when its client has noticed, whatever is opened meanwhile.
func TestProxyEnds(t *testing.T) {
	t.Parallel()
	s, p, conn := proxied(t)
	if err := look(conn, s.Base); err != nil {
		t.Fatal(err)
	}
	there := p.Ends()
	select {
	case <-there[0]:
		t.Error("it has not ended")
	default:
	}
	if err := look(through(t, p), s.Base); err != nil {
		t.Fatal(err)
	}
	if n := len(p.End()); len(there) != 1 || n != 2 {
		t.Errorf("%d and %d connections", len(there), n)
	}
	if err := look(through(t, p), s.Base); err != nil { // and stays
		t.Fatal(err)
	}
	select {
	case <-there[0]:
	case <-time.After(patience):
		t.Error("nobody hears of it")
	}
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// TestProxyCuts: the server has done what it got whole, and a connection ends in the middle of what was cut.
func TestProxyCuts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		cut  Cut
		done bool
	}{{"request", HalfRequest, false}, {"no answer", NoAnswer, true}, {"answer", HalfAnswer, true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, p, conn := proxied(t)
			p.Cut("modify", c.cut)
			if err := look(conn, s.Base); err != nil {
				t.Fatal(err)
			}
			err := conn.Bind(s.BindDN, s.Password)
			if err != nil {
				t.Fatal(err)
			}
			if err := entitle(conn, s.People, "cut"); err == nil {
				t.Error("no error")
			}
			if got := s.Entry(t, s.People).Value("description") == "cut"; got != c.done {
				t.Errorf("done: %t", got)
			}
			conn = through(t, p) // once
			if err := conn.Bind(s.BindDN, s.Password); err != nil {
				t.Fatal(err)
			}
			if err := entitle(conn, s.People, "whole"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestProxyCutsInTheMiddle: half of what is cut comes, and then a reset.
func TestProxyCutsInTheMiddle(t *testing.T) {
	t.Parallel()
	s := Memory(t)
	p := Counted(t, s)
	raw, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "ldap://"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	p.Cut("", HalfAnswer)
	bind := []byte("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00") // anonymous
	if _, err := raw.Write(bind); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(raw)
	if whole := 14; len(got) != whole/2 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%x, %v", got, err)
	}
}

// TestProxyRefers: a referral names the URL.
func TestProxyRefers(t *testing.T) {
	t.Parallel()
	s, p, conn := proxied(t)
	const elsewhere = "ldap://elsewhere.example/"
	p.Refer(elsewhere, "search")
	err := look(conn, s.Base)
	answer, ok := errors.AsType[*ldap.Error](err)
	if !ok || answer.ResultCode != ldap.LDAPResultReferral || !strings.Contains(string(answer.Packet.Bytes()), elsewhere) {
		t.Errorf("%v", err)
	}
}

// TestProxyHolds: the server hears of what is held when all is mended, and of the rest at once.
func TestProxyHolds(t *testing.T) {
	t.Parallel()
	s, p, conn := proxied(t)
	if err := conn.Bind(s.BindDN, s.Password); err != nil {
		t.Fatal(err)
	}
	p.Hold("modify")
	waits(t, s, conn, func() { p.Mend(t) })
}

// TestLock: slapd answers what is read while its database is locked, and does later what it was to change.
func TestLock(t *testing.T) {
	t.Parallel()
	s := OpenLDAP(t)
	unlock := s.Lock(t)
	waits(t, s, s.Connect(t), unlock)
	if err := entitle(s.Connect(t), s.People, "again"); err != nil {
		t.Error(err)
	}
}

// waits fails the test unless changes wait until they may go on, and what is read does not.
func waits(t *testing.T, s *Server, conn *ldap.Conn, goOn func()) {
	t.Helper()
	conn.SetTimeout(patience)
	changed := make(chan error, 1)
	go func() { changed <- entitle(conn, s.People, "later") }()
	time.Sleep(briefly)
	select {
	case err := <-changed:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	if err := look(conn, s.People); err != nil || s.Entry(t, s.People).Value("description") == "later" {
		t.Errorf("meanwhile: %v", err)
	}
	goOn()
	if err := <-changed; err != nil || s.Entry(t, s.People).Value("description") != "later" {
		t.Errorf("afterwards: %v", err)
	}
}
