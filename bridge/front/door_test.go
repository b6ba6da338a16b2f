package front

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"scimbridge/bridge"
	"scimbridge/bridge/access"
	"scimbridge/bridge/reason"
	"scimbridge/scim"
)

// TestDoor: a request is answered by the server that stood behind the door when it came, also over a connection from before.
func TestDoor(t *testing.T) {
	s := serve(t, Options{})
	entered, release := make(chan struct{}), make(chan struct{})
	s.during = func(context.Context) { close(entered); <-release }
	conn := s.dial(t)
	defer conn.Close()
	answers := bufio.NewReader(conn)
	ask := func(token string) {
		t.Helper()
		request := "GET /scim/v2/Users/1 HTTP/1.1\r\nHost: scim.example\r\nAuthorization: Bearer " + token + "\r\n\r\n"
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
	}
	told := func() int {
		t.Helper()
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode
	}
	ask(secret)
	<-entered

	const other = "bravo-0123456789abcdef"
	gate, err := access.New(access.Options{Token: other}, s.Server.log)
	if err != nil {
		t.Fatal(err)
	}
	second := &double{result: &bridge.Result{Resource: scim.Resource{"id": "2"}}}
	next := New(s.options, second, gate, s.Server.log)
	next.Succeed(s.Server)
	left := s.door.Put(next)
	gone := make(chan struct{})
	go func() { left(); close(gone) }()
	if a := s.raw(t, "GET /scim/v2/Users/1", "", "Authorization: Bearer "+other); a.status != 200 {
		t.Errorf("what comes meanwhile: %d", a.status)
	}
	select {
	case <-gone:
		t.Error("the first server is gone with a request under way")
	default:
	}
	close(release)
	if status := told(); status != 200 {
		t.Errorf("what was under way: %d", status)
	}
	<-gone
	ask(secret)
	if status := told(); status != 401 {
		t.Errorf("what comes later by the same connection: %d", status)
	}
	if len(s.asked) != 1 || len(second.asked) != 1 {
		t.Errorf("the first was asked %v, the second %v", s.asked, second.asked)
	}
}

// TestSucceed: that a caller has sent many requests another server knows as well.
func TestSucceed(t *testing.T) {
	now := time.Now()
	c := newCrowd(bridge.Limits{Rate: 1, Requests: 2})
	enter := func(want reason.Reason) {
		t.Helper()
		if got := explain(c.enter("a", now, &incoming{})).Reason; got != want && (want != reason.None || got != reason.Internal) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	for range burst {
		enter(reason.None)
		c.leave("a")
	}
	c.limit(bridge.Limits{Rate: 1, Requests: 1})
	enter(reason.TooFast)
	c.limit(bridge.Limits{Requests: 1})
	enter(reason.None)
	enter(reason.Crowded)
}

// TestSucceedChangesNothing: a server that is given up before it takes another's place leaves that its limits.
func TestSucceedChangesNothing(t *testing.T) {
	s := serve(t, Options{})
	s.ask(t, "GET /Users/1", "")
	next := New(s.options, limited{s.double, bridge.Limits{Requests: 3, Rate: 7}}, s.gate, s.Server.log)
	next.Succeed(s.Server)
	if c := s.crowd; c.each != bridge.DefaultRequests || c.rate != 0 {
		t.Errorf("before it is there: %d, %v", c.each, c.rate)
	}
	s.door.Put(next)
	if c := s.crowd; next.crowd != c || c.each != 3 || c.rate != 7 {
		t.Errorf("when it is there: %d, %v", c.each, c.rate)
	}
}

// limited is a bridge with other limits.
type limited struct {
	Bridge
	limits bridge.Limits
}

func (l limited) Limits() bridge.Limits { return l.limits }

// TestHealthChecksHearOfTheEndFirst: then requests are answered still, and each connection ends with its next answer.
func TestHealthChecksHearOfTheEndFirst(t *testing.T) {
	s := serve(t, Options{ShutdownDelay: time.Minute})
	s.stop()
	var ready answer
	for ready = s.raw(t, "GET /readyz", ""); ready.status == 200; ready = s.raw(t, "GET /readyz", "") {
		time.Sleep(time.Millisecond)
	}
	if want := "ending: the bridge is about to end\n"; ready.status != 503 || ready.body != want {
		t.Errorf("%d %q, want %q", ready.status, ready.body, want)
	}
	conn := s.dial(t)
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: scim.example\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || answer.StatusCode != 200 || !answer.Close {
		t.Errorf("%+v %v", answer, err)
	}
	if err := s.app.Shutdown(); err != nil { // the minute is not waited for
		t.Error(err)
	}
}

// TestHealthTellsOfWhatIsNotTaken: the bridge does its work, by the configuration from before.
func TestHealthTellsOfWhatIsNotTaken(t *testing.T) {
	s := serve(t, Options{})
	s.ask(t, "GET /healthz", "")
	s.door.lack = func() error { return &reason.Error{Reason: reason.Untaken, Cause: errors.New("secret")} }
	want := "ok, but untaken: the configuration was changed, and the one before still holds\n"
	if a := s.raw(t, "GET /readyz", ""); a.status != 200 || a.body != want {
		t.Errorf("%d %q, want %q", a.status, a.body, want)
	}
}
