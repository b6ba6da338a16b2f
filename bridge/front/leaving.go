package front

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// watch finds out which clients close their connection while their request is under way, and ends its work: fasthttp does not read a
// connection meanwhile, and so does not tell. One goroutine looks after all requests, while there are any.
type watch struct {
	mu      sync.Mutex
	under   map[*underway]bool
	running bool
}

// underway is a request whose client may leave.
type underway struct {
	conn  syscall.RawConn
	begun time.Time
	leave context.CancelCauseFunc
}

// glance is the time from one look at the clients to the next. A request that takes less is not looked after.
const glance = 100 * time.Millisecond

// errLeft is why the context of a request ends whose client closed its connection.
var errLeft = fmt.Errorf("the client left: %w", context.Canceled)

// follow gives the context of a request that ends with its client. done must be called when the request is answered.
func (w *watch) follow(ctx context.Context, c *connection) (followed context.Context, done func()) {
	ctx, leave := context.WithCancelCause(ctx)
	u := &underway{begun: time.Now(), leave: leave}
	if raw, ok := wireOf(c.Conn).(syscall.Conn); ok {
		u.conn, _ = raw.SyscallConn()
	}
	if u.conn == nil {
		return ctx, func() { leave(nil) }
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.under == nil {
		w.under = map[*underway]bool{}
	}
	w.under[u] = true
	if !w.running {
		w.running = true
		go w.look()
	}
	return ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.under, u)
		leave(nil)
	}
}

// look looks after the requests until there is none.
func (w *watch) look() {
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for now := range tick.C {
		if !w.glance(now) {
			return
		}
	}
}

func (w *watch) glance(now time.Time) (more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for u := range w.under {
		if now.Sub(u.begun) >= glance && hasLeft(u.conn) {
			u.leave(errLeft)
			delete(w.under, u)
		}
	}
	w.running = len(w.under) > 0
	return w.running
}

// wireOf is the network connection, below TLS.
func wireOf(c net.Conn) net.Conn {
	if secure, ok := c.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return c
}
