package dirtest

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// broken is what is wrong with a proxy's way. The zero value is nothing.
type broken struct {
	delay   time.Duration // of each answer
	swallow bool
	cut     Cut
	at      string   // the operation that is cut; "": any
	own     *own     // the proxy's answer
	held    []string // operations that the server hears of later
}

// Met is how often what was broken has met something: requests swallowed, held, cut or answered here, answers delayed, and connections
// reset, ended or silenced, whose requests are not counted as well.
func (p *Proxy) Met() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.met
}

// own is an answer of the proxy's.
type own struct {
	refusal
	referrals []string
	to        []string // the operations that it is for; none: all
}

// Cut is where a connection ends.
type Cut int

// The cuts.
const (
	uncut       Cut = iota
	swallowed       // the request, and the connection goes on
	held            // so, until all is mended
	HalfRequest     // the server gets half of the request
	NoAnswer        // what was asked is done, and the client hears nothing
	HalfAnswer      // the client gets half of the first message of the answer
)

// Cut has the next operation of a name ("": of any) cut off, and its connection reset.
func (p *Proxy) Cut(operation string, where Cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken.cut, p.broken.at = where, operation
}

// LoseAnswer has the next operation of a name done, and the connection reset in the place of its answer.
func (p *Proxy) LoseAnswer(operation string) { p.Cut(operation, NoAnswer) }

// Refuse closes the port. Connections that are there stay.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
}

// Reset resets the connections that are there.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.met += len(p.links)
	for l := range p.links {
		l.reset()
	}
}

// End has the server's side of the connections that are there end, as where it was restarted, and returns their Ends.
func (p *Proxy) End() (noticed []<-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.met += len(p.links)
	for l := range p.links {
		l.server.Close()
	}
	return p.ends()
}

// Ends are closed, one for each connection that is there now, when it has ended: the server ended it, and the client has noticed, or the
// other way round. The client may have opened others by then, so that Links need not become 0.
func (p *Proxy) Ends() []<-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ends()
}

func (p *Proxy) ends() (ends []<-chan struct{}) {
	for l := range p.links {
		ends = append(ends, l.ended)
	}
	return ends
}

// Links is how many connections are there: a client has yet to end them, or the server.
func (p *Proxy) Links() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// Swallow takes connections and requests, and answers nothing.
func (p *Proxy) Swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken.swallow = true
}

// Delay has each answer come so much later.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken.delay = d
}

// Answer answers the operations (none named: all) in the server's place with a result code of LDAP's.
func (p *Proxy) Answer(code uint16, diagnostic string, operations ...string) {
	p.answerWith(&own{refusal: refusal{code, diagnostic}, to: operations})
}

// Refer answers the operations (none named: all) with a referral.
func (p *Proxy) Refer(url string, operations ...string) {
	p.answerWith(&own{refusal: refusal{code: ldap.LDAPResultReferral}, referrals: []string{url}, to: operations})
}

func (p *Proxy) answerWith(o *own) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken.own = o
}

// Hold has the server hear of operations when all is mended, as where its database is locked. What else comes goes on.
func (p *Proxy) Hold(operations ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken.held = operations
}

// BlackHole has all packets of clients vanish: those of the connections that are there, and those that would open one.
func (p *Proxy) BlackHole(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		vanishes(t, p.listener, true)
	}
	p.silence(t)
}

// HalfOpen has the connections that are there stay open, and nothing get through them any more, for good, as behind a firewall that has
// forgotten them. New ones work.
func (p *Proxy) HalfOpen(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silence(t)
	for l := range p.links {
		l.forgotten = true
	}
}

func (p *Proxy) silence(t testing.TB) {
	t.Helper()
	p.met += len(p.links)
	for l := range p.links {
		l.silent = true
		vanishes(t, l.client, true)
	}
}

func vanishes(t testing.TB, conn packets, yes bool) {
	t.Helper()
	if err := vanish(conn, yes); err != nil && !errors.Is(err, net.ErrClosed) { // of one that has just ended nothing comes any more
		LeaveOutHere(t, "packets that vanish", err.Error(), "run the tests on Linux")
	}
}

// Mend has all be as it was, but for connections that HalfOpen took.
func (p *Proxy) Mend(t testing.TB) {
	t.Helper()
	if err := p.listen(); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = broken{}
	defer p.mended.Broadcast()
	_ = vanish(p.listener, false) // none vanished, as a rule
	for l := range p.links {
		if !l.forgotten {
			l.silent = false
			_ = vanish(l.client, false)
		}
	}
}

func (p *Proxy) delay() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken.delay > 0 {
		p.met++
	}
	return p.broken.delay
}

// answers says whether the answer is for an operation. Two have none (RFC 4511 §4.3, §4.11).
func (o *own) answers(operation string) bool {
	return operation != "unbind" && operation != "abandon" && (len(o.to) == 0 || slices.Contains(o.to, operation))
}

// request is what becomes of a request: it is cut, or answered here.
func (l *link) request(operation string, number int64) (cut Cut, answer *own) {
	p := l.proxy
	p.mu.Lock()
	defer p.mu.Unlock()
	b := &p.broken
	switch {
	case l.silent:
		return swallowed, nil
	case b.swallow:
		p.met++
		return swallowed, nil
	case b.own != nil && b.own.answers(operation):
		p.met++
		return uncut, b.own
	case slices.Contains(b.held, operation):
		p.met++
		return held, nil
	case b.cut == uncut || b.at != "" && b.at != operation:
		return uncut, nil
	}
	p.met++
	cut, b.cut = b.cut, uncut
	if cut != HalfRequest {
		l.cuts[number] = cut
	}
	return cut, nil
}

// answer hands over an answer, or what is left of it.
func (l *link) answer(number int64, message []byte) {
	p := l.proxy
	p.mu.Lock()
	silent, cut := l.silent || p.broken.swallow, l.cuts[number]
	p.mu.Unlock()
	switch {
	case silent:
	case cut == uncut:
		l.toClient(message)
	default:
		if cut == HalfAnswer {
			l.toClient(message[:len(message)/2])
		}
		l.reset()
	}
}

// toClient writes to the client, which may have gone: then its requests end too.
func (l *link) toClient(message []byte) {
	l.write.Lock()
	defer l.write.Unlock()
	_, _ = l.client.Write(message)
}

// reset ends both connections by RST, not FIN.
func (l *link) reset() {
	_ = l.client.SetLinger(0)
	l.client.Close()
	if server, ok := l.server.(*net.TCPConn); ok {
		_ = server.SetLinger(0)
	}
	l.server.Close()
}

// listenTCP listens without Multipath TCP, whose sockets lack options that plain ones have.
func listenTCP(address string) (*net.TCPListener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	listener, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	return listener.(*net.TCPListener), nil
}
