package directory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// hang leaves requests of one kind without an answer.
func hang(op int) func(*session, message) bool {
	return func(_ *session, m message) bool { return int(m.op) == op }
}

func TestDeadline(t *testing.T) {
	for name, test := range map[string]struct {
		network network
		write   bool
		want    reason.Reason
	}{
		"the dial":   {network{}, false, reason.Unavailable},
		"the bind":   {network{"a": {script: hang(ldap.ApplicationBindRequest)}}, false, reason.Unavailable},
		"a search":   {network{"a": {script: hang(ldap.ApplicationSearchRequest)}}, false, reason.Unavailable},
		"a modify":   {network{"a": {script: hang(ldap.ApplicationModifyRequest)}}, true, reason.Unknown},
		"everything": {network{"a": {script: func(*session, message) bool { return true }}}, false, reason.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := test.network.client(t, "a")
				defer c.Close()
				start := time.Now()
				var err error
				if test.write {
					err = c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err
				} else {
					_, err = c.Search(t.Context(), anyone)
				}
				wantReason(t, err, test.want)
				if took := time.Since(start); took != c.options.Timeout {
					t.Errorf("answered after %v, want %v", took, c.options.Timeout)
				}
			})
		})
	}
}

func TestBlockedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		p := &peer{script: func(s *session, m message) bool {
			if m.op == ldap.ApplicationSearchRequest && m.nth == 2 {
				<-stuck // nothing is read from here on: the next write blocks
			}
			return false
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		defer close(stuck)
		if _, err := c.Server(t.Context()); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = c.Search(t.Context(), anyone) }()
		synctest.Wait()
		start := time.Now()
		err := c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err
		if r := reasonOf(err); r != reason.Unknown && r != reason.Unavailable {
			t.Fatalf("got %v", err)
		}
		if took := time.Since(start); took > c.options.Timeout {
			t.Errorf("answered after %v", took)
		}
		if n := p.count(ldap.ApplicationModifyRequest); n != 0 {
			t.Errorf("the modify was sent %d times", n)
		}
	})
}

func TestCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{script: hang(ldap.ApplicationModifyRequest)}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		for range 2 * DefaultFailures {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			start := time.Now()
			err := c.Execute(ctx, modifyMail("uid=ada"), nil).Err
			cancel()
			wantReason(t, err, reason.Unknown)
			if took := time.Since(start); took != time.Second {
				t.Errorf("answered after %v", took)
			}
		}
		if !c.Available() {
			t.Error("callers that left opened the breaker")
		}
		if p.conns < 2*DefaultFailures {
			t.Errorf("a connection with a write in doubt was used again: %d connections", p.conns)
		}
	})
}

// TestCallerOfASearchLeaves: go-ldap cannot abandon a search (RFC 4511 §4.11). Nobody waits for it, the server is told beforehand when it
// may end it, and its connection is closed when nothing else is under way on it, by which the server ends it too.
func TestCallerOfASearchLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := make(chan struct{})
		var limits []any
		p := &peer{script: func(s *session, m message) bool {
			switch {
			case m.op == ldap.ApplicationSearchRequest && m.request.Children[1].Value != int64(0):
				limits = append(limits, m.request.Children[4].Value)
				return true
			case m.op == ldap.ApplicationModifyRequest:
				go func() { <-other; s.result(m, 0, "") }()
				return true
			}
			return false
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		if _, err := c.Server(t.Context()); err != nil {
			t.Fatal(err)
		}
		written := make(chan error, 1)
		go func() { written <- c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err }()
		synctest.Wait()
		ctx, leave := context.WithCancel(t.Context())
		left := time.AfterFunc(time.Second, leave)
		defer left.Stop()
		start := time.Now()
		if _, err := c.Search(ctx, anyone); err == nil || time.Since(start) != time.Second {
			t.Errorf("answered after %v: %v", time.Since(start), err)
		}
		synctest.Wait()
		if want := int64(c.options.Timeout.Seconds()) + 2; len(limits) != 1 || limits[0] != want {
			t.Errorf("the server may take %v s, want %d", limits, want)
		}
		if n := p.links(); n != 1 || !c.Available() {
			t.Errorf("%d connections; available: %t", n, c.Available())
		}
		close(other)
		if err := <-written; err != nil {
			t.Errorf("what was under way beside it: %v", err)
		}
		synctest.Wait()
		if n := p.links(); n != 0 {
			t.Errorf("%d connections are left, on which the server searches on", n)
		}
	})
}

func TestDroppedConnection(t *testing.T) {
	dropFirst := func(op int) func(*session, message) bool {
		return func(s *session, m message) bool {
			if int(m.op) != op || m.nth > 1 {
				return false
			}
			s.conn.Close()
			return true
		}
	}
	t.Run("a read goes to a fresh connection", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := &peer{script: dropFirst(ldap.ApplicationSearchRequest)}
			c := network{"a": p}.client(t, "a")
			defer c.Close()
			if _, err := c.Search(t.Context(), anyone); err != nil {
				t.Fatal(err)
			}
			if n := p.count(ldap.ApplicationSearchRequest); n != 2 {
				t.Errorf("%d searches", n)
			}
		})
	})
	t.Run("a read is tried again once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := &peer{script: func(s *session, m message) bool {
				if m.op == ldap.ApplicationSearchRequest {
					s.conn.Close()
				}
				return false
			}}
			c := network{"a": p}.client(t, "a")
			defer c.Close()
			_, err := c.Search(t.Context(), anyone)
			wantReason(t, err, reason.Unavailable)
			if n := p.count(ldap.ApplicationSearchRequest); n != 2 {
				t.Errorf("%d searches", n)
			}
		})
	})
	t.Run("a write that was sent is not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := &peer{script: dropFirst(ldap.ApplicationModifyRequest)}
			c := network{"a": p}.client(t, "a")
			defer c.Close()
			err := c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err
			wantReason(t, err, reason.Unknown)
			if n := p.count(ldap.ApplicationModifyRequest); n != 1 {
				t.Errorf("%d modifies", n)
			}
		})
	})
	t.Run("a write that surely was not sent is tried again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := &peer{}
			n := network{"a": p}
			c := n.client(t, "a")
			defer c.Close()
			var first *cut
			c.pool.dialer.network = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := n.dial(ctx, network, address)
				if first == nil {
					first = &cut{Conn: conn}
					return first, err
				}
				return conn, err
			}
			if _, err := c.Server(t.Context()); err != nil {
				t.Fatal(err)
			}
			first.off.Store(true)
			if err := c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err; err != nil {
				t.Fatal(err)
			}
			if p.count(ldap.ApplicationModifyRequest) != 1 || p.conns != 2 {
				t.Errorf("%d modifies over %d connections", p.count(ldap.ApplicationModifyRequest), p.conns)
			}
		})
	})
	t.Run("an idle connection that was closed harms nobody", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := &peer{}
			c := network{"a": p}.client(t, "a")
			defer c.Close()
			if _, err := c.Server(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.kill()
			p.revive()
			if err := c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err; err != nil {
				t.Fatal(err)
			}
		})
	})
}

// cut is a connection that takes nothing any more, once off.
type cut struct {
	net.Conn
	off atomic.Bool
}

func (c *cut) Write(b []byte) (int, error) {
	if c.off.Load() {
		return 0, errors.New("broken pipe")
	}
	return c.Conn.Write(b)
}

func TestFailover(t *testing.T) {
	answer := func(code int64) *peer {
		return &peer{script: func(s *session, m message) bool {
			if m.op == ldap.ApplicationBindRequest {
				return false
			}
			s.result(m, code, "")
			return true
		}}
	}
	dead := &peer{down: true}
	for name, first := range map[string]*peer{
		"refused connection": dead,
		"a hole":             nil,
		"hung at bind":       {script: hang(ldap.ApplicationBindRequest)},
		"referral":           answer(ldap.LDAPResultReferral),
		"busy":               answer(ldap.LDAPResultBusy),
		"unavailable":        answer(ldap.LDAPResultUnavailable),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				second := &peer{}
				n := network{"b": second}
				if first != nil {
					n["a"] = first
				}
				c := n.client(t, "a", "b")
				defer c.Close()
				if _, err := c.Search(t.Context(), anyone); err != nil {
					t.Fatal(err)
				}
				if err := c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err; err != nil {
					t.Fatal(err)
				}
				if second.count(ldap.ApplicationModifyRequest) != 1 || c.pool.server() != 1 {
					t.Error("the second server was not used")
				}
			})
		})
	}
	t.Run("hung in a search", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			second := &peer{}
			c := network{"a": {script: hang(ldap.ApplicationSearchRequest)}, "b": second}.client(t, "a", "b")
			defer c.Close()
			_, err := c.Search(t.Context(), anyone)
			wantReason(t, err, reason.Unavailable)
			if _, err := c.Search(t.Context(), anyone); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("it stays on the server until that fails", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			first, second := &peer{down: true}, &peer{}
			c := network{"a": first, "b": second}.client(t, "a", "b")
			defer c.Close()
			for range 3 {
				if _, err := c.Search(t.Context(), anyone); err != nil {
					t.Fatal(err)
				}
				first.revive()
			}
			if first.conns != 0 {
				t.Error("it went back to the first server while the second answered")
			}
			second.kill()
			synctest.Wait()
			if _, err := c.Search(t.Context(), anyone); err != nil {
				t.Fatal(err)
			}
			if c.pool.server() != 0 {
				t.Error("it did not go back when the second failed")
			}
		})
	})
	t.Run("every server says no", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := network{"a": answer(ldap.LDAPResultReferral), "b": answer(ldap.LDAPResultBusy)}.client(t, "a", "b")
			defer c.Close()
			_, err := c.Search(t.Context(), anyone)
			e := wantReason(t, err, reason.Unavailable)
			if e.Code != ldap.LDAPResultReferral && e.Code != ldap.LDAPResultBusy || e.RetryAfter == 0 {
				t.Errorf("got %+v", e)
			}
		})
	})
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		if _, err := c.Search(t.Context(), anyone); err != nil {
			t.Fatal(err)
		}
		p.kill()
		for i := range DefaultFailures {
			if !c.Available() {
				t.Fatalf("open after %d outages", i)
			}
			_, err := c.Search(t.Context(), anyone)
			wantReason(t, err, reason.Unavailable)
		}
		if c.Available() {
			t.Fatal("not open")
		}
		p.revive()
		synctest.Wait()
		start := time.Now()
		_, err := c.Search(t.Context(), anyone)
		e := wantReason(t, err, reason.Unavailable)
		if e.RetryAfter < DefaultPause || e.RetryAfter >= 2*DefaultPause || time.Since(start) != 0 {
			t.Errorf("retry after %v, said after %v", e.RetryAfter, time.Since(start))
		}
		time.Sleep(DefaultPause)
		synctest.Wait()
		if !c.Available() {
			t.Fatal("not closed by its own probe")
		}
		if _, err := c.Search(t.Context(), anyone); err != nil {
			t.Fatal(err)
		}
	})
}

func TestBreakerCountsNoAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answer atomic.Int64 // what is learned aside is asked for meanwhile
		p := &peer{script: func(s *session, m message) bool {
			if m.op == ldap.ApplicationSearchRequest {
				s.result(m, answer.Load(), "")
				return true
			}
			return false
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		for _, code := range []int64{1, 3, 11, 12, 16, 19, 32, 49, 50, 53, 68, 80, 122} {
			answer.Store(code)
			for range DefaultFailures {
				_, err := c.Search(t.Context(), anyone)
				if e, ok := errors.AsType[*Error](err); !ok || int64(e.Code) != code || e.Reason == reason.Unavailable {
					t.Fatalf("result %d: got %v", code, err)
				}
			}
		}
		if !c.Available() || p.conns != 1 {
			t.Errorf("answers opened the breaker, or cost connections: %d", p.conns)
		}
	})
}

// TestRefusedBind: a bind that is refused stops all others until its time comes, which for a wrong password is late: the server may count
// them, and lock the account.
func TestRefusedBind(t *testing.T) {
	for _, code := range []int64{
		ldap.LDAPResultInvalidCredentials, ldap.LDAPResultUnwillingToPerform, ldap.LDAPResultInsufficientAccessRights,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				accept := make(chan struct{})
				refuse := func(s *session, m message) bool {
					select {
					case <-accept:
						return false
					default:
					}
					if m.op == ldap.ApplicationBindRequest {
						s.result(m, code, "no")
						return true
					}
					return false
				}
				first, second := &peer{script: refuse}, &peer{script: refuse}
				c := network{"a": first, "b": second}.client(t, "a", "b")
				defer c.Close()
				ask := func() {
					for range 20 {
						go func() {
							_, err := c.Search(context.Background(), anyone)
							e, ok := errors.AsType[*Error](err)
							if !ok || e.Reason != reason.Unavailable || strings.Contains(err.Error(), "sesame") {
								t.Errorf("got %v", err)
							}
						}()
					}
					synctest.Wait()
				}
				if _, err := c.Search(t.Context(), anyone); reasonOf(err) != reason.Unavailable || c.Available() {
					t.Fatalf("the first refused bind does not open the breaker: %v", err)
				}
				binds, pause, longest := 1, DefaultPause, maxRefusedPause
				if code == ldap.LDAPResultInvalidCredentials {
					pause, longest = secondChance, lockoutPause
				}
				for range 8 {
					for range 4 {
						ask()
						if n := first.count(ldap.ApplicationBindRequest) + second.count(ldap.ApplicationBindRequest); n != binds {
							t.Fatalf("%d binds, want %d", n, binds)
						}
						time.Sleep(pause / 4)
					}
					time.Sleep(time.Millisecond)
					synctest.Wait()
					binds++
					if pause = min(2*pause, longest); longest == lockoutPause {
						pause = lockoutPause
					}
				}
				close(accept)
				time.Sleep(longest + time.Second)
				synctest.Wait()
				if !c.Available() {
					t.Fatal("still closed to requests after the bind is accepted")
				}
				for range 2 {
					if _, err := c.Search(t.Context(), anyone); err != nil {
						t.Fatal(err)
					}
					for _, p := range []*peer{first, second} { // a restart: the refusal is forgotten
						p.kill()
						p.revive()
					}
				}
			})
		})
	}
}

func TestClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := network{"a": {}}.client(t, "a")
		if _, err := c.Search(t.Context(), anyone); err != nil {
			t.Fatal(err)
		}
		c.Close()
		_, err := c.Search(t.Context(), anyone)
		wantReason(t, err, reason.Unavailable)
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

// TestConnectedTooLate: a connection that comes when the client has been closed is closed by who opened it, and not behind the back of
// Close, which may be about to return: the process ended by that.
func TestConnectedTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, come, closes := network{"a": {}}, make(chan struct{}), make(chan struct{})
		c := n.client(t, "a")
		c.pool.dialer.network = func(ctx context.Context, network, address string) (net.Conn, error) {
			<-come
			conn, err := n.dial(ctx, network, address)
			return &slowToClose{Conn: conn, closes: closes}, err
		}
		told := make(chan error, 1)
		go func() { told <- find(t.Context(), c) }()
		synctest.Wait()
		c.Close()
		close(come)
		synctest.Wait()
		if len(told) > 0 {
			t.Error("who opened it has left it open")
		}
		close(closes)
		if err := <-told; !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

// slowToClose is a connection whose end is waited for, by the first who closes it.
type slowToClose struct {
	net.Conn
	closes chan struct{}
	begun  atomic.Bool
}

func (c *slowToClose) Close() error {
	if c.begun.CompareAndSwap(false, true) {
		<-c.closes
	}
	return c.Conn.Close()
}

func TestWireDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe() // nobody reads
		defer far.Close()
		start := time.Now()
		if _, err := (&wire{Conn: near, timeout: time.Second}).Write([]byte("x")); err == nil || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

// lend takes a connection from the pool, or fails the test.
func lend(t *testing.T, k *conn, err error) *conn {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestPoolDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := network{"a": {}}.client(t, "a")
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		connect := func() *conn {
			k, err := c.pool.connect(ctx, true)
			return lend(t, k, err)
		}
		first, second := connect(), connect()
		c.pool.drop(first)
		if !second.retired {
			t.Error("a connection opened before one that dropped is still used")
		}
		third := connect()
		c.pool.drop(second)
		if third.retired {
			t.Error("a connection opened after the drop is given up")
		}
		synctest.Wait()
		if second.ldap.IsClosing() {
			t.Error("a connection in use was closed")
		}
		for _, k := range []*conn{first, second, third} {
			c.pool.put(k)
		}
		synctest.Wait()
		if !second.ldap.IsClosing() || third.ldap.IsClosing() {
			t.Error("of those given back not just the retired ones are closed")
		}
	})
}

func TestPoolOneServerAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &peer{}, &peer{}
		c := network{"a": first, "b": second}.client(t, "a", "b")
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		k, err := c.pool.get(ctx)
		c.pool.put(lend(t, k, err))
		first.mu.Lock()
		first.down = true // takes no further connection, but the one that it has works
		first.mu.Unlock()
		own, err := c.pool.alone(ctx)
		c.pool.put(lend(t, own, err))
		k, err = c.pool.get(ctx)
		if lend(t, k, err).server != 1 {
			t.Error("reads and writes go to two servers")
		}
		c.pool.put(k)
	})
}

// TestOneWay: behind one address there may be several servers. What was written by one connection is read by it, though another is idle.
func TestOneWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		ways := map[string]int{} // of an operation's DN: the connection
		var mu sync.Mutex
		p := &peer{script: func(s *session, m message) bool {
			if m.op != ldap.ApplicationSearchRequest && m.op != ldap.ApplicationDelRequest {
				return false
			}
			mu.Lock()
			defer mu.Unlock()
			if m.op == ldap.ApplicationDelRequest {
				ways["write"] = s.nth
				return false
			}
			switch base := text(m.request.Children[0]); base {
			case anyone.Base:
				go func() {
					<-release
					s.result(m, 0, "")
				}()
				return true
			case "cn=read":
				ways["read"] = s.nth
			}
			return false
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		for range busyAt {
			go func() { _, _ = c.Search(t.Context(), anyone) }()
		}
		synctest.Wait()
		ctx, done := OneWay(t.Context())
		defer done()
		receipt := c.Execute(ctx, ldif.Plan{Steps: []ldif.Step{{Change: ldif.Change{Kind: ldif.Delete, DN: "cn=written"}}}}, nil)
		if receipt.Err != nil {
			t.Fatal(receipt.Err)
		}
		close(release) // the first connection is as idle as the second
		synctest.Wait()
		for range 3 {
			k, err := c.pool.get(t.Context()) // and the second is busier
			defer c.pool.put(lend(t, k, err))
		}
		if _, err := c.Search(ctx, Search{Base: "cn=read", Scope: BaseObject}); err != nil {
			t.Fatal(err)
		}
		if ways["write"] != ways["read"] || p.conns != 2 {
			t.Errorf("%v of %d", ways, p.conns)
		}
	})
}

func TestPoolGrowsAndShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := &peer{script: func(s *session, m message) bool {
			if m.op == ldap.ApplicationSearchRequest {
				go func() {
					<-release
					s.result(m, 0, "")
				}()
				return true
			}
			return false
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		for range 100 {
			go func() {
				if _, err := c.Search(t.Context(), anyone); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		if p.conns < 2 || p.conns > maxConns || p.count(ldap.ApplicationSearchRequest) != 100 {
			t.Errorf("%d connections, %d searches under way", p.conns, p.count(ldap.ApplicationSearchRequest))
		}
		close(release)
		synctest.Wait()
	})
}
