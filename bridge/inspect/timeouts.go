package inspect

import (
	"cmp"
	"fmt"

	"scimbridge/bridge/directory"
)

// timeouts warns of requests that end before an operation on the directory may: no answer in time is then never the directory's fault.
func timeouts(s Subject) Findings {
	timeout := cmp.Or(s.Directory.Timeout, directory.DefaultTimeout)
	if s.Request == 0 || timeout < s.Request {
		return nil
	}
	return Findings{{
		Severity: Warning, Code: "timeouts", Key: "directory.timeout",
		What: fmt.Sprintf("an operation may take %v (directory.timeout), and a whole request no more than %v (listen.requestTimeout)",
			timeout, s.Request),
		Why:  "a directory that hangs is not noticed: each request waits for its own end, and the circuit breaker stays closed",
		Mend: "let an operation take a fraction of what a request may, which asks several times",
		Line: fmt.Sprintf("timeout: %v", min(directory.DefaultTimeout, s.Request/4)),
	}}
}
