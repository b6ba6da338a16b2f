// Package directory speaks LDAP for the bridge: connections, failover, deadlines, the circuit breaker, controls, paged reads and the
// schema. It knows no SCIM; every error is an *Error with a Reason.
package directory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/sync/singleflight"

	"scimbridge/bridge/reason"
)

// Client is the directory as the bridge uses it. It is safe for concurrent use.
type Client struct {
	options Options
	log     *slog.Logger
	pool    *pool
	breaker *breaker

	pageSize   atomic.Uint32             // the configured one, or what the server allows
	unwritable atomic.Pointer[time.Time] // when the last change was refused, or was left without an answer, or tries; nil: they go
	unread     atomic.Bool               // the server could not be reached to read again what it says of itself
	unasserted atomic.Bool               // a change was sent without the assertion that it should have had: see run.heldAllTheSame
	breaks     breaks                    // of connections, under heavy requests
	marks      sync.Map                  // by server and entry: the first that was read

	aside context.Context
	end   context.CancelFunc // of aside

	mu         sync.Mutex
	contact    contact
	asked      *question // nil: no request reads the root DSE
	refreshing bool
	refreshes  sync.WaitGroup // and reaches, and who listens for late answers

	reaches singleflight.Group
}

// New checks nothing over the network: the bridge starts without the directory.
func New(o Options, log *slog.Logger) (*Client, error) {
	return newClient(o, log, resolveAnew)
}

// dialFunc opens a network connection, as net.Dialer.DialContext does.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func newClient(o Options, log *slog.Logger, network dialFunc) (*Client, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o = o.WithDefaults()
	if !o.IsLocated() {
		var err error
		if o, err = NewLocator(SystemLookup).Locate(context.Background(), o); err != nil {
			log.Warn("directory: DNS tells of no server", "error", err)
		}
	}
	c := &Client{options: o, log: log}
	c.pageSize.Store(uint32(o.PageSize))
	c.aside, c.end = context.WithCancel(context.Background())
	var servers []address
	for _, text := range o.URLs {
		a, err := parseURL(text)
		if err != nil {
			return nil, err // checked above
		}
		servers = append(servers, a)
	}
	c.pool = newPool(newDialer(o, log, network, servers), log)
	c.breaker = newBreaker(o.Breaker, log, c.knock, c.probe, c.pool.dialer.credential.renewed)
	c.breakServers()
	if c.pool.several() {
		c.pool.note = c.note
		c.refreshes.Go(c.watch)
	}
	return c, nil
}

// Options are what it was made with, with the defaults and, where its URLs name a service, with the servers that were found.
func (c *Client) Options() Options { return c.options }

// Away says, as an *Error, that the directory is out of reach: the breaker is open, or what it says of itself could not be read again.
func (c *Client) Away() error {
	why := c.breaker.story()
	if why == nil && !c.unread.Load() {
		return nil
	}
	return c.outOfReach(why)
}

func (c *Client) outOfReach(why error) error {
	return &Error{Reason: reason.Unavailable, RetryAfter: c.breaker.retryAfter(), Cause: why}
}

// BreakerOpen says that the breaker is open, or half open: nothing is asked of the directory for a request.
func (c *Client) BreakerOpen() bool { return !c.breaker.closed() }

// Retry has what the server refused of the bridge's own bind be offered again, at once where nothing else is done.
func (c *Client) Retry() {
	c.pool.dialer.credential.forgive()
	for _, own := range c.pool.dialer.looks {
		own.forgive()
	}
	if !c.breaker.closed() {
		c.breaker.hurry()
		return
	}
	for _, b := range c.pool.breakers {
		b.hurry()
	}
}

// Close ends every connection.
func (c *Client) Close() {
	c.mu.Lock()
	c.end()
	c.mu.Unlock()
	c.breaker.stop()
	for _, b := range c.pool.breakers {
		b.stop()
	}
	c.pool.close()
	c.refreshes.Wait()
}

// call does one LDAP operation within the deadline: the caller's or the configured timeout, whichever comes first.
// The error is an *outage, an *ldap.Error (an answer) or the breaker's *Error.
func call[T any](caller context.Context, c *Client, what operation, do func(*ldap.Conn) (T, error)) (T, error) {
	ctx, cancel := c.within(caller)
	defer cancel()
	var value T
	err := c.breaker.run(func() error {
		var err error
		value, err = attempt(ctx, c, what, do)
		return excuse(caller, what, err)
	})
	if what.writes() && err == nil {
		c.unwritable.Store(nil)
	}
	return value, err
}

// excuse marks an outage that says nothing against the server: the caller did not wait, a search was more than the server, which lives,
// could do in time, or it leaves writes without an answer and nothing else. (The request may have been too long for it: see onHeavy.)
func excuse(caller context.Context, what operation, err error) error {
	if o, ok := errors.AsType[*outage](err); ok {
		o.excused = o.excused || caller.Err() != nil || o.heavy(what) || o.hung(what)
	}
	return err
}

// heavy says that it is of a search that was more than the server, which lives, could do in time.
func (o *outage) heavy(what operation) bool { return what == seeks && o.late && !o.silent }

// hung says that it is of a write that the server, which lives, did not answer in time.
func (o *outage) hung(what operation) bool { return what.writes() && o.late && !o.silent }

// probe connects afresh, binds and asks for an answer: what the breaker does while it is open. A server may be found that gives signs of
// life and cannot serve: then the others are tried.
func (c *Client) probe(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.options.Timeout, errLate)
	defer cancel()
	for range c.pool.dialer.servers {
		k, fault := c.pool.connect(ctx, true)
		if fault != nil {
			return fault
		}
		_, err = exchange(ctx, k, reads, readRootDSE(ctx, c.options.Timeout))
		_, down := errors.AsType[*outage](err)
		unfit := cannotServe(err)
		switch {
		case down:
			c.pool.retire(k)
		case unfit:
			err = &outage{cause: err, code: resultCode(err)}
			c.pool.fail(k.server, err)
		case c.pool.breakers != nil:
			c.pool.breakers[k.server].proved()
		}
		c.pool.put(k)
		if !unfit {
			break
		}
	}
	return err
}

// attempt runs one operation on a pooled connection. It goes on to the next server when one cannot serve, and once to a fresh
// connection when an idle one turned out to be dead; a write goes on only if it surely was not sent.
func attempt[T any](ctx context.Context, c *Client, what operation, do func(*ldap.Conn) (T, error)) (value T, err error) {
	p, write := c.pool, what.writes()
	refusals := map[int]error{} // by server
	retried := false
	heavy := weightOf(ctx)
	counted, err := p.enter(ctx, write)
	if err != nil {
		return value, err
	}
	if counted {
		defer p.leave()
	}
	for {
		if heavy > 0 && c.breaks.expects(heavy) {
			return value, c.tooLarge(heavy)
		}
		k, err := p.get(ctx)
		if err != nil {
			return value, err
		}
		if refusal := refusals[k.server]; refusal != nil {
			p.put(k)
			return value, refusal
		}
		if write && !retried && c.sheds(k.server) {
			p.put(k)
			return value, &Error{Reason: reason.Unwritable, Cause: errHung}
		}
		if write {
			c.writes(k)
		}
		value, err = exchange(ctx, k, what, do)
		if write {
			c.wrote(k, err)
		}
		if errors.Is(err, errFull) { // what was left comes all the same
			p.retire(k)
			err = nil
		}
		if heavy > 0 {
			c.onHeavy(ctx, k.server, heavy, err)
		}
		if readOnly := write && isReadOnly(err); (readOnly || cannotServe(err)) && !c.isElsewhere(err) {
			refusal := err // an answer
			if !readOnly {
				refusal = &outage{cause: err, code: resultCode(err)}
			}
			refusals[k.server] = refusal
			if write {
				c.written(k.server)
			}
			p.refer(k.server, referredTo(err))
			if readOnly {
				p.refuses(k.server)
			} else {
				p.met(k.server, err)
				p.against(k.server, err)
			}
			others := p.fail(k.server, err)
			p.put(k)
			if !others {
				return value, refusal
			}
			continue
		}
		o, down := errors.AsType[*outage](err)
		if !down {
			p.answered(k.server)
			if write {
				c.written(k.server)
			}
			p.put(k)
			return value, err
		}
		if !errors.Is(ctx.Err(), context.Canceled) {
			p.log.Warn("directory: no answer", "url", p.dialer.servers[k.server].url, "error", o)
		}
		o.cause = fmt.Errorf("%s: %w", p.dialer.servers[k.server].url, o.cause)
		switch {
		case o.silent:
			p.retire(k)
			p.met(k.server, o)
			p.fail(k.server, o)
		case ctx.Err() != nil, o.excused:
			if write && o.late {
				c.listen(k, o)
			}
			if write && o.late && heavy == 0 {
				c.unwritten(k.server, o)
			}
			p.retire(k)
		default:
			p.drop(k)
		}
		p.put(k)
		if retried || ctx.Err() != nil || write && o.sent {
			if heavy > 0 && !o.sent && c.breaks.expects(heavy) {
				return value, c.tooLarge(heavy)
			}
			excused := o.heavy(what) || o.hung(what) && !p.others(k.server)
			if ctx.Err() == nil || o.late && !excused {
				p.against(k.server, o)
			}
			return value, o
		}
		retried = true
	}
}

// noAttributes asks for no attributes (RFC 4511 §4.5.1.8).
const noAttributes = "1.1"
