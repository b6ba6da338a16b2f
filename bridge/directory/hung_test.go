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
	kept []func()
}

func newLocked() *locked {
	l := &locked{}
	l.script = func(s *session, m message) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		if m.op == ldap.ApplicationModifyRequest && l.shut {
			l.kept = append(l.kept, func() { s.result(m, 0, "") })
			return true
		}
		return false
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
