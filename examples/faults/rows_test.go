package faults_test

import (
	"testing"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
)

// rows are the table.
var rows = []fault{
	{
		name: "the server is killed (SIGKILL)", shared: true,
		breaks: func(_ *testing.T, s *site) { s.server.Kill(); s.proxy.Refuse() },
		mend:   func(_ *testing.T, s *site) { s.server.Restart() },
	},
	{
		name: "the server hangs (SIGSTOP)", shared: true,
		breaks: func(_ *testing.T, s *site) { s.server.Stop() },
		mend:   func(_ *testing.T, s *site) { s.server.Cont() },
	},
	{
		name: "the server was restarted", shared: true,
		breaks: func(_ *testing.T, s *site) { s.server.Restart() },
	},
	{
		name: "the connection is reset in the middle of a request",
		each: func(_ *testing.T, s *site, op string) { s.proxy.Cut(ldapOf(op), dirtest.HalfRequest) },
	},
	{
		name: "the connection is reset in the middle of an answer",
		each: func(_ *testing.T, s *site, op string) { s.proxy.Cut(ldapOf(op), dirtest.HalfAnswer) },
	},
	{
		name: "each answer of the server comes 2 s late", timeout: directory.DefaultTimeout, atOnce: true,
		breaks: func(_ *testing.T, s *site) { s.proxy.Delay(2 * time.Second) },
	},
	{
		name:   "packets vanish (a black hole)",
		breaks: func(t *testing.T, s *site) { s.proxy.BlackHole(t) },
	},
	{
		name:   "connections are open and dead: a firewall forgot them while they were idle",
		breaks: func(t *testing.T, s *site) { s.proxy.HalfOpen(t) },
	},
	{
		name:   "the server is busy (51)",
		breaks: func(_ *testing.T, s *site) { s.proxy.Answer(51, "busy", "search", "add", "modify", "delete", "modrdn") },
	},
}

// ldapOf is the LDAP operation that a request comes to.
func ldapOf(op string) string {
	if op == "read" {
		return "search"
	}
	return "modify"
}
