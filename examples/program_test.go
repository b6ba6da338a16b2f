package examples_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// program is `scimbridge serve` as a process of its own.
type program struct {
	deployment
	pid     int
	process *os.Process
	ended   <-chan struct{} // closed when it has
}

// built is the program, in a folder of its own, once a test has asked for it.
var built struct {
	sync.Once
	folder string
	said   []byte // by the compiler
	err    error
}

// buildProgram builds it, once for all tests.
func buildProgram(t testing.TB) (binary string) {
	t.Helper()
	built.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "scimbridge"); built.err == nil {
			built.said, built.err = exec.Command("go", "build", "-o", programIn(built.folder), "../cmd/scimbridge").CombinedOutput()
		}
	})
	if built.err != nil {
		t.Fatalf("%v: %s", built.err, built.said)
	}
	return programIn(built.folder)
}

func programIn(folder string) string { return filepath.Join(folder, "scimbridge") }

// removeProgram is for when all tests have ended.
func removeProgram() error { return os.RemoveAll(built.folder) }

// startProgram has it serve the example for the server's product, as deploy does in this process.
func startProgram(t testing.TB, binary string, server *dirtest.Server, env ...string) *program {
	t.Helper()
	text, variables := configured(t, server, basedIn(productOf(server), server), "", env...)
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
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{deployment: deployment{server: server}, pid: serve.Process.Pid, process: serve.Process}
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for p.url == "" && lines.Scan() {
		var line struct{ URL string }
		if json.Unmarshal(lines.Bytes(), &line) == nil {
			p.url = line.URL
		}
	}
	if p.url == "" {
		t.Fatal("the program ended before it listened")
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(logOutput(), log)
		_ = serve.Wait()
	}()
	t.Cleanup(func() { <-ended }) // after t.Context has ended it
	p.ended = ended
	return p
}
