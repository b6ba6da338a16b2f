package main

import (
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"scimbridge/bridge/directory/memdir"
)

// TestServeBindsAgainOnHangUp: what the directory refused of the bridge's bind is tried again at once when somebody says so.
func TestServeBindsAgainOnHangUp(t *testing.T) {
	ldap := company(t)
	var refuses atomic.Bool
	refuses.Store(true)
	ldap.Fault(func(op, _ string) memdir.Fault {
		if op == "bind" && refuses.Load() {
			return memdir.Fault{Code: 49}
		}
		return memdir.Fault{}
	})
	log, stop, ended := start(t, configuration(t, ldap.URL()), nil)
	root, lines := listening(t, log)
	go func() {
		for range lines { // or the program would wait for somebody to read them
		}
	}()
	ask := func() int {
		answer := send(t, "GET", root+"/Users", token, "")
		answer.Body.Close()
		return answer.StatusCode
	}
	if status := ask(); status != 503 {
		t.Fatalf("%d before", status)
	}
	refuses.Store(false)
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for ask() != 200 {
		if time.Since(begun) > 20*time.Second { // the password's next turn comes after 30
			t.Fatal("the hang-up is not heard")
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
}
