package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"scimbridge/bridge/directory/memdir"
)

// programVariable has the test program be the program, with the arguments that it holds.
const programVariable = "SCIMBRIDGE_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if arguments := os.Getenv(programVariable); arguments != "" {
		os.Args = append(os.Args[:1], strings.Fields(arguments)...)
		main()
	}
	m.Run()
}

// TestTerminated: SIGTERM is first told to health checks, while all is answered as ever and connections end with their next answer; then
// nobody is let in any more, and what is under way is answered, whatever signal comes again. Connections that idle hold nothing up.
func TestTerminated(t *testing.T) {
	ldap := company(t)
	var holds atomic.Bool
	held, release := make(chan struct{}), make(chan struct{})
	ldap.Fault(func(op, _ string) memdir.Fault {
		if op == "add" && holds.CompareAndSwap(true, false) {
			close(held)
			<-release
		}
		return memdir.Fault{}
	})
	serve := exec.CommandContext(t.Context(), os.Args[0])
	serve.Env = append(os.Environ(), programVariable+"=serve --config "+configuration(t, ldap.URL()), "SCIMBRIDGE_LISTEN_SHUTDOWNDELAY=1s")
	log, err := serve.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	root, lines := listening(t, log)
	go func() {
		for range lines {
		}
	}()
	idle := func() *http.Client { return &http.Client{Transport: &http.Transport{}} } // with a connection of its own
	ask := func(client *http.Client, method, path, body string) (*http.Response, error) {
		request, err := http.NewRequestWithContext(t.Context(), method, root+path, strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := client.Do(request)
		if err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
		return answer, err
	}
	goes, stays := idle(), idle()
	for _, client := range []*http.Client{goes, stays} {
		if answer, err := ask(client, "GET", "/Users", ""); err != nil || answer.StatusCode != 200 || answer.Close {
			t.Fatalf("%+v %v", answer, err)
		}
	}
	holds.Store(true)
	long := make(chan error, 1)
	go func() {
		answer, err := ask(idle(), "POST", "/Users", `{"userName":"mara"}`)
		if err == nil && answer.StatusCode != 201 {
			t.Errorf("what is under way: %s", answer.Status)
		}
		long <- err
	}()
	<-held
	signal := func() {
		t.Helper()
		if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	signal()
	ready(t, root, "ending: ")
	if answer, err := ask(idle(), "GET", "/Users", ""); err != nil || answer.StatusCode != 200 { // who has not heard of it
		t.Errorf("%+v %v", answer, err)
	}
	if answer, err := ask(goes, "GET", "/Users", ""); err != nil || answer.StatusCode != 200 || !answer.Close {
		t.Errorf("%+v %v", answer, err)
	}
	signal()
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) { // nobody is let in any more
		if _, err := ask(idle(), "GET", "/Users", ""); err != nil {
			break
		}
		if time.Now().After(until) {
			t.Fatal("whoever comes is let in")
		}
	}
	signal()
	select {
	case err := <-long:
		t.Errorf("what is under way was answered before the directory had: %v", err)
	default:
	}
	close(release)
	if err := <-long; err != nil {
		t.Error(err)
	}
	if err := serve.Wait(); err != nil {
		t.Error(err)
	}
}
