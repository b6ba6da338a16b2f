package directory

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
)

// standing waits until the breaker of the first server stands so, at most for so long.
func standing(t *testing.T, c *Client, want string, most time.Duration) time.Duration {
	t.Helper()
	begun := time.Now()
	for c.State().Each[0].Breaker != want {
		if time.Since(begun) > most {
			t.Fatalf("not %s after %v: %+v", want, most, c.State())
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(begun)
}

// firstIsOpen is a client of two servers, the first of which is down, and its breaker open.
func firstIsOpen(t *testing.T) (first, second *peer, c *Client) {
	t.Helper()
	first, second = &peer{down: true}, &peer{}
	c = network{"a": first, "b": second}.client(t, "a", "b")
	readOnce(t, c)
	standing(t, c, Open, time.Minute)
	return first, second, c
}

// TestServerBreaker: what speaks against the first of two servers opens that one's breaker, after as many outages in a row as are
// configured, and no other; nobody fails for it who was not under way. It closes by a probe of its own, after its pause.
func TestServerBreaker(t *testing.T) {
	writes := func(ctx context.Context, c *Client) error { return c.Execute(ctx, modifyMail("uid=ada"), nil).Err }
	code := func(n int64, ops ...int) func(*session, message) bool {
		return func(s *session, m message) bool {
			for _, op := range ops {
				if int(m.op) == op {
					s.result(m, n, "")
					return true
				}
			}
			return false
		}
	}
	for name, test := range map[string]struct {
		script func(*session, message) bool // nil: it refuses connections
		anew   bool                         // it has ended those that were there
		do     func(context.Context, *Client) error
		fails  int // of these, one after the other
	}{
		"refused":   {nil, true, writes, 0},
		"hung":      {func(*session, message) bool { return true }, false, find, 1},
		"busy":      {code(ldap.LDAPResultBusy, ldap.ApplicationSearchRequest, ldap.ApplicationModifyRequest), false, writes, 0},
		"away":      {code(ldap.LDAPResultUnavailable, ldap.ApplicationBindRequest), true, writes, 0},
		"slow":      {hang(ldap.ApplicationModifyRequest), false, writes, DefaultFailures}, // whatever else is asked it answers
		"slow bind": {hang(ldap.ApplicationBindRequest), true, writes, 0},
		"breaks": {func(s *session, m message) bool {
			if m.op == ldap.ApplicationModifyRequest {
				s.conn.Close()
			}
			return m.op == ldap.ApplicationModifyRequest
		}, false, writes, DefaultFailures},
		"hung page": {hang(ldap.ApplicationSearchRequest), false, func(ctx context.Context, c *Client) error {
			return c.Enumerate(ctx, anyone, nil)
		}, DefaultFailures},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var amiss atomic.Bool
				first := &peer{script: func(s *session, m message) bool { return amiss.Load() && test.script(s, m) }}
				c := network{"a": first, "b": {}}.client(t, "a", "b")
				defer c.Close()
				if _, err := c.Server(t.Context()); err != nil {
					t.Fatal(err)
				}
				if test.anew {
					first.kill()
					synctest.Wait()
				}
				if test.script != nil {
					amiss.Store(true)
					first.revive()
				}
				fails := 0
				for begun := time.Now(); ; time.Sleep(time.Second) {
					if test.do(t.Context(), c) != nil {
						fails++
					}
					if c.State().Each[0].Opened > 0 {
						break
					}
					// What one request found, and two looks.
					if time.Since(begun) > 2*lookPause+c.options.Timeout+time.Second {
						t.Fatalf("it does not open: %+v", c.State())
					}
				}
				if fails != test.fails {
					t.Errorf("%d requests failed, want %d", fails, test.fails)
				}
				state := c.State()
				if state.Opened > 0 || state.Breaker != Closed || state.Each[1].Breaker != Closed {
					t.Errorf("%+v", state)
				}
				if err := c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err; err != nil {
					t.Errorf("the second does not serve: %v", err)
				}
				amiss.Store(false)
				first.revive()
				most := 2 * DefaultPause
				if name == "slow bind" { // a probe is under way, and hangs
					most += c.options.Timeout
				}
				if took := standing(t, c, Closed, time.Minute); took > most {
					t.Errorf("found after %v", took)
				}
				if state := c.State(); state.Server != 2 || state.Opened > 0 || state.Each[0].Is != Up {
					t.Errorf("%+v", state)
				}
			})
		})
	}
}

// TestOutagesAtOnce: as many requests that a server turns away at one time open its breaker, and another does what they asked.
func TestOutagesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turn := make(chan struct{})
		first := &peer{script: func(s *session, m message) bool {
			if !hangBelow(s, m) {
				return false
			}
			go func() {
				<-turn
				s.result(m, ldap.LDAPResultBusy, "")
			}()
			return true
		}}
		c := network{"a": first, "b": {}}.client(t, "a", "b")
		defer c.Close()
		if _, err := c.Server(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range DefaultFailures {
			go func() {
				if err := find(t.Context(), c); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		close(turn)
		synctest.Wait()
		if state := c.State(); state.Each[0].Breaker != Open || state.Server != 2 {
			t.Errorf("%+v", state)
		}
	})
}

// TestNobodyIsReached: who waits for a connection for the whole timeout, and is lent none, has found no server.
func TestNobodyIsReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := func(*session, message) bool { return true }
		first, second := &peer{script: hangs}, &peer{script: hangs}
		c := network{"a": first, "b": second}.client(t, "a", "b")
		defer c.Close()
		for range DefaultFailures {
			go func() { _ = find(t.Context(), c) }()
		}
		time.Sleep(c.options.Timeout)
		synctest.Wait()
		if state := c.State(); state.Breaker != Open || state.Each[0].Is != Down || state.Each[1].Is != Down {
			t.Fatalf("%+v", state)
		}
		conns := func() int {
			first.mu.Lock()
			defer first.mu.Unlock()
			return first.conns
		}
		before := conns()
		time.Sleep(10 * DefaultPause)
		synctest.Wait()
		if n := conns() - before; n < 9 || n > 11 { // the directory's breaker looks for all
			t.Errorf("it is knocked at %d times in ten pauses", n)
		}
	})
}

// TestServerIsLeftAlone: while the breaker of a server is open no request and no look goes there: it is knocked at each pause without a
// bind, and one probe at a time is made once it answers that.
func TestServerIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second, c := firstIsOpen(t)
		defer c.Close()
		probes, most, half := 0, 0, 0
		first.mu.Lock()
		first.script = func(_ *session, m message) bool { // a bind hangs
			if m.op == ldap.ApplicationBindRequest {
				probes++
				first.mu.Lock()
				most = max(most, len(first.open))
				first.mu.Unlock()
				return true
			}
			return false
		}
		first.mu.Unlock()
		first.revive()
		for range 100 {
			second.kill() // each request has to connect anew
			second.revive()
			synctest.Wait()
			begun := time.Now()
			if readOnce(t, c); time.Since(begun) > 0 {
				t.Fatalf("a request took %v", time.Since(begun))
			}
			time.Sleep(500 * time.Millisecond)
			if c.State().Each[0].Breaker == HalfOpen {
				half++
			}
		}
		// A probe ends with the timeout (4 s), and the next begins after the pause and the next knock.
		if probes < 9 || probes > 11 {
			t.Errorf("%d probes in 50 seconds", probes)
		}
		second.kill()
		synctest.Wait()
		begun := time.Now()
		wantReason(t, find(t.Context(), c), reason.Unavailable)
		if took := time.Since(begun); took > 0 {
			t.Errorf("refused after %v: the first was asked", took)
		}
		if half < 70 || half > 90 { // four seconds of five
			t.Errorf("it was half open at %d looks of a hundred", half)
		}
		if most > 2 { // of a probe, and the knock before it
			t.Errorf("%d connections at once", most)
		}
		got := c.State().Each[0]
		if got.Opened != 1 || got.Since.IsZero() || !strings.Contains(got.String(), "its circuit breaker opened at") {
			t.Errorf("%+v", got)
		}
	})
}

// TestNoServerIsLeft: the directory's breaker opens with the last of the servers', is over when one of them is back, and that one's is too.
func TestNoServerIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second, c := firstIsOpen(t)
		defer c.Close()
		second.kill()
		synctest.Wait()
		for i := range DefaultFailures {
			if c.State().Breaker != Closed {
				t.Fatalf("open after %d outages of the last", i)
			}
			wantReason(t, find(t.Context(), c), reason.Unavailable)
		}
		state := c.State()
		if state.Breaker != Open || state.Each[0].Breaker != Open || state.Each[1].Breaker != Open || state.Opened != 1 {
			t.Fatalf("%+v", state)
		}
		first.revive()
		time.Sleep(DefaultPause * 5 / 4) // no probe of the first server's own has had its turn
		synctest.Wait()
		if state = c.State(); state.Breaker != Closed || state.Each[0].Breaker != Closed || state.Server != 1 {
			t.Fatalf("%+v", state)
		}
		readOnce(t, c)
		first.mu.Lock()
		conns := first.conns
		first.mu.Unlock()
		second.revive()
		time.Sleep(2 * DefaultPause)
		synctest.Wait()
		if state = c.State(); state.Each[1].Breaker != Closed || state.Server != 1 {
			t.Errorf("%+v", state)
		}
		first.mu.Lock()
		defer first.mu.Unlock()
		if first.conns != conns {
			t.Error("the first is looked for though it was found")
		}
	})
}

// TestProbesGoOn: what gives a sign of life and cannot serve is not all that the directory's probe finds.
func TestProbesGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &peer{down: true}, &peer{down: true}
		first.script = func(s *session, m message) bool {
			if m.op == ldap.ApplicationSearchRequest {
				s.result(m, ldap.LDAPResultBusy, "")
				return true
			}
			return false
		}
		c := network{"a": first, "b": second}.client(t, "a", "b")
		defer c.Close()
		for c.State().Breaker == Closed {
			_ = find(t.Context(), c)
		}
		first.revive()
		time.Sleep(5 * DefaultPause)
		second.revive()
		time.Sleep(3 * DefaultPause)
		synctest.Wait()
		readOnce(t, c)
		if state := c.State(); state.Server != 2 || state.Breaker != Closed || state.Each[0].Breaker == Closed {
			t.Errorf("%+v", state)
		}
	})
}

// TestSlowAtFirst: a server that only its first contact takes long is not forgotten.
func TestSlowAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := &peer{script: func(s *session, m message) bool {
			if m.op != ldap.ApplicationBindRequest || m.nth > 1 {
				return false
			}
			go func() {
				time.Sleep(3 * time.Second)
				s.result(m, 0, "")
			}()
			return true
		}}
		c := network{"a": first, "b": {}}.client(t, "a", "b")
		defer c.Close()
		readOnce(t, c)
		if state := c.State(); state.Server != 2 || state.Each[0].Breaker != Closed {
			t.Fatalf("%+v", state)
		}
		time.Sleep(lookPause + time.Second)
		if got := c.State().Each[0]; got.Is != Up || got.Opened > 0 {
			t.Errorf("%+v", got)
		}
		c.pool.mu.Lock()
		defer c.pool.mu.Unlock()
		if n := c.pool.breakers[0].circuit.Counts().ConsecutiveFailures; n != 0 {
			t.Errorf("%d outages are counted still", n)
		}
	})
}

// TestWhatSpeaksAgainstNoServer: a caller's haste, one that left, a search that is heavy, answers.
func TestWhatSpeaksAgainstNoServer(t *testing.T) {
	for name, test := range map[string]struct {
		script func(*session, message) bool
		wait   time.Duration
		do     func(context.Context, *Client) error
	}{
		"a hasty caller": {hang(ldap.ApplicationModifyRequest), time.Second, func(ctx context.Context, c *Client) error {
			return c.Execute(ctx, modifyMail("uid=ada"), nil).Err
		}},
		"a hasty caller who connects": {func(s *session, m message) bool {
			if m.op == ldap.ApplicationBindRequest {
				go func() {
					time.Sleep(500 * time.Millisecond)
					s.result(m, 0, "")
				}()
				return true
			}
			return false
		}, 800 * time.Millisecond, func(ctx context.Context, c *Client) error {
			c.pool.mu.Lock()
			c.pool.retireAll()
			c.pool.current = -1
			c.pool.mu.Unlock()
			return find(ctx, c)
		}},
		"a heavy search": {hangBelow, time.Minute, find},
		"an answer": {func(s *session, m message) bool {
			if m.op == ldap.ApplicationSearchRequest {
				s.result(m, ldap.LDAPResultNoSuchObject, "")
				return true
			}
			return false
		}, time.Minute, find},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := &peer{}
				c := network{"a": first, "b": {}}.client(t, "a", "b")
				defer c.Close()
				if _, err := c.Server(t.Context()); err != nil {
					t.Fatal(err)
				}
				first.script = test.script
				for range 2 * DefaultFailures {
					ctx, cancel := context.WithTimeout(t.Context(), test.wait)
					_ = test.do(ctx, c)
					cancel()
				}
				if got := c.State().Each[0]; got.Opened > 0 {
					t.Errorf("%+v", got)
				}
				time.Sleep(time.Second)
			})
		})
	}
}

// TestWritesHang: a server that answers what is read and leaves writes without an answer is left after as many in a row as open a breaker,
// whatever it answers between them, as one that takes no changes is: it is not soon gone back to. One write that it answers says that it
// does; and it is all that there is while no other may be asked.
func TestWritesHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b")
		var hangs atomic.Bool
		answers := m.network["a"].script
		m.network["a"].script = func(s *session, r message) bool {
			return hangs.Load() && r.op == ldap.ApplicationModifyRequest || answers(s, r)
		}
		c, _ := m.client(t, "a", "b")
		defer c.Close()
		write := func() error { return c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err }
		asks := func(writes int) {
			t.Helper()
			for range writes {
				if err := write(); err == nil {
					t.Fatal("a write that nobody answers is done")
				}
				for range 3 {
					if err := find(t.Context(), c); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		hangs.Store(true)
		asks(DefaultFailures - 1)
		hangs.Store(false)
		if err := write(); err != nil {
			t.Fatal(err)
		}
		hangs.Store(true)
		asks(DefaultFailures - 1)
		if at := c.pool.server(); at != 0 {
			t.Fatalf("server %d is in use", at)
		}
		asks(1)
		if err := write(); err != nil || c.pool.server() != 1 {
			t.Fatalf("server %d is in use: %v", c.pool.server(), err)
		}
		if first := c.State().Each[0]; first.Is != Up || !strings.Contains(first.Why, "took no changes") {
			t.Errorf("it is told as %s", first)
		}
		hangs.Store(false)
		if took := until(t, c, 0, 2*maxBack); took < maxBack-lookPause {
			t.Errorf("back after %v", took)
		}
		hangs.Store(true)
		asks(DefaultFailures - 1)
		if at := c.pool.server(); at != 0 {
			t.Errorf("gone back to, and left at once: server %d is in use", at)
		}
	})
}

// TestWritesHangInTurns: of three servers whose writes hang the next is asked each time, also one that was left for that before, once all
// were; and where the only one that answers writes cannot be reached, what is read is answered by one that does not.
func TestWritesHangInTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b", "c")
		hangs := map[string]*atomic.Bool{"a": {}, "b": {}, "c": {}}
		for host, p := range m.network {
			answers := p.script
			p.script = func(s *session, r message) bool {
				return hangs[host].Load() && r.op == ldap.ApplicationModifyRequest || answers(s, r)
			}
		}
		c, _ := m.client(t, "a", "b", "c")
		defer c.Close()
		write := func() error { return c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err }
		third := func(most int) {
			t.Helper()
			fails := 0
			for write() != nil {
				if fails++; fails > most {
					t.Fatalf("%d writes failed, and server %d is in use", fails, c.pool.server())
				}
			}
			if at := c.pool.server(); at != 2 {
				t.Fatalf("server %d is in use", at)
			}
		}
		hangs["a"].Store(true)
		hangs["b"].Store(true)
		const each = DefaultFailures + 1 // the first may be short of time, for the switch
		third(2 * each)
		m.network["c"].kill()
		readOnce(t, c)
		m.network["c"].revive()
		third(1) // what hangs is known
		hangs["c"].Store(true)
		for c.pool.server() == 2 {
			_ = write()
		}
		hangs["c"].Store(false)
		third(3 * each) // from the first on, twice
	})
}

// TestServersOfAMirror: whichever of two real servers is in use, and whatever becomes of it, the other serves on, and nobody fails but who
// was under way; the breaker of the one opens, closes when it is well again, and the directory's never opens.
func TestServersOfAMirror(t *testing.T) {
	t.Parallel()
	servers, _ := dirtest.Mirror(t)
	fronts := [2]*dirtest.Proxy{dirtest.Counted(t, servers[0]), dirtest.Counted(t, servers[1])}
	o := Options{URLs: []string{fronts[0].URL, fronts[1].URL}, Timeout: 2 * time.Second}
	o.Failover = FailoverOptions{Back: minBack, Stay: true} // what is looked at is looked at often
	o.Bind = BindOptions{DN: servers[0].BindDN, Password: servers[0].Password}
	c, err := New(o, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if _, err := c.Server(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Compare([]string{servers[0].People})
	dn := person(t, servers[0], "ada")
	for n, test := range []struct {
		fault string
		put   func(*dirtest.Proxy)
		fails int64 // of each reader's requests, at most
	}{
		{"refuses", func(p *dirtest.Proxy) { p.Refuse(); p.Reset() }, 0},
		{"is busy", func(p *dirtest.Proxy) { p.Answer(ldap.LDAPResultBusy, "later", "search", "modify") }, 0},
		{"swallows", (*dirtest.Proxy).Swallow, 1},
		{"is slow", func(p *dirtest.Proxy) { p.Delay(5 * time.Second) }, 1},
	} {
		if err := c.Execute(t.Context(), numbered(dn, n), nil).Err; err != nil {
			t.Fatal(test.fault, err)
		}
		noted(t, c)
		faulty := c.State().Server - 1
		servers[1-faulty].CatchUp(t, servers[faulty])
		wait := func(what string, so func(faulty Standing) bool) {
			t.Helper()
			for until := time.Now().Add(time.Minute); !so(c.State().Each[faulty]); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(until) {
					t.Fatalf("server %d %s: %s: %+v", faulty+1, test.fault, what, c.State())
				}
			}
		}
		ctx, end := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		var answered atomic.Int64
		for range 4 {
			readers.Go(func() {
				var failed int64
				for ctx.Err() == nil {
					if _, err := number(t.Context(), c, dn); err != nil {
						failed++
						t.Logf("server %d %s: %v", faulty+1, test.fault, err)
					} else {
						answered.Add(1)
					}
					time.Sleep(2 * time.Millisecond)
				}
				if failed > test.fails {
					t.Errorf("server %d %s: %d requests of one failed, want %d", faulty+1, test.fault, failed, test.fails)
				}
			})
		}
		opened := c.State().Each[faulty].Opened
		wait("nobody is served before", func(Standing) bool { return answered.Load() > 20 })
		test.put(fronts[faulty])
		wait("its breaker does not open", func(s Standing) bool { return s.Opened > opened })
		served := answered.Load()
		wait("the other does not serve", func(Standing) bool { return answered.Load() > served+20 })
		if err := c.Execute(t.Context(), numbered(dn, n), nil).Err; err != nil {
			t.Errorf("server %d %s: the other takes no changes: %v", faulty+1, test.fault, err)
		}
		fronts[faulty].Mend(t)
		wait("its breaker does not close", func(s Standing) bool { return s.Breaker == Closed && s.Is == Up })
		end()
		readers.Wait()
		if state := c.State(); state.Opened > 0 || state.Server-1 == faulty {
			t.Errorf("server %d %s: %+v", faulty+1, test.fault, state)
		}
	}
}

// TestRetryAfterGrows: who is turned away is to come back the later, the longer the outage lasts.
func TestRetryAfterGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := network{"a": {down: true}}.client(t, "a")
		defer c.Close()
		for c.State().Breaker == Closed {
			_ = find(t.Context(), c)
		}
		for _, after := range []struct{ outage, least time.Duration }{
			{0, DefaultPause}, {time.Minute, 15 * time.Second}, {time.Hour, maxRetryAfter},
		} {
			time.Sleep(after.outage)
			told := wantReason(t, find(t.Context(), c), reason.Unavailable).RetryAfter
			if told < after.least || told > after.least*5/4 {
				t.Errorf("after %v: %v, want %v", after.outage, told, after.least)
			}
		}
	})
}
