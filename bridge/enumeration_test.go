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

	"scimbridge/ldapmap/ldif"
)

// TestWhoAsksTheSameAtOnceShares one enumeration; another list, or the same one after a write, is another.
func TestWhoAsksTheSameAtOnceShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSnapshots(time.Now)
		var began atomic.Int32
		enumerate := func(context.Context) ([]item, error) {
			began.Add(1)
			time.Sleep(time.Second)
			return []item{{0, "1"}}, nil
		}
		var all sync.WaitGroup
		ask := func(text string) {
			all.Go(func() {
				if items, err := s.shared(t.Context(), listKey{text: text}, enumerate); err != nil || len(items) != 1 {
					t.Errorf("%s: %v, %v", text, items, err)
				}
			})
		}
		for range 10 {
			ask("a")
		}
		synctest.Wait()
		if n := began.Load(); n != 1 {
			t.Errorf("%d enumerations for one list", n)
		}
		ask("b")
		synctest.Wait()
		if n := began.Load(); n != 2 {
			t.Errorf("%d enumerations for two lists", n)
		}
		s.wrote(ldif.Plan{Effects: []ldif.Effect{{Kind: ldif.Created}}})
		ask("a")
		synctest.Wait()
		if n := began.Load(); n != 3 {
			t.Errorf("%d enumerations, after a write between", n)
		}
		all.Wait()
		synctest.Wait()
		if _, fresh := s.get(listKey{text: "a"}); !fresh {
			t.Error("the list enumerated after the write is not kept")
		}
		if len(s.underWay) != 0 {
			t.Errorf("still under way: %v", s.underWay)
		}
	})
}

// TestAListOvertakenByAWriteIsNotKept: it was begun before the write, and may be without it.
func TestAListOvertakenByAWriteIsNotKept(t *testing.T) {
	s := newSnapshots(time.Now)
	key := listKey{text: "a"}
	_, err := s.shared(t.Context(), key, func(context.Context) ([]item, error) {
		s.wrote(ldif.Plan{Effects: []ldif.Effect{{Kind: ldif.Deleted}}})
		return nil, nil
	})
	if _, kept := s.get(key); err != nil || kept {
		t.Errorf("kept %t, %v", kept, err)
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
				if _, err := s.shared(ctx, listKey{text: text}, enumerate); !errors.Is(err, context.DeadlineExceeded) {
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
	_, err := s.shared(t.Context(), listKey{}, func(context.Context) ([]item, error) { panic("the map is nil") })
	if err == nil || !strings.Contains(err.Error(), "the map is nil") {
		t.Error(err)
	}
}
