package admin

import (
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestBounds: a connection ends by itself whatever its client does or leaves undone, and no request is larger than is taken.
func TestBounds(t *testing.T) {
	t.Parallel()
	s := New(Options{Address: "127.0.0.1:0"}, slog.New(slog.DiscardHandler), new(slog.LevelVar))
	ln, err := s.Listen()
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(ln)
	t.Cleanup(s.Close)
	const head = "Host: x\r\n"
	const health, level = "GET /healthz HTTP/1.1\r\n" + head, "PUT /log HTTP/1.1\r\n" + head
	var all sync.WaitGroup
	defer all.Wait()
	for name, c := range map[string]struct{ first, then, answer string }{
		"nothing is asked":               {},
		"nothing is asked any more":      {first: health + "\r\n", answer: "HTTP/1.1 200"},
		"a header comes octet by octet":  {first: health + "X: ", then: "x"},
		"a body comes octet by octet":    {first: level + "Content-Length: 1000\r\n\r\n", then: "x"},
		"a header is larger than may be": {first: health + "X: " + strings.Repeat("x", 2*most), answer: "HTTP/1.1 431"},
		"a body is larger than may be": {
			first: level + "Content-Length: 10005\r\n\r\n" + strings.Repeat(" ", 10_000) + "debug", answer: "HTTP/1.1 400",
		},
		"answers are not read": {then: strings.Repeat("GET /metrics HTTP/1.1\r\n"+head+"\r\n", 10), answer: unread},
	} {
		all.Go(func() { t.Run(name, func(t *testing.T) { isEnded(t, ln.Addr().String(), c.first, c.then, c.answer) }) }) // all at once
	}
}

const unread = "unread"

// isEnded fails the test unless the server ends a connection on which a text is sent, and another again and again, and which it answers so.
func isEnded(t *testing.T, address, first, then, answer string) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil { // full soon
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, first)
	sent := make(chan error, 1)
	go func() {
		for {
			if _, err := io.WriteString(conn, then); err != nil || then == "" {
				sent <- err
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	if answer == unread {
		err = <-sent
	} else {
		var said []byte
		if said, err = io.ReadAll(conn); !strings.HasPrefix(string(said), answer) {
			t.Errorf("answered %.100q", said)
		}
	}
	if late, ok := err.(net.Error); ok && late.Timeout() {
		t.Error("it is there still")
	}
}
