package inspect

import (
	"fmt"
	"net"
)

// adminListener warns of an operators' listener that others than this machine reach: it has neither TLS nor a token.
func adminListener(s Subject) Findings {
	host, port, err := net.SplitHostPort(s.Admin)
	if err != nil || host == "localhost" || net.ParseIP(host).IsLoopback() {
		return nil
	}
	return Findings{{
		Severity: Warning, Code: "admin-reachable", Key: "admin.address",
		What: fmt.Sprintf("admin.address is %s, which other machines reach", s.Admin),
		Why:  "it knows neither TLS nor tokens: whoever reaches it reads what the bridge counts, and how it is",
		Mend: "keep it on loopback, or let nobody but the operators' machines through to it, by a firewall or a network policy",
		Line: fmt.Sprintf("admin: {address: 127.0.0.1:%s}", port),
	}}
}
