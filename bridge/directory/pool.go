package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	// maxConns is small: one connection shared by many requests is about as fast as a connection each, and a few keep one large answer
	// from holding up the rest.
	maxConns = 4
	// busyAt is how many operations a connection carries before another is opened.
	busyAt = 8
)

// pool holds the connections to one server at a time, so that a read sees the write before it. It stays on the server until it fails.
type pool struct {
	dialer *dialer
	log    *slog.Logger

	dialing chan struct{} // held by the one that dials

	mu      sync.Mutex
	conns   []*conn        // open, to the current server
	all     map[*conn]bool // not yet closed: in the pool, retired, or lent out alone
	current int            // index of the server in use; -1 for none
	failed  int            // the server that failed last, tried last; -1 for none
	next    int            // the server that another referred to, tried first; -1 for none
	epoch   int            // grows when a connection dropped: those opened before are suspect too
	refused error          // why our bind was refused, until a probe's is accepted
	ended   bool
	left    int // times that a server in use was left for another

	hung []int // by server: writes in a row that it has not answered in time, whatever else it answered meanwhile

	// With several servers (see several):
	breakers []*breaker // of the servers
	horizon  *horizon
	waiting  time.Time     // since when none was taken, of those that can be reached, for what it has yet to get; zero: one was
	switches [3]int        // by caught
	writers  int           // writes, and what goes one way, under way
	held     chan struct{} // closed when writers may begin; nil: they may
	health   []health      // of the servers
	readOnly []bool        // those that took no changes when they were in use last
	note     func()        // asks how far the server in use has got

	closing sync.WaitGroup
}

func newPool(d *dialer, log *slog.Logger) *pool {
	return &pool{
		dialer: d, log: log, dialing: make(chan struct{}, 1), all: map[*conn]bool{}, current: -1, failed: -1, next: -1,
		horizon: &horizon{}, health: make([]health, len(d.servers)),
		readOnly: make([]bool, len(d.servers)), hung: make([]int, len(d.servers)), note: func() {},
	}
}

// get lends a connection, the one that the context's operations go by where there is one. It is given back with put. The error is an
// *outage.
func (p *pool) get(ctx context.Context) (*conn, error) {
	w, one := ctx.Value(wayKey{}).(*way)
	if weightOf(ctx) > 0 {
		return p.apart(ctx, w)
	}
	if !one {
		return p.any(ctx)
	}
	p.mu.Lock()
	if k := w.taken; k != nil && !k.retired && !k.ldap.IsClosing() {
		k.underway++
		p.mu.Unlock()
		return k, nil
	}
	p.mu.Unlock()
	k, err := p.any(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	w.taken = k
	return k, err
}

// any lends a connection, opening one where there is none or all are busy.
func (p *pool) any(ctx context.Context) (*conn, error) {
	k, grow := p.idlest()
	if k == nil {
		select {
		case p.dialing <- struct{}{}:
		case <-ctx.Done():
			return nil, p.waited(ctx, context.Cause(ctx))
		}
		defer func() { <-p.dialing }()
		k, grow = p.idlest() // another may have dialed meanwhile
	} else if grow { // busy, but good enough while another dials
		select {
		case p.dialing <- struct{}{}:
			defer func() { <-p.dialing }()
		default:
			return k, nil
		}
	}
	if k == nil {
		return p.open(ctx, false, true)
	}
	if grow {
		further, err := p.open(ctx, false, false)
		if err == nil {
			p.put(k)
			return further, nil
		}
		p.log.Debug("directory: no further connection", "error", err)
	}
	return k, nil
}

// connect lends a new connection, to whichever server can be reached. Only a probe binds after our bind was refused.
func (p *pool) connect(ctx context.Context, probe bool) (*conn, error) {
	select {
	case p.dialing <- struct{}{}:
		defer func() { <-p.dialing }()
		return p.open(ctx, probe, true)
	case <-ctx.Done():
		return nil, p.waited(ctx, context.Cause(ctx))
	}
}

// alone lends a new connection that nobody else uses, for a search whose pages belong to the connection.
func (p *pool) alone(ctx context.Context) (*conn, error) {
	k, err := p.connect(ctx, false)
	if err == nil {
		p.retire(k)
	}
	return k, err
}

// put gives a connection back.
func (p *pool) put(k *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k.underway--
	p.sweep(k)
}

// lend gives a connection to one more.
func (p *pool) lend(k *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k.underway++
}

// retire keeps new operations off a connection. What is under way on it ends, or reaches its deadline.
func (p *pool) retire(k *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retireLocked(k)
}

// drop retires a connection that broke, and those that were opened before it broke: a restarted server has dropped them all.
func (p *pool) drop(k *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retireLocked(k)
	if k.epoch < p.epoch {
		return // known
	}
	p.epoch++
	p.retireAll()
}

// fail leaves a server that cannot serve for the others, and says whether there are others that may be asked.
func (p *pool) fail(server int, why error) bool {
	if len(p.dialer.servers) == 1 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = server
	if p.current == server {
		p.current = -1
		p.left++
		p.retireAll()
		p.log.Warn("directory: leaving the server", "url", p.dialer.servers[server].url, "error", why)
	}
	return p.others(server)
}

// server returns the index of the server in use, -1 for none.
func (p *pool) server() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current
}

// close ends every connection and waits until they are gone.
func (p *pool) close() {
	p.mu.Lock()
	p.ended = true
	p.conns = nil
	for k := range p.all {
		p.end(k)
	}
	p.mu.Unlock()
	p.closing.Wait()
}

// idlest picks the open connection with the fewest operations under way and says whether another should be opened.
func (p *pool) idlest() (best *conn, grow bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.conns) - 1; i >= 0; i-- {
		k := p.conns[i]
		switch {
		case k.ldap.IsClosing(): // the server hung up
			p.retireLocked(k)
		case best == nil || k.underway < best.underway:
			best = k
		}
	}
	if best == nil {
		return nil, true
	}
	grow = best.underway >= busyAt && len(p.conns) < maxConns && p.refused == nil
	best.underway++
	return best, grow
}

// open dials the current server, and with failover the others too. Whoever calls it holds p.dialing.
func (p *pool) open(ctx context.Context, probe, failover bool) (k *conn, err error) {
	p.mu.Lock()
	refused, order, ended := p.refused, p.order(failover), p.ended
	p.mu.Unlock()
	if !probe {
		order = p.allowed(order)
	}
	if ended {
		return nil, &outage{cause: net.ErrClosed}
	}
	if refused != nil && !probe && !p.dialer.credential.due() {
		return nil, &outage{cause: refused, code: resultCode(refused), refused: true}
	}
	if failover && ctx.Err() != nil { // its turn came too late
		return nil, p.waited(ctx, context.Cause(ctx))
	}
	var (
		faults     []error
		candidates []candidate // that have yet to catch up
	)
	defer func() {
		for _, c := range candidates {
			if c.conn != k {
				c.close()
			}
		}
	}()
	for i, server := range order {
		if len(candidates) > 0 && p.hangs(server) { // it has all, and takes nothing
			break
		}
		shares := len(order) - i
		if !failover {
			shares++ // a connection is there already: it needs time too
		}
		c, err := p.try(ctx, server, shares)
		if err == nil {
			candidates = append(candidates, c)
			if c.how == caughtUp {
				return p.adopt(ctx, c)
			}
			continue
		}
		if !errors.Is(ctx.Err(), context.Canceled) {
			p.met(server, err)
		}
		faults = append(faults, fmt.Errorf("%s: %w", p.dialer.servers[server].url, err))
		o, _ := errors.AsType[*outage](err)
		bind := o != nil && o.refused // ours: that is not about one server
		if bind && len(candidates) == 0 {
			// The other servers hold the same account: trying them would bring its lockout nearer.
			p.mu.Lock()
			p.refused = o.cause
			p.mu.Unlock()
			return nil, o
		}
		if !bind && !hasty(ctx) && !errors.Is(ctx.Err(), context.Canceled) {
			p.against(server, err)
		}
		if ctx.Err() != nil {
			for _, next := range order[i+1:] {
				p.late(ctx, next, err)
			}
			break
		}
	}
	if len(candidates) > 0 {
		c, err := p.await(ctx, candidates)
		if err != nil {
			return nil, err
		}
		return p.adopt(ctx, c)
	}
	fault := errors.Join(append(faults, p.stories(order)...)...)
	return nil, &outage{cause: fault, code: resultCode(fault)}
}

// try dials one server with its share of the time left, so that a dead one leaves time for the others. One that answers ends the use of
// another.
func (p *pool) try(ctx context.Context, server, shares int) (candidate, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(shares))
		defer cancel()
	}
	k, err := p.dialer.dial(ctx, server)
	if err != nil {
		return candidate{}, err
	}
	p.mu.Lock()
	if p.current >= 0 && p.current != server {
		p.current = -1
		p.retireAll()
	}
	p.mu.Unlock()
	c, err := p.judge(ctx, k)
	if err != nil {
		k.close()
	}
	return c, err
}

// order lists the servers to try: the one that was seen to live or that another referred to, the one in use, then the others as configured,
// the one that failed last at the end.
func (p *pool) order(failover bool) []int {
	if p.current >= 0 && !failover {
		return []int{p.current}
	}
	var order []int
	if p.next >= 0 {
		order = append(order, p.next)
	}
	if p.current >= 0 && p.current != p.next {
		order = append(order, p.current)
	}
	for i := range p.dialer.servers {
		if i != p.current && i != p.failed && i != p.next {
			order = append(order, i)
		}
	}
	if p.failed >= 0 && p.failed != p.current && p.failed != p.next {
		order = append(order, p.failed)
	}
	return order
}

// adopt takes a new connection in, lent out once. One that comes when the pool has ended stays the caller's, who closes it: close waits for
// what it ended itself, and may be about to return.
func (p *pool) adopt(ctx context.Context, c candidate) (*conn, error) {
	defer p.note()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil, &outage{cause: net.ErrClosed}
	}
	k := c.conn
	k.apart = weightOf(ctx) > 0
	p.all[k] = true
	k.epoch, k.underway = p.epoch, 1
	p.refused, p.next, p.waiting = nil, -1, time.Time{}
	p.tell(k.server, nil)
	url := p.dialer.servers[k.server].url
	if p.current != k.server {
		p.retireAll()
		p.current = k.server
		p.log.Info("directory: connected", "url", url)
		p.taken(url, c)
	} else {
		p.log.Debug("directory: connected", "url", url)
	}
	if !k.apart {
		p.conns = append(p.conns, k)
	}
	return k, nil
}

func (p *pool) retireAll() {
	for len(p.conns) > 0 {
		p.retireLocked(p.conns[len(p.conns)-1])
	}
	for k := range p.all {
		if k.apart && !k.retired {
			p.retireLocked(k)
		}
	}
}

func (p *pool) retireLocked(k *conn) {
	k.retired = true
	if i := slices.Index(p.conns, k); i >= 0 {
		p.conns = slices.Delete(p.conns, i, i+1)
	}
	p.sweep(k)
}

// sweep closes a retired connection when nothing is under way on it.
func (p *pool) sweep(k *conn) {
	if k.retired && k.underway == 0 {
		p.end(k)
	}
}

// end closes a connection aside, since TLS says goodbye over a network that may be gone.
func (p *pool) end(k *conn) {
	if !p.all[k] {
		return
	}
	delete(p.all, k)
	p.closing.Go(k.close)
}
