package examples_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// within bounds how long a condition may take to come true on a busy machine.
const within = 30 * time.Second

// await asks until the answer has the status.
func (d *deployment) await(t *testing.T, status int, path string) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		answer, content := d.do(t, http.MethodGet, path, "")
		if answer.StatusCode == status {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("GET %s: still %d\n%s", path, answer.StatusCode, content)
		}
	}
}

// unavailable sends one of each request and sees that each is told to come back.
func (d *deployment) unavailable(t *testing.T, user, group string) {
	t.Helper()
	for _, r := range []struct{ method, path, body string }{
		{http.MethodGet, "/Users/" + user, ""},
		{http.MethodGet, "/Users?filter=userName%20eq%20%22nobody%22", ""},
		{http.MethodGet, "/Users", ""},
		{http.MethodPost, "/Users", resource("/Users", `"userName":"late@contoso.example"`)},
		{http.MethodPatch, "/Users/" + user, disable},
		{http.MethodPatch, "/Groups/" + group, addMembers(user)},
		{http.MethodDelete, "/Users/" + user, ""},
	} {
		answer, content := d.do(t, r.method, r.path, r.body)
		after, err := strconv.Atoi(answer.Header.Get("Retry-After"))
		if answer.StatusCode != http.StatusServiceUnavailable || err != nil || after < 1 {
			t.Errorf("%s %s: %d, Retry-After %q, want 503 and whole seconds\n%s",
				r.method, r.path, answer.StatusCode, answer.Header.Get("Retry-After"), content)
		}
	}
}

func TestDirectoryDies(t *testing.T) {
	server := openLDAP(t)
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=50ms")
	user, group := d.user(t, "stays@contoso.example"), d.group(t, "Stays")
	for range 2 {
		server.Kill()
		d.unavailable(t, user, group) // while the breaker counts, and when it is open
		d.unavailable(t, user, group)
		server.Restart()
		d.await(t, http.StatusOK, "/Users/"+user)
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, disable)
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, enable)
		d.matches(t, "late@contoso.example", "")
	}
}

// TestDirectoryHangs: a directory that takes requests and answers none holds no client up for longer than the configured time.
func TestDirectoryHangs(t *testing.T) {
	server := openLDAP(t)
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_TIMEOUT=500ms",
		"SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=50ms", "SCIMBRIDGE_DIRECTORY_BREAKER_FAILURES=100")
	user, group := d.user(t, "stays@contoso.example"), d.group(t, "Stays")
	server.Stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.unavailable(t, user, group)
	}()
	select {
	case <-done:
	case <-time.After(within / 2): // seven requests of half a second; at the default's five seconds they would take longer
		t.Error("no answers")
	}
	server.Cont()
	<-done
	d.await(t, http.StatusOK, "/Users?filter=userName%20eq%20%22nobody%22")
}

// TestDirectoryComesLater: the bridge starts without its directory.
func TestDirectoryComesLater(t *testing.T) {
	server := openLDAP(t)
	server.Kill()
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=50ms")
	const nobody = "2819c223-7f76-453a-919d-413861904646"
	d.unavailable(t, nobody, nobody)
	server.Restart()
	d.await(t, http.StatusNotFound, "/Users/"+nobody)
	d.user(t, "first@contoso.example")
}

// TestWrongBindPassword: each bind that is refused counts against the account, so there is one for any number of requests.
func TestWrongBindPassword(t *testing.T) {
	server := memory(t)
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=wrong", "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=1h")
	var sent sync.WaitGroup
	for range 20 {
		sent.Go(func() {
			answer, content, err := d.try(http.MethodGet, "/Users", "")
			if err != nil {
				t.Error(err)
			} else if answer.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("%d %s", answer.StatusCode, content)
			}
		})
	}
	sent.Wait()
	d.unavailable(t, "x", "y")
	if n := server.Mem.Counts()["bind"]; n != 1 {
		t.Errorf("%d binds", n)
	}
}
