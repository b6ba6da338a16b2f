package main

import (
	"context"
	"encoding/binary"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// names are those that a name server knows, each for 127.0.0.1, and the servers of services.
type names struct {
	mu       sync.Mutex
	known    map[string]bool
	services map[string][]string // host:port
}

func (n *names) add(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known[name] = true
}

// serve has a service be that of servers, the first of them first.
func (n *names) serve(service string, servers ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.services[strings.ToLower(service)] = servers
}

// resolves has this process ask a name server of the test's, which knows nobody at first.
func resolves(t *testing.T) *names {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{known: map[string]bool{}, services: map[string][]string{}}
	go func() {
		message := make([]byte, 1500)
		for {
			size, from, err := server.ReadFrom(message)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(n.answer(message[:size]), from)
		}
	}()
	address := server.LocalAddr().String()
	nameServer.Store(&address)
	t.Cleanup(func() {
		nameServer.Store(nil)
		server.Close()
	})
	return n
}

// nameServer is the one that this process asks; nil: the machine's.
var nameServer atomic.Pointer[string]

// init and not a test: a question may be under way while a test begins or ends.
func init() {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if own := nameServer.Load(); own != nil {
			network, address = "udp", *own
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
}

// answer answers a question (RFC 1035 §4).
func (n *names) answer(question []byte) []byte {
	const header, addressOf, serviceOf = 12, 1, 33
	var labels []string
	at := header
	for question[at] != 0 {
		labels = append(labels, string(question[at+1:at+1+int(question[at])]))
		at += 1 + int(question[at])
	}
	end := at + 5 // type and class
	n.mu.Lock()
	name := strings.ToLower(strings.Join(labels, "."))
	known, servers := n.known[name], n.services[name]
	n.mu.Unlock()
	answer := []byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}
	answer = append(answer, question[header:end]...)
	switch {
	case len(servers) > 0 && question[end-3] == serviceOf: // RFC 2782
		answer[7] = byte(len(servers))
		for priority, server := range servers {
			host, port, _ := net.SplitHostPort(server)
			number, _ := strconv.ParseUint(port, 10, 16)
			data := binary.BigEndian.AppendUint16([]byte{0, byte(priority), 0, 0}, uint16(number))
			for label := range strings.SplitSeq(host, ".") {
				data = append(append(data, byte(len(label))), label...)
			}
			data = append(data, 0)
			answer = append(answer, 0xc0, header, 0, serviceOf, 0, 1, 0, 0, 0, 0, 0, byte(len(data)))
			answer = append(answer, data...)
		}
	case !known:
		answer[3] |= 3 // there is no such name
	case question[end-3] == addressOf:
		answer[7] = 1
		answer = append(answer, 0xc0, header, 0, addressOf, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
	}
	return answer
}
