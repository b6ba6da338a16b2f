package bridge

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhoAsksTheSameAtOnceShares one enumeration; another list, or the same one when the directory has another mark, is another.
func TestWhoAsksTheSameAtOnceShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSnapshots(time.Now)
		c := &crowd{s: s, items: []item{{0, "1"}}}
		a, b := moment{"a", "1"}, moment{"b", "1"}
		for range 10 {
			c.ask(t, a)
		}
		c.began(t, 1, "one list")
		c.ask(t, b)
		c.began(t, 2, "two lists")
		c.ask(t, moment{"a", "2"})
		c.began(t, 3, "a write between")
		c.Wait()
		synctest.Wait()
		if !s.has(b) || len(s.underWay) != 0 {
			t.Errorf("kept: %v; still under way: %v", s.byList, s.underWay)
		}
	})
}

// TestWithoutAMarkNobodyJoins an enumeration that has begun: what it has passed may have been written since. Those that wait share.
func TestWithoutAMarkNobodyJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSnapshots(time.Now)
		c := &crowd{s: s, items: []item{{0, "1"}}}
		at := moment{"a", ""}
		for range enumerations {
			c.ask(t, at)
			synctest.Wait()
		}
		c.began(t, enumerations, "who came after the others began")
		for range 10 {
			c.ask(t, at)
		}
		c.Wait()
		c.began(t, enumerations+1, "who came before the last began")
		if s.has(at) || len(s.underWay) != 0 {
			t.Errorf("kept: %v; still under way: %v", s.byList, s.underWay)
		}
	})
}

// crowd asks for lists whose enumeration takes a second.
type crowd struct {
	sync.WaitGroup
	s     *snapshots
	items []item
	count atomic.Int32 // of enumerations
}

func (c *crowd) ask(t *testing.T, at moment) {
	c.Go(func() {
		items, err := c.s.shared(t.Context(), at, func(context.Context) ([]item, error) {
			c.count.Add(1)
			time.Sleep(time.Second)
			return c.items, nil
		})
		if err != nil || len(items) != len(c.items) {
			t.Errorf("%v: %v, %v", at, items, err)
		}
	})
}

func (c *crowd) began(t *testing.T, want int32, what string) {
	t.Helper()
	synctest.Wait()
	if n := c.count.Load(); n != want {
		t.Errorf("%s: %d enumerations, want %d", what, n, want)
	}
}

// TestAnEnumerationEndsWithTheLastWhoWaits, and not with the first; how many are under way at a time is bounded.
func TestAnEnumerationEndsWithTheLastWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSnapshots(time.Now)
		var underWay atomic.Int32
		enumerate := func(ctx context.Context) ([]item, error) {
			underWay.Add(1)
			defer underWay.Add(-1)
			<-ctx.Done()
			return nil, ctx.Err()
		}
		ask := func(text string, patience time.Duration) {
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if _, err := s.shared(ctx, moment{text, "1"}, enumerate); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v", text, err)
				}
			}()
		}
		ask("a", time.Second)
		ask("a", 3*time.Second)
		time.Sleep(2 * time.Second)
		if underWay.Load() != 1 {
			t.Error("the enumeration ended with the first who left")
		}
		time.Sleep(2 * time.Second)
		if underWay.Load() != 0 {
			t.Error("the enumeration goes on though nobody waits")
		}
		for i := range 2 * enumerations {
			ask(string(rune('a'+i)), time.Second)
		}
		synctest.Wait()
		if n := underWay.Load(); n != enumerations {
			t.Errorf("%d enumerations at a time", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(s.underWay) != 0 || underWay.Load() != 0 {
			t.Errorf("still under way: %v", s.underWay)
		}
	})
}

func TestAPanicInAnEnumerationIsItsError(t *testing.T) {
	s := newSnapshots(time.Now)
	_, err := s.shared(t.Context(), moment{}, func(context.Context) ([]item, error) { panic("the map is nil") })
	if err == nil || !strings.Contains(err.Error(), "the map is nil") {
		t.Error(err)
	}
}
