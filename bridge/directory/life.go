package directory

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// life tells a server that hangs from one that is busy with something heavy: whatever comes from it, over any connection, is a sign of
// life, and where an operation waits for long it is asked for one.
type life struct {
	signs  atomic.Int64
	asking atomic.Bool
	ask    func(context.Context) error // connects afresh and reads the root DSE, without our bind: any answer will do
}

// look asks for a sign of life, once for all that wait.
func (l *life) look(ctx context.Context) {
	if !l.asking.CompareAndSwap(false, true) {
		return
	}
	defer l.asking.Store(false)
	_, down := errors.AsType[*outage](l.ask(ctx))
	if !down {
		l.signs.Add(1)
	}
}

// ask is a life's.
func (d *dialer) ask(ctx context.Context, server int) error {
	k, err := d.connect(ctx, server, &life{ask: func(context.Context) error { return nil }})
	if err != nil {
		return err
	}
	defer k.close()
	_, err = exchange(ctx, k, reads, readRootDSE(ctx, d.options.Timeout))
	return err
}

// knock asks all servers for a sign of life, and has the first of the configured ones that give it tried next. The error is an *outage.
func (c *Client) knock(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.options.Timeout, errLate)
	defer cancel()
	server, err := c.pool.dialer.alive(ctx)
	if err == nil {
		c.pool.prefer(server)
	}
	return err
}

// knocking is how long a server may answer after another, and be taken before it.
const knocking = 100 * time.Millisecond

// alive is the first of the servers that answer.
func (d *dialer) alive(ctx context.Context) (server int, err error) {
	type sign struct {
		server int
		err    error
	}
	signs := make(chan sign, len(d.servers))
	for server := range d.servers {
		go func() { signs <- sign{server, d.ask(ctx, server)} }()
	}
	found := len(d.servers)
	var enough <-chan time.Time
	for range d.servers {
		select {
		case s := <-signs:
			if _, down := errors.AsType[*outage](s.err); down {
				err = s.err
				continue
			}
			enough = time.After(knocking)
			if found = min(found, s.server); found == 0 {
				return found, nil
			}
		case <-enough:
			return found, nil
		}
	}
	if found < len(d.servers) {
		err = nil
	}
	return found, err
}

// readRootDSE asks for an answer and nothing else.
func readRootDSE(ctx context.Context, wait time.Duration) func(*ldap.Conn) (*ldap.SearchResult, error) {
	return func(l *ldap.Conn) (*ldap.SearchResult, error) {
		return l.Search(Search{Scope: BaseObject, Attributes: []string{noAttributes}}.request(ctx, wait))
	}
}
