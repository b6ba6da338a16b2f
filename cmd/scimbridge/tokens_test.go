package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestServeReadsTokensAgain: what is taken out of the tokens file is nobody's at once, and a file that cannot be read lets nobody in.
func TestServeReadsTokensAgain(t *testing.T) {
	const one, other = "bravo-0123456789abcdef", "delta-0123456789abcdef"
	tokens := filepath.Join(t.TempDir(), "tokens.yaml")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(tokens, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("- {name: a, token: " + one + "}\n- {name: b, token: " + other + "}\n")
	log, stop, ended := start(t, configuration(t, "ldap://127.0.0.1:1"), []string{"SCIMBRIDGE_ACCESS_TOKENSFILE=" + tokens})
	root, told := listening(t, log)
	ask := func(token string, want int) {
		t.Helper()
		answer := send(t, "GET", root+"/ServiceProviderConfig", token, "")
		answer.Body.Close()
		if answer.StatusCode != want || (want == 503) != (answer.Header.Get("Retry-After") != "") {
			t.Fatalf("%d, Retry-After %q, want %d", answer.StatusCode, answer.Header.Get("Retry-After"), want)
		}
	}
	ask(one, 200)
	ask(other, 200)
	write("- {name: b, token: " + other + "}\n")
	ask(one, 401)
	ask(other, 200)
	write("- {name: b, token: [" + other)
	ask(other, 503)
	ask(one, 503)
	write("- {name: a, token: " + one + "}\n")
	ask(one, 200)
	ask(other, 401)

	// A change that does not show in what the file system tells of the file is seen on a hang-up.
	before, err := os.Stat(tokens)
	if err != nil {
		t.Fatal(err)
	}
	write(strings.Replace("- {name: a, token: "+one+"}\n", one, other, 1))
	if err := os.Chtimes(tokens, before.ModTime(), before.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	read := 0
	for line := range told {
		if strings.Contains(line, one) || strings.Contains(line, other) {
			t.Errorf("a token in %s", line)
		}
		if strings.Contains(line, "read again") {
			if read++; read == 4 { // three changes, and the hang-up
				break
			}
		}
	}
	ask(one, 401)
	ask(other, 200)
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
}
