package faults_test

import (
	"context"
	"net"
	"strings"
	"sync"
)

// nameServer is the one that this process asks: each name is 127.0.0.1's, unless it is forgotten: then there is no answer.
type nameServer struct {
	mu        sync.Mutex
	forgotten map[string]bool
}

var names = &nameServer{forgotten: map[string]bool{}}

// host is a name of the site's own.
func (s *site) host() string { return strings.ToLower(string(s.server.Kind)) + s.name + ".faults.test" }

func (n *nameServer) forget(name string, yes bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forgotten[name] = yes
}

// serve has this process ask it from now on.
func (n *nameServer) serve() error {
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		query := make([]byte, 512)
		for {
			length, from, err := socket.ReadFrom(query)
			if err != nil {
				return
			}
			if reply := n.answer(query[:length]); reply != nil {
				_, _ = socket.WriteTo(reply, from)
			}
		}
	}()
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
	return nil
}

// answer answers a query of one question (RFC 1035 §4.1).
func (n *nameServer) answer(query []byte) []byte {
	const header, address = 12, 1
	var labels []string
	at := header
	for at < len(query) && query[at] != 0 {
		next := at + 1 + int(query[at])
		if next > len(query) {
			return nil
		}
		labels, at = append(labels, string(query[at+1:next])), next
	}
	end := at + 5 // the root's label, type and class
	n.mu.Lock()
	defer n.mu.Unlock()
	if end > len(query) || n.forgotten[strings.ToLower(strings.Join(labels, "."))] {
		return nil
	}
	reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, query[header:end]...)
	if query[end-3] == address {
		reply[7] = 1
		reply = append(reply, 0xc0, header, 0, address, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
	}
	return reply
}
