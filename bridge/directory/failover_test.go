package directory

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// mirror is a group of peers that replicate: each write of one comes to the others later.
type mirror struct {
	network
	lag time.Duration // negative: never

	mu     sync.Mutex
	counts map[string]map[string]int // by peer: how many writes it has got of each
	mute   bool                      // none tells what it has got
	still  bool                      // what they tell came with a copy of a database
}

func newMirror(hosts ...string) *mirror {
	m := &mirror{network: network{}, counts: map[string]map[string]int{}}
	for _, host := range hosts {
		m.counts[host] = map[string]int{}
		for _, from := range hosts {
			m.counts[host][from] = 1
		}
		p := &peer{root: []ldif.Attribute{{Name: "namingContexts", Values: []string{"dc=example"}}}}
		p.script = func(s *session, r message) bool { return m.answers(host, s, r) }
		m.network[host] = p
	}
	return m
}

// answers does what a script does for one of them.
func (m *mirror) answers(host string, s *session, r message) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case r.op == ldap.ApplicationModifyRequest:
		m.counts[host][host]++
		at := m.counts[host][host]
		if m.lag >= 0 {
			time.AfterFunc(m.lag, func() { m.replicate(host, at) })
		}
	case r.op == ldap.ApplicationSearchRequest && strings.EqualFold(r.target(), "dc=example") && r.request.Children[1].Value == int64(0):
		var csns []string
		for from, n := range m.counts[host] {
			if m.still {
				n = 1
			}
			csns = append(csns, fmt.Sprintf("20260102120000.%06dZ#000000#%s#000000", n, from))
		}
		e := []ldif.Attribute{{Name: "contextCSN", Values: csns}}
		if m.mute {
			e = nil
		}
		s.entry(r, "dc=example", e...)
		s.result(r, 0, "")
		return true
	}
	return false
}

func (m *mirror) replicate(from string, at int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, counts := range m.counts {
		counts[from] = max(counts[from], at)
	}
}

func (m *mirror) has(host, from string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[host][from]
}

// client is a client of the peers that has met the one in use.
func (m *mirror) client(t *testing.T, hosts ...string) (*Client, *said) {
	t.Helper()
	log := &said{}
	o := Options{AllowCleartext: true, Kind: ldif.OpenLDAP, Bind: BindOptions{DN: "cn=bridge", Password: "sesame-open"}}
	for _, h := range hosts {
		o.URLs = append(o.URLs, "ldap://"+h)
	}
	c, err := newClient(o, slog.New(slog.NewTextHandler(log, nil)), m.dial)
	if err != nil {
		t.Fatal(err)
	}
	m.meet(t, c)
	return c, log
}

func (m *mirror) meet(t *testing.T, c *Client) {
	t.Helper()
	if _, err := c.Server(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Compare([]string{"ou=people,dc=example"})
	synctest.Wait()
}

type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(line)
}

func (s *said) count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.text.String(), what)
}

func writeOnce(t *testing.T, c *Client) {
	t.Helper()
	if err := c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err; err != nil {
		t.Fatal(err)
	}
}

func readOnce(t *testing.T, c *Client) {
	t.Helper()
	if _, err := c.Search(t.Context(), anyone); err != nil {
		t.Fatal(err)
	}
}

// step is between the writes of until.
const step = 2 * time.Second

// until is how long it takes to come to a server, writing all the while.
func until(t *testing.T, c *Client, server int, most time.Duration) time.Duration {
	t.Helper()
	begun := time.Now()
	for c.pool.server() != server {
		if time.Since(begun) > most {
			t.Fatalf("on server %d after %v", c.pool.server(), most)
		}
		writeOnce(t, c)
		time.Sleep(step)
	}
	return time.Since(begun)
}

// TestGoesBack: once the first has been well for directory.failover.back, and no longer, new work goes there, and what was written on the
// second is there.
func TestGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b")
		m.lag = 30 * time.Millisecond
		m.network["a"].down = true
		c, log := m.client(t, "a", "b")
		defer c.Close()
		time.Sleep(3 * DefaultBack)
		if c.pool.server() != 1 || c.State().Each[0].Is != "down" {
			t.Fatalf("%+v", c.State())
		}
		m.network["a"].revive()
		if took := until(t, c, 0, 2*DefaultBack); took < DefaultBack {
			t.Errorf("after %v", took)
		}
		if m.has("a", "b") != m.has("b", "b") {
			t.Error("it lacks what the second has confirmed")
		}
		if binds := m.network["b"].conns; binds > 3 {
			t.Errorf("%d connections to the second", binds)
		}
		synctest.Wait()
		m.network["b"].mu.Lock()
		left := len(m.network["b"].open)
		m.network["b"].mu.Unlock()
		if left > 0 {
			t.Errorf("%d connections to the second are left", left)
		}
		writeOnce(t, c)
		state := c.State()
		if state.Each[0].Is != "up" || state.Each[1].Is != "up" || state.Switches != [3]int{2: 1} || state.Server != 1 {
			t.Errorf("%+v", state)
		}
		for line, want := range map[string]int{
			`a server is down" place=1 url=ldap://a`: 1, `a server is up again" place=1`: 1, `going back" url=ldap://a from=ldap://b`: 1,
		} {
			if got := log.count(line); got != want {
				t.Errorf("%s: said %d times", line, got)
			}
		}
	})
}

// TestGoesBackInOrder: to the first of those that are well.
func TestGoesBackInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b", "c")
		m.network["a"].down, m.network["b"].down = true, true
		c, _ := m.client(t, "a", "b", "c")
		defer c.Close()
		m.network["b"].revive()
		until(t, c, 1, 2*DefaultBack)
		m.network["a"].revive()
		until(t, c, 0, 2*DefaultBack)
		if m.has("a", "c") != m.has("c", "c") || m.has("a", "b") != m.has("b", "b") {
			t.Errorf("%+v", m.counts)
		}
	})
}

// TestStays: where the configuration says so, or no server tells what it has got.
func TestStays(t *testing.T) {
	for name, prepare := range map[string]func(*mirror, *Client){
		"as configured":             func(_ *mirror, c *Client) { c.options.Failover.Stay = true },
		"nobody tells":              func(m *mirror, _ *Client) { m.mute = true },
		"what is told stands still": func(m *mirror, _ *Client) { m.still = true },
		"it never gets it":          func(m *mirror, _ *Client) { m.lag = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMirror("a", "b")
				m.network["a"].down = true
				c, log := m.client(t, "a", "b")
				defer c.Close()
				prepare(m, c)
				m.network["a"].revive()
				for range 300 {
					writeOnce(t, c)
					time.Sleep(step)
				}
				if c.pool.server() != 1 {
					t.Error("it went back")
				}
				told := map[string]int{"nobody tells": 1, "what is told stands still": 1}
				if got := log.count("is well and not gone back to"); got != told[name] {
					t.Errorf("told %d times", got)
				}
			})
		})
	}
}

// TestFlapping: a server that fails soon after each return is gone back to after twice as long, up to an hour.
func TestFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b")
		m.network["a"].down = true
		c, _ := m.client(t, "a", "b")
		defer c.Close()
		want := DefaultBack
		for range 9 {
			m.network["a"].revive()
			if took := until(t, c, 0, 2*maxBack); took < want || took > want+2*lookPause {
				t.Errorf("back after %v, want %v", took, want)
			}
			time.Sleep(time.Second)
			m.network["a"].kill()
			synctest.Wait()
			until(t, c, 1, time.Minute)
			want = min(2*want, maxBack)
		}
		m.network["a"].revive()
		until(t, c, 0, 2*maxBack)
		time.Sleep(2 * maxBack) // it stood
		m.network["a"].kill()
		synctest.Wait()
		until(t, c, 1, time.Minute)
		m.network["a"].revive()
		if took := until(t, c, 0, 2*maxBack); took > DefaultBack+2*lookPause {
			t.Errorf("back after %v", took)
		}
	})
}

// TestWellWithoutAGap: neither a look that fails nor an outage of all counts as a time when a server was well.
func TestWellWithoutAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b")
		m.network["a"].down = true
		c, _ := m.client(t, "a", "b")
		defer c.Close()
		m.network["a"].revive()
		time.Sleep(DefaultBack - lookPause)
		m.network["a"].kill()
		time.Sleep(lookPause + time.Second)
		m.network["a"].revive()
		if took := until(t, c, 0, 2*DefaultBack); took < DefaultBack {
			t.Errorf("back %v after it was down", took)
		}
		m.network["a"].kill()
		synctest.Wait()
		until(t, c, 1, time.Minute)
		time.Sleep(lookPause) // it is known
		m.network["a"].revive()
		time.Sleep(DefaultBack)
		m.network["a"].kill()
		m.network["b"].kill()
		for c.Available() {
			_, _ = c.Search(t.Context(), anyone)
		}
		m.network["b"].revive()
		time.Sleep(2 * time.Second)
		readOnce(t, c)
		m.network["a"].revive()
		if took := until(t, c, 0, 4*DefaultBack); took < 2*DefaultBack-lookPause {
			t.Errorf("back %v after all were away", took)
		}
	})
}

// TestWhatBeganEndsThere: what goes one way is not moved in its middle, holds up others' writes for a moment alone, and reads not at all.
func TestWhatBeganEndsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b")
		m.network["a"].down = true
		c, _ := m.client(t, "a", "b")
		defer c.Close()
		m.network["a"].revive()
		ctx, done := OneWay(t.Context())
		if _, err := c.Search(ctx, anyone); err != nil {
			t.Fatal(err)
		}
		var longest time.Duration
		for range 3 * 60 * 5 {
			begun := time.Now()
			readOnce(t, c)
			if took := time.Since(begun); took > 0 {
				t.Fatalf("a read took %v", took)
			}
			writeOnce(t, c)
			longest = max(longest, time.Since(begun))
			time.Sleep(200 * time.Millisecond)
		}
		if c.pool.server() != 1 || longest == 0 || longest > goBackWithin {
			t.Fatalf("on server %d; a write took %v", c.pool.server(), longest)
		}
		if err := c.Execute(ctx, modifyMail("uid=ada"), nil).Err; err != nil {
			t.Fatal(err)
		}
		if n := m.network["a"].count(ldap.ApplicationModifyRequest); n > 0 {
			t.Errorf("%d of its writes went elsewhere", n)
		}
		done()
		until(t, c, 0, 2*DefaultBack)
	})
}

// refuseBinds has a peer refuse a password, so long as it is told to.
func refuseBinds(m *mirror, host string, wrong *string) {
	script := m.network[host].script
	m.network[host].script = func(s *session, r message) bool {
		if r.op == ldap.ApplicationBindRequest && r.request.Children[2].Data.String() == *wrong {
			s.result(r, ldap.LDAPResultInvalidCredentials, "")
			return true
		}
		return script(s, r)
	}
}

// TestLooksOfferSparingly: a first server that refuses the bridge's bind is offered it no more often than any is, and takes nothing from
// who is served by the second.
func TestLooksOfferSparingly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b")
		m.network["a"].down = true
		wrong := "sesame-open"
		refuseBinds(m, "a", &wrong)
		c, _ := m.client(t, "a", "b")
		defer c.Close()
		m.network["a"].revive()
		for range 360 {
			writeOnce(t, c)
			time.Sleep(10 * time.Second)
			m.network["b"].kill() // what the second accepts at each connection says nothing of the first
			m.network["b"].revive()
			synctest.Wait()
		}
		if n := m.network["a"].count(ldap.ApplicationBindRequest); n < 2 || n > 3 {
			t.Errorf("%d binds were offered", n)
		}
		if state := c.State(); state.Opened > 0 || state.Server != 2 || state.Each[0].Is != "down" {
			t.Errorf("%+v", state)
		}
	})
}

// TestNewPasswordAtTheFirst: what the first has yet to be offered it is offered at the next look.
func TestNewPasswordAtTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b")
		m.network["a"].down = true
		wrong := "old"
		refuseBinds(m, "a", &wrong)
		file := filepath.Join(t.TempDir(), "password")
		put := func(password string) {
			if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		put("old")
		c, _ := m.client(t, "a", "b")
		defer c.Close()
		for _, own := range append(c.pool.dialer.looks, &c.pool.dialer.credential) {
			own.options.Bind = BindOptions{DN: "cn=bridge", PasswordFile: file}
		}
		m.network["a"].revive()
		time.Sleep(10 * time.Minute)
		put("new")
		until(t, c, 0, 2*DefaultBack)
	})
}

// TestStaysWhereTheFirstCannotServe: one that takes no changes, as no look finds out, is gone back to once an hour, and no request fails.
func TestStaysWhereTheFirstCannotServe(t *testing.T) {
	for name, refuse := range map[string]func(*session, message){
		"read-only": func(s *session, r message) { s.result(r, ldap.LDAPResultUnwillingToPerform, "operation restricted") },
		"referral":  func(s *session, r message) { s.refer(r, "ldap://b") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMirror("a", "b")
				script := m.network["a"].script
				m.network["a"].script = func(s *session, r message) bool {
					if r.op == ldap.ApplicationModifyRequest {
						refuse(s, r)
						return true
					}
					return script(s, r)
				}
				c, _ := m.client(t, "a", "b")
				defer c.Close()
				for range 2*360 + 60 {
					writeOnce(t, c)
					time.Sleep(10 * time.Second)
				}
				if n := m.network["a"].count(ldap.ApplicationModifyRequest); n != 3 {
					t.Errorf("%d writes went there", n)
				}
				if state := c.State(); state.Server != 2 || state.Each[0].Why == "" || state.Opened > 0 {
					t.Errorf("%+v", state)
				}
			})
		})
	}
}

// TestLooksAreFew: a server that is not in use is connected to four times a minute. Where there is but one, it is not.
func TestLooksAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b", "c")
		c, _ := m.client(t, "a", "b", "c")
		defer c.Close()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		for _, host := range []string{"b", "c"} {
			if n := m.network[host].conns; n != 40 {
				t.Errorf("%s: %d connections in ten minutes", host, n)
			}
		}
		one := newMirror("a")
		single, _ := one.client(t, "a")
		defer single.Close()
		writeOnce(t, single)
		time.Sleep(time.Hour)
		if n, searches := one.network["a"].conns, one.network["a"].count(ldap.ApplicationSearchRequest); n != 1 || searches != 1 {
			t.Errorf("%d connections, %d searches", n, searches)
		}
	})
}

// TestLag: after a switch nothing is asked of a server that has yet to get what the one before had confirmed, for as long as it may come.
func TestLag(t *testing.T) {
	for name, test := range map[string]struct {
		lag     time.Duration
		pause   time.Duration // after the write
		writes  int
		prepare func(*mirror)
		least   time.Duration // until a read is answered
		most    time.Duration
		how     caught
	}{
		"it has it": {lag: 0, pause: time.Second, writes: 2, how: caughtUp},
		"it gets it": {
			lag: 2 * time.Second, pause: time.Second, writes: 2, least: time.Second, most: 1100 * time.Millisecond, how: caughtUp,
		},
		"it never gets it": {lag: -1, pause: time.Hour, writes: 2, least: DefaultLag, most: DefaultLag + time.Second, how: behind},
		"what is told stands still": {
			lag: 0, pause: time.Second, writes: 2, prepare: func(m *mirror) { m.still = true },
			least: DefaultLag - time.Second, most: DefaultLag - time.Second, how: untold,
		},
		"the last is not noted": {lag: 0, writes: 3, least: DefaultLag - time.Second, most: DefaultLag, how: untold},
		"nobody tells": {
			lag: 0, pause: time.Second, writes: 2, prepare: func(m *mirror) { m.mute = true },
			least: DefaultLag - time.Second, most: DefaultLag - time.Second, how: untold,
		},
		"nobody tells, of long ago": {lag: 0, pause: time.Hour, writes: 2, prepare: func(m *mirror) { m.mute = true }, how: untold},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMirror("a", "b")
				m.lag = test.lag
				if test.prepare != nil {
					test.prepare(m)
				}
				c, log := m.client(t, "a", "b")
				defer c.Close()
				for n := range test.writes {
					writeOnce(t, c)
					switch {
					case test.pause > 0:
						synctest.Wait()
						time.Sleep(notePause)
					case n < test.writes-1: // the next is too early for the next question
						time.Sleep(notePause * 3 / 4)
					}
				}
				time.Sleep(max(0, test.pause-notePause))
				m.network["a"].kill()
				begun := time.Now()
				for reasonOf(find(t.Context(), c)) == reason.Unavailable {
				}
				took := time.Since(begun)
				if took < test.least || took > test.most {
					t.Errorf("answered after %v", took)
				}
				if test.how == caughtUp && m.has("b", "a") != m.has("a", "a") {
					t.Error("by one that lacks what was confirmed")
				}
				want := [3]int{}
				want[test.how] = 1
				if got := c.State().Switches; got != want {
					t.Errorf("%v", got)
				}
				if told := log.count("level=ERROR msg=\"directory: writes may be missing"); (told == 1) != (test.how != caughtUp) {
					t.Errorf("told %d times", told)
				}
			})
		})
	}
}

// TestLagPrefersWhoHasIt: of two that can be reached, the one that has got everything is taken at once.
func TestLagPrefersWhoHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b", "c")
		m.lag = -1
		c, _ := m.client(t, "a", "b", "c")
		defer c.Close()
		for range 2 {
			writeOnce(t, c)
			time.Sleep(2 * notePause)
		}
		m.mu.Lock()
		m.counts["c"]["a"] = m.counts["a"]["a"]
		m.mu.Unlock()
		m.network["a"].kill()
		synctest.Wait()
		begun := time.Now()
		readOnce(t, c)
		if c.pool.server() != 2 || time.Since(begun) > 0 {
			t.Errorf("on server %d after %v", c.pool.server(), time.Since(begun))
		}
	})
}

// TestLagIsWaitedForOnce: what a server lacked that was taken all the same, the next is not asked for.
func TestLagIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b", "c")
		m.lag = -1
		c, _ := m.client(t, "a", "b", "c")
		defer c.Close()
		for range 2 {
			writeOnce(t, c)
			time.Sleep(2 * notePause)
		}
		m.network["a"].kill()
		synctest.Wait()
		readOnce(t, c)
		m.network["b"].kill()
		synctest.Wait()
		begun := time.Now()
		readOnce(t, c)
		if state := c.State(); state.Server != 3 || time.Since(begun) > 0 || state.Switches != [3]int{1} {
			t.Errorf("after %v: %+v", time.Since(begun), state)
		}
	})
}

// TestLagOutlivesAReload: what a client had confirmed holds for the one that takes its place, though that is of another server,
// since DNS tells of that now.
func TestLagOutlivesAReload(t *testing.T) {
	for name, urls := range map[string][2][]string{
		"the same servers": {{"ldap://a", "ldap://b"}, {"ldap://a", "ldap://b"}},
		"another":          {{"ldap://a"}, {"ldap://b"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMirror("a", "b")
				m.lag = -1
				o := Options{AllowCleartext: true, Kind: ldif.OpenLDAP, URLs: urls[0]}
				o.named, o.from = []string{"ldap://_ldap._tcp.example"}, []int{0, 0}
				client := func() *Client {
					c, err := newClient(o, slog.New(slog.DiscardHandler), m.dial)
					if err != nil {
						t.Fatal(err)
					}
					return c
				}
				before := client()
				defer before.Close()
				m.meet(t, before)
				for range 2 {
					writeOnce(t, before)
					time.Sleep(2 * notePause)
				}
				m.network["a"].kill()
				o.URLs, o.PageSize = urls[1], 7
				c := client()
				defer c.Close()
				c.Succeed(before)
				begun := time.Now()
				readOnce(t, c)
				if took := time.Since(begun); took < DefaultLag {
					t.Errorf("answered after %v by one that lags", took)
				}
			})
		})
	}
}

// TestWriteUnderWayElsewhere: no server is taken while one that was left may yet confirm a write.
func TestWriteUnderWayElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b")
		script := m.network["a"].script
		m.network["a"].script = func(s *session, r message) bool {
			if r.op != ldap.ApplicationModifyRequest || r.nth < 3 {
				return script(s, r)
			}
			if r.nth == 4 { // and no new connection is taken
				m.network["a"].mu.Lock()
				m.network["a"].down = true
				m.network["a"].mu.Unlock()
				s.result(r, ldap.LDAPResultUnavailable, "")
				return true
			}
			go func() {
				time.Sleep(time.Second)
				if !script(s, r) {
					s.result(r, 0, "")
				}
			}()
			return true
		}
		c, _ := m.client(t, "a", "b")
		defer c.Close()
		for range 2 {
			writeOnce(t, c)
			time.Sleep(2 * notePause)
		}
		var slow sync.WaitGroup
		slow.Go(func() { writeOnce(t, c) })
		synctest.Wait()
		slow.Go(func() { writeOnce(t, c) }) // which has the server be left
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
		defer cancel()
		if _, err := c.Search(ctx, anyone); err == nil {
			t.Error("a read was answered by the next, while the first may yet confirm a write")
		}
		slow.Wait()
		readOnce(t, c)
		if m.has("b", "a") != m.has("a", "a") {
			t.Error("it lacks what was confirmed")
		}
	})
}
