package examples_test

import (
	"os"
	"os/exec"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples/bridgetest"
)

// program is `scimbridge serve` as a process of its own.
type program struct {
	deployment
	admin   string // of the operator's listener
	pid     int
	process *os.Process
	ended   <-chan struct{} // closed when it has
}

// startProgram has it serve the example for the server's product, as deploy does in this process.
func startProgram(t testing.TB, binary string, server *dirtest.Server, env ...string) *program {
	t.Helper()
	text, variables := configured(t, server, basedIn(productOf(server), server), "", env...)
	p := bridgetest.Run(t, binary, text, variables, logOutput(), (*exec.Cmd).Start)
	return &program{
		deployment: deployment{server: server, url: p.URL},
		admin:      p.Admin, pid: p.Process.Pid, process: p.Process, ended: p.Ended,
	}
}
