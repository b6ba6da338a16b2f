package examples_test

import (
	"os/exec"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples/bridgetest"
)

// program is `scimbridge serve` as a process of its own.
type program struct {
	deployment
	*bridgetest.Program
}

// startProgram has it serve the example for the server's product, as deploy does in this process.
func startProgram(t testing.TB, binary string, server *dirtest.Server, env ...string) *program {
	t.Helper()
	text, variables := configured(t, server, basedIn(productOf(server), server), "", env...)
	p := bridgetest.Run(t, binary, text, variables, logOutput(), (*exec.Cmd).Start)
	return &program{deployment{server: server, url: p.URL}, p}
}
