package bridgetest

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Program is `scimbridge serve` as a process of its own.
type Program struct {
	URL     string // of the SCIM root
	Admin   string // of the operator's listener; "": the environment names none
	Process *os.Process
	Ended   <-chan struct{} // closed when it has
}

// built is the program, in a folder of its own, once a test has asked for it.
var built struct {
	sync.Once
	folder string
	said   []byte // by the compiler
	err    error
}

// Build builds the program, once for all tests of this process, whose TestMain is to call RemoveBuilt.
func Build(t testing.TB) (binary string) {
	t.Helper()
	built.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "scimbridge"); built.err == nil {
			built.said, built.err = exec.Command("go", "build", "-o", binaryIn(built.folder), "scimbridge/cmd/scimbridge").CombinedOutput()
		}
	})
	if built.err != nil {
		t.Fatalf("%v: %s", built.err, built.said)
	}
	return binaryIn(built.folder)
}

func binaryIn(folder string) string { return filepath.Join(folder, "scimbridge") }

// RemoveBuilt is for when all tests have ended.
func RemoveBuilt() error { return os.RemoveAll(built.folder) }

// startWithin is until a program listens, on a machine however busy.
const startWithin = 2 * time.Minute

// Run has a binary serve by a configuration and an environment, as Configured returns them, for the test's duration. Its log, in JSON, goes
// to a writer once it listens. start starts its process.
func Run(t testing.TB, binary string, text []byte, variables []string, to io.Writer, start func(*exec.Cmd) error) *Program {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scimbridge.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	serve := exec.CommandContext(t.Context(), binary, "serve", "--config", file)
	serve.Env = append(append(os.Environ(), variables...), "SCIMBRIDGE_LOG_FORMAT=json")
	log, err := serve.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := start(serve); err != nil {
		t.Fatal(err)
	}
	p := &Program{Process: serve.Process}
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	overseen := slices.ContainsFunc(variables, func(v string) bool { return strings.HasPrefix(v, "SCIMBRIDGE_ADMIN_ADDRESS=") })
	late := time.AfterFunc(startWithin, func() { _ = serve.Process.Kill() })
	for p.URL == "" || overseen && p.Admin == "" {
		if !lines.Scan() {
			t.Fatalf("the program ended before it listened, or did not within %s", startWithin)
		}
		var line struct{ Msg, URL string }
		switch err := json.Unmarshal(lines.Bytes(), &line); {
		case err != nil:
		case line.Msg == "listening":
			p.URL = line.URL
		case line.Msg == "the admin listener listens":
			p.Admin = line.URL
		}
	}
	late.Stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines.Scan() { // some are read already
			_, _ = to.Write(append(lines.Bytes(), '\n'))
		}
		_, _ = io.Copy(to, log) // behind a line that is too long
		_ = serve.Wait()
	}()
	t.Cleanup(func() { <-ended }) // after t.Context has ended it
	p.Ended = ended
	return p
}
