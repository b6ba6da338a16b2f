package directory

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// locked is a server whose database may be: it keeps changes, and answers them when they are let go.
type locked struct {
	peer
	mu   sync.Mutex
	shut bool
	busy bool // and says so
	kept []func()
}

func newLocked() *locked {
	l := &locked{}
	l.script = func(s *session, m message) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		switch {
		case m.op != ldap.ApplicationModifyRequest:
			return false
		case l.shut:
			l.kept = append(l.kept, func() { s.result(m, 0, "") })
		case l.busy:
			s.result(m, ldap.LDAPResultBusy, "")
		default:
			return false
		}
		return true
	}
	return l
}

// lock keeps changes from now on, or none any more.
func (l *locked) lock(yes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shut = yes
}

// answer answers the oldest of what is kept.
func (l *locked) answer() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept[0]()
	l.kept = l.kept[1:]
}

// TestWritesHangAlone: where there is no other server than one that leaves writes without an answer, none is sent after as many in a row as
// open a breaker: each is refused at once, and nothing was done. What is read goes on. The first answer, however late, lets writes go on;
// where none comes, one write in a while is tried.
func TestWritesHangAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLocked()
		c := network{"a": &l.peer}.client(t, "a")
		defer c.Close()
		write := func() error { return c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err }
		sent := func() int { return l.count(ldap.ApplicationModifyRequest) }
		hangs := func(writes int) {
			t.Helper()
			for range writes {
				wantReason(t, write(), reason.Unknown)
				readOnce(t, c)
			}
		}
		shed := func() {
			t.Helper()
			begun, before := time.Now(), sent()
			for range 2 * DefaultFailures {
				receipt := c.Execute(t.Context(), modifyMail("uid=ada"), nil)
				wantReason(t, receipt.Err, reason.Unwritable)
				if receipt.Steps[0].State != ldif.NotSent {
					t.Errorf("it is told as %s", receipt.Steps[0].State)
				}
				readOnce(t, c)
			}
			if took := time.Since(begun); took > 0 || sent() != before || c.Available() {
				t.Errorf("refused after %v, %d sent, available %t", took, sent()-before, c.Available())
			}
		}
		goesOn := func() {
			t.Helper()
			begun := time.Now()
			if err := write(); err != nil || time.Since(begun) > 0 || !c.Available() {
				t.Fatalf("after %v, available %t: %v", time.Since(begun), c.Available(), err)
			}
		}

		l.lock(true)
		hangs(DefaultFailures - 1)
		l.lock(false)
		goesOn()
		l.lock(true)
		hangs(DefaultFailures)
		shed()
		l.lock(false)
		for len(l.kept) > DefaultFailures-1 {
			l.answer() // of those before one was answered
		}
		synctest.Wait()
		goesOn()

		l.lock(true)
		hangs(DefaultFailures)
		time.Sleep(unwritableFor)
		shed()
		time.Sleep(time.Second)
		synctest.Wait()
		if n := l.links(); n > 1 {
			t.Errorf("%d connections are held", n)
		}
		tried := make(chan error)
		go func() { tried <- write() }()
		synctest.Wait()
		shed()
		wantReason(t, <-tried, reason.Unknown)
		shed()
		time.Sleep(unwritableFor + time.Second)
		go func() { tried <- write() }()
		synctest.Wait()
		l.lock(false)
		shed() // nobody knows yet
		l.kept[len(l.kept)-1]()
		if err := <-tried; err != nil {
			t.Fatal(err)
		}
		goesOn()
	})
}

// TestWritesHangAtOnce: as many that wait at the same time open no breaker, also where the other servers are down.
func TestWritesHangAtOnce(t *testing.T) {
	for _, hosts := range [][]string{{"a"}, {"b", "a"}} {
		t.Run(fmt.Sprint(len(hosts)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLocked()
				c := network{"a": &l.peer, "b": {down: true}}.client(t, hosts...)
				defer c.Close()
				for len(hosts) > 1 && c.State().Each[0].Breaker == Closed {
					readOnce(t, c)
					time.Sleep(time.Second)
				}
				l.lock(true)
				var all sync.WaitGroup
				for range 3 * DefaultFailures {
					all.Go(func() { _ = c.Execute(t.Context(), modifyMail("uid=ada"), nil) })
				}
				all.Wait()
				for range 30 {
					readOnce(t, c)
					time.Sleep(100 * time.Millisecond)
				}
				if s := c.State(); s.Opened > 0 || s.Writable {
					t.Errorf("%+v", s)
				}
				if len(hosts) > 1 {
					return
				}
				for range DefaultFailures { // what is not sent says nothing of the server
					c.breaker.against(&outage{cause: errLate})
					_ = c.Execute(t.Context(), modifyMail("uid=ada"), nil)
				}
				if s := c.State(); s.Opened != 1 {
					t.Errorf("it does not open: %+v", s)
				}
			})
		})
	}
}

// TestWritesHangBeforeReplicas: beside servers that take no changes writes are refused at once too, until the one that hangs answers.
func TestWritesHangBeforeReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLocked()
		c := network{"a": &l.peer, "b": readOnly(shadow)}.client(t, "a", "b")
		defer c.Close()
		write := func() error { return c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err }
		l.lock(true)
		waited := 0
		for range 5 * DefaultFailures {
			begun := time.Now()
			if write() == nil {
				t.Fatal("a write that nobody answers is done")
			}
			if time.Since(begun) > 0 {
				waited++
			}
			readOnce(t, c)
		}
		if waited > DefaultFailures {
			t.Errorf("%d writes waited", waited)
		}
		l.lock(false)
		l.answer()
		synctest.Wait()
		if err := write(); err != nil || c.pool.server() != 0 {
			t.Errorf("server %d is in use: %v", c.pool.server(), err)
		}
	})
}

// TestWritesHangUntil: writes go on at once where a server that left them without an answer is started again, or answers one that tries,
// whatever it answers; and the one that tries is not lost with a connection that has ended.
func TestWritesHangUntil(t *testing.T) {
	for name, happens := range map[string]func(t *testing.T, c *Client, l *locked){
		"it is started again": func(_ *testing.T, _ *Client, l *locked) {
			l.kill()
			l.lock(false)
			l.revive()
			synctest.Wait()
		},
		"it is started again before one tries": func(_ *testing.T, _ *Client, l *locked) {
			time.Sleep(unwritableFor + time.Second)
			l.kill()
			l.lock(false)
			l.revive()
		},
		"it is busy": func(t *testing.T, c *Client, l *locked) {
			time.Sleep(unwritableFor + time.Second)
			l.lock(false)
			l.mu.Lock()
			l.busy = true
			l.mu.Unlock()
			wantReason(t, c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err, reason.Unavailable)
			l.mu.Lock()
			l.busy = false
			l.mu.Unlock()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLocked()
				c := network{"a": &l.peer}.client(t, "a")
				defer c.Close()
				l.lock(true)
				for range DefaultFailures {
					wantReason(t, c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err, reason.Unknown)
					readOnce(t, c)
				}
				happens(t, c, l)
				begun := time.Now()
				if err := c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err; err != nil || time.Since(begun) > 0 || !c.Available() {
					t.Errorf("after %v, available %t: %v", time.Since(begun), c.Available(), err)
				}
			})
		})
	}
}

// TestLate: a change that was not answered in time may be done yet until it is answered, be it that the connection ends before, and however
// long the time is.
func TestLate(t *testing.T) {
	for name, c := range map[string]struct {
		timeout time.Duration
		happens func(l *locked)
		late    bool
	}{
		"never":                          {4 * time.Second, func(*locked) {}, true},
		"never, of a long time":          {time.Minute, func(*locked) {}, true},
		"it is answered":                 {4 * time.Second, (*locked).answer, false},
		"it is answered, of a long time": {time.Minute, func(l *locked) { time.AfterFunc(45*time.Second, l.answer) }, false},
		"the connection ends":            {4 * time.Second, func(l *locked) { l.kill() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLocked()
				d := network{"a": &l.peer}.client(t, "a")
				defer d.Close()
				d.options.Timeout = c.timeout
				l.lock(true)
				err := d.Execute(t.Context(), modifyMail("uid=ada"), nil).Err
				wantReason(t, err, reason.Unknown)
				c.happens(l)
				synctest.Wait()
				if late := d.Late(t.Context(), err); late != c.late {
					t.Errorf("late: %t", late)
				}
			})
		})
	}
}

// TestLateAnswerOfAnother: that a server which was left answers a write at last says nothing of the one in use, which takes none.
func TestLateAnswerOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLocked()
		c := network{"a": &l.peer, "b": readOnly(shadow)}.client(t, "a", "b")
		defer c.Close()
		l.lock(true)
		for range DefaultFailures {
			_ = c.Execute(t.Context(), modifyMail("uid=ada"), nil)
			readOnce(t, c)
		}
		wantReason(t, c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err, reason.Unwritable)
		if c.pool.server() != 1 || c.Writable() {
			t.Fatalf("server %d is in use, writable %t", c.pool.server(), c.Writable())
		}
		l.answer()
		synctest.Wait()
		if c.pool.server() == 1 && c.Writable() {
			t.Error("it is said to take changes")
		}
	})
}

// TestIsLate: a change that no answer came to may be done as long as its answer is waited for, which ends.
func TestIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLocked()
		c := network{"a": &l.peer}.client(t, "a")
		defer c.Close()
		l.lock(true)
		err := c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err
		if wantReason(t, err, reason.Unknown); !IsLate(err) {
			t.Error("it is not waited for")
		}
		time.Sleep(unwritableFor + time.Second)
		if IsLate(err) {
			t.Error("it is waited for still")
		}
	})
}
