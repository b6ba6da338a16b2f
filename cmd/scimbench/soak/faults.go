package soak

import (
	"maps"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/cmd/scimbench/history"
)

// whose is what a fault is of. Each has one at a time.
type whose int

const (
	ofCopy whose = iota
	ofDirectory
	ofPostgres
	ofSQLite
)

type fault struct {
	of     whose
	breaks func(s *site, r *replica)
	mends  func(s *site, r *replica)
	again  bool // it breaks one operation alone, and so again and again
	meets  bool // it may come to no operation: of other kinds nobody can tell, or all of them
}

// often is how often what breaks one operation comes again.
const often = 60 * time.Millisecond

// onTheWay is a fault of the way between a copy and the directory.
func onTheWay(breaks func(s *site, p *dirtest.Proxy)) fault {
	return fault{
		of: ofCopy, breaks: func(s *site, r *replica) { breaks(s, r.proxy) }, mends: func(s *site, r *replica) { r.proxy.Mend(s) },
	}
}

// cuts cuts operations of these names off, one after the other in turn.
func cuts(where dirtest.Cut, names ...string) fault {
	var turn atomic.Int32
	f := onTheWay(func(_ *site, p *dirtest.Proxy) { p.Cut(names[int(turn.Add(1))%len(names)], where) })
	f.again, f.meets = true, true
	return f
}

func ofServer(breaks, mends func(*dirtest.Server)) fault {
	return fault{
		of: ofDirectory, breaks: func(s *site, _ *replica) { breaks(s.server) }, mends: func(s *site, _ *replica) { mends(s.server) },
	}
}

func readOnly(yes bool) func(*site, *replica) {
	return func(s *site, _ *replica) { s.server.ReadOnly(s, yes) }
}

// signals sends a signal; of those that end a copy it is awaited.
func signals(signal syscall.Signal) func(*site, *replica) {
	return func(_ *site, r *replica) {
		if signal == syscall.SIGKILL || signal == syscall.SIGTERM {
			r.end(signal)
		} else {
			r.signal(signal)
		}
	}
}

func answers(code uint16, text string, to ...string) fault {
	f := onTheWay(func(_ *site, p *dirtest.Proxy) { p.Answer(code, text, to...) })
	f.meets = true
	return f
}

var writes = []string{"add", "modify", "modrdn", "delete"}

var faults = map[string]fault{
	"copy-killed":  {of: ofCopy, breaks: signals(syscall.SIGKILL), mends: (*site).start},
	"copy-ended":   {of: ofCopy, breaks: signals(syscall.SIGTERM), mends: (*site).start},
	"copy-stopped": {of: ofCopy, breaks: signals(syscall.SIGSTOP), mends: signals(syscall.SIGCONT)},
	"copy-reloads": {of: ofCopy, breaks: signals(syscall.SIGHUP), mends: signals(syscall.SIGHUP)},

	DirectoryKilled:       ofServer((*dirtest.Server).Kill, (*dirtest.Server).Restart),
	"directory-ended":     ofServer((*dirtest.Server).End, (*dirtest.Server).Restart),
	"directory-stopped":   ofServer((*dirtest.Server).Stop, (*dirtest.Server).Cont),
	"directory-read-only": {of: ofDirectory, breaks: readOnly(true), mends: readOnly(false)},

	"store-killed": {
		of:     ofPostgres,
		breaks: func(s *site, _ *replica) { s.postgres.Kill() },
		mends:  func(s *site, _ *replica) { s.postgres.Start(s) },
	},
	"store-locked": {of: ofSQLite, breaks: (*site).lock, mends: (*site).unlock},

	"refused":            onTheWay(func(_ *site, p *dirtest.Proxy) { p.Refuse(); p.Reset() }),
	"reset":              onTheWay(func(_ *site, p *dirtest.Proxy) { p.Reset() }),
	"cut-request":        cuts(dirtest.HalfRequest, append([]string{""}, writes...)...),
	"cut-answer":         cuts(dirtest.HalfAnswer, ""),
	"lost-modify":        cuts(dirtest.NoAnswer, "modify"),
	"lost-add":           cuts(dirtest.NoAnswer, "add"),
	"lost-rename":        cuts(dirtest.NoAnswer, "modrdn"),
	"lost-delete":        cuts(dirtest.NoAnswer, "delete"),
	"slow":               onTheWay(func(_ *site, p *dirtest.Proxy) { p.Delay(150 * time.Millisecond) }),
	"hangs":              onTheWay(func(_ *site, p *dirtest.Proxy) { p.Swallow() }),
	"black-hole":         onTheWay(func(s *site, p *dirtest.Proxy) { p.BlackHole(s) }),
	"half-open":          onTheWay(func(s *site, p *dirtest.Proxy) { p.HalfOpen(s) }),
	"busy":               answers(ldap.LDAPResultBusy, "busy"),
	"unavailable":        answers(ldap.LDAPResultUnavailable, "going down"),
	"unwilling":          answers(ldap.LDAPResultUnwillingToPerform, "shadow context; no update referral", writes...),
	"full":               answers(ldap.LDAPResultOther, "index generation failed", writes...),
	"searches-cut-short": answers(ldap.LDAPResultTimeLimitExceeded, "", "search"),
}

// DirectoryKilled is a kind of fault.
const DirectoryKilled = "directory-killed"

// Faults are the kinds that a run with such a store knows.
func Faults(of Store) []string {
	kinds := append(slices.Sorted(maps.Keys(faults)), history.ClientLeaves, history.ClientTwice)
	return slices.DeleteFunc(kinds, func(kind string) bool {
		is := faults[kind].of
		return is == ofPostgres && of != Postgres || is == ofSQLite && of != SQLite
	})
}

// comes has a fault come, and go again.
func (s *site) comes(f history.Fault) {
	is, r := faults[f.Kind], s.copies[f.Copy%len(s.copies)]
	one := &r.fault
	switch is.of {
	case ofDirectory:
		one = &s.slapd
	case ofPostgres, ofSQLite:
		one = &s.database
	case ofCopy:
	}
	one.Lock()
	defer one.Unlock()
	met := r.proxy.Met()
	is.breaks(s, r)
	if f.Kind == DirectoryKilled {
		s.mu.Lock()
		s.killed = append(s.killed, time.Since(s.began))
		s.mu.Unlock()
	}
	until := time.Now().Add(f.For)
	for ; is.again && time.Until(until) > often; is.breaks(s, r) {
		time.Sleep(often)
	}
	time.Sleep(time.Until(until))
	is.mends(s, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if is.meets && r.proxy.Met() == met {
		s.report.Missed[f.Kind]++
		return
	}
	s.report.Faults[f.Kind]++
}
