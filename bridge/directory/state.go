package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"scimbridge/ldapmap/ldif"
)

// operation is what is asked of a server.
type operation int

const (
	reads operation = iota // an entry by its DN
	seeks                  // entries below a base: it may take the server long
	binds
	asks // who the bridge is

	// What must not be done twice.

	adds
	modifies
	renames
	deletes
	setsPassword
)

func (o operation) writes() bool { return o >= adds }

// Operations are what an Exchange may be, in words.
var Operations = []string{"read", "search", "bind", "whoami", "add", "modify", "modrdn", "delete", "password"}

func (o operation) String() string { return Operations[o] }

// sends is what sends the change record.
func sends(change ldif.Change) operation {
	switch change.Kind {
	case ldif.Add:
		if change.Revives != "" {
			return modifies
		}
		return adds
	case ldif.Delete:
		return deletes
	case ldif.ModifyDN:
		return renames
	case ldif.Modify:
	}
	return modifies
}

// Exchange is one LDAP operation: a request and its answer.
type Exchange struct {
	Operation string // one of Operations
	Code      int    // of the result (RFC 4511 appendix A); NoAnswer: there is none
	Took      time.Duration
}

// NoAnswer is the code of an Exchange that nothing came back for.
const NoAnswer = -1

func codeOf(err error) int {
	if _, down := errors.AsType[*outage](err); down {
		return NoAnswer
	}
	return int(resultCode(err))
}

// Observe has each LDAP operation told, as soon as it is answered, with the context that it was done in. It is to be called before anything
// is asked of the directory; observe is called concurrently and must not block.
func (c *Client) Observe(observe func(context.Context, Exchange)) { c.pool.dialer.observe = observe }

// State is how it stands between the bridge and the directory.
type State struct {
	Servers     int    // that are configured
	Server      int    // which of them is in use, from 1; 0: none
	URL         string // its
	Left        int    // times that a server was left for another
	Each        []Standing
	Switches    [3]int    // times that another server was taken after a write, by whether it had got that: CaughtUp's order
	Breaker     string    // the directory's circuit breaker is Closed, or nothing is asked of it: Open, HalfOpen
	Opened      int       // times that it opened
	Since       time.Time // when it opened; zero: it is closed
	Writable    bool      // no change was refused of late because no server takes any
	Connections int       // to the server in use
	UnderWay    int       // operations on them
	Expires     time.Time // the server's certificate; zero: it has shown none
}

// Standing is how a server was when it was met last: in use, or by a look at it.
type Standing struct {
	Place int    // in directory.urls, from 1
	URL   string // its
	Is    string // Up, Down or Unmet
	Why   string // it is down, or takes no changes

	Breaker string    // its circuit breaker is Closed, Open or HalfOpen; of one server alone that is the directory's
	Since   time.Time // when it opened; zero: it is closed
	Opened  int       // times that it opened
}

// What a Standing may say.
const (
	Up    = "up"
	Down  = "down"
	Unmet = "unknown"
)

func (s Standing) String() string {
	text := fmt.Sprintf("number %d, %s: %s", s.Place, s.URL, s.Is)
	if s.Why != "" {
		text += ": " + s.Why
	}
	if s.Breaker != Closed {
		text += fmt.Sprintf("; its circuit breaker opened at %s and is %s", s.Since.UTC().Format(time.RFC3339), s.Breaker)
	}
	return text
}

func (p *pool) standing(server int, b *breaker) Standing {
	s := Standing{Place: server + 1, URL: p.dialer.servers[server].url, Is: Unmet}
	s.Breaker, s.Since, s.Opened = b.state()
	switch h := p.health[server]; {
	case h.why != nil:
		s.Is, s.Why = Down, h.why.Error()
	case p.readOnly[server]:
		s.Is, s.Why = Up, "it took no changes when it was in use last"
	case h.met:
		s.Is = Up
	}
	return s
}

// State asks nothing of the directory.
func (c *Client) State() State {
	s := State{Servers: len(c.pool.dialer.servers), Writable: c.Writable()}
	s.Breaker, s.Since, s.Opened = c.breaker.state()
	p := c.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Left, s.Switches = p.left, p.switches
	for server := range p.dialer.servers {
		b := c.breaker
		if p.breakers != nil {
			b = p.breakers[server]
		}
		s.Each = append(s.Each, p.standing(server, b))
	}
	if p.current < 0 {
		return s
	}
	s.Server, s.URL = p.current+1, p.dialer.servers[p.current].url
	for _, k := range p.conns {
		s.Connections++
		s.UnderWay += k.underway
		s.Expires = k.expires
	}
	return s
}
