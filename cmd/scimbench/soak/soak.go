// Package soak runs a plan of package history: clients and faults over copies of the bridge in front of a private slapd, and a look at all
// that there is after each round.
package soak

import (
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/cmd/scimbench/history"
	"scimbridge/examples"
	"scimbridge/examples/truth"
	"scimbridge/ldapmap/ldif"
)

// Options are what a run is like.
type Options struct {
	Binary string // of the bridge
	Folder string // with the configuration of the example for OpenLDAP
	Copies int
	Store  Store
	Plan   *history.Plan
	Until  time.Duration // no round begins after it; 0: all rounds are run
	Told   func(format string, values ...any)
}

// Report is what came of a run.
type Report struct {
	Rounds, Requests int
	Done             int // requests that were answered as done, each part of a bulk request for itself
	Writes, Written  int // requests that are to change something, and those of them that were answered as done
	Statuses         map[int]int
	Did, Refused     map[history.Kind]int // requests that were answered as done, and as not done
	Faults           map[string]int
	Missed           map[string]int // faults that came to no operation that they are of
	Excused          int            // times that a user's memberOf was wrong by slapo-memberof alone
	Unknown          int            // requests that nobody was told the outcome of
	Binds            int            // of accounts, blocked ones and others, at the looks
	Records, Sought  int            // of the journal, and writes of which there must be one
	Took             time.Duration
	Violations       []history.Violation
}

func (r *Report) String() string {
	text := fmt.Sprintf("%d rounds, %d requests in %v, %d done, %d of %d writes, %d without a known outcome, %d binds tried, "+
		"%d records, of %d writes sought; answers",
		r.Rounds, r.Requests, r.Took.Round(time.Second), r.Done, r.Written, r.Writes, r.Unknown, r.Binds, r.Records, r.Sought)
	for _, status := range slices.Sorted(maps.Keys(r.Statuses)) {
		text += fmt.Sprintf(" %d: %d", status, r.Statuses[status])
	}
	text += "; refused"
	for _, kind := range slices.Sorted(maps.Keys(r.Refused)) {
		text += fmt.Sprintf(" %s: %d", kind, r.Refused[kind])
	}
	text += "; faults"
	for _, kind := range slices.Sorted(maps.Keys(r.Faults)) {
		text += fmt.Sprintf(" %s: %d", kind, r.Faults[kind])
	}
	if len(r.Missed) > 0 {
		text += "; that met nothing"
		for _, kind := range slices.Sorted(maps.Keys(r.Missed)) {
			text += fmt.Sprintf(" %s: %d", kind, r.Missed[kind])
		}
	}
	if r.Excused > 0 {
		text += fmt.Sprintf("; memberOf left wrong by slapo-memberof alone: %d", r.Excused)
	}
	return text
}

// Lacks are what a run has too little of to tell what it was to tell: of its plan, and of these kinds of fault.
func (r *Report) Lacks(p *history.Plan, faults []string) (all []string) {
	lacks := func(format string, values ...any) { all = append(all, fmt.Sprintf(format, values...)) }
	if run := (&history.Plan{Rounds: p.Rounds[:r.Rounds]}); r.Rounds < len(p.Rounds) {
		lacks("it ended after %d of %d operations", run.Size(), p.Size())
	}
	if r.Writes == 0 || r.Written < r.Writes/4 {
		lacks("%d of %d writes were done", r.Written, r.Writes)
	}
	var idle []string
	for _, op := range p.Ops() {
		for _, one := range append([]*history.Op{op}, op.Parts...) {
			if kind := string(one.Kind); r.Did[one.Kind] == 0 && !slices.Contains(idle, kind) {
				idle = append(idle, kind)
			}
		}
	}
	if len(idle) > 0 {
		slices.Sort(idle)
		lacks("no operation was done of the kinds %s", strings.Join(idle, ", "))
	}
	met := func(kind string) bool { return r.Faults[kind] > 0 }
	if missed := slices.DeleteFunc(slices.Clone(faults), met); len(missed) > 0 {
		lacks("no fault met anything of the kinds %s", strings.Join(missed, ", "))
	}
	return all
}

// site is what a run runs on.
type site struct {
	testing.TB
	Options
	began    time.Time
	server   *dirtest.Server
	store    store.Options     // of nothing: there is none
	postgres *storetest.Server // that keeps it; nil: another does
	file     *sql.DB           // so, of a file
	copies   []*replica
	slapd    sync.Mutex // held by the fault that it has
	database sync.Mutex // so

	mu       sync.Mutex
	made     map[int]*known // users and groups, by the operation that made them
	requests int
	events   []*history.Event // of the round
	report   Report

	before  []*ldif.Entry                // that there were when it began
	since   string                       // of truth
	changed [][]*history.Event           // writes that are to be on record: of each set one
	failed  []*history.Event             // 500
	records map[string][]journal.Account // by request
	torn    map[int]bool                 // users whose memberOf slapo-memberof left wrong by itself, and is so still
	killed  []time.Duration              // when slapd was, in the round
}

// known is what clients know of a user or group.
type known struct {
	id   string
	name string // without what Entra puts before it
}

// Run runs a plan, and stops at the first round that something is wrong with.
func Run(t testing.TB, o Options) *Report {
	t.Helper()
	s := &site{TB: t, Options: o, began: time.Now(), made: map[int]*known{}, torn: map[int]bool{}}
	s.report.Statuses, s.report.Did, s.report.Refused = map[int]int{}, map[history.Kind]int{}, map[history.Kind]int{}
	s.report.Faults, s.report.Missed = map[string]int{}, map[string]int{}
	slapd := []dirtest.Option{
		dirtest.Schema(examples.OpenLDAPSchema), dirtest.MemberOf(), dirtest.Configurable(),
		dirtest.Config("index scimUserName,scimExternalId,employeeNumber eq"),
	}
	if s.logged() { // nobody but the bridge is to change anything, and all of it is on record
		slapd = append(slapd, dirtest.WithoutRefint(), dirtest.AccessLog())
	}
	s.server = dirtest.OpenLDAP(t, slapd...)
	s.openStore()
	if s.logged() {
		s.before, s.since = truth.ContentOf(t, s.server), truth.Since(t, s.server)
	}
	for n := range o.Copies {
		s.copies = append(s.copies, s.replica(n))
	}
	s.copies[0].proxy.BlackHole(t) // or it says here that there is none on this machine
	s.copies[0].proxy.Mend(t)
	checker := history.NewChecker()
	for n, round := range o.Plan.Rounds {
		if o.Until > 0 && time.Since(s.began) > o.Until || t.Context().Err() != nil {
			break
		}
		s.round(round)
		now, wrong := s.look()
		wrong = s.excused(now.At, wrong)
		s.report.Violations = append(wrong, checker.Round(s.events, now)...)
		s.report.Rounds++
		s.changed = append(s.changed, checker.Changed()...)
		for _, e := range s.events {
			if e.Status == http.StatusInternalServerError {
				s.failed = append(s.failed, e)
			}
		}
		s.events, s.killed = nil, nil
		if s.report.Took = time.Since(s.began); o.Told != nil && n%10 == 9 {
			o.Told("%s", &s.report)
		}
		if len(s.report.Violations) > 0 {
			break
		}
	}
	if t.Context().Err() == nil && o.Store != None {
		s.judgeJournal()
	}
	s.tell()
	s.report.Took = time.Since(s.began)
	return &s.report
}

// tell tells what else is known of what is wrong, and of what had no good answer.
func (s *site) tell() {
	if s.Told == nil {
		return
	}
	for _, e := range s.failed {
		for _, line := range append([]string{e.String()}, s.said([]*history.Event{e})...) {
			s.Told("%s", line)
		}
	}
	for _, v := range s.report.Violations {
		for _, line := range s.said(v.Events) {
			s.Told("%s", line)
		}
		for _, e := range v.Events {
			for _, a := range s.records[e.Request] {
				s.Told("%s: %+v", a.Outcome, a)
			}
		}
	}
}

// logged says whether slapd's own record of changes is kept, which loses some when it is killed.
func (s *site) logged() bool {
	return s.Store != None && !slices.ContainsFunc(s.Plan.Rounds, func(r history.Round) bool {
		return slices.ContainsFunc(r.Faults, func(f history.Fault) bool { return f.Kind == DirectoryKilled })
	})
}

// excused is what is wrong but for the memberOf that slapo-memberof left wrong by itself, which nobody mends, as long as it is wrong.
func (s *site) excused(now time.Duration, wrong []history.Violation) []history.Violation {
	torn := map[int]bool{}
	rest := slices.DeleteFunc(wrong, func(v history.Violation) bool {
		if !v.Overlay || !s.torn[v.Of[0]] && !v.LeftByOverlay(s.events, now, s.killed) {
			return false
		}
		torn[v.Of[0]] = true
		return true
	})
	s.torn = torn
	s.report.Excused += len(torn)
	return rest
}

// round has the clients do their operations while the faults come.
func (s *site) round(r history.Round) {
	var all sync.WaitGroup
	for client, ops := range r.Clients {
		all.Go(func() {
			for _, op := range ops {
				time.Sleep(op.Pause)
				s.do(client, op)
			}
		})
	}
	for _, f := range r.Faults {
		all.Go(func() {
			time.Sleep(f.At)
			s.comes(f)
		})
	}
	all.Wait()
}

// settled is how long the directory looks the same until it is believed that nobody writes any more.
const settled = 1500 * time.Millisecond

// owed is how long a group may have a member that is nobody: a bridge that could not look at once who refers to what a write left does so
// later, a minute where a limit ended it, and takes what stood untouched for five of its timeouts.
const owed = 90 * time.Second

// patience is how long what ends by itself may take, on a machine however busy.
const patience = 2 * time.Minute

// attributes of entries that a look is at.
var attributes = []string{
	"uid", "cn", "title", "userAccountControl", "scimUserName", "scimExternalId", "member", "memberOf", "entryUUID",
}

// look waits until nobody writes any more, and no bridge owes a look, and looks at all that there is.
func (s *site) look() (now history.Snapshot, wrong []history.Violation) {
	for _, r := range s.copies {
		r.proxy.Reset() // what vanished on the way would be sent again after the look
	}
	isStray := func(v history.Violation) bool { return v.Stray }
	for since := time.Now(); ; {
		people, teams := s.still()
		now, wrong = history.Look(time.Since(s.began), people, teams)
		if !slices.ContainsFunc(wrong, isStray) || time.Since(since) > owed {
			break
		}
	}
	for n, a := range now.Users {
		s.report.Binds++
		if err := s.server.Bind(s, a.DN, password(n)); (err == nil) != a.Active {
			wrong = append(wrong, history.Violation{
				What: fmt.Sprintf("user %d (%s), whose active is %t, tries to bind: %v", n, a.DN, a.Active, err), Of: []int{n},
			})
		}
	}
	return now, wrong
}

// still are the entries when they have not changed for a while.
func (s *site) still() (people, teams []*ldif.Entry) {
	people, teams = s.entries()
	until := time.Now().Add(patience)
	for since := time.Now(); time.Since(since) < settled; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(until) {
			s.Fatal("somebody still writes, though all requests have been answered")
		}
		again, teamsAgain := s.entries()
		if !same(people, again) || !same(teams, teamsAgain) {
			since = time.Now()
		}
		people, teams = again, teamsAgain
	}
	return people, teams
}

func (s *site) entries() (people, teams []*ldif.Entry) {
	return s.server.Entries(s, s.server.People, attributes...), s.server.Entries(s, s.server.Groups, attributes...)
}

func same(a, b []*ldif.Entry) bool {
	return slices.EqualFunc(a, b, func(a, b *ldif.Entry) bool { return a.String() == b.String() })
}
