package directory

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

func TestMain(m *testing.M) {
	// What the resolver makes the first time is for the whole process: made within a bubble of synctest's it is of no use outside.
	_, _ = (&net.Resolver{PreferGo: true}).LookupHost(context.Background(), "localhost")
	dirtest.Main(m)
}

// peer is a server that answers as a test tells it, over an in-memory network. What no script answers gets success, a base search of
// "" the root DSE.
type peer struct {
	script func(*session, message) bool // true: answered, or left without an answer
	root   []ldif.Attribute

	mu    sync.Mutex
	down  bool // refuses connections
	seen  map[ber.Tag]int
	conns int
	open  map[net.Conn]bool
}

// message is one request.
type message struct {
	id      int64
	op      ber.Tag
	request *ber.Packet
	packet  *ber.Packet
	nth     int // of its kind at this peer, from 1
}

type session struct {
	peer *peer
	conn net.Conn
	nth  int // of the peer's connections, from 1
}

func (p *peer) serve(conn net.Conn) {
	p.mu.Lock()
	if p.seen == nil {
		p.seen, p.open = map[ber.Tag]int{}, map[net.Conn]bool{}
	}
	p.conns++
	p.open[conn] = true
	s := &session{peer: p, conn: conn, nth: p.conns}
	p.mu.Unlock()
	defer func() {
		conn.Close()
		p.mu.Lock()
		delete(p.open, conn)
		p.mu.Unlock()
	}()
	for {
		packet, err := ber.ReadPacket(conn)
		if err != nil || len(packet.Children) < 2 {
			return
		}
		id, _ := packet.Children[0].Value.(int64)
		m := message{id: id, op: packet.Children[1].Tag, request: packet.Children[1], packet: packet}
		p.mu.Lock()
		p.seen[m.op]++
		m.nth = p.seen[m.op]
		p.mu.Unlock()
		switch {
		case p.script != nil && p.script(s, m):
		case m.op == ldap.ApplicationSearchRequest && text(m.request.Children[0]) == "" && m.request.Children[1].Value == int64(0):
			s.entry(m, "", p.root...)
			s.result(m, 0, "")
		default:
			s.result(m, 0, "")
		}
	}
}

// count says how many requests of a kind came.
func (p *peer) count(op ber.Tag) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[op]
}

// links is how many connections are open.
func (p *peer) links() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// kill drops every connection and refuses new ones.
func (p *peer) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	for conn := range p.open {
		conn.Close()
	}
}

func (p *peer) revive() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
}

func (s *session) result(m message, code int64, diagnostic string, controls ...ldap.Control) {
	op := m.op + 1
	if m.op == ldap.ApplicationSearchRequest {
		op = ldap.ApplicationSearchResultDone
	}
	answer := ber.Encode(ber.ClassApplication, ber.TypeConstructed, op, nil, "")
	answer.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	answer.AppendChild(octets(""))
	answer.AppendChild(octets(diagnostic))
	s.send(m, answer, controls...)
}

// refer answers with a referral (RFC 4511 §4.1.10).
func (s *session) refer(m message, urls ...string) {
	answer := ber.Encode(ber.ClassApplication, ber.TypeConstructed, m.op+1, nil, "")
	answer.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(ldap.LDAPResultReferral), ""))
	answer.AppendChild(octets(""))
	answer.AppendChild(octets(""))
	referral := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "")
	for _, url := range urls {
		referral.AppendChild(octets(url))
	}
	answer.AppendChild(referral)
	s.send(m, answer)
}

func (s *session) entry(m message, dn string, attributes ...ldif.Attribute) {
	s.send(m, encodeEntry(dn, attributes...))
}

func (s *session) send(m message, answer *ber.Packet, controls ...ldap.Control) {
	packet := ber.NewSequence("")
	packet.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, m.id, ""))
	packet.AppendChild(answer)
	if len(controls) > 0 {
		sequence := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, c := range controls {
			sequence.AppendChild(c.Encode())
		}
		packet.AppendChild(sequence)
	}
	_, _ = s.conn.Write(packet.Bytes())
}

func encodeEntry(dn string, attributes ...ldif.Attribute) *ber.Packet {
	e := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	e.AppendChild(octets(dn))
	list := ber.NewSequence("")
	for _, a := range attributes {
		one := ber.NewSequence("")
		one.AppendChild(octets(a.Name))
		values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range a.Values {
			values.AppendChild(octets(v))
		}
		one.AppendChild(values)
		list.AppendChild(one)
	}
	e.AppendChild(list)
	return e
}

// target returns the DN of a search, modify or add, and of a delete.
func (m message) target() string {
	if m.op == ldap.ApplicationDelRequest {
		return m.request.Data.String()
	}
	return text(m.request.Children[0])
}

// changes returns a modify request's modifications as "op name values".
func (m message) changes() []ldif.Mod {
	var mods []ldif.Mod
	for _, c := range m.request.Children[1].Children {
		op := map[int64]ldif.ModOp{0: ldif.AddValues, 1: ldif.DeleteValues, 2: ldif.ReplaceValues}[c.Children[0].Value.(int64)]
		mod := ldif.Mod{Op: op, Name: text(c.Children[1].Children[0])}
		for _, v := range c.Children[1].Children[1].Children {
			mod.Values = append(mod.Values, text(v))
		}
		mods = append(mods, mod)
	}
	return mods
}

var errConnectionRefused = errors.New("connection refused")

// network is an in-memory network of peers by host name.
type network map[string]*peer

func (n network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, _ := net.SplitHostPort(address)
	p := n[host]
	if p == nil { // a host that swallows packets
		<-ctx.Done()
		return nil, ctx.Err()
	}
	p.mu.Lock()
	down := p.down
	p.mu.Unlock()
	if down {
		return nil, errConnectionRefused
	}
	near, far := net.Pipe()
	go p.serve(far)
	return near, nil
}

// client starts a client of the peers named, to be closed by the test: a bubble of synctest waits for it.
func (n network) client(t *testing.T, hosts ...string) *Client {
	t.Helper()
	return n.clientWith(t, BindOptions{DN: "cn=bridge", Password: "sesame-open"}, hosts...)
}

func (n network) clientWith(t *testing.T, bind BindOptions, hosts ...string) *Client {
	t.Helper()
	o := Options{
		AllowCleartext: true,
		Bind:           bind,
		Timeout:        4 * time.Second,
	}
	for _, h := range hosts {
		o.URLs = append(o.URLs, "ldap://"+h)
	}
	c, err := newClient(o, slog.New(slog.DiscardHandler), n.dial)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func reasonOf(err error) reason.Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return reason.None
}

// wantReason also checks that the error is of this package's own type.
func wantReason(t *testing.T, err error, want reason.Reason) *Error {
	t.Helper()
	if got := reasonOf(err); got != want {
		t.Fatalf("got reason %v (%v), want %v", got, err, want)
	}
	e, _ := errors.AsType[*Error](err)
	return e
}

var anyone = Search{Base: "dc=example", Filter: "(uid=ada)"}

func modifyMail(dn string) ldif.Plan {
	return ldif.Plan{Steps: []ldif.Step{{Change: ldif.Change{
		Kind: ldif.Modify, DN: dn,
		Mods: []ldif.Mod{{Op: ldif.ReplaceValues, Name: "mail", Values: []string{"ada@example.org"}}},
	}}}}
}

// Available says whether the breaker lets requests through, and no change was refused of late because no server takes any.
func (c *Client) Available() bool { return c.breaker.closed() && c.Writable() }
