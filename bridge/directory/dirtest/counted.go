package dirtest

import (
	"bufio"
	"io"
	"maps"
	"net"
	"strings"
	"sync"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Proxy stands before a server's plain LDAP port and counts what clients ask of it.
type Proxy struct {
	URL string // ldap://127.0.0.1:port

	mu     sync.Mutex
	counts map[string]int
	lose   string // the operation whose next answer is lost
	before func(operation string)
}

// LoseAnswer has the next operation of a name done, and the connection closed in the place of its answer.
func (p *Proxy) LoseAnswer(operation string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose = operation
}

// Counted starts a proxy before the server's URL, for the test's duration. On Active Directory that leads to TLS as URL itself does.
func Counted(t testing.TB, server *Server) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	p := &Proxy{URL: "ldap://" + listener.Addr().String(), counts: map[string]int{}}
	address := strings.TrimPrefix(server.URL, "ldap://")
	go serve(listener, func(client net.Conn) { p.forward(client, address) })
	return p
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

// forward serves one client. An operation is counted before the server hears of it, so that it is when its answer comes.
func (p *Proxy) forward(client net.Conn, address string) {
	server, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return
	}
	ended := make(chan struct{})
	lost := make(chan int64, 1) // the number of the message whose answer is
	go func() {
		defer close(ended)
		answers(server, client, lost)
		client.Close() // ends the requests
	}()
	p.requests(client, server, lost)
	server.Close() // ends the answers
	<-ended
}

// answers hands over what the server answers until the answer that is to be lost.
func answers(server io.Reader, client io.Writer, lost <-chan int64) {
	from, losing := bufio.NewReader(server), int64(-1)
	for {
		message, packet, err := readMessage(from)
		if err != nil || len(packet.Children) < 2 {
			return
		}
		select {
		case losing = <-lost:
		default:
		}
		if number, _ := packet.Children[0].Value.(int64); number == losing {
			return
		}
		if _, err := client.Write(message); err != nil {
			return
		}
	}
}

func (p *Proxy) requests(client io.Reader, server io.Writer, lost chan<- int64) {
	from := bufio.NewReader(client)
	for {
		message, packet, err := readMessage(from)
		if err != nil || len(packet.Children) < 2 {
			return
		}
		if p.count(operations[packet.Children[1].Tag]) {
			number, _ := packet.Children[0].Value.(int64)
			lost <- number
		}
		if _, err := server.Write(message); err != nil {
			return
		}
	}
}

// count counts an operation, and says whether its answer is to be lost.
func (p *Proxy) count(operation string) (lose bool) {
	p.mu.Lock()
	p.counts[operation]++
	if lose = p.lose == operation && operation != ""; lose {
		p.lose = ""
	}
	before := p.before
	p.mu.Unlock()
	if before != nil {
		before(operation)
	}
	return lose
}
