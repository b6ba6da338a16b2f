package directory

import (
	"context"
	"sync/atomic"
)

// way is the connection that a context's operations go by.
type way struct {
	taken *conn                // guarded by the pool's mutex
	ends  context.Context      // when nothing more goes by it
	pool  atomic.Pointer[pool] // that counts it among its writers; nil: none does
}

type wayKey struct{}

// OneWay has the operations of the context go by one connection while that lives, until done is called. Behind one address there may be
// several servers, of which one has yet to hear what another was told: what was written is read where it was written.
func OneWay(ctx context.Context) (one context.Context, done func()) {
	if _, already := ctx.Value(wayKey{}).(*way); already {
		return ctx, func() {}
	}
	w := &way{ends: ctx}
	return context.WithValue(ctx, wayKey{}, w), func() {
		if p := w.pool.Load(); p != nil {
			p.leave()
		}
	}
}

// apart lends a new connection for what may break it, which nobody else's operations go by. What else goes the same way takes it too.
func (p *pool) apart(ctx context.Context, w *way) (*conn, error) {
	if w == nil || w.ends.Done() == nil {
		return p.alone(ctx)
	}
	p.mu.Lock()
	if k := w.taken; k != nil && k.apart && !k.retired && !k.ldap.IsClosing() {
		k.underway++
		p.mu.Unlock()
		return k, nil
	}
	p.mu.Unlock()
	k, err := p.connect(ctx, false)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w.taken = k
	context.AfterFunc(w.ends, func() { p.retire(k) })
	return k, nil
}
