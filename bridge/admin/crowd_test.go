package admin

import (
	"io"
	"log/slog"
	"net"
	"testing"
	"time"
)

// TestCrowd: connections beyond a bound are closed, and taken again when others have ended.
func TestCrowd(t *testing.T) {
	s := New(Options{Address: "127.0.0.1:0"}, slog.New(slog.DiscardHandler), new(slog.LevelVar))
	ln, err := s.Listen()
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(ln)
	t.Cleanup(s.Close)
	answers := func(conn net.Conn) bool {
		t.Helper()
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		_, err := conn.Read(make([]byte, 1))
		return err == nil
	}
	dial := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	var open []net.Conn
	for n := range together {
		open = append(open, dial())
		if n%100 == 0 && !answers(open[n]) {
			t.Fatalf("connection %d is closed", n)
		}
	}
	if answers(dial()) {
		t.Error("one too many is answered")
	}
	open[0].Close()
	for !answers(dial()) { // once the server has seen it
	}
}
