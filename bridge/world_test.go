package bridge_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/logtest"
	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/compile"
)

// later is a bridge of a map of accounts, whose clock a test turns.
type later struct {
	house
	by atomic.Int64
}

func buildLater(t *testing.T, server *dirtest.Server, base, attribute string, classes ...string) *later {
	t.Helper()
	return buildLaterWith(t, nil, server, base, attribute, classes...)
}

func buildLaterWith(
	t *testing.T, log *slog.Logger, server *dirtest.Server, base, attribute string, classes ...string,
) *later {
	t.Helper()
	l := &later{}
	all := []compile.ClassOptions{{Class: "account"}}
	for _, class := range classes {
		all = append(all, compile.ClassOptions{Class: class})
	}
	now := func() time.Time { return time.Now().Add(time.Duration(l.by.Load())) }
	l.house = buildOn(t, server, bridge.Options{Now: now, Log: log}, compile.Options{
		Type: "User", Base: compile.Bases{base}, ObjectClasses: all,
		DN:         `"uid=" + rdn(userName) + "," + base`,
		Attributes: []compile.AttributeOptions{{SCIM: "userName", LDAP: "uid"}, {SCIM: "title", LDAP: attribute}},
	})
	return l
}

// unserved sees that nothing is answered, and when to come back.
func (l *later) unserved(t *testing.T) {
	t.Helper()
	query := func(q bridge.Query) func() error {
		return func() error {
			_, err := l.Query(t.Context(), bridge.Call{}, "User", q)
			return err
		}
	}
	for what, ask := range map[string]func() error{
		"get": func() error {
			_, err := l.Get(t.Context(), bridge.Call{}, "User", "2819c223-7f76-453a-919d-413861904646", bridge.View{})
			return err
		},
		"query": query(bridge.Query{Filter: `userName eq "u"`, Count: 10}),
		"list":  query(bridge.Query{Count: 10}),
		"create": func() error {
			_, err := l.Create(t.Context(), bridge.Call{}, "User", []byte(`{"userName":"u"}`), bridge.View{})
			return err
		},
	} {
		if f := bridge.Explain(ask()); f.Status != http.StatusServiceUnavailable || f.RetryAfter == 0 {
			t.Errorf("%s: %+v", what, f)
		}
	}
}

// becomes waits until the bridge is ready (reason.None), or is not for this reason.
func (l *later) becomes(t *testing.T, want reason.Reason) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		why := reason.None
		if _, err := l.Ready(t.Context()); err != nil {
			why = bridge.Explain(err).Reason
		}
		if why == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not ready: %q, want %q", why, want)
		}
	}
}

// TestMissingBase: while a place that the map names is not there nobody is told that nobody is there, nor that somebody is gone; the bridge
// is not ready; and when the place is made it is found without a restart.
func TestMissingBase(t *testing.T) {
	server := dirtest.Memory(t)
	place := "ou=staff," + server.Suffix
	l := buildLater(t, server, place, "description")
	l.becomes(t, reason.Hidden)
	l.unserved(t)
	server.Load(t, "dn: "+place+"\nobjectClass: organizationalUnit\nou: staff\n")
	l.by.Add(int64(time.Minute))
	l.becomes(t, reason.None)
	if list, err := l.Query(t.Context(), bridge.Call{}, "User", bridge.Query{Count: 10}); err != nil || list.Total != 0 {
		t.Errorf("of an empty place: %v, %v", list, err)
	}
	if err := l.server.Connect(t).Del(ldap.NewDelRequest(place, nil)); err != nil {
		t.Fatal(err)
	}
	l.unserved(t)
	l.becomes(t, reason.Hidden)
}

// TestSampleGoes: the entry by which a directory is looked at may be renamed or deleted between two looks at it, and that hides nobody.
func TestSampleGoes(t *testing.T) {
	server := dirtest.Memory(t)
	server.Load(t, "dn: uid=u,"+server.People+"\nobjectClass: account\nuid: u\n")
	l := buildLater(t, server, server.People, "description")
	gone := false
	server.Mem.Fault(func(op, dn string) memdir.Fault {
		if gone || !strings.HasPrefix(dn, "uid=u,") {
			return memdir.Fault{}
		}
		gone = true
		return memdir.Fault{Code: ldap.LDAPResultNoSuchObject}
	})
	if err := l.Contact(t.Context()); err != nil || !gone {
		t.Errorf("%v, looked at twice: %v", err, gone)
	}
}

// TestFittingIsOneQuestion: all requests that come while the map is held against the directory wait for the first that does it, and are
// told the same, and not each after another attempt of its own. Who leaves meanwhile does not end it.
func TestFittingIsOneQuestion(t *testing.T) {
	const requests = 10
	for name, fault := range map[string]memdir.Fault{
		"the directory cannot": {Code: ldap.LDAPResultTimeLimitExceeded},
		"the first leaves":     {},
	} {
		t.Run(name, func(t *testing.T) {
			server := dirtest.Memory(t)
			l := buildLater(t, server, server.People, "description")
			looked, goOn, questions := make(chan struct{}, 2*requests), make(chan struct{}), atomic.Int32{}
			server.Mem.Fault(func(op, dn string) memdir.Fault {
				if op != "search" || dn != server.People {
					return memdir.Fault{}
				}
				fault := fault
				if fault.Until = goOn; questions.Add(1) == 1 {
					looked <- struct{}{}
				}
				return fault
			})
			ask := func(ctx context.Context, answers chan<- error) {
				go func() {
					err := l.Contact(ctx)
					answers <- err
				}()
			}
			first, answers := make(chan error, 1), make(chan error, requests)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			ask(ctx, first)
			<-looked
			for range requests {
				ask(t.Context(), answers)
			}
			for stacks := make([]byte, 1<<20); ; time.Sleep(time.Millisecond) { // until all wait
				if strings.Count(string(stacks[:runtime.Stack(stacks, true)]), ".(*Bridge).fitTo(") > requests {
					break
				}
			}
			if fault.Code == 0 {
				leave()
				if err := <-first; !errors.Is(err, context.Canceled) {
					t.Errorf("the first: %v", err)
				}
			}
			close(goOn)
			for range requests {
				if err := <-answers; (err != nil) != (fault.Code != 0) {
					t.Error(err)
				}
			}
			want := int32(1) // that failed
			if fault.Code == 0 {
				want = 3 // the place, an entry below it, and that it is empty
			}
			if n := questions.Load(); n != want {
				t.Errorf("%d questions, want %d", n, want)
			}
		})
	}
}

// TestHiddenThenAway: what was wrong with a directory that is away by now is not what is wrong; once all is well again the log
// says so, once.
func TestHiddenThenAway(t *testing.T) {
	var log logtest.Log
	server := dirtest.Memory(t)
	place := "ou=staff," + server.Suffix
	l := buildLaterWith(t, slog.New(slog.NewTextHandler(&log, nil)), server, place, "description")
	l.becomes(t, reason.Hidden)
	server.Mem.Fault(func(string, string) memdir.Fault { return memdir.Fault{Drop: memdir.DropBefore} })
	l.by.Add(int64(time.Minute))
	l.becomes(t, reason.Unavailable)
	server.Mem.Fault(nil)
	l.becomes(t, reason.Hidden)
	server.Load(t, "dn: "+place+"\nobjectClass: organizationalUnit\nou: staff\n")
	l.by.Add(int64(time.Minute))
	l.becomes(t, reason.None)
	l.by.Add(int64(time.Minute))
	l.becomes(t, reason.None)
	if n := strings.Count(log.String(), "fits the map again"); n != 1 {
		t.Errorf("%d lines say that all is well: %s", n, log.String())
	}
}

// TestSchemaComesLater: what the schema lacks is looked for again.
func TestSchemaComesLater(t *testing.T) {
	server := dirtest.OpenLDAP(t, dirtest.Schema("database config\nrootdn cn=admin,dc=example,dc=org\n"))
	l := buildLater(t, server, server.People, "jobCode", "worker")
	l.becomes(t, reason.MapMismatch)
	l.unserved(t)
	add := ldap.NewAddRequest("cn=later,cn=schema,cn=config", nil)
	add.Attribute("objectClass", []string{"olcSchemaConfig"})
	add.Attribute("cn", []string{"later"})
	add.Attribute("olcAttributeTypes", []string{
		"( 1.3.6.1.4.1.4203.666.1.99 NAME 'jobCode' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
	})
	add.Attribute("olcObjectClasses", []string{"( 1.3.6.1.4.1.4203.666.1.98 NAME 'worker' SUP top AUXILIARY MAY jobCode )"})
	if err := l.server.Connect(t).Add(add); err != nil {
		t.Fatal(err)
	}
	l.by.Add(int64(time.Minute))
	l.becomes(t, reason.None)
}

// TestReadyTellsWhatIsWrong: a directory that takes no changes is another matter than one that is away.
func TestReadyTellsWhatIsWrong(t *testing.T) {
	h := build(t)
	id := h.user(t, "u")
	ready := func(want reason.Reason) {
		t.Helper()
		_, err := h.Ready(t.Context())
		if (err == nil) != (want == reason.None) || err != nil && bridge.Explain(err).Reason != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
	ready(reason.None)
	h.server.Mem.Fault(func(op, _ string) memdir.Fault {
		if op == "modify" {
			return memdir.Fault{Code: ldap.LDAPResultUnwillingToPerform, Text: "the server is read-only"}
		}
		return memdir.Fault{}
	})
	if _, err := h.patch(t, bridge.Call{}, "User", id, `{"op":"add","path":"title","value":"t"}`); status(err) != 503 {
		t.Errorf("%v", err)
	}
	ready(reason.Unwritable)
	h.server.Mem.Fault(nil)
	if _, err := h.patch(t, bridge.Call{}, "User", id, `{"op":"add","path":"title","value":"t"}`); err != nil {
		t.Error(err)
	}
	ready(reason.None)
	h.server.Mem.Close()
	for range directory.DefaultFailures {
		_, _ = h.Get(t.Context(), bridge.Call{}, "User", id, bridge.View{})
	}
	ready(reason.Unavailable)
}
