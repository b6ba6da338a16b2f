package examples_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/examples/truth"
	"scimbridge/ldapmap/ldif"
)

// stage is where bridges live and die: a directory that keeps no references true by itself, and a store.
type stage struct {
	server *dirtest.Server
	tells  bool // the server tells of each change that was made
	killed bool // a bridge that dies is a process
	store  store.Options
	start  func(env []string) *deployment // another bridge
	adopts func(ctx context.Context, d *deployment)
	// hear has decide be asked of each operation that the directory hears of. With end it has the bridge do nothing more.
	hear func(d *deployment, decide func(operation string, records int64, end func()) fate)
	bury func(d *deployment)
}

// fate is what becomes of a bridge when the directory hears of an operation of its, or of the operation.
type fate string

const (
	lives      fate = "lives"
	diesBefore fate = "dies before"
	diesAfter  fate = "dies after"
	isDead     fate = "is dead"
	unheard    fate = "unheard" // the directory does not hear of it after all
	unanswered fate = "unanswered"
	refused    fate = "refused"
)

// inMemory has bridges of this process, which lose their store and their directory.
func inMemory(t *testing.T) stage {
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	return stage{
		server: server, tells: true, store: storetest.SQLite(t),
		start: func(env []string) *deployment {
			env = append(env, "SCIMBRIDGE_DIRECTORY_TIMEOUT=1m") // memdir compares each entry with each value
			c := parsed(t, server, basedIn(productOf(server), server), "", env...)
			c.Journal.Lease = 100 * time.Millisecond
			return deployBy(t, server, c, logOutput())
		},
		adopts: func(ctx context.Context, d *deployment) { d.bridge.Adopt(ctx) },
		hear: func(d *deployment, decide func(string, int64, func()) fate) {
			server.Mem.Fault(func(operation, _ string) memdir.Fault {
				switch decide(operation, d.ledger.State().Written, d.losesStore) {
				case diesBefore, isDead, unheard:
					return memdir.Fault{Drop: memdir.DropBefore}
				case diesAfter, unanswered:
					return memdir.Fault{Drop: memdir.DropAfter}
				case refused:
					return memdir.Fault{Code: ldap.LDAPResultUnwillingToPerform}
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

// inTurns has bridges of this process before a server that all who run share, one after the other: starting it takes longer than they do.
func inTurns(server *dirtest.Server) func(t *testing.T) stage {
	var turn sync.Mutex
	return func(t *testing.T) stage {
		turn.Lock()
		t.Cleanup(turn.Unlock)
		server.Empty(t)
		var proxy *dirtest.Proxy // of the last bridge
		return stage{
			server: server, store: storetest.SQLite(t),
			start: func(env []string) *deployment {
				proxy = dirtest.Counted(t, server)
				c := parsed(t, server, basedIn(productOf(server), server), "", append(env, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)...)
				c.Journal.Lease = 100 * time.Millisecond
				return deployBy(t, server, c, logOutput())
			},
			adopts: func(ctx context.Context, d *deployment) { d.bridge.Adopt(ctx) },
			hear: func(d *deployment, decide func(string, int64, func()) fate) {
				way := proxy
				way.Before(func(operation string) {
					switch decide(operation, d.ledger.State().Written, d.losesStore) {
					case diesBefore, isDead:
						runtime.Goexit() // the proxy hands nothing on
					case diesAfter:
						way.LoseAnswer(operation)
					default:
					}
				})
			},
			bury: func(d *deployment) { d.client.Close() },
		}
	}
}

// besideSlapd has bridges that are processes, which are killed.
func besideSlapd(t *testing.T, binary string) stage {
	server := openLDAP(t, dirtest.WithoutRefint(), dirtest.AccessLog())
	var proxy *dirtest.Proxy
	running := map[*deployment]*program{}
	o := storetest.SQLite(t)
	opened := sync.OnceValue(func() *store.Store { return storetest.Open(t, o) })
	records := func() int64 { return count(t, opened(), "TRUE") }
	return stage{
		server: server, tells: true, killed: true, store: o,
		start: func(env []string) *deployment {
			proxy = dirtest.Counted(t, server)
			p := startProgram(t, binary, server, append(env, "SCIMBRIDGE_JOURNAL_LEASE=1s", "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)...)
			running[&p.deployment] = p
			return &p.deployment
		},
		adopts: func(context.Context, *deployment) {}, // by itself
		hear: func(d *deployment, decide func(string, int64, func()) fate) {
			p := running[d]
			proxy.Before(func(operation string) {
				switch decide(operation, records(), func() { kill(t, p) }) {
				case diesBefore, isDead:
					runtime.Goexit() // the proxy hands nothing on
				default:
				}
			})
		},
		bury: func(*deployment) {},
	}
}

func (d *deployment) losesStore() { _ = d.store.Close() }

func kill(t *testing.T, p *program) {
	if err := p.Process.Kill(); err != nil {
		t.Error(err)
	}
	<-p.Ended
}

// life is what became of a write.
type life struct {
	trace                []heard
	hindered             int      // the message that was hindered first, from 1
	before, between, end []string // facts
	origin               []string // before a write that is undone
}

// witness hears what a bridge asks of the directory, and has it die.
type witness struct {
	dies *moment       // nil: it lives
	dead chan struct{} // closed when it has died
	hindered

	mu      sync.Mutex
	died    bool
	trace   []heard
	changes int
	first   int // the message that was hindered first, from 1; 0: none was yet
}

func (w *witness) hear(operation string, records int64, end func()) fate {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.died {
		return isDead
	}
	h := heard{
		writes:  slices.Contains([]string{"add", "modify", "modrdn", "delete", "extended"}, operation),
		changes: w.changes, records: records,
	}
	w.trace = append(w.trace, h)
	dies := w.dies != nil && len(w.trace) > w.dies.at
	hinders := !dies && operation == w.operation && (w.first == 0 || w.is == refused)
	if h.writes && !(hinders && w.is != unanswered) {
		w.changes++
	}
	switch {
	case hinders:
		w.first = cmp.Or(w.first, len(w.trace))
		return w.is
	case !dies:
		return lives
	}
	w.died = true
	end()
	close(w.dead)
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
		for until := time.Now().Add(time.Minute); !w.isDead() && count(t, records, untold) > 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(until) {
				t.Error("nobody finds out what became of the write")
				break
			}
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
	switch {
	case s.server.Mem != nil:
		s.server.Mem.ResetCounts()
	case s.tells:
		since = truth.Since(t, s.server)
	}
	first := s.start(env)
	first.user(t, "bystander@contoso.example") // so that the journal is not empty
	var ids []string
	if c.prepare != nil {
		ids = c.prepare(t, first)
	}
	known := map[string]string{}
	whoIsThere(t, s.server, known, "")
	if c.undoes {
		l.origin = facts(t, s.server, known)
		method, path, body := c.request(ids)
		if answer, content := first.do(t, method, path, body, "X-Request-Id: the-write"); answer.StatusCode != c.status {
			t.Fatalf("%d %s", answer.StatusCode, content)
		}
		whoIsThere(t, s.server, known, anew)
	}
	l.before = facts(t, s.server, known)
	w := &witness{dead: make(chan struct{}), hindered: c.hindered}
	if len(deaths) > 0 {
		w.dies = &deaths[0]
	}
	s.hear(first, w.hear)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var answer error
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		answer = first.answers(ctx, c, ids)
	}()
	select {
	case <-answered:
	case <-w.dead:
	}
	last := first
	if w.isDead() {
		if s.killed {
			<-answered // there is no process any more
		}
		leave()
		s.bury(first)
		for n := range deaths[1:] {
			c.recovers(t, s, s.start(env), ids, &deaths[1+n])
		}
		last = s.start(env)
	} else {
		if (answer != nil) != (c.is == refused) {
			t.Fatal(answer)
		}
		if len(deaths) > 0 {
			t.Fatalf("it did not die: it sent %d messages", len(w.trace))
		}
		s.hear(first, func(string, int64, func()) fate { return lives })
	}
	l.trace, l.hindered = w.trace, w.first
	l.between = facts(t, s.server, known)
	if c.holds != nil {
		c.holds(t, last, ids)
	}
	records := storetest.Open(t, s.store)
	switch eager := len(deaths) > 0 && deaths[len(deaths)-1].eager; {
	case eager && c.undoes: // what was added again is another's, as long as nobody says that it was the undo
		_ = last.answers(t.Context(), c, ids)
	case eager:
		c.sendsAgain(t, last, ids)
	}
	c.isTold(t, s, last, records)
	if len(deaths) == 1 && deaths[0].after && !deaths[0].eager {
		isOwned(t, records)
	}
	if last != first || c.is == refused {
		c.sendsAgain(t, last, ids)
	}
	if c.holds != nil {
		c.holds(t, last, ids)
	}
	c.isTold(t, s, last, records)
	isFoundByID(t, records)
	l.end = facts(t, s.server, known)
	if last == first { // whose answer does not reach the client
		c.sendsAgain(t, last, ids)
		if again := facts(t, s.server, known); !slices.Equal(l.end, again) {
			t.Errorf("sent again it made\n%q\nof\n%q", again, l.end)
		}
	}
	if s.tells {
		truth.Holds(t, s.server, accounts(t, records, journal.Query{}), origin, since)
	}
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
		if count(t, records, untold) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody tells what became of %+v", accounts(t, records, journal.Query{Outcome: journal.Pending}))
		}
	}
}

// untold are the intents of which it is not told what became of them. They are counted often, and to read them all is to read all members
// of a large group.
const untold = `kind = 'intent' AND NOT EXISTS (
	SELECT 1 FROM journal_records r WHERE r.kind = 'receipt' AND r.of_writer = i.writer AND r.of_seq = i.seq)`

func count(t *testing.T, records *store.Store, which string) (n int64) {
	if err := records.Read().QueryRow("SELECT COUNT(*) FROM journal_records i WHERE " + which).Scan(&n); err != nil {
		t.Error(err)
	}
	return n
}

// isOwned fails the test where the newest record says that nothing was sent, though the bridge died behind a change.
func isOwned(t *testing.T, records *store.Store) {
	t.Helper()
	newest := accounts(t, records, journal.Query{Newest: true, Limit: 1})[0]
	isSent := func(s ldif.StepReceipt) bool { return s.State != ldif.NotSent }
	if newest.Done == nil || !slices.ContainsFunc(newest.Done.Receipt.Steps, isSent) {
		t.Errorf("a change was made, and is told as one that was not sent: %+v", newest)
	}
}

// isFoundByID fails the test where an entry was made, and its id does not find the record that says so.
func isFoundByID(t *testing.T, records *store.Store) {
	t.Helper()
	for _, a := range accounts(t, records, journal.Query{}) {
		if a.Done == nil || a.Why == journal.Number { // a counter is nobody
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
	lacks := func(what string, facts []string, may ...func(string) bool) {
		t.Helper()
		for _, f := range facts {
			if !slices.ContainsFunc(may, func(is func(string) bool) bool { return is != nil && is(f) }) {
				t.Errorf("%s: %s", what, f)
			}
		}
	}
	leftBehind := func(fact string) bool { return c.renames && strings.HasSuffix(fact, nobody) }
	before, between, wanted, end := among(whole.before), among(got.between), among(whole.end), among(got.end)
	changes := func(fact string) bool { return !wanted(fact) }
	lacks("stood in between", got.between, before, wanted, leftBehind, c.between)
	lacks("was gone in between", whole.before, between, changes)
	lacks("is there in the end", got.end, wanted, leftBehind, c.either)
	lacks("is not there in the end", whole.end, end, c.either)
}

// differing are the facts that are among one of the lists alone, where who was made anew is who he was.
func differing(a, b []string) (all []string) {
	normal := func(list []string) (facts []string) {
		for _, f := range list {
			facts = append(facts, strings.ReplaceAll(f, anew, ""))
		}
		return facts
	}
	a, b = normal(a), normal(b)
	return slices.Concat(slices.DeleteFunc(slices.Clone(a), among(b)), slices.DeleteFunc(b, among(a)))
}

// among tells of a fact whether it is one of these: of a large group there are thousands.
func among(facts []string) func(fact string) bool {
	set := make(map[string]bool, len(facts))
	for _, f := range facts {
		set[f] = true
	}
	return func(fact string) bool { return set[fact] }
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
		for _, e := range server.Entries(t, base, "*", server.IDAttribute, productOf(server).active) {
			who := cmp.Or(known[server.ID(e)], anew+ldif.NormalDN(e.DN))
			at[ldif.NormalDN(e.DN)] = who
			entries = append(entries, one{who, e})
		}
	}
	for _, e := range entries {
		all = append(all, e.who+" dn "+ldif.NormalDN(e.DN))
		for _, a := range e.Attributes {
			if ldif.Secret(a.Name) || a.Name == server.IDAttribute || slices.Contains(ofTheDomain, a.Name) {
				continue
			}
			for _, v := range a.Values {
				if strings.Contains(strings.ToLower(v), "dc=") {
					v = cmp.Or(at[ldif.NormalDN(v)], nobody)
				}
				all = append(all, strings.ToLower(e.who+" "+a.Name+" "+strings.TrimRight(v, " ")))
			}
		}
	}
	slices.Sort(all) // a value that is written again is the last
	return all
}

// ofTheDomain are attributes of Active Directory's own: of an entry's name, and of when it was made and changed.
var ofTheDomain = []string{
	"distinguishedName", "objectSid", "uSNCreated", "uSNChanged", "whenCreated", "whenChanged", "dSCorePropagationData", "pwdLastSet",
}

// anew marks who was not there before.
const anew = "the new "

// nobody is whom a DN names that no entry has. Whoever gets it is scrubbed of what refers to it.
const nobody = "nobody"

// whoIsThere names all by their ids, who are not known yet.
func whoIsThere(t *testing.T, server *dirtest.Server, known map[string]string, mark string) {
	t.Helper()
	for _, base := range []string{server.People, server.Groups} {
		for _, e := range server.Entries(t, base, server.IDAttribute) {
			id := server.ID(e)
			known[id] = cmp.Or(known[id], mark+ldif.NormalDN(e.DN))
		}
	}
}
