package front

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// TestTheClientLeaves: the work of a request ends when its client closes the connection, and not because of what the client sends on.
func TestTheClientLeaves(t *testing.T) {
	files := TLSOptions{Certificate: filepath.Join(t.TempDir(), "tls.crt"), Key: filepath.Join(t.TempDir(), "tls.key")}
	certificate(t, files, 1)
	const next = "GET /healthz HTTP/1.1\r\nHost: scim.example\r\n\r\n"
	for kind, o := range map[string]Options{"plain": {}, "TLS": {TLS: files}} {
		for how, leave := range map[string]func(conn net.Conn){
			"closes":              func(conn net.Conn) { conn.Close() },
			"has sent on, closes": func(conn net.Conn) { _, _ = io.WriteString(conn, next); conn.Close() },
			"sends on":            func(conn net.Conn) { _, _ = io.WriteString(conn, next) },
			"waits":               func(net.Conn) {},
		} {
			t.Run(kind+" "+how, func(t *testing.T) {
				stays := how == "sends on" || how == "waits"
				o.RequestTimeout = time.Minute
				if stays {
					o.RequestTimeout = 4 * glance
				}
				s := serve(t, o)
				begun, ended := make(chan struct{}), make(chan error, 1)
				s.during = func(ctx context.Context) {
					close(begun)
					<-ctx.Done()
					ended <- context.Cause(ctx)
				}
				conn := s.dial(t)
				defer conn.Close()
				request := "GET /scim/v2/Users/1 HTTP/1.1\r\nHost: scim.example\r\nAuthorization: Bearer " + secret + "\r\n\r\n"
				if _, err := io.WriteString(conn, request); err != nil {
					t.Fatal(err)
				}
				<-begun
				leave(conn)
				want := errLeft
				if stays {
					want = context.DeadlineExceeded
				}
				if err := <-ended; !errors.Is(err, want) {
					t.Errorf("the context ended by %v, want %v", err, want)
				}
			})
		}
	}
}

// TestNobodyIsLookedAfterInVain: with the last request the look-out ends.
func TestNobodyIsLookedAfterInVain(t *testing.T) {
	s := serve(t, Options{})
	s.ask(t, "GET /scim/v2/Users/1", "")
	looks := func() bool {
		s.clients.mu.Lock()
		defer s.clients.mu.Unlock()
		return s.clients.running || len(s.clients.under) > 0
	}
	for looks() {
		time.Sleep(time.Millisecond)
	}
}
