package admin

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"scimbridge/bridge/access"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/front"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// misfit is a bridge whose map does not fit.
type misfit struct{}

func (misfit) Standing(context.Context) (problems []string, away, misfit error) {
	return []string{"scimbridge.yaml:7:3: resources[0].attributes[1].ldap: dc1.corp.example knows no sn"}, nil,
		&reason.Error{Reason: reason.MapMismatch}
}

func shown(t *testing.T) *Server {
	t.Helper()
	d, err := directory.New(directory.Options{URLs: []string{"ldap://127.0.0.1:1"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	gate, err := access.New(access.Options{Token: "alpha-0123456789abcdef"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{}, slog.New(slog.DiscardHandler), new(slog.LevelVar))
	s.Show(Site{Bridge: misfit{}, Directory: d, Gate: gate})
	return s
}

// TestElsewhere: who asks from another machine is told what is wrong, and no word of the configuration's; and sets nothing.
func TestElsewhere(t *testing.T) {
	s := shown(t)
	for _, c := range []struct {
		from   string
		set    int
		detail bool
		by     string // the header of a proxy on this machine
	}{
		{"127.0.0.1:5000", 200, true, ""},
		{"[::1]:5000", 200, true, ""},
		{"192.0.2.7:5000", 403, false, ""},
		{"[2001:db8::7]:5000", 403, false, ""},
		{"127.0.0.1:5000", 403, false, "X-Forwarded-For"},
		{"127.0.0.1:5000", 403, false, "Forwarded"},
		{"127.0.0.1:5000", 403, false, "Via"},
	} {
		for _, path := range []string{"/readyz", "/metrics"} {
			request, answer := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
			request.RemoteAddr = c.from
			request.Header.Set(c.by, "192.0.2.7")
			s.server.Handler.ServeHTTP(answer, request)
			said := answer.Body.String()
			if path == "/readyz" && (answer.Code != 503 || !strings.Contains(said, `"reason": "map-mismatch"`)) {
				t.Errorf("%s: %d %s", c.from, answer.Code, said)
			}
			if got := strings.Contains(said, "corp.example"); got != (c.detail && path == "/readyz") {
				t.Errorf("%s: %s: %s", c.from, path, said)
			}
		}
		request, answer := httptest.NewRequest("PUT", "/log", strings.NewReader("warn")), httptest.NewRecorder()
		request.RemoteAddr = c.from
		request.Header.Set(c.by, "192.0.2.7")
		s.server.Handler.ServeHTTP(answer, request)
		if was := s.level.Level(); answer.Code != c.set || (was == slog.LevelWarn) != (c.set == 200) {
			t.Errorf("%s: PUT /log: %d, and the level is %s", c.from, answer.Code, was)
		}
		s.level.Set(slog.LevelInfo)
	}
}

// TestBreakersAreTold: how the circuit breakers of the directory and of its servers stand.
func TestBreakersAreTold(t *testing.T) {
	s := shown(t)
	site := *s.site.Load()
	d, err := directory.New(directory.Options{URLs: []string{"ldap://127.0.0.1:1", "ldap://127.0.0.1:2"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	site.Directory = d
	s.Show(site)
	tells := func(want ...string) {
		t.Helper()
		answer := httptest.NewRecorder()
		s.server.Handler.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
		for _, line := range want {
			if !strings.Contains(answer.Body.String(), "\nscimbridge_directory_"+line+"\n") {
				t.Errorf("no %s in %s", line, answer.Body)
			}
		}
	}
	tells(`breaker_state{state="closed"} 1`, `server_breaker_state{place="2",state="closed"} 1`, `server_breaker_opened_total{place="2"} 0`)
	for range directory.DefaultFailures {
		if _, err := d.Search(t.Context(), directory.Search{Base: "dc=example", Filter: "(uid=ada)"}); err == nil {
			t.Fatal("somebody answers")
		}
	}
	tells(`breaker_state{state="closed"} 0`, `breaker_state{state="open"} 1`, `breaker_state{state="half-open"} 0`,
		`server_breaker_state{place="1",state="open"} 1`, `server_breaker_state{place="2",state="open"} 1`,
		`server_breaker_state{place="2",state="closed"} 0`, `server_breaker_opened_total{place="2"} 1`)
}

// TestStopping: a program that is about to end is not ready.
func TestStopping(t *testing.T) {
	s := shown(t)
	s.Stop()
	if r := s.readiness(t.Context()); r.Status != Failed || r.Parts[len(r.Parts)-1].Reason != stopping {
		t.Errorf("%+v", r)
	}
}

// TestCountingIsCheap: what a request and an LDAP operation pay for being counted is no memory.
func TestCountingIsCheap(t *testing.T) {
	m := newMetrics()
	for name, count := range map[string]func(){
		"request": func() {
			m.Request(front.Seen{Type: "User", Operation: "patch", Reason: reason.LostRace, Took: time.Millisecond})
		},
		"operation": func() { m.Exchange(directory.Exchange{Operation: "modify", Code: 122, Took: time.Millisecond}) },
	} {
		if n := testing.AllocsPerRun(100, count); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestCodesAreClosed: a server may answer with any number, and no number of metrics comes of it.
func TestCodesAreClosed(t *testing.T) {
	m := newMetrics()
	for code := -1; code < 5000; code++ {
		m.Exchange(directory.Exchange{Operation: "search", Code: code})
	}
	if n := testutil.CollectAndCount(m.operations); n > 100 {
		t.Errorf("%d series", n)
	}
	if n := testutil.ToFloat64(m.operations.WithLabelValues("search", "none")); n != 1 {
		t.Errorf("%v without an answer", n)
	}
}

// TestEffects: what was confirmed and stands is counted, once, and each member.
func TestEffects(t *testing.T) {
	const group = "cn=Night,dc=example"
	change := ldif.Change{Kind: ldif.Modify, DN: group, Mods: []ldif.Mod{
		{Op: ldif.AddValues, Name: "member", Values: []string{"uid=a", "uid=b"}, Settled: true},
	}}
	receipt := func(state ldif.State, err error) ldif.Receipt {
		r := ldif.NewReceipt(ldif.Plan{
			Steps:   []ldif.Step{{Change: change}},
			Effects: []ldif.Effect{{Kind: ldif.MembersAdded, DN: group, Values: []string{"uid=a", "uid=b"}}},
		})
		r.Steps[0], r.Err = ldif.StepReceipt{Sent: change, State: state}, err
		return r
	}
	m := newMetrics()
	for _, r := range []ldif.Receipt{
		receipt(ldif.Unknown, errors.New("no answer")), receipt(ldif.Done, nil), // the same, before and after it was read back
		receipt(ldif.Refused, errors.New("no")), receipt(ldif.TakenBack, errors.New("no")), receipt(ldif.NotSent, errors.New("no")),
	} {
		m.Record(journal.Record{Type: "Group", Receipt: r})
	}
	m.Record(journal.Record{Type: "Group", Receipt: receipt(ldif.Done, nil), DryRun: true})
	if n := testutil.ToFloat64(m.effects.WithLabelValues("Group", "membersAdded")); n != 2 {
		t.Errorf("%v members", n)
	}
}
