package webhook_test

import (
	"context"
	"database/sql"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/bridge/webhook"
)

// TestTell: another receiver is told of what comes and of what waits, by other keys, and of other events; nobody is told where there is no
// receiver, and what waits then waits on.
func TestTell(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		away := receive(t, func(_ got, w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) })
		first, second := receive(t, nil), receive(t, nil)
		c := start(t, o, webhook.Options{})
		c.hook.Start()
		tell := func(o webhook.Options) {
			t.Helper()
			to, err := c.hook.Receiver(o)
			if err != nil {
				t.Fatal(err)
			}
			c.hook.Tell(to)
		}
		c.write(t, "1") // of which nobody is to hear
		tell(webhook.Options{URL: first.URL, KeyFile: keyFile(t, key(1))})
		c.write(t, "2")
		wait(t, "the first is told", func() bool { return len(first.got()) == 1 })
		wait(t, "it is marked", c.empty(t))

		tell(webhook.Options{URL: away.URL, KeyFile: keyFile(t, key(1))})
		for range 6 {
			c.write(t, "3")
		}
		wait(t, "the receiver is away", func() bool { return c.hook.State().Away })
		tell(webhook.Options{}) // nobody
		if c.hook.Enabled() {
			t.Error("somebody is told")
		}
		c.write(t, "4")
		if err := c.View(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			if ids, err := c.hook.Needs(ctx, tx); err != nil || ids != nil {
				t.Errorf("what nobody is told keeps %v, %v", ids, err)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}

		tell(webhook.Options{URL: second.URL, KeyFile: keyFile(t, key(2)), Events: []webhook.Event{webhook.Refused, "blocked"}})
		c.record(t, "5", plan("5"), errRefused)
		wait(t, "the second is told", c.empty(t))
		told := map[string]int{}
		for _, g := range second.got() {
			if told[g.resource]++; string(g.keys) != "\x02" {
				t.Errorf("%s is signed by %v", g.id, g.keys)
			}
		}
		if told["3"] != 6 || told["5"] != 1 || len(told) != 2 {
			t.Errorf("the second is told of %v", told)
		}
		if c.hook.State().Away || len(first.got()) != 1 {
			t.Errorf("%+v, and the first is told of %d", c.hook.State(), len(first.got()))
		}
		if n := len(away.got()); n == 0 {
			t.Error("nobody was away")
		}
	})
}

// TestToldWhileItLooks: what is noted for another receiver is told that one, whatever the sender was doing when he came.
func TestToldWhileItLooks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		first, second := receive(t, nil), receive(t, nil)
		c := start(t, o, webhook.Options{URL: first.URL, KeyFile: keyFile(t, key(1))})
		next, err := c.hook.Receiver(webhook.Options{URL: second.URL, KeyFile: keyFile(t, key(2))})
		if err != nil {
			t.Fatal(err)
		}
		var looks atomic.Bool
		done := make(chan struct{})
		c.hook.Clock(func() time.Time { // which it asks before it looks for what is due
			if looks.CompareAndSwap(true, false) {
				c.hook.Tell(next)
				c.write(t, "2")
				close(done)
			}
			return time.Now()
		})
		c.hook.Start()
		c.write(t, "1")
		wait(t, "the first is told", c.empty(t))
		looks.Store(true)
		<-done
		wait(t, "the second is told", c.empty(t))
		if a, b := first.got(), second.got(); len(a) != 1 || len(b) != 1 || b[0].resource != "2" {
			t.Errorf("the first is told of %v, the second of %v", a, b)
		}
	})
}

// TestSameReceiver: who is told already is not given up for himself.
func TestSameReceiver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		w := webhook.Options{URL: "http://localhost:1/", KeyFile: keyFile(t, key(1))}
		c := start(t, o, w)
		one, err := c.hook.Receiver(w)
		if err != nil {
			t.Fatal(err)
		}
		c.hook.Tell(one)
		if again, err := c.hook.Receiver(w); err != nil || again != one {
			t.Errorf("it is another, %v", err)
		}
		w.Events = []webhook.Event{webhook.Held}
		if other, err := c.hook.Receiver(w); err != nil || other == one {
			t.Errorf("it is the same, %v", err)
		}
	})
}
