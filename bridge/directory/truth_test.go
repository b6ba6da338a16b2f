package directory

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
)

// outages are the ways in which a server is away, each in the place of its network until the way is clear.
var outages = map[string]func(away *awayNetwork, ctx context.Context, address string) (net.Conn, error){
	"nobody listens": func(*awayNetwork, context.Context, string) (net.Conn, error) { return nil, errConnectionRefused },
	"no such name": func(*awayNetwork, context.Context, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "a", IsNotFound: true}
	},
	// What was sent into it is lost, and sent again after pauses that grow: a dial from before ends long after the server is back.
	"a black hole": func(n *awayNetwork, ctx context.Context, address string) (net.Conn, error) {
		for pause := time.Second; ; pause *= 2 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if n.back.Load() {
				return n.network.dial(ctx, "tcp", address)
			}
		}
	},
	"a server that hangs": func(n *awayNetwork, ctx context.Context, address string) (net.Conn, error) {
		return n.network.dial(ctx, "tcp", address)
	},
	// Whoever was let in before hears nothing for ever, however long he waits.
	"a server that forgets": func(*awayNetwork, context.Context, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() { _, _ = far.Read(make([]byte, 1<<16)) }()
		return near, nil
	},
}

// awayNetwork is a network whose one server is away for a while.
type awayNetwork struct {
	network network
	away    func(n *awayNetwork, ctx context.Context, address string) (net.Conn, error)
	gone    atomic.Bool
	back    atomic.Bool

	mu    sync.Mutex
	dials []time.Duration // since the outage began
	begun time.Time
}

func (n *awayNetwork) dial(ctx context.Context, name, address string) (net.Conn, error) {
	n.mu.Lock()
	if n.gone.Load() && !n.back.Load() {
		n.dials = append(n.dials, time.Since(n.begun))
	}
	n.mu.Unlock()
	if n.gone.Load() && !n.back.Load() {
		return n.away(n, ctx, address)
	}
	return n.network.dial(ctx, name, address)
}

// TestTimeToTruth: whatever kept the directory away, a request two seconds after it is back succeeds. Until then each is answered at once
// when the breaker is open, the directory is asked about once a second, and no bind is offered to it.
func TestTimeToTruth(t *testing.T) {
	for name, away := range outages {
		for _, lasts := range []time.Duration{20 * time.Second, 61300 * time.Millisecond, 3 * time.Minute} {
			t.Run(name+" for "+lasts.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					clear := make(chan struct{})
					var hanging atomic.Bool
					p := &peer{script: func(*session, message) bool {
						if hanging.Load() {
							<-clear
						}
						return false
					}}
					n := &awayNetwork{network: network{"a": p}, away: away}
					c := n.network.client(t, "a")
					defer c.Close()
					c.pool.dialer.network = n.dial
					if _, err := c.Search(t.Context(), anyone); err != nil {
						t.Fatal(err)
					}
					n.mu.Lock()
					n.begun = time.Now()
					n.mu.Unlock()
					n.gone.Store(true)
					if hangs := name == "a server that hangs"; hangs {
						hanging.Store(true)
					} else {
						p.kill()
						p.revive()
					}
					for c.Available() {
						_, err := c.Search(t.Context(), anyone)
						wantReason(t, err, reason.Unavailable)
					}
					binds := p.count(ldap.ApplicationBindRequest)
					for time.Since(n.begun) < lasts {
						start := time.Now()
						_, err := c.Search(t.Context(), anyone)
						wantReason(t, err, reason.Unavailable)
						err = c.Execute(t.Context(), modifyMail("uid=ada"), nil).Err
						if !errors.Is(err, errOpen) || time.Since(start) != 0 {
							t.Fatalf("after %v: %v, said after %v", time.Since(n.begun), err, time.Since(start))
						}
						time.Sleep(700 * time.Millisecond)
					}
					if got := p.count(ldap.ApplicationBindRequest); got != binds {
						t.Errorf("%d binds were sent meanwhile", got-binds)
					}
					n.mu.Lock()
					dials := slices.Clone(n.dials)
					n.mu.Unlock()
					if most := int(lasts/time.Second) + 2*DefaultFailures; len(dials) > most {
						t.Errorf("%d connections in %v", len(dials), lasts)
					}
					n.back.Store(true)
					hanging.Store(false)
					close(clear)
					time.Sleep(2 * time.Second)
					if _, err := c.Search(t.Context(), anyone); err != nil {
						t.Errorf("two seconds after its return: %v", err)
					}
				})
			})
		}
	}
}

// TestFirstContactIsOneQuestion: at the start all requests wait for the first that asks the server about itself. Where it is away they are
// told so with that one, and not each after another timeout of its own; where that one hears nothing because its caller left, another
// asks.
func TestFirstContactIsOneQuestion(t *testing.T) {
	const requests = 10
	for name, leaves := range map[string]bool{"the directory is away": false, "the first does not wait": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := network{}.client(t, "a") // a hole
				defer c.Close()
				start := time.Now()
				begins := time.Duration(0)
				var all sync.WaitGroup
				if leaves {
					ctx, leave := context.WithCancel(t.Context())
					time.AfterFunc(time.Second, leave)
					all.Go(func() { _, _ = c.Server(ctx) })
					begins = time.Second
					synctest.Wait()
				}
				for range requests {
					all.Go(func() {
						_, err := c.Server(t.Context())
						if e := wantReason(t, err, reason.Unavailable); e.RetryAfter == 0 || time.Since(start) != begins+c.options.Timeout {
							t.Errorf("after %v: %+v", time.Since(start), e)
						}
					})
				}
				all.Wait()
			})
		})
	}
}

// TestTruthOfTheSecond: the server in use is gone for good, into a black hole, and the next is back: that one is asked, and no time is
// spent on the first.
func TestTruthOfTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &peer{}, &peer{down: true}
		n := network{"a": first, "b": second}
		c := n.client(t, "a", "b")
		defer c.Close()
		if _, err := c.Search(t.Context(), anyone); err != nil {
			t.Fatal(err)
		}
		var hole atomic.Bool
		c.pool.dialer.network = func(ctx context.Context, name, address string) (net.Conn, error) {
			if host, _, _ := net.SplitHostPort(address); host == "a" && hole.Load() {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return n.dial(ctx, name, address)
		}
		hole.Store(true)
		first.kill()
		for c.Available() {
			_, err := c.Search(t.Context(), anyone)
			wantReason(t, err, reason.Unavailable)
		}
		time.Sleep(time.Minute)
		second.revive()
		time.Sleep(2 * time.Second)
		if _, err := c.Search(t.Context(), anyone); err != nil {
			t.Errorf("two seconds after the second is back: %v", err)
		}
	})
}

// TestRefusedAfterAnOutage: however often a server was too busy for the probe before, the first bind that it refuses is offered again after
// the first pause.
func TestRefusedAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var code atomic.Int64
		code.Store(ldap.LDAPResultBusy)
		p := &peer{script: func(s *session, m message) bool {
			if m.op != ldap.ApplicationBindRequest || code.Load() == 0 {
				return false
			}
			s.result(m, code.Load(), "no")
			return true
		}}
		c := network{"a": p}.client(t, "a")
		defer c.Close()
		for c.Available() {
			_, err := c.Search(t.Context(), anyone)
			wantReason(t, err, reason.Unavailable)
		}
		time.Sleep(time.Minute + DefaultPause/2) // between two probes
		code.Store(ldap.LDAPResultInsufficientAccessRights)
		time.Sleep(DefaultPause)
		synctest.Wait()
		code.Store(0)
		time.Sleep(DefaultPause)
		synctest.Wait()
		if !c.Available() {
			t.Error("the second bind does not come after the first pause")
		}
	})
}

// TestAskedAtOnce: what is asked at the same time of a server that hangs is answered within two timeouts, that of the first contact and
// that of the one try behind it, one beside the other and not one after the other.
func TestAskedAtOnce(t *testing.T) {
	for name, script := range map[string]func(*session, message) bool{
		"the bind":  hang(ldap.ApplicationBindRequest),
		"a search":  hang(ldap.ApplicationSearchRequest),
		"all of it": func(*session, message) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := network{"a": {script: script}}.client(t, "a")
				defer c.Close()
				start := time.Now()
				var all sync.WaitGroup
				for i := range 20 {
					all.Go(func() {
						if i%2 == 0 {
							_, _ = c.Server(t.Context())
						}
						_, err := c.Search(t.Context(), anyone)
						wantReason(t, err, reason.Unavailable)
					})
				}
				all.Wait()
				if took := time.Since(start); took > 2*c.options.Timeout {
					t.Errorf("the last answer came after %v", took)
				}
			})
		})
	}
}
