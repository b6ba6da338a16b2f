package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// A server closes the connection on a request that is longer than it takes, without an answer: to whoever asked, and to all whose requests
// went by the same connection, that looks like an outage. So what is long goes by a connection of its own. Where that breaks and the server
// lives, the break says nothing against the server; and where it breaks twice at such a length, the request is not sent any more.

// heavyAt is the length in octets from which on a change goes by a connection of its own: half of the least that servers are known to take.
const heavyAt = 128 << 10

const (
	breaksToBelieve = 2           // one may be a firewall's
	believedFor     = time.Minute // somebody may raise the limit
	maxBreaks       = 16          // that are remembered
)

// weight is about how many octets a change takes in a request.
func weight(change ldif.Change) (octets int) {
	for _, a := range change.Entry {
		octets += lengthOf(a.Values)
	}
	for _, m := range change.Mods {
		octets += lengthOf(m.Values)
	}
	return octets
}

func lengthOf(values []string) (octets int) {
	for _, v := range values {
		octets += len(v)
	}
	return octets
}

type weightKey struct{}

// weighing says in the context how long a change is that is heavy.
func weighing(ctx context.Context, change ldif.Change) context.Context {
	if octets := weight(change); octets >= heavyAt {
		return context.WithValue(ctx, weightKey{}, octets)
	}
	return ctx
}

// weightOf is the length of the change that the context is for, if it is heavy; else 0.
func weightOf(ctx context.Context) int {
	octets, _ := ctx.Value(weightKey{}).(int)
	return octets
}

// breaks are the lengths of requests on which connections broke of late.
type breaks struct {
	mu    sync.Mutex
	known []broke
}

type broke struct {
	octets int
	at     time.Time
}

// note remembers one.
func (b *breaks) note(octets int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.known) == maxBreaks {
		b.known = b.known[1:]
	}
	b.known = append(b.known, broke{octets, time.Now()})
}

// passed forgets those that lie below what the server has answered.
func (b *breaks) passed(octets int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = slices.DeleteFunc(b.known, func(k broke) bool { return k.octets <= octets })
}

// expects says that a request of that length would break the connection again.
func (b *breaks) expects(octets int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = slices.DeleteFunc(b.known, func(k broke) bool { return time.Since(k.at) > believedFor })
	n := 0
	for _, k := range b.known {
		if k.octets <= octets {
			n++
		}
	}
	return n >= breaksToBelieve
}

// tooLarge is what becomes of a heavy change that is not sent. Nothing was written by it.
func (c *Client) tooLarge(octets int) error {
	limit := "its limit of the length of a request"
	if s := c.learned(); s != nil && s.RequestLimit != "" {
		limit = s.RequestLimit
	}
	e := &Error{
		Reason: reason.TooLarge,
		Advice: fmt.Sprintf("it closes the connection on a request of %d octets: send less in one request, or raise the directory's %s",
			octets, limit),
	}
	c.log.Warn("directory: a request is larger than the server takes", "octets", octets, "limit", limit)
	return e
}

// onHeavy looks at how a heavy request came out: a connection of its own that ended under it, on a server that lives, is no outage.
func (c *Client) onHeavy(ctx context.Context, server, octets int, err error) {
	o, down := errors.AsType[*outage](err)
	switch {
	case !down:
		c.breaks.passed(octets)
	case o.late || ctx.Err() != nil:
	default:
		if _, dead := errors.AsType[*outage](c.pool.dialer.ask(ctx, server)); !dead {
			c.breaks.note(octets)
			o.excused = true
		}
	}
}
