package dirtest

import (
	"bufio"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Proxy stands before a server's plain LDAP port, counts what clients ask of it, and breaks what a test has it break (breaking.go).
type Proxy struct {
	URL string // ldap://127.0.0.1:port

	server string // its address

	mu       sync.Mutex
	mended   sync.Cond        // on mu
	listener *net.TCPListener // nil: connections are refused
	links    map[*link]bool   // that are open
	counts   map[string]int
	before   func(operation string)
	broken   broken
	met      int // see Met
	ended    bool
}

// link is a client's connection, and the one to the server that is for it.
type link struct {
	proxy  *Proxy
	client *net.TCPConn
	server net.Conn
	ended  chan struct{} // closed when it has ended on both sides
	write  sync.Mutex    // on client: its answers come from the server and from here

	// guarded by the proxy
	cuts      map[int64]Cut // by the number of the message whose answer it is
	silent    bool          // nothing gets through
	forgotten bool          // nor will it again
}

// Counted starts a proxy before the server's URL, for the test's duration. On Active Directory that leads to TLS as URL itself does.
func Counted(t testing.TB, server *Server) *Proxy {
	t.Helper()
	p := &Proxy{server: strings.TrimPrefix(server.URL, "ldap://"), links: map[*link]bool{}, counts: map[string]int{}}
	p.mended.L = &p.mu
	var err error
	for range portAttempts {
		p.URL = "ldap://" + FreeAddress(t) // nobody is given it while connections are refused
		if err = p.listen(); err == nil {
			t.Cleanup(p.close)
			return p
		}
	}
	t.Fatal(err)
	return nil
}

// Counts returns how many operations of each name came in, by the names that memdir.Server's Counts has.
func (p *Proxy) Counts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.counts)
}

// ResetCounts starts Counts afresh.
func (p *Proxy) ResetCounts() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.counts)
}

// Before sets what is done before the server hears of an operation, which waits for it. nil: nothing.
func (p *Proxy) Before(do func(operation string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before = do
}

// operations names the requests by their tags (RFC 4511 §4.2 to §4.12).
var operations = map[ber.Tag]string{
	ldap.ApplicationBindRequest: "bind", ldap.ApplicationUnbindRequest: "unbind", ldap.ApplicationSearchRequest: "search",
	ldap.ApplicationModifyRequest: "modify", ldap.ApplicationAddRequest: "add", ldap.ApplicationDelRequest: "delete",
	ldap.ApplicationModifyDNRequest: "modrdn", ldap.ApplicationCompareRequest: "compare", ldap.ApplicationAbandonRequest: "abandon",
	ldap.ApplicationExtendedRequest: "extended",
}

// listen takes connections, unless it does already.
func (p *Proxy) listen() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		return nil
	}
	listener, err := listenTCP(strings.TrimPrefix(p.URL, "ldap://"))
	if err != nil {
		return err
	}
	p.listener = listener
	go serve(listener, func(client net.Conn) { p.forward(client.(*net.TCPConn)) })
	return nil
}

func (p *Proxy) close() {
	p.Refuse()
	p.Reset()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.mended.Broadcast()
}

// forward serves one client. An operation is counted before the server hears of it, so that it is when its answer comes.
func (p *Proxy) forward(client *net.TCPConn) {
	server, err := net.DialTimeout("tcp", p.server, patience)
	if err != nil {
		return
	}
	l := &link{proxy: p, client: client, server: server, ended: make(chan struct{}), cuts: map[int64]Cut{}}
	p.mu.Lock()
	p.links[l] = true
	p.mu.Unlock()
	answers, ended := make(chan answer, 64), make(chan struct{})
	go l.receive(answers)
	go func() {
		defer close(ended)
		l.hand(answers)
		_ = client.CloseWrite() // the client ends the requests when it has noticed
	}()
	l.requests()
	server.Close() // ends the answers
	<-ended
	client.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
	close(l.ended)
}

// answer is a message of the server's, and when it goes to the client.
type answer struct {
	message []byte
	number  int64
	at      time.Time
}

// receive reads what the server answers.
func (l *link) receive(answers chan<- answer) {
	defer close(answers)
	from := bufio.NewReader(l.server)
	for {
		message, packet, err := readMessage(from)
		if err != nil || len(packet.Children) < 2 {
			return
		}
		answers <- answer{message, number(packet), time.Now().Add(l.proxy.delay())}
	}
}

// hand hands over what the server answers, until the connection may end.
func (l *link) hand(answers <-chan answer) {
	for a := range answers {
		time.Sleep(time.Until(a.at))
		l.answer(a.number, a.message)
	}
	p := l.proxy
	p.mu.Lock()
	defer p.mu.Unlock()
	for l.silent && !p.ended {
		p.mended.Wait()
	}
}

func (l *link) requests() {
	from := bufio.NewReader(l.client)
	for {
		message, packet, err := readMessage(from)
		if err != nil || len(packet.Children) < 2 {
			return
		}
		operation := operations[packet.Children[1].Tag]
		l.proxy.count(operation)
		switch cut, own := l.request(operation, number(packet)); {
		case own != nil:
			l.toClient(own.response(packet, own.referrals...))
		case cut == swallowed:
		case cut == held:
			go l.later(operation, message)
		case cut == HalfRequest:
			_, _ = l.server.Write(message[:len(message)/2])
			l.reset()
		default:
			if _, err := l.server.Write(message); err != nil {
				return
			}
		}
	}
}

// later passes a request on when its operation is held no more.
func (l *link) later(operation string, message []byte) {
	p := l.proxy
	p.mu.Lock()
	for slices.Contains(p.broken.held, operation) && !p.ended {
		p.mended.Wait()
	}
	p.mu.Unlock()
	_, _ = l.server.Write(message)
}

// number is a message's (RFC 4511 §4.1.1.1).
func number(message *ber.Packet) int64 {
	n, _ := message.Children[0].Value.(int64)
	return n
}

// count counts an operation.
func (p *Proxy) count(operation string) {
	p.mu.Lock()
	p.counts[operation]++
	before := p.before
	p.mu.Unlock()
	if before != nil {
		before(operation)
	}
}
