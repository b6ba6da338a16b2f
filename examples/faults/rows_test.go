package faults_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
)

// rows are the table.
var rows = slices.Concat(ofTheWay, ofServers)

// ofTheWay are faults of the server as a whole, and of the way to it.
var ofTheWay = []fault{
	{
		name: "the server is killed (SIGKILL)", shared: true,
		breaks: func(_ *testing.T, s *site) { s.server.Kill(); s.proxy.Refuse() },
		mend:   func(_ *testing.T, s *site) { s.server.Restart() },
	},
	{
		name: "the server hangs (SIGSTOP)", shared: true, lists: true,
		breaks: func(_ *testing.T, s *site) { s.server.Stop() },
		mend:   func(_ *testing.T, s *site) { s.server.Cont() },
	},
	{
		name: "the server was restarted", shared: true, noticed: true,
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
		name: "each answer of the server comes 2 s late", timeout: directory.DefaultTimeout, least: slowness, atOnce: true,
		breaks: func(_ *testing.T, s *site) { s.proxy.Delay(slowness) },
	},
	{
		name: "packets vanish (a black hole)", lists: true,
		breaks: func(t *testing.T, s *site) { s.proxy.BlackHole(t) },
	},
	{
		name:    "a firewall forgot the connections while they were idle, and drops their packets",
		timeout: 2 * time.Second, // the kernel takes its time with less
		lists:   true,
		each:    func(t *testing.T, s *site, _ string) { s.proxy.HalfOpen(t) },
	},
	{
		name: "the server is busy (51)", proxied: everywhere,
		breaks: func(_ *testing.T, s *site) { s.proxy.Answer(51, "busy", "search", "add", "modify", "delete", "modrdn") },
	},
	{
		name: "the server's answer to a write is lost, and it cannot be reached any more", unsure: true,
		each: inWrite(func(_ *testing.T, s *site) { s.proxy.Refuse(); s.proxy.Cut("modify", dirtest.NoAnswer) }, nil),
	},
	{
		name: "packets vanish from a write on", unsure: true,
		prepare: func(t *testing.T, s *site) { // where they cannot it is left out now: in a write it is the proxy that would have to say so
			s.proxy.BlackHole(t)
			s.proxy.Mend(t)
		},
		each: inWrite(func(t *testing.T, s *site) { s.proxy.BlackHole(t) }, nil),
	},
	{
		name: "the server hangs in the middle of a write, and does it later", unsure: true, shared: true,
		each: inWrite(func(_ *testing.T, s *site) { s.server.Stop() }, func(_ *testing.T, s *site) { s.server.Cont() }),
		mend: func(_ *testing.T, s *site) { s.server.Cont() },
	},
	{
		name: "the password of the bridge's account was changed, and later its file",
		prepare: func(t *testing.T, s *site) {
			s.account(t)
			s.env = append(s.env, "SCIMBRIDGE_DIRECTORY_BIND_DN="+s.dn, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=",
				"SCIMBRIDGE_DIRECTORY_BIND_PASSWORDFILE="+s.passwordFile)
		},
		breaks: func(t *testing.T, s *site) {
			s.setPassword(t, "Other-secret-2")
			s.cutOff(t)
			s.proxy.ResetCounts()
		},
		mend: func(t *testing.T, s *site) {
			time.Sleep(5 * directory.DefaultPause / 2) // by then it is offered anew where nothing but the breaker's pause is waited for
			if n := s.proxy.Counts()["bind"]; n > 1 {  // each brings the account's lockout nearer
				t.Errorf("a password that was refused was offered %d times", n)
			}
			s.writePassword(t, "Other-secret-2")
		},
	},
	{
		name: "the name service does not answer, when a connection is needed", timeout: 2 * time.Second, lists: true,
		prepare: func(_ *testing.T, s *site) {
			_, port, _ := strings.Cut(strings.TrimPrefix(s.proxy.URL, "ldap://"), ":")
			s.env = append(s.env, "SCIMBRIDGE_DIRECTORY_URLS=ldap://"+s.host()+":"+port, "SCIMBRIDGE_DIRECTORY_ALLOWCLEARTEXT=true")
		},
		breaks: func(t *testing.T, s *site) {
			names.forget(s.host(), true)
			s.cutOff(t)
		},
		mend: func(_ *testing.T, s *site) {
			time.Sleep(5 * directory.DefaultPause / 2) // there are several looks at once by then, whose questions were lost
			names.forget(s.host(), false)
		},
	},
	{
		name: "the clock of the bridge's machine jumps an hour ahead in a request, and its connection is reset", process: true,
		each: func(t *testing.T, s *site, op string) {
			by := time.Duration(1+slices.Index(ops, op)) * time.Hour
			s.proxy.Before(func(string) {
				s.proxy.Before(nil)
				s.turns(t, by)
				s.proxy.Reset()
			})
		},
		mend: func(t *testing.T, s *site) { s.turns(t, 0) },
	},
	{
		name: "the clock of the bridge's machine is set back an hour while the server cannot be reached", process: true,
		breaks: func(t *testing.T, s *site) { s.proxy.Refuse(); s.cutOff(t) },
		mend:   func(t *testing.T, s *site) { s.turns(t, -time.Hour) },
	},
}

// slowness is how much later each answer of a slow server comes.
const slowness = 2 * time.Second

// inWrite has it break when the directory is about to hear of a modification, after all was well.
func inWrite(breaks, mend func(*testing.T, *site)) func(*testing.T, *site, string) {
	return func(t *testing.T, s *site, op string) {
		if op != "write" && op != "disable" {
			return
		}
		if op == "disable" {
			s.proxy.Mend(t)
			if mend != nil {
				mend(t, s)
			}
			s.comesBack(t)
		}
		s.proxy.Before(func(operation string) {
			if operation == "modify" {
				s.proxy.Before(nil)
				breaks(t, s)
			}
		})
	}
}

// cutOff ends the connections, and waits until the bridge has noticed.
func (s *site) cutOff(t *testing.T) {
	t.Helper()
	s.notices(t, s.proxy.End())
}

// notices waits until the bridge has seen connections end. It may open others meanwhile.
func (s *site) notices(t *testing.T, ends []<-chan struct{}) {
	t.Helper()
	late := time.After(settling)
	for _, one := range ends {
		select {
		case <-one:
		case <-late:
			t.Fatal("the bridge does not notice that its connection has ended")
		}
	}
}

// ldapOf is the LDAP operation that a request comes to.
func ldapOf(op string) string {
	if op == "read" {
		return "search"
	}
	return "modify"
}
