package directory

import (
	"testing"
	"testing/synctest"
	"time"

	"scimbridge/bridge/reason"
)

// TestReach: a health check hears of a directory that went while nobody used it, and costs one that is there nothing.
func TestReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		if _, err := c.Search(t.Context(), anyone); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := c.Reach(t.Context()); err != nil || p.conns != 1 {
				t.Fatalf("%v, %d connections", err, p.conns)
			}
		}
		p.kill()
		synctest.Wait()
		for range 2 * DefaultFailures { // the breaker opens meanwhile
			wantReason(t, c.Reach(t.Context()), reason.Unavailable)
		}
		if c.breaker.closed() {
			t.Error("not open")
		}
		p.revive()
		time.Sleep(4 * DefaultPause)
		synctest.Wait()
		if err := c.Reach(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
