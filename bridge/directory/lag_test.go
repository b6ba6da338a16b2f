package directory

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

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
		for _, kind := range []ldif.ServerKind{ldif.OpenLDAP, ldif.ActiveDirectory} {
			t.Run(name+", "+string(kind), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := newMirror("a", "b")
					m.kind, m.lag = kind, test.lag
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
					told := strings.Count(log.String(), `level=ERROR msg="directory: writes may be missing`)
					if (told == 1) != (test.how != caughtUp) {
						t.Errorf("told %d times", told)
					}
				})
			})
		}
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
