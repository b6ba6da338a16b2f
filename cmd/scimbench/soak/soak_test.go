package soak

import (
	"cmp"
	"net/http"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/journal"
	"scimbridge/cmd/scimbench/history"
	"scimbridge/examples/bridgetest"
)

func TestMain(m *testing.M) { dirtest.Main(m, bridgetest.RemoveBuilt) }

// TestHistory: two minutes of clients and faults over three copies of the bridge, and shorter runs with other stores; whatever they were
// told is true. make soak does more.
func TestHistory(t *testing.T) {
	binary := os.Getenv("SCIMBRIDGE_TEST_BINARY") // another: of a bridge without one of its safeguards
	if binary == "" {
		binary = bridgetest.Build(t)
	}
	number := func(name string, otherwise int) int {
		n, err := strconv.Atoi(cmp.Or(os.Getenv(name), strconv.Itoa(otherwise)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return n
	}
	for _, run := range []struct {
		name            string
		store           Store
		copies, seconds int
		without         string // a fault
	}{
		{"postgres", Postgres, 3, 120, ""},
		{"postgres, held to what slapd records", Postgres, 3, 15, DirectoryKilled},
		{"sqlite, held to what slapd records", SQLite, 2, 15, DirectoryKilled},
		{"none", None, 2, 15, ""},
	} {
		t.Run(run.name, func(t *testing.T) {
			seed := uint64(number("SCIMBRIDGE_TEST_SEED", int(time.Now().UnixNano())))
			t.Logf("SCIMBRIDGE_TEST_SEED=%d", seed)
			copies := number("SCIMBRIDGE_TEST_COPIES", run.copies)
			kinds := slices.DeleteFunc(Faults(run.store), func(kind string) bool { return kind == run.without })
			seconds := number("SCIMBRIDGE_TEST_SECONDS", run.seconds)
			const most = 400 // operations a second, ten times what two cores do
			plan := history.New(seed, history.Scale{
				Operations: number("SCIMBRIDGE_TEST_OPERATIONS", most*seconds), Clients: 8, Copies: copies, Each: 120, Faults: kinds,
			})
			report := Run(t, Options{
				Binary: binary, Folder: "../../../examples/openldap", Copies: copies, Store: run.store, Plan: plan,
				Until: time.Duration(seconds) * time.Second, Told: t.Logf,
			})
			t.Log(report)
			for _, v := range report.Violations {
				t.Error(v)
			}
			ran := &history.Plan{Rounds: plan.Rounds[:report.Rounds]}
			for _, what := range report.Lacks(ran, nil) {
				t.Error(what)
			}
			if least := min(300+3*seconds, plan.Size()/3); report.Done < least { // a fifth of what two cores do, and less
				t.Errorf("%d requests are done, and there should be %d", report.Done, least)
			}
			if run.store != None && report.Sought < report.Written/3 {
				t.Errorf("of %d writes that were done a record of %d alone is sought", report.Written, report.Sought)
			}
			came := map[string]bool{history.ClientLeaves: true, history.ClientTwice: true}
			for _, round := range ran.Rounds {
				for _, f := range round.Faults {
					came[f.Kind] = true
				}
			}
			for kind := range came {
				if report.Faults[kind]+report.Missed[kind] == 0 {
					t.Errorf("no fault of the kind %s came", kind)
				}
			}
			if len(report.Faults) < len(came)/2 {
				t.Errorf("of %d kinds of fault %d met anything", len(came), len(report.Faults))
			}
		})
	}
}

// TestExcused: what slapo-memberof left wrong is excused as long as it is wrong, and not when it is wrong anew.
func TestExcused(t *testing.T) {
	const user, group = 1, 2
	wrong := func() []history.Violation { return []history.Violation{{Overlay: true, Of: []int{user, group}}} }
	beside := []*history.Event{
		{Op: &history.Op{Kind: history.AddMembers, Group: group, Members: []int{user}}, Start: 0, End: 2, Status: http.StatusNoContent},
		{Op: &history.Op{Kind: history.RenameGroup, Group: group}, Start: 1, End: 3, Status: http.StatusNoContent},
	}
	s := &site{torn: map[int]bool{}}
	for n, look := range []struct {
		events      []*history.Event
		wrong, rest []history.Violation
	}{
		{nil, wrong(), wrong()}, {beside, wrong(), nil}, {nil, wrong(), nil}, {nil, nil, nil}, {nil, wrong(), wrong()},
	} {
		s.events = look.events
		if rest := s.excused(4, look.wrong); len(rest) != len(look.rest) {
			t.Errorf("look %d: %v", n, rest)
		}
	}
	if s.report.Excused != 2 {
		t.Errorf("%d are told", s.report.Excused)
	}
}

// TestUnrecorded: a write that surely changed something, and of which no record says that it was done, is found.
func TestUnrecorded(t *testing.T) {
	event := func(request string, kind history.Kind, part int) *history.Event {
		return &history.Event{Op: &history.Op{Kind: kind}, Request: request, Part: part, Status: http.StatusOK}
	}
	softDelete, again := event("a", history.SoftDelete, 0), event("b", history.SoftDelete, 0)
	enable, second := event("a", history.Enable, 0), event("a", history.Create, 2) // part of a bulk request
	record := func(request string, outcome journal.Outcome, index int) (a journal.Account) {
		a.RequestID, a.Outcome, a.Part = request, outcome, &journal.Part{Index: index}
		return a
	}
	type (
		set     = []*history.Event
		records = []journal.Account
	)
	for name, c := range map[string]struct {
		set
		records
		found bool
	}{
		"nothing is on record": {set{softDelete}, nil, true},
		"another is":           {set{softDelete}, records{record("b", journal.Written, 0)}, true},
		"it is":                {set{softDelete}, records{record("a", journal.Written, 0)}, false},
		"it is, as refused":    {set{softDelete}, records{record("a", journal.Refused, 0)}, true},
		"in the end it is": {
			set{softDelete}, records{record("a", journal.NotSent, 0), record("a", journal.Unchanged, 0)}, false,
		},
		"nobody else gives that name":  {set{softDelete}, records{record("a", journal.Unknown, 0)}, true},
		"another may have enabled him": {set{enable}, records{record("a", journal.Unknown, 0)}, false},
		"other parts are": {
			set{second}, records{record("a", journal.Written, 0), record("a", journal.Written, 2)}, true,
		},
		"the part is": {
			set{second}, records{record("a", journal.Refused, 0), record("a", journal.Written, 1)}, false,
		},
		"of two at once one is":  {set{softDelete, again}, records{record("b", journal.Written, 0)}, false},
		"by one of two":          {set{softDelete, again}, records{record("b", journal.Unknown, 0)}, false},
		"of two at once none is": {set{softDelete, again}, nil, true},
	} {
		by := map[string][]journal.Account{}
		for _, a := range c.records {
			by[a.RequestID] = append(by[a.RequestID], a)
		}
		if wrong := unrecorded([][]*history.Event{c.set}, by); (len(wrong) > 0) != c.found {
			t.Errorf("%s: %v", name, wrong)
		}
	}
}
