package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// replicated is a client of a server behind a proxy and of its replica.
func replicated(t *testing.T, servers [2]*dirtest.Server, front *dirtest.Proxy, f FailoverOptions) *Client {
	t.Helper()
	o := Options{URLs: []string{front.URL, servers[1].URL}, Failover: f}
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
	return c
}

// numbered writes a number into an entry.
func numbered(dn string, n int) ldif.Plan {
	return steps(ldif.Change{
		Kind: ldif.Modify, DN: dn, Mods: []ldif.Mod{{Op: ldif.ReplaceValues, Name: "employeeNumber", Values: []string{strconv.Itoa(n)}}},
	})
}

// number reads it.
func number(ctx context.Context, c *Client, dn string) (int, error) {
	found, err := c.Search(ctx, Search{Base: dn, Scope: BaseObject, Attributes: []string{"employeeNumber"}})
	if err != nil {
		return 0, err
	}
	if len(found) != 1 {
		return 0, errors.New("no such entry")
	}
	return strconv.Atoi(found[0].Value("employeeNumber"))
}

// TestMirrorUnderLoad: of two servers that get what the other is told the first is killed under writers, and comes back. Whatever was
// confirmed is read by whom it was confirmed to, at once and from then on, and in the end both servers have it.
func TestMirrorUnderLoad(t *testing.T) {
	t.Parallel()
	t.Run("OpenLDAP", func(t *testing.T) {
		t.Parallel()
		servers, ways := dirtest.Mirror(t)
		ways[1].Delay(300 * time.Millisecond) // from the second to the first
		underLoad(t, servers, 2*time.Millisecond)
	})
	t.Run("389 Directory Server", func(t *testing.T) {
		t.Parallel()
		servers, ways := dirtest.Suppliers(t)
		ways[1].Delay(100 * time.Millisecond)
		underLoad(t, servers, 10*time.Millisecond)
	})
}

// underLoad has each writer read all the time, with so long a pause, and write at every twentieth.
func underLoad(t *testing.T, servers [2]*dirtest.Server, pause time.Duration) {
	front := dirtest.Counted(t, servers[0])
	c := replicated(t, servers, front, FailoverOptions{Back: minBack, Lag: time.Second})
	const writers = 6
	var (
		people    []string
		confirmed [writers]atomic.Int64
		working   sync.WaitGroup
	)
	for i := range writers {
		people = append(people, person(t, servers[0], fmt.Sprint("u", i)))
	}
	ctx, end := context.WithCancel(t.Context())
	defer end()
	for i, dn := range people {
		working.Go(func() {
			for n := 1; ctx.Err() == nil; n++ {
				time.Sleep(20 * pause)
				one, done := OneWay(t.Context())
				receipt := c.Execute(one, numbered(dn, n), nil)
				done()
				if receipt.Err == nil {
					confirmed[i].Store(int64(n))
				}
			}
		})
		working.Go(func() {
			for ctx.Err() == nil {
				time.Sleep(pause)
				before := confirmed[i].Load()
				if got, err := number(t.Context(), c, dn); err == nil && int64(got) < before {
					t.Errorf("%s: %d is read after %d was confirmed", dn, got, before)
					return
				}
			}
		})
	}
	wait := func(what string, so func() bool) {
		t.Helper()
		for until := time.Now().Add(30 * time.Second); !so(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(until) || t.Failed() {
				t.Fatalf("%s: %+v", what, c.State())
			}
		}
	}
	all := func() bool {
		for i := range confirmed {
			if confirmed[i].Load() < 5 {
				return false
			}
		}
		return true
	}
	wait("nobody writes", all)
	// What is confirmed is replicated when the first dies, as nobody could see to but slapd: what is under way is not.
	hold := make(chan struct{})
	front.Before(func(string) { <-hold })
	servers[1].CatchUp(t, servers[0])
	servers[0].Kill()
	close(hold)
	front.Before(nil)
	wait("the second does not serve", func() bool { return c.State().Server == 2 })
	served := confirmed[0].Load()
	wait("the second takes no changes", func() bool { return confirmed[0].Load() > served })
	servers[0].Restart()
	wait("it does not go back", func() bool { return c.State().Server == 1 })
	served = confirmed[0].Load()
	wait("the first takes no changes", func() bool { return confirmed[0].Load() > served })
	end()
	working.Wait()
	servers[1].CatchUp(t, servers[0])
	for i, dn := range people {
		for _, s := range servers {
			got, err := strconv.ParseInt(s.Entry(t, dn, "employeeNumber").Value("employeeNumber"), 10, 64)
			if err != nil || got < confirmed[i].Load() {
				t.Errorf("%s, %s: %d (%v), and %d was confirmed", s.URL, dn, got, err, confirmed[i].Load())
			}
		}
	}
	if missing := c.State().Switches[behind]; missing > 0 {
		t.Errorf("%d times a server was taken that lacks something", missing)
	}
}

// TestLaggingConsumer: a server that has yet to get what another confirmed serves nobody until it has.
func TestLaggingConsumer(t *testing.T) {
	t.Parallel()
	t.Run("OpenLDAP", func(t *testing.T) {
		t.Parallel()
		servers, ways := dirtest.Consumer(t)
		lagging(t, servers, person(t, servers[0], "ada"), func() { ways[0].Refuse(); ways[0].Reset() }, func() { ways[0].Mend(t) })
	})
	t.Run("389 Directory Server", func(t *testing.T) {
		t.Parallel()
		servers, _ := dirtest.Suppliers(t)
		lagging(t, servers, person(t, servers[0], "ada"), func() { servers[0].Sends(t, false) }, func() { servers[0].Sends(t, true) })
	})
}

func lagging(t *testing.T, servers [2]*dirtest.Server, dn string, pause, resume func()) {
	front := dirtest.Counted(t, servers[0])
	c := replicated(t, servers, front, FailoverOptions{Lag: time.Minute})
	for n := range 2 {
		if err := c.Execute(t.Context(), numbered(dn, n), nil).Err; err != nil {
			t.Fatal(err)
		}
		noted(t, c)
	}
	servers[1].CatchUp(t, servers[0])
	pause()
	if err := c.Execute(t.Context(), numbered(dn, 7), nil).Err; err != nil {
		t.Fatal(err)
	}
	noted(t, c)
	front.Refuse()
	front.Reset()
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		got, err := number(ctx, c, dn)
		cancel()
		if err == nil {
			t.Fatalf("%d is read by a consumer that lags", got)
		}
		wantReason(t, err, reason.Unavailable)
	}
	resume()
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		got, err := number(t.Context(), c, dn)
		if err == nil {
			if got != 7 {
				t.Errorf("%d is read after 7 was confirmed", got)
			}
			break
		}
		if !strings.Contains(err.Error(), "unavailable") || time.Now().After(until) {
			t.Fatalf("a consumer that has caught up is not read: %v", err)
		}
	}
	if state := c.State(); state.Server != 2 || state.Switches != [3]int{2: 1} {
		t.Errorf("%+v", state)
	}
}

// noted waits until it is known what the server in use had got after the last write.
func noted(t *testing.T, c *Client) {
	t.Helper()
	h := c.pool.horizon
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		h.mu.Lock()
		_, _, open := h.open()
		h.mu.Unlock()
		if !open {
			return
		}
	}
	t.Fatal("it is not noted what the server has got")
}
