package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"syscall"
	"testing"
)

// TestServeTellsOfTheDirectory: what is wrong with the way to the directory shows at the start, and a hang-up ends nothing.
func TestServeTellsOfTheDirectory(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	log, written := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		w := &world{ctx, nil, io.Discard, written}
		ended <- run(w, []string{"serve", "--config", configuration(t, "ldap://127.0.0.1:1")})
		written.Close()
	}()
	told := false
	for lines := bufio.NewScanner(log); lines.Scan(); {
		switch line := lines.Text(); {
		case strings.Contains(line, "the directory cannot be used yet") && strings.Contains(line, "connection refused"):
			told = true
			if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			stop()
		case strings.Contains(line, "secret"):
			t.Errorf("a secret in %s", line)
		}
	}
	if code := <-ended; code != exitOK || !told {
		t.Errorf("exit %d, told %v", code, told)
	}
}
