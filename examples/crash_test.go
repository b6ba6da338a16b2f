package examples_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/examples/truth"
	"scimbridge/ldapmap/ldif"
)

// crashed is a write that a bridge may die in. Of the states of bridge/write.go none but those can be told apart from outside between which
// the directory hears of something, or the journal does; and each of those ends with one of both.
type crashed struct {
	name    string
	env     func(t *testing.T, server *dirtest.Server) []string
	prepare func(t *testing.T, d *deployment) (ids []string)
	request func(ids []string) (method, path, body string)
	does    func(ctx context.Context, d *deployment) error // in the place of the request; nil: that is sent
	status  int                                            // it is answered, and where it is sent again
	again   int                                            // or this, where all was done; 0: status
	// completes completes it where sending it again does not, which is answered 409.
	completes func(t *testing.T, d *deployment)
	// between says that something may stand meanwhile which neither was there before nor is to be: a fact (facts).
	between func(fact string) bool
	either  func(fact string) bool                          // may be as it was in the end, or as it is to be
	holds   func(t *testing.T, d *deployment, ids []string) // in every state
	killed  bool                                            // among the tests of the program too
}

// moment is one at which a bridge dies: when the directory hears of so many operations, before it or after it does the last.
type moment struct {
	at    int
	after bool
}

// heard is what stood when the directory heard of an operation.
type heard struct {
	writes  bool
	changes int   // that the directory has made
	records int64 // that the journal has
}

// moments are those of a write that differ in what stands, in the directory or the journal: between two that do not, a bridge asked a
// question, or heard an answer. all: each.
func moments(trace []heard, all bool) (list []moment) {
	type stands struct {
		changes int
		records int64
	}
	known := map[stands]bool{}
	add := func(m moment, s stands) {
		if all || !known[s] {
			known[s] = true
			list = append(list, m)
		}
	}
	for n, h := range trace {
		add(moment{at: n}, stands{h.changes, h.records})
		if h.writes {
			add(moment{at: n, after: true}, stands{h.changes + 1, h.records})
		}
	}
	return list
}

const (
	leaverName = "mara@contoso.example"
	leaverHex  = "0123456789abcdef0123456789abcdef"
)

// staff makes a user who is a member of a group and somebody's manager.
func staff(t *testing.T, d *deployment) (ids []string) {
	t.Helper()
	user := d.create(t, "/Users", `"userName":"`+leaverName+`","active":true,"title":"Clerk"`)
	group := d.group(t, "Crew", user)
	report := d.user(t, "report@contoso.example")
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+report, operations(replace(managerPath, `"`+user+`"`)))
	return []string{user, group, report}
}

// leaver is staff who is gone, softly.
func leaver(t *testing.T, d *deployment) (ids []string) {
	t.Helper()
	ids = staff(t, d)
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+ids[0],
		operations(replace("userName", `"`+leaverHex+leaverName+`"`), replace("active", `"False"`)))
	return ids
}

func stays(t *testing.T, d *deployment, ids []string) {
	t.Helper()
	d.matchesNot(t, leaverName, ids[0])
	shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+ids[0]+"?attributes=userName,active", "")
	if shown["userName"] != leaverHex+leaverName || shown["active"] != false {
		t.Errorf("the leaver is %v", shown)
	}
}

// givenUp is where a leaver keeps his name until somebody takes it, and what stands in for names that he has not. Who has made room needs
// no more than that.
func givenUp(fact string) bool {
	return slices.ContainsFunc([]string{" scimusername ", " cn ", " sn "}, func(a string) bool {
		return strings.HasPrefix(fact, "uid="+leaverName+",") && strings.Contains(fact, a)
	})
}

// future makes users who are to be members, more than go into one change.
func future(t *testing.T, server *dirtest.Server) []string {
	t.Helper()
	var text strings.Builder
	for n := range chunk + 1 {
		name := fmt.Sprintf("m%04d", n)
		text.WriteString(productOf(server).user("uid="+name+","+server.People, name) + "\n")
	}
	server.Load(t, text.String())
	return []string{"SCIMBRIDGE_GUARD_LIMITS_0_EFFECT=membersRemoved", "SCIMBRIDGE_GUARD_LIMITS_0_OFF=true"}
}

// crowd are the ids of those whom future made.
func crowd(t *testing.T, d *deployment) (ids []string) {
	t.Helper()
	search := ldap.NewSearchRequest(d.server.People, ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false, "(uid=m*)",
		[]string{d.server.IDAttribute}, nil)
	found, err := d.server.Connect(t).SearchWithPaging(search, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found.Entries {
		ids = append(ids, e.GetAttributeValue(d.server.IDAttribute))
	}
	return ids
}

// chunk is how many members go into one change.
const chunk = 500

// locked is what stands of an account that is not let in yet, or is about to go.
func locked(fact string) bool { return strings.HasSuffix(fact, "useraccountcontrol 514") }

func patches(path string, list ...string) func(ids []string) (string, string, string) {
	return func(ids []string) (string, string, string) {
		return http.MethodPatch, path + ids[0], operations(list...)
	}
}

func deletes(ids []string) (string, string, string) { return http.MethodDelete, "/Users/" + ids[0], "" }

var crashes = []crashed{
	{
		name: "a create", status: http.StatusCreated, again: http.StatusConflict,
		request: func([]string) (string, string, string) {
			return http.MethodPost, "/Users", resource("/Users", `"userName":"`+leaverName+`","active":true,"title":"Clerk"`)
		},
	},
	{
		name: "a create whose password an operation sets", status: http.StatusCreated, again: http.StatusConflict,
		env: func(t *testing.T, server *dirtest.Server) []string { return byOperation(t, server) },
		request: func([]string) (string, string, string) {
			return http.MethodPost, "/Users",
				resource("/Users", `"userName":"`+leaverName+`","active":true,"password":"First-secret-4711"`)
		},
		completes: func(t *testing.T, d *deployment) {
			id := d.found(t, "/Users", `userName eq "`+leaverName+`"`)[0]["id"].(string)
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id,
				operations(replace("active", "true"), replace("password", `"First-secret-4711"`)))
		},
		between: locked,
	},
	{
		name: "a create of a group with many members", status: http.StatusCreated, again: http.StatusConflict, env: future, prepare: crowd,
		request: func(ids []string) (string, string, string) {
			return http.MethodPost, "/Groups", resource("/Groups", `"displayName":"Crew","members":`+values(ids...))
		},
		completes: func(t *testing.T, d *deployment) {
			id := d.found(t, "/Groups", `displayName eq "Crew"`)[0]["id"].(string)
			d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+id, addMembers(crowd(t, d)...))
		},
	},
	{
		name: "a patch", status: http.StatusOK, prepare: staff,
		request: patches("/Users/", replace("title", `"Chief"`), replace("displayName", `"Mara"`)),
	},
	{
		name: "a rename with references", status: http.StatusOK, prepare: staff,
		request: patches("/Users/", replace("userName", `"noor@contoso.example"`), replace("title", `"Chief"`)),
	},
	{
		name: "a disable with a rename", killed: true, status: http.StatusOK, prepare: staff,
		request: patches("/Users/",
			replace("userName", `"noor@contoso.example"`), replace("active", `"False"`), replace("title", `"Chief"`)),
	},
	{
		name: "a soft delete", status: http.StatusOK, prepare: staff,
		request: patches("/Users/", replace("userName", `"`+leaverHex+leaverName+`"`), replace("active", `"False"`)),
	},
	{
		name: "a newcomer takes a leaver's name", status: http.StatusCreated, again: http.StatusConflict, prepare: leaver, holds: stays,
		either: givenUp,
		request: func([]string) (string, string, string) {
			return http.MethodPost, "/Users", resource("/Users", `"userName":"`+leaverName+`","active":true`)
		},
	},
	{
		name: "a restore", status: http.StatusOK, prepare: leaver,
		request: patches("/Users/", replace("userName", `"`+leaverName+`"`), replace("active", `"True"`)),
	},
	{
		name: "a delete with references", status: http.StatusNoContent, again: http.StatusNotFound, prepare: staff, request: deletes,
	},
	{
		name: "a delete that blocks", status: http.StatusNoContent, again: http.StatusNotFound, prepare: staff, request: deletes,
		env: func(*testing.T, *dirtest.Server) []string { return marked("block") },
	},
	{
		name: "a delete that moves", status: http.StatusNoContent, again: http.StatusNotFound, prepare: staff, request: deletes,
		env: func(t *testing.T, server *dirtest.Server) []string {
			_, env := leaversPlace(t, server, server.People)
			return env
		},
		between: locked,
	},
	{
		name: "members come in chunks", status: http.StatusNoContent, env: future,
		prepare: func(t *testing.T, d *deployment) []string {
			ids := crowd(t, d)
			return append([]string{d.group(t, "Crew")}, ids...)
		},
		request: func(ids []string) (string, string, string) {
			return http.MethodPatch, "/Groups/" + ids[0], addMembers(ids[1:]...)
		},
	},
	{
		name: "members go in chunks", status: http.StatusNoContent, env: future,
		prepare: func(t *testing.T, d *deployment) []string {
			ids := crowd(t, d)
			return append([]string{d.group(t, "Crew", ids...)}, ids...)
		},
		request: func(ids []string) (string, string, string) {
			return http.MethodPatch, "/Groups/" + ids[0], removeMembers(ids[1:]...)
		},
	},
	{
		name: "a group is renamed", status: http.StatusNoContent, prepare: staff,
		request: func(ids []string) (string, string, string) {
			return http.MethodPatch, "/Groups/" + ids[1],
				operations(replace("displayName", `"Team"`), `{"op":"Add","path":"members","value":`+values(ids[2])+`}`)
		},
	},
	{
		name: "a group is deleted", status: http.StatusNoContent, again: http.StatusNotFound, prepare: staff,
		request: func(ids []string) (string, string, string) { return http.MethodDelete, "/Groups/" + ids[1], "" },
	},
	{
		name: "a replacement", status: http.StatusOK, prepare: staff,
		request: func(ids []string) (string, string, string) {
			body := resource("/Users", `"userName":"noor@contoso.example","active":false,"displayName":"Noor"`)
			return http.MethodPut, "/Users/" + ids[0], body
		},
	},
	{
		name: "a link", status: http.StatusCreated, again: http.StatusConflict,
		env: func(*testing.T, *dirtest.Server) []string { return matching },
		prepare: func(t *testing.T, d *deployment) []string {
			id := d.unclaimed(t, "mara", leaverName)
			return []string{id, d.group(t, "Crew", id)}
		},
		request: func([]string) (string, string, string) {
			return http.MethodPost, "/Users", claiming("7", leaverName, `"title":"Clerk"`)
		},
	},
	{
		name: "a block that leaves groups", status: http.StatusOK, prepare: staff, env: suspends,
		request: patches("/Users/", replace("active", "false")),
	},
	{
		name: "a revival", status: http.StatusCreated, again: http.StatusConflict,
		env: func(*testing.T, *dirtest.Server) []string { return marked("block") },
		prepare: func(t *testing.T, d *deployment) []string {
			ids := staff(t, d)
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+ids[0], "")
			return ids
		},
		request: func([]string) (string, string, string) {
			return http.MethodPost, "/Users", resource("/Users", `"userName":"`+leaverName+`","active":true,"title":"Chief"`)
		},
	},
	{
		name: "a bulk", status: http.StatusOK, prepare: staff,
		request: func(ids []string) (string, string, string) {
			return http.MethodPost, "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[` +
				`{"method":"POST","path":"/Users","bulkId":"new","data":` + resource("/Users", `"userName":"noor@contoso.example"`) + `},` +
				`{"method":"PATCH","path":"/Groups/` + ids[1] + `","data":` + addMembers("bulkId:new") + `},` +
				`{"method":"PATCH","path":"/Users/` + ids[0] + `","data":` + operations(replace("active", "false")) + `},` +
				`{"method":"DELETE","path":"/Users/` + ids[2] + `"}]}`
		},
		completes: func(t *testing.T, d *deployment) { // the POST is 409 then, and its bulkId names nobody
			noor := d.found(t, "/Users", `userName eq "noor@contoso.example"`)[0]["id"].(string)
			crew := d.found(t, "/Groups", `displayName eq "Crew"`)[0]["id"].(string)
			d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, addMembers(noor))
		},
	},
}

// TestCrashedAnywhere: a bridge may die at any moment of a write. What stands is safe to stay; another bridge finds out what became of
// what the journal knows of, and is right; the same request sent again completes it, and then the directory is as if nothing had happened.
// With SCIMBRIDGE_TEST_CRASHES=all at every message, the questions too.
func TestCrashedAnywhere(t *testing.T) {
	for _, c := range crashes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.everywhere(t, inMemory, everyCrash())
		})
	}
}

// TestKilledAnywhere: likewise for the program, killed beside slapd. With SCIMBRIDGE_TEST_CRASHES=all in each kind of write.
func TestKilledAnywhere(t *testing.T) {
	binary := buildProgram(t)
	for _, c := range crashes {
		if !everyCrash() && !c.killed {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.everywhere(t, func(t *testing.T) stage { return besideSlapd(t, binary) }, false)
		})
	}
}

// everywhere has a bridge die at each moment.
func (c crashed) everywhere(t *testing.T, start func(t *testing.T) stage, all bool) {
	whole := c.run(t, start(t))
	list := moments(whole.trace, all)
	t.Logf("%d messages, %d moments", len(whole.trace), len(list))
	for _, m := range list {
		c.diesAt(t, whole, start, m)
	}
}

// diesAt has bridges die, one after the other.
func (c crashed) diesAt(t *testing.T, whole life, start func(t *testing.T) stage, deaths ...moment) {
	t.Run(strings.Trim(fmt.Sprint(deaths), "[]"), func(t *testing.T) {
		t.Parallel()
		c.isSafe(t, whole, c.run(t, start(t), deaths...))
	})
}

// inTheMiddle is the moment after the first change of a write, when it is half done where there are more.
func inTheMiddle(trace []heard) moment {
	return moment{slices.IndexFunc(trace, func(h heard) bool { return h.writes }), true}
}

// TestCrashedAgain: likewise of a bridge that dies while it finds out what became of a write that another died in, or while it does that
// write again. With SCIMBRIDGE_TEST_CRASHES=all both die at every message.
func TestCrashedAgain(t *testing.T) {
	for _, c := range crashes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			whole := c.run(t, inMemory(t))
			if !everyCrash() {
				c.diesAt(t, whole, inMemory, inTheMiddle(whole.trace), moment{at: 1})
				return
			}
			for _, first := range moments(whole.trace, false) {
				for at := range whole.trace {
					c.diesAt(t, whole, inMemory, first, moment{at: at})
				}
			}
		})
	}
}

// TestCrashedUndoing: likewise of a bridge that dies while it takes a write back, and another that takes it back again. With
// SCIMBRIDGE_TEST_CRASHES=all at every message.
func TestCrashedUndoing(t *testing.T) {
	for _, c := range crashes {
		c = c.undone()
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if everyCrash() {
				c.everywhere(t, inMemory, true)
				return
			}
			whole := c.run(t, inMemory(t))
			c.diesAt(t, whole, inMemory, inTheMiddle(whole.trace))
		})
	}
}

// undone is that the write is taken back.
func (c crashed) undone() crashed {
	prepare, request, status := c.prepare, c.request, c.status
	c.name, c.holds = "an undo of "+c.name, nil
	c.prepare = func(t *testing.T, d *deployment) (ids []string) {
		if prepare != nil {
			ids = prepare(t, d)
		}
		method, path, body := request(ids)
		if answer, content := d.do(t, method, path, body, "X-Request-Id: the-write"); answer.StatusCode != status {
			t.Fatalf("%d %s", answer.StatusCode, content)
		}
		return ids
	}
	c.does = func(ctx context.Context, d *deployment) error {
		how := &bridge.Undoing{Call: bridge.Call{RequestID: "the-undo", Caller: "operator", PastLimits: true}, Apply: true}
		var records []journal.Account
		if err := journal.Find(ctx, d.store, journal.Query{RequestID: "the-write", Newest: true}, func(a journal.Account) error {
			if a.Kind != journal.KindRefusal && bridge.IsUndoable(a) {
				records = append(records, a)
			}
			return nil
		}); err != nil {
			return err
		}
		for _, record := range records {
			switch u := d.bridge.TakeBack(ctx, how, record); u.State {
			case bridge.UndoDone, bridge.UndoBefore, bridge.UndoNeedless:
			default:
				return fmt.Errorf("%s: %s %v %v: %w", record.ID, u.State, u.Changed, u.Notes, u.Err)
			}
		}
		return nil
	}
	return c
}

func everyCrash() bool { return os.Getenv("SCIMBRIDGE_TEST_CRASHES") == "all" }

// stage is where bridges live and die: a directory that keeps no references true by itself, and a store.
type stage struct {
	server *dirtest.Server
	store  store.Options
	start  func(env []string) *deployment // another bridge
	adopts func(ctx context.Context, d *deployment)
	// hear has decide be asked of each operation that the directory hears of. Once it says so the bridge does nothing more.
	hear func(d *deployment, decide func(operation string, records int64) fate)
	bury func(d *deployment)
}

// fate is what becomes of a bridge when the directory hears of an operation of its.
type fate int

const (
	lives fate = iota
	diesBefore
	diesAfter
	isDead
)

// inMemory has bridges of this process, which lose their store and their directory.
func inMemory(t *testing.T) stage {
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	return stage{
		server: server, store: storetest.SQLite(t),
		start: func(env []string) *deployment {
			c := parsed(t, server, basedIn(productOf(server), server), "", env...)
			c.Journal.Lease = 100 * time.Millisecond
			return deployBy(t, server, c, logOutput())
		},
		adopts: func(ctx context.Context, d *deployment) { d.bridge.Adopt(ctx) },
		hear: func(d *deployment, decide func(string, int64) fate) {
			server.Mem.Fault(func(operation, _ string) memdir.Fault {
				switch decide(operation, d.ledger.State().Written) {
				case diesBefore:
					_ = d.store.Close()
					return memdir.Fault{Drop: memdir.DropBefore}
				case diesAfter:
					_ = d.store.Close()
					return memdir.Fault{Drop: memdir.DropAfter}
				case isDead:
					return memdir.Fault{Drop: memdir.DropBefore}
				default:
					return memdir.Fault{}
				}
			})
		},
		bury: func(d *deployment) {
			d.client.Close()
			server.Mem.Fault(nil)
		},
	}
}

// besideSlapd has bridges that are processes, which are killed.
func besideSlapd(t *testing.T, binary string) stage {
	server := openLDAP(t, dirtest.WithoutRefint(), dirtest.AccessLog())
	var proxy *dirtest.Proxy
	running := map[*deployment]*program{}
	o := storetest.SQLite(t)
	records := func() (n int64) {
		s := storetest.Open(t, o)
		if err := s.Read().QueryRow("SELECT COUNT(*) FROM journal_records").Scan(&n); err != nil {
			t.Error(err)
		}
		return n
	}
	return stage{
		server: server, store: o,
		start: func(env []string) *deployment {
			proxy = dirtest.Counted(t, server)
			p := startProgram(t, binary, server, append(env, "SCIMBRIDGE_JOURNAL_LEASE=1s", "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)...)
			running[&p.deployment] = p
			return &p.deployment
		},
		adopts: func(context.Context, *deployment) {}, // by itself
		hear: func(d *deployment, decide func(string, int64) fate) {
			p := running[d]
			proxy.Before(func(operation string) {
				switch decide(operation, records()) {
				case diesBefore:
					kill(t, p)
					runtime.Goexit() // the proxy hands nothing on
				case diesAfter:
					kill(t, p)
				case isDead:
					runtime.Goexit()
				case lives:
				}
			})
		},
		bury: func(*deployment) {},
	}
}

func kill(t *testing.T, p *program) {
	if err := p.process.Kill(); err != nil {
		t.Error(err)
	}
	<-p.ended
}

// life is what became of a write.
type life struct {
	trace                []heard
	before, between, end []string // facts
}

// witness hears what a bridge asks of the directory, and has it die.
type witness struct {
	dies *moment       // nil: it lives
	dead chan struct{} // closed when it has died

	mu      sync.Mutex
	died    bool
	trace   []heard
	changes int
}

func (w *witness) hear(operation string, records int64) fate {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.died {
		return isDead
	}
	h := heard{
		writes:  slices.Contains([]string{"add", "modify", "modrdn", "delete", "extended"}, operation),
		changes: w.changes, records: records,
	}
	if w.trace = append(w.trace, h); h.writes {
		w.changes++
	}
	if w.dies == nil || len(w.trace) <= w.dies.at {
		return lives
	}
	w.died = true
	defer close(w.dead)
	if w.dies.after {
		return diesAfter
	}
	return diesBefore
}

func (w *witness) isDead() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.died
}

// recovers has another bridge find out what became of the write, and be sent it again, and die in that; where it is done before, it lives.
func (c crashed) recovers(t *testing.T, s stage, d *deployment, ids []string, dies *moment) {
	w := &witness{dead: make(chan struct{}), dies: dies}
	s.hear(d, w.hear)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	records := storetest.Open(t, s.store)
	var all sync.WaitGroup
	all.Go(func() { s.adopts(ctx, d) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !w.isDead() && len(accounts(t, records, journal.Query{Outcome: journal.Pending})) > 0 {
			time.Sleep(10 * time.Millisecond)
		}
		_ = d.answers(ctx, c, ids) // whatever the answer is
	}()
	select {
	case <-w.dead:
	case <-done:
	}
	leave()
	<-done
	all.Wait()
	s.bury(d)
}

// run has a bridge do the write, or die in it, and those that come after it in what they find.
func (c crashed) run(t *testing.T, s stage, deaths ...moment) (l life) {
	env := stored(t, s.store)
	if c.env != nil {
		env = append(env, c.env(t, s.server)...)
	}
	origin, since := truth.ContentOf(t, s.server), ""
	if s.server.Mem != nil {
		s.server.Mem.ResetCounts()
	} else {
		since = truth.Since(t, s.server)
	}
	first := s.start(env)
	first.user(t, "bystander@contoso.example") // so that the journal is not empty
	var ids []string
	if c.prepare != nil {
		ids = c.prepare(t, first)
	}
	known := whoIsThere(t, s.server)
	l.before = facts(t, s.server, known)
	w := &witness{dead: make(chan struct{})}
	if len(deaths) > 0 {
		w.dies = &deaths[0]
	}
	s.hear(first, w.hear)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	answered := make(chan error, 1)
	go func() { answered <- first.answers(ctx, c, ids) }()
	last := first
	select {
	case err := <-answered:
		if err != nil {
			t.Fatal(err)
		}
		s.hear(first, func(string, int64) fate { return lives })
	case <-w.dead:
		if s.server.Mem == nil {
			<-answered // there is no process any more
		}
		leave()
		s.bury(first)
		for n := range deaths[1:] {
			c.recovers(t, s, s.start(env), ids, &deaths[1+n])
		}
		last = s.start(env)
	}
	l.trace = w.trace
	records := storetest.Open(t, s.store)
	c.isTold(t, s, last, records)
	l.between = facts(t, s.server, known)
	if c.holds != nil {
		c.holds(t, last, ids)
	}
	if last != first {
		c.sendsAgain(t, last, ids)
	}
	if c.holds != nil {
		c.holds(t, last, ids)
	}
	c.isTold(t, s, last, records)
	l.end = facts(t, s.server, known)
	if last == first { // whose answer does not reach the client
		c.sendsAgain(t, last, ids)
		if again := facts(t, s.server, known); !slices.Equal(l.end, again) {
			t.Errorf("sent again it made\n%q\nof\n%q", again, l.end)
		}
	}
	truth.Holds(t, s.server, accounts(t, records, journal.Query{}), origin, since)
	if _, err := journal.Verify(t.Context(), records, nil, func(f journal.Fault) { t.Error(f) }); err != nil {
		t.Error(err)
	}
	return l
}

// answers sends the request, for a client that may leave, and is an error unless the answer is the one that is to come.
func (d *deployment) answers(ctx context.Context, c crashed, ids []string) error {
	if c.does != nil {
		return c.does(ctx, d)
	}
	method, path, body := c.request(ids)
	request, err := http.NewRequestWithContext(ctx, method, d.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/scim+json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != c.status {
		err = fmt.Errorf("%d %s", answer.StatusCode, content)
	}
	return err
}

// isTold waits until of each intent it is told what became of it.
func (c crashed) isTold(t *testing.T, s stage, d *deployment, records *store.Store) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var adopting sync.WaitGroup
	adopting.Go(func() { s.adopts(ctx, d) })
	defer adopting.Wait()
	defer stop()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		open := accounts(t, records, journal.Query{Outcome: journal.Pending})
		if len(open) == 0 {
			isFoundByID(t, records)
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody tells what became of %+v", open[0])
		}
	}
}

// isFoundByID fails the test where an entry was made, and its id does not find the record that says so.
func isFoundByID(t *testing.T, records *store.Store) {
	t.Helper()
	for _, a := range accounts(t, records, journal.Query{}) {
		if a.Done == nil {
			continue
		}
		for n, step := range a.Plan.Steps {
			if step.Change.Kind != ldif.Add || step.Change.Place || a.Done.Receipt.Steps[n].State != ldif.Done {
				continue
			}
			if a.Done.ID == "" || !slices.ContainsFunc(accounts(t, records, journal.Query{Subjects: []string{a.Done.ID}}),
				func(b journal.Account) bool { return a.ID == b.ID }) {
				t.Errorf("%s made %s, and id %q does not find it", a.ID, step.Change.DN, a.Done.ID)
			}
		}
	}
}

func (c crashed) sendsAgain(t *testing.T, d *deployment, ids []string) {
	t.Helper()
	if c.does != nil {
		if err := c.does(t.Context(), d); err != nil {
			t.Errorf("done again: %v", err)
		}
		return
	}
	method, path, body := c.request(ids)
	answer, content := d.do(t, method, path, body)
	switch answer.StatusCode {
	case c.status:
		if strings.Contains(content, `"status":"409"`) && c.completes != nil { // of a bulk's operation
			c.completes(t, d)
		}
	case c.again:
		if c.completes != nil {
			c.completes(t, d)
		}
	default:
		t.Errorf("sent again: %d %s", answer.StatusCode, content)
	}
}

// isSafe fails the test where something stood in between that was not there before and is not to be, or something was gone that was there
// and is to be; or where the end is another than without a crash.
func (c crashed) isSafe(t *testing.T, whole, got life) {
	t.Helper()
	lacks := func(what string, facts, of []string, may ...func(string) bool) {
		t.Helper()
		for _, f := range facts {
			allowed := func(is func(string) bool) bool { return is != nil && is(f) }
			if !slices.Contains(of, f) && !slices.ContainsFunc(may, allowed) {
				t.Errorf("%s: %s", what, f)
			}
		}
	}
	ofNobody := func(fact string) bool { return strings.HasSuffix(fact, nobody) }
	changes := func(fact string) bool { return !slices.Contains(whole.end, fact) }
	lacks("stood in between", got.between, slices.Concat(whole.before, whole.end), ofNobody, c.between)
	lacks("was gone in between", whole.before, got.between, changes)
	lacks("is there in the end", got.end, whole.end, ofNobody, c.either)
	lacks("is not there in the end", whole.end, got.end, c.either)
}

// facts are what is known of people and groups, whatever the DNs are by which they refer to one another: "who attribute value" in lower
// case. known names those who were there before the write, by their ids. Passwords are left out, and a space at the end, which is a mark.
func facts(t *testing.T, server *dirtest.Server, known map[string]string) (all []string) {
	t.Helper()
	type one struct {
		who string
		*ldif.Entry
	}
	var entries []one
	at := map[string]string{} // who, by DN
	for _, base := range []string{server.People, server.Groups} {
		for _, e := range server.Entries(t, base, "*", server.IDAttribute) {
			who := cmp.Or(known[server.ID(e)], "the new "+ldif.NormalDN(e.DN))
			at[ldif.NormalDN(e.DN)] = who
			entries = append(entries, one{who, e})
		}
	}
	for _, e := range entries {
		all = append(all, e.who+" dn "+ldif.NormalDN(e.DN))
		for _, a := range e.Attributes {
			if ldif.Secret(a.Name) || a.Name == server.IDAttribute {
				continue
			}
			for _, v := range a.Values {
				if strings.Contains(v, "dc=") {
					v = cmp.Or(at[ldif.NormalDN(v)], nobody)
				}
				all = append(all, strings.ToLower(e.who+" "+a.Name+" "+strings.TrimRight(v, " ")))
			}
		}
	}
	return all
}

// nobody is whom a DN names that no entry has. Whoever gets it is scrubbed of what refers to it.
const nobody = "nobody"

// whoIsThere names all by their ids.
func whoIsThere(t *testing.T, server *dirtest.Server) map[string]string {
	t.Helper()
	known := map[string]string{}
	for _, base := range []string{server.People, server.Groups} {
		for _, e := range server.Entries(t, base, server.IDAttribute) {
			known[server.ID(e)] = ldif.NormalDN(e.DN)
		}
	}
	return known
}
