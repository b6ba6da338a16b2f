package faults_test

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"scimbridge/bridge/clocktest"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/bridge/store/storetest"
	"scimbridge/config"
	"scimbridge/examples/bridgetest"
)

// fault is a row of the table: something breaks, three requests are sent, and it is mended.
type fault struct {
	name    string                                 // as the README has it
	shared  bool                                   // it breaks the server for all: no other row is run on it meanwhile
	not     map[string]string                      // why it is not run on a server, by its name
	proxied map[string]bool                        // the servers, by name, who do not do so here: the proxy does in their place
	prepare func(t *testing.T, s *site)            // ahead of the bridge's start: may set s.env; nil: nothing
	breaks  func(t *testing.T, s *site)            // nil: what each does is all
	each    func(t *testing.T, s *site, op string) // ahead of each request: read, write, disable; nil: nothing
	unsure  bool                                   // no answer tells what came of a write, nor the journal
	noticed bool                                   // the bridge has seen its connections end when a request comes: it sends none in vain
	atOnce  bool                                   // the requests are sent at once, and not one after the other
	timeout time.Duration                          // directory.timeout; 0: a second
	least   time.Duration                          // no answer comes sooner
	own     func(t testing.TB) *dirtest.Server     // a server of the row's; nil: the one that it shares
	process bool                                   // the bridge is a process of its own, whose clock can be turned
	lists   bool                                   // what is read is all users
	large   int                                    // octets that are written besides
	mend    func(t *testing.T, s *site)            // nil: there is nothing to mend but the proxy
}

// site is what a row has: a bridge with a store of its own, behind a proxy of its own, before a server that it shares.
type site struct {
	server *dirtest.Server
	proxy  *dirtest.Proxy // the bridge's way to the server, unless env says another
	name   string         // of the row on this server: letters and digits, for names that are to be of its own
	env    []string       // of the bridge
	bridge *bridgetest.Bridge
	log    log
	lists  bool
	large  string            // what is written besides
	ids    map[string]string // of the users that the requests are for
	dns    map[string]string // theirs
	quick  time.Duration     // of an answer that comes at once

	mu   sync.Mutex
	late []string // what came later than it is to

	dn, passwordFile string // of account
	disk             string // smallDisk's
	unlock           func() // ends a Lock
	clock            *clocktest.Process
}

// said is what came of a request.
type said struct {
	Answer  string // the status, and what it says
	Soon    int    // how soon, as an index of soon
	Done    bool   // whether the directory shows it, once all is mended
	Journal string // what the record says then; "": there is none
}

// seen is what was seen of a fault on a server.
type seen struct {
	Read, Write, Disable said
	Breaker, Readiness   string
	Metrics              []string // that moved, and do not while all is well
}

// soon are how soon an answer may come.
var soon = []string{"at once", "0.3 s later", "within `directory.timeout`", "within twice `directory.timeout`"}

// within is how long an answer of each of soon may take.
func (s *site) within(timeout time.Duration) (most []time.Duration) {
	for _, waits := range []time.Duration{0, secondLook, timeout + secondLook, 2*timeout + secondLook} {
		most = append(most, waits+s.quick)
	}
	return most
}

// isLate has the row begun anew where something came later than it is to, and the machine was slow.
func (s *site) isLate(told string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if told != "" {
		s.late = append(s.late, told)
	}
}

// measure finds out how long an answer that comes at once may take: so many times what the slowest of a few does over a new connection,
// while all is well and the machine as busy as it is, and never so long that it might have waited for a second look.
func (s *site) measure(t *testing.T, timeout time.Duration) {
	t.Helper()
	const rounds, times = 3, 10
	s.quick = openWithin
	for range rounds {
		s.cutOff(t)
		for _, op := range []string{"read", touch} {
			begun := time.Now()
			answer, content, err := s.send(op, "-measured")
			s.quick = min(max(s.quick, times*time.Since(begun)), secondLook)
			told := machine.late(t, op+" while all is well", begun, timeout)
			s.isLate(told)
			if err != nil || answer.StatusCode != http.StatusOK && told == "" {
				t.Fatalf("%s while all is well: %v %s", op, err, content)
			}
		}
	}
}

const (
	backWithin = 2 * time.Second       // until the first 2xx after all is well
	openWithin = 50 * time.Millisecond // of an answer while the breaker is open
	settling   = 10 * time.Second      // of what may take a moment

	// secondLook is until the bridge looks again at what became of a write that no answer came for, and that does not show.
	secondLook = 300 * time.Millisecond
)

// ops are the three requests, each about a user of its own.
var ops = []string{"read", "write", "disable"}

const patch = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":%q,"value":%q}]}`

// touch is a write of which no row tells: it changes something each time.
const touch = "touch"

// send sends the request of a kind. again makes it another than the first.
func (s *site) send(op, again string) (*http.Response, string, error) {
	method, path, body := http.MethodPatch, "/Users/"+s.ids[op], ""
	switch op {
	case "read":
		if method = http.MethodGet; s.lists {
			path = "/Users"
		}
	case "write":
		body = fmt.Sprintf(patch, "title", "changed"+again+s.large)
	case "disable":
		body = fmt.Sprintf(patch, "active", "False")
	case touch:
		path, body = "/Users/"+s.ids["read"], fmt.Sprintf(patch, "title", rand.Text())
	}
	return bridgetest.Send(s.bridge.URL, method, path, body, "X-Request-Id: "+op+again)
}

// run is a row on a server, of which the table has what is. late is what came later than it is to.
func (f fault) run(t *testing.T, k kind, server *dirtest.Server, name string, is seen) (was seen, late []string) {
	timeout := cmp.Or(f.timeout, k.timeout, time.Second)
	if f.own != nil {
		server = f.own(t)
	}
	s := &site{
		server: server, proxy: dirtest.Counted(t, server), name: name, ids: map[string]string{}, dns: map[string]string{},
		lists: f.lists, large: strings.Repeat("x", f.large),
	}
	s.env = append(slices.Clone(k.env), "SCIMBRIDGE_RESOURCES_0_BASE="+server.People, "SCIMBRIDGE_RESOURCES_1_BASE="+server.Groups,
		"SCIMBRIDGE_DIRECTORY_URLS="+s.proxy.URL, "SCIMBRIDGE_DIRECTORY_TIMEOUT="+timeout.String(),
		"SCIMBRIDGE_ADMIN_ADDRESS=127.0.0.1:0", "SCIMBRIDGE_STORE_FILE="+storetest.SQLite(t).File)
	if f.prepare != nil {
		f.prepare(t, s)
	}
	text, variables := bridgetest.Configured(t, server, k.folder, "", s.env...)
	c, err := config.Parse(filepath.Join(k.folder, "scimbridge.yaml"), text, variables)
	if err != nil {
		t.Fatal(err)
	}
	if f.process {
		s.runs(t, c, text, variables)
	} else {
		s.bridge = bridgetest.Start(t, c, &s.log, func(journal.Record) {})
	}
	defer func() {
		if t.Failed() || testing.Verbose() && os.Getenv("SCIMBRIDGE_TEST_LOG") != "" {
			t.Log(s.log.String())
		}
	}()
	for _, op := range ops {
		s.ids[op], s.dns[op] = s.user(t, op)
	}

	s.measure(t, timeout)
	before := s.metrics(t)
	mended := false
	mend := func() {
		if mended {
			return
		}
		mended = true
		s.proxy.Mend(t)
		if f.mend != nil {
			f.mend(t, s)
		}
	}
	defer mend() // also where the row fails: others share the server
	there := s.proxy.Ends()
	if f.breaks != nil {
		f.breaks(t, s)
	}
	if f.noticed {
		s.notices(t, there)
	}
	answers := map[string]*said{"read": &was.Read, "write": &was.Write, "disable": &was.Disable}
	ask := func(n int) {
		op := ops[n]
		if f.each != nil {
			f.each(t, s, op)
		}
		begun := time.Now()
		answer, content, err := s.send(op, "")
		within := s.within(timeout)
		took := time.Since(begun)
		latest := is.requests()[n].Soon
		s.isLate(machine.late(t, op, begun, within[latest]))
		if took < f.least {
			t.Errorf("%s took %v, and not %v at the least", op, took, f.least)
		}
		if err != nil {
			t.Error(err)
			return
		}
		answers[op].Answer = told(t, answer, content)
		answers[op].Soon, _ = slices.BinarySearch(within[:latest], took)
		t.Logf("%s: %s, after %v; at once is %v", op, answers[op].Answer, took, s.quick)
	}
	if f.atOnce {
		each(len(ops), ask)
	} else {
		for n := range ops {
			ask(n)
		}
	}
	was.Readiness = s.readiness(t)
	if _, _, err := s.send("read", "-once-more"); err != nil { // two failures open no breaker
		t.Fatal(err)
	}
	was.Breaker = s.breaker(t, before)
	was.Metrics = moved(before, s.metrics(t))

	mend()
	s.comesBack(t)
	s.becomesReady(t)
	for _, op := range ops[1:] {
		a := answers[op]
		a.Done, a.Journal = s.done(t, k, op, ""), s.journal(t, op)
		unsure := f.unsure && strings.Contains(a.Answer, "did not confirm")
		switch ok := strings.HasPrefix(a.Answer, "2"); {
		case ok != a.Done && !unsure:
			t.Errorf("%s was answered %s; done: %t", op, a.Answer, a.Done)
		case unsure && strings.HasPrefix(a.Journal, string(journal.Unknown)):
		case a.Done != strings.HasPrefix(a.Journal, string(journal.Written)):
			t.Errorf("%s: done: %t, and the journal says %s", op, a.Done, a.Journal)
		}
		if answer, content, err := s.send(op, again); err != nil || answer.StatusCode != http.StatusOK || !s.done(t, k, op, again) {
			t.Errorf("%s afterwards: %v %s; done: %t", op, err, told(t, answer, content), s.done(t, k, op, again))
		}
	}
	return was, s.late
}

// again is of requests that are sent again.
const again = "-again"

// done says whether the directory shows what a request asked for.
func (s *site) done(t *testing.T, k kind, op, again string) bool {
	t.Helper()
	e := s.server.Entry(t, s.dns[op], "title", k.blocker)
	if op == "disable" {
		return k.blocked(e.Value(k.blocker))
	}
	return e.Value("title") == "changed"+again+s.large
}

// user makes a user, and returns her id and DN.
func (s *site) user(t *testing.T, op string) (id, dn string) {
	t.Helper()
	name := op[:2] + s.name + "@contoso.example"
	body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"title":"new","active":true}`, name)
	answer, content, err := bridgetest.Send(s.bridge.URL, http.MethodPost, "/Users", body)
	for begun := time.Now(); err == nil && answer.StatusCode == http.StatusServiceUnavailable && time.Since(begun) < time.Minute; {
		time.Sleep(backWithin / 10) // a busy machine, and a short timeout
		answer, content, err = bridgetest.Send(s.bridge.URL, http.MethodPost, "/Users", body)
	}
	if err != nil || answer.StatusCode != http.StatusCreated {
		t.Fatalf("%v %s", err, content)
	}
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(content), &made); err != nil {
		t.Fatal(err)
	}
	for _, e := range s.server.Entries(t, s.server.People) {
		if slices.Contains(e.Values("uid"), name) || e.Value("userPrincipalName") == name {
			return made.ID, e.DN
		}
	}
	t.Fatalf("%s is not there", name)
	return "", ""
}

// told is an answer in a line. A 503 says when to come back.
func told(t *testing.T, answer *http.Response, content string) string {
	t.Helper()
	if answer == nil {
		return "nothing"
	}
	after := answer.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); answer.StatusCode == http.StatusServiceUnavailable && (err != nil || seconds < 1) {
		t.Errorf("503 with Retry-After %q", after)
	}
	text := strconv.Itoa(answer.StatusCode)
	var scim struct{ Detail, ScimType string }
	if answer.StatusCode >= 300 && json.Unmarshal([]byte(content), &scim) == nil {
		text += strings.TrimRight(" "+scim.ScimType, " ") + ": " + scim.Detail
	}
	return text
}

// What the breaker is.
const (
	shut = "closed"
	open = "open"
)

// breaker says whether the breaker has opened since then: if so it is open still, whatever is asked.
func (s *site) breaker(t *testing.T, before map[string]float64) string {
	t.Helper()
	const trips = "scimbridge_directory_breaker_opened_total"
	now := s.metrics(t)
	opened := now[trips] > before[trips]
	if opened != (now["scimbridge_directory_breaker_open"] == 1) {
		t.Errorf("the breaker has opened: %t; it is open: %t", opened, !opened)
	}
	if !opened {
		return shut
	}
	for range 5 {
		for _, op := range []string{"read", touch} {
			answer, content, late := machine.whileOpen(t, op, func() (*http.Response, string, error) { return s.send(op, "-open") })
			s.isLate(late)
			if answer.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("%s with the breaker open: %s", op, told(t, answer, content))
			}
		}
	}
	return open
}

// readiness is what stands otherwise than well.
func (s *site) readiness(t *testing.T) string {
	t.Helper()
	var standing struct {
		Status string
		Parts  []struct{ Part, Status, Reason string }
	}
	if err := json.Unmarshal([]byte(s.ask(t, "/readyz")), &standing); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, p := range standing.Parts {
		if p.Status != "ok" && p.Status != "unknown" {
			parts = append(parts, p.Part+" "+p.Status+": "+p.Reason)
		}
	}
	if len(parts) == 0 {
		return "ready"
	}
	return strings.Join(parts, ", ")
}

// becomesReady fails the test unless all is soon said to be well. By then the journal has what it is to have.
func (s *site) becomesReady(t *testing.T) {
	t.Helper()
	for until := time.Now().Add(settling); s.readiness(t) != "ready"; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("it stays so: %s", s.readiness(t))
		}
	}
}

func (s *site) ask(t *testing.T, path string) string {
	t.Helper()
	answer, err := bridgetest.Client.Get(s.bridge.Admin + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// metrics are the figures of /metrics.
func (s *site) metrics(t *testing.T) map[string]float64 {
	t.Helper()
	figures := map[string]float64{}
	for line := range strings.Lines(s.ask(t, "/metrics")) {
		name, figure, _ := strings.Cut(strings.TrimSpace(line), " ")
		if at := strings.LastIndex(line, "} "); at >= 0 {
			name, figure = line[:at+1], strings.TrimSpace(line[at+1:])
		}
		if value, err := strconv.ParseFloat(figure, 64); err == nil && strings.HasPrefix(name, "scimbridge_") {
			figures[name] = value
		}
	}
	return figures
}

// label of those that tell what a request or an operation came to.
var label = regexp.MustCompile(`^scimbridge_(?:requests_total|ldap_operations_total)\{.*(?:reason|code)="([^"]*)"`)

// unavailable is a reason, and the same whether the breaker was open when a request came or a moment later.
func unavailable(why string) string {
	if why == reason.BreakerOpen.String() {
		return reason.Unavailable.String()
	}
	return why
}

// moved are the metrics that tell of the fault.
func moved(before, after map[string]float64) (names []string) {
	for name, value := range after {
		found := label.FindStringSubmatch(name)
		short, _, _ := strings.Cut(strings.TrimPrefix(name, "scimbridge_"), "{")
		switch {
		case value == before[name]:
			continue
		case found != nil && found[1] != "ok" && found[1] != "0":
			short += " " + unavailable(found[1])
		case short == "directory_breaker_opened_total" || short == "directory_failovers_total" || short == "journal_failing":
		case short == "directory_writable" && value == 0:
		default:
			continue
		}
		if !slices.Contains(names, short) {
			names = append(names, short)
		}
	}
	slices.Sort(names)
	return names
}

// comesBack fails the test unless what is read and what is written succeeds soon, by itself.
func (s *site) comesBack(t *testing.T) {
	t.Helper()
	begun := time.Now()
	for _, op := range []string{"read", touch} {
		for ; ; time.Sleep(10 * time.Millisecond) {
			answer, content, err := s.send(op, "-back")
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode == http.StatusOK {
				t.Logf("%s: back after %v", op, time.Since(begun))
				s.isLate(machine.late(t, op+": to be back", begun, backWithin))
				break
			}
			if took := time.Since(begun); took > backWithin+settling {
				t.Fatalf("%s: not back after %v: %s", op, took, told(t, answer, content))
			}
		}
	}
}

// journal is what the records of a request say, the last word of each.
func (s *site) journal(t *testing.T, request string) string {
	t.Helper()
	var words []string
	err := journal.Find(t.Context(), s.bridge.Store, journal.Query{RequestID: request}, func(a journal.Account) error {
		word := string(a.Outcome)
		if a.Kind == journal.KindRefusal {
			word = "refused: " + unavailable(a.Reason)
		}
		words = append(words, word)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(words)
	return strings.Join(words, ", after ")
}

// log is what the bridge says.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
