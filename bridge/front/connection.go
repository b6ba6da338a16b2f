package front

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// lingering is how long what a client still sends is read and forgotten once it has its answer: a connection that is closed on unread
// octets is reset, and the client may never see why.
const lingering = 2 * time.Second

// listener hands out connections that see what fasthttp does not: how lines end, and that a client may still be sending. It closes those
// that are too many: what each holds until a timeout ends it is then bounded.
type listener struct {
	net.Listener
	most int64
	asks bool // for clients' certificates
	log  *slog.Logger

	open     atomic.Int64
	told     rate.Sometimes
	unsure   rate.Sometimes
	mistaken rate.Sometimes
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	for ; err == nil && l.open.Load() >= l.most; c, err = l.Listener.Accept() {
		c.Close()
		l.told.Do(func() { l.log.Warn("connections are turned away: there are listen.maxConnections", "open", l.most) })
	}
	if err != nil {
		return nil, err
	}
	l.open.Add(1)
	seen := &connection{Conn: c, ended: sync.OnceFunc(func() { l.open.Add(-1) })}
	if secure, ok := c.(*tls.Conn); ok {
		return &secureConnection{seen, secure, l.unsecured}, nil
	}
	seen.alien = l.alien
	return seen, nil
}

// unsecured tells of a client that no TLS came about with, which is told nothing itself, once a minute at the most.
func (l *listener) unsecured(c net.Conn, err error) {
	if !l.plain(c, err) && l.asks && err != io.EOF { // which is how health checks of a port end
		l.unsure.Do(func() {
			l.log.Warn("a client's certificate is not taken", "client", c.RemoteAddr().String(), "error", err)
		})
	}
}

// connection is a client's. All but Close is called by the one goroutine that serves it.
type connection struct {
	net.Conn
	line    int  // octets of the header's line so far, without CR
	last    byte // octet of the header
	begun   bool // the header has a line that is not empty
	passed  bool // the header is behind us
	bare    bool // a line of it ends in LF alone
	sending atomic.Bool
	ended   func()         // tells the listener
	alien   func(net.Conn) // so, of a client that speaks TLS; nil: it may
}

// secureConnection is a connection over TLS, as which fasthttp knows it by these methods.
type secureConnection struct {
	*connection
	tls       *tls.Conn
	unsecured func(net.Conn, error)
}

func (c *secureConnection) Handshake() error {
	err := c.tls.Handshake()
	if err != nil {
		c.unsecured(c, err)
	}
	return err
}

func (c *secureConnection) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }

// connectionOf is the connection behind what fasthttp calls one.
func connectionOf(c net.Conn) *connection {
	if secure, ok := c.(*secureConnection); ok {
		return secure.connection
	}
	return c.(*connection)
}

// errBareLF refuses what RFC 9112 §2.2 lets a recipient take: not all do, and see other fields then.
var errBareLF = errors.New("a line ends in LF alone")

// Read fails behind a header that has a line which ends in LF alone.
func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && !c.begun && p[0] == handshake && c.alien != nil {
		c.alien(c)
	}
	for i := 0; i < n && !c.passed; i++ {
		switch {
		case p[i] == '\n' && c.last != '\r':
			c.bare = true // which the handler must know of where fasthttp can read the header all the same
			return n, errBareLF
		case p[i] == '\n': // an empty line before a request is passed over (§2.2)
			c.passed = c.line == 0 && c.begun
			c.line = 0
		case p[i] != '\r':
			c.line++
			c.begun = true
		}
		c.last = p[i]
	}
	return n, err
}

// next begins another request. sending says that what the client sends of this one is not read to its end.
func (c *connection) next(sending bool) {
	c.line, c.last, c.begun, c.passed, c.bare = 0, 0, false, false, false
	c.sending.Store(sending)
}

// Close lingers where the client may still be sending.
func (c *connection) Close() error {
	defer c.ended()
	if c.sending.Load() {
		linger(c.Conn)
	}
	return c.Conn.Close()
}
