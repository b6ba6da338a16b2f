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
	go func() {
		defer close(ended)
		_, _ = io.Copy(client, server)
		client.Close() // ends the requests
	}()
	p.requests(client, server)
	server.Close() // ends the answers
	<-ended
}

func (p *Proxy) requests(client io.Reader, server io.Writer) {
	from := bufio.NewReader(client)
	for {
		message, packet, err := readMessage(from)
		if err != nil || len(packet.Children) < 2 {
			return
		}
		p.count(operations[packet.Children[1].Tag])
		if _, err := server.Write(message); err != nil {
			return
		}
	}
}

func (p *Proxy) count(operation string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[operation]++
}
