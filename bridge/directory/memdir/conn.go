package memdir

import (
	"bufio"
	"bytes"
	"net"
	"sync"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// What a client may ask of one connection. The lengths are slapd's sockbuf_max_incoming and sockbuf_max_incoming_auth.
const (
	maxMessage      = 1<<18 - 1
	maxMessageBound = 1<<22 - 1
	maxConcurrent   = 64      // operations of one connection at a time
	flushAt         = 1 << 16 // octets of search results that are sent together
)

// connection is a client's session.
type connection struct {
	server *Server
	net    net.Conn

	bound struct { // who is bound; "" is anonymous
		sync.Mutex
		dn   string
		root bool
	}
	out struct {
		sync.Mutex
		pending bytes.Buffer
	}
	paging  sync.Mutex // guards pages and cookies
	pages   *pages
	cookies int

	under sync.WaitGroup // operations under way
}

// serve reads requests until the client goes or breaks the protocol. Operations run at the same time, save bind, which waits for
// those before it (RFC 4511 §4.2.1).
func (c *connection) serve() {
	defer c.net.Close()
	defer c.under.Wait()
	defer c.survive()
	slots := make(chan struct{}, maxConcurrent)
	in := bufio.NewReader(c.net)
	for {
		limit := maxMessage
		if c.who() != "" {
			limit = maxMessageBound
		}
		m, err := readMessage(in, limit)
		if err == errFraming {
			c.disconnect()
		}
		if err != nil {
			return
		}
		r, ok := decodeRequest(m.op)
		switch {
		case !ok:
			c.disconnect()
			return
		case r.name == "unbind":
			c.server.count(r.name)
			return
		case r.name == "abandon": // the answer comes all the same, as the RFC allows
			c.server.count(r.name)
		case r.name == "bind":
			c.under.Wait()
			c.handle(m, r)
		default:
			slots <- struct{}{}
			c.under.Go(func() {
				defer func() { <-slots }()
				c.handle(m, r)
			})
		}
	}
}

// disconnect tells the client that the session ends (RFC 4511 §4.4.1).
func (c *connection) disconnect() {
	oid := ber.NewString(ber.ClassContext, ber.TypePrimitive, 10, noticeOfDisconnect, "")
	c.send(0, encodeResult(ldap.ApplicationExtendedResponse, malformed, oid), nil)
}

// survive ends the connection, and not the server, on a panic, and lets it show in the counts.
func (c *connection) survive() {
	if recover() != nil {
		c.server.count("panic")
		c.net.Close()
	}
}

// handle runs one operation and answers.
func (c *connection) handle(m message, r request) {
	defer c.survive()
	c.server.count(r.name)
	fault := c.server.faultFor(r)
	if !fault.wait(c.server.closed) || fault.Drop == DropBefore {
		c.net.Close()
		return
	}
	outcome, more, answered := c.run(m, r, fault)
	c.server.log(r, outcome)
	if fault.Drop == DropAfter {
		c.net.Close()
		return
	}
	c.send(m.id, encodeResult(r.response, outcome, more...), answered)
}

// run returns an operation's result, what its response carries beside it, and the response controls.
func (c *connection) run(m message, r request, fault Fault) (outcome *result, more, answered []*ber.Packet) {
	if fault.Code != 0 {
		return fail(fault.Code, "%s", fault.Text), nil, nil
	}
	with, failed := decodeControls(m.controls, r.name)
	if failed == nil {
		failed = r.failed
	}
	if failed != nil {
		return failed, nil, nil
	}
	switch r.name {
	case "bind":
		return c.bind(r), nil, nil
	case "search":
		if fault.Blind {
			return success, nil, nil
		}
		outcome, cookie := c.search(m.id, r, with)
		if with.paging != nil && outcome == success {
			answered = append(answered, pagingResponse(cookie))
		}
		return outcome, nil, answered
	case "compare":
		return c.compare(r, with), nil, nil
	case "extended":
		outcome, more = c.extended(r)
		return outcome, more, nil
	default:
		outcome, answered = c.write(r, with)
		return outcome, nil, answered
	}
}

func (c *connection) write(r request, with controls) (*result, []*ber.Packet) {
	by := writer{dn: c.who(), root: c.isRoot(), assertion: with.assertion, permissive: with.permissive}
	before, after, failed := c.server.tree.write(r.change, by)
	if failed != nil {
		return failed, nil
	}
	var answered []*ber.Packet
	for i, read := range []struct {
		oid   string
		of    *record
		names []string
	}{{preReadControl, before, with.preRead}, {postReadControl, after, with.postRead}} {
		if with.reads[i] && read.of != nil {
			sel := c.server.tree.schema.selection(read.names)
			sel.secrets = true // only the root DN writes
			answered = append(answered, readControl(read.oid, sel.of(&read.of.Entry)))
		}
	}
	return success, answered
}

func (c *connection) who() string {
	c.bound.Lock()
	defer c.bound.Unlock()
	return c.bound.dn
}

func (c *connection) isRoot() bool {
	c.bound.Lock()
	defer c.bound.Unlock()
	return c.bound.root
}

// send writes a message, behind the search results that are still queued.
func (c *connection) send(id int64, op *ber.Packet, controls []*ber.Packet) {
	c.enqueue(encodeMessage(id, op, controls), 0)
}

// queue holds a search result back until there is more to send with it.
func (c *connection) queue(id int64, op *ber.Packet) {
	c.enqueue(encodeMessage(id, op, nil), flushAt)
}

// enqueue sends what is pending once it is longer than limit. A client that is gone shows when the next request is read.
func (c *connection) enqueue(data []byte, limit int) {
	c.out.Lock()
	defer c.out.Unlock()
	c.out.pending.Write(data)
	if c.out.pending.Len() > limit {
		c.out.pending.WriteTo(c.net)
		c.out.pending.Reset()
	}
}
