package directory

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// TestGoesBack: once the first has been well for directory.failover.back, and no longer, new work goes there, and what was written on the
// second is there.
func TestGoesBack(t *testing.T) {
	for _, kind := range []ldif.ServerKind{ldif.OpenLDAP, ldif.ActiveDirectory} {
		t.Run(string(kind), func(t *testing.T) { synctest.Test(t, func(t *testing.T) { goesBack(t, kind) }) })
	}
}

func goesBack(t *testing.T, kind ldif.ServerKind) {
	m := newMirror("a", "b")
	m.kind = kind
	m.lag = step * 3 / 4 // what is written last, is on its way when the first is looked at
	m.network["a"].down = true
	c, log := m.client(t, "a", "b")
	defer c.Close()
	time.Sleep(3*DefaultBack + step/8) // no write begins when the first is looked at
	if c.pool.server() != 1 || c.State().Each[0].Is != "down" {
		t.Fatalf("%+v", c.State())
	}
	m.network["a"].revive()
	stop := m.reads(t, c)
	if took := until(t, c, 0, 2*DefaultBack); took < DefaultBack || took > DefaultBack+2*lookPause {
		t.Errorf("after %v", took)
	}
	stop()
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
		if got := strings.Count(log.String(), line); got != want {
			t.Errorf("%s: said %d times", line, got)
		}
	}
}

// TestGoesBackToTheLastWrite: of a server that counts its changes another need not have got what it counts after the last write.
func TestGoesBackToTheLastWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b")
		m.kind = ldif.ActiveDirectory
		m.network["a"].down = true
		c, _ := m.client(t, "a", "b")
		defer c.Close()
		writeOnce(t, c)
		time.Sleep(2 * notePause)
		m.mu.Lock()
		m.others["b"]++
		m.mu.Unlock()
		m.network["a"].revive()
		time.Sleep(DefaultBack + 3*lookPause)
		if c.pool.server() != 0 || m.has("a", "b") != m.has("b", "b") {
			t.Errorf("on server %d, %+v", c.pool.server(), m.counts)
		}
	})
}

// TestGoesBackInOrder: to the first of those that are well, and to none behind the one in use.
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
		for begun := time.Now(); time.Since(begun) < 2*DefaultBack; time.Sleep(step) {
			writeOnce(t, c)
			if c.pool.server() != 0 {
				t.Fatalf("on server %d", c.pool.server())
			}
		}
		m.network["a"].kill()
		m.network["b"].kill()
		synctest.Wait()
		until(t, c, 2, time.Minute)
		time.Sleep(lookPause) // it is known
		written := m.network["b"].count(ldap.ApplicationModifyRequest)
		m.network["a"].revive()
		m.network["b"].revive()
		until(t, c, 0, 2*DefaultBack)
		if m.network["b"].count(ldap.ApplicationModifyRequest) != written {
			t.Error("by the second, while the first was well too")
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
				if got := strings.Count(log.String(), "is well and not gone back to"); got != told[name] {
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

// TestLooksAreFew: a server that is not in use is connected to four times a minute. The one that is, it is not.
func TestLooksAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirror("a", "b", "c")
		c, _ := m.client(t, "a", "b", "c")
		defer c.Close()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		for host, want := range map[string]int{"a": 1, "b": 40, "c": 40} {
			if n := m.network[host].conns; n != want {
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

// TestClosedWithinALook: where the bridge ends when another server has just answered its look, that connection ends too.
func TestClosedWithinALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		second := &peer{}
		defer second.kill()
		c := network{"a": {}, "b": second}.client(t, "a", "b")
		c.Observe(func(context.Context, Exchange) {
			if second.count(ldap.ApplicationSearchRequest) > 0 {
				c.end()
			}
		})
		readOnce(t, c)
		time.Sleep(lookPause)
		synctest.Wait()
		c.Close()
		synctest.Wait()
		if n := second.links(); n > 0 || second.conns != 1 {
			t.Errorf("%d of %d connections are left", n, second.conns)
		}
	})
}

// TestPatience: each time that a server was gone back to in vain doubles how long it must be well, to an hour or what was said.
func TestPatience(t *testing.T) {
	for _, c := range []struct {
		back time.Duration
		vain int
		want time.Duration
	}{
		{time.Minute, 0, time.Minute},
		{time.Minute, 3, 8 * time.Minute},
		{time.Minute, 100, time.Hour},
		{48 * time.Hour, 40, 48 * time.Hour},
	} {
		w := watcher{Client: &Client{pool: &pool{readOnly: []bool{false}}}, vain: []int{c.vain}}
		w.options.Failover.Back = c.back
		if got := w.patience(0); got != c.want {
			t.Errorf("%v, in vain %d times: %v, want %v", c.back, c.vain, got, c.want)
		}
	}
}
