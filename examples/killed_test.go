package examples_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/examples/bridgetest"
	"scimbridge/examples/truth"
)

// seed is what a run's chances come from: SCIMBRIDGE_TEST_SEED, or another each time.
func seed(t *testing.T) uint64 {
	t.Helper()
	n := dirtest.Number(t, "SCIMBRIDGE_TEST_SEED", int(time.Now().UnixNano()))
	t.Logf("SCIMBRIDGE_TEST_SEED=%d", n)
	return uint64(n)
}

// TestKilled: copies of the program are killed at random while clients write through them. Whatever a client was told of has its intent and
// a receipt that says so; what the receipts say, and nothing else, is what the directory did; and of what nobody was told it says as much.
func TestKilled(t *testing.T) {
	t.Parallel()
	binary := bridgetest.Build(t)
	for _, c := range []struct {
		name   string
		copies int
		store  func(t *testing.T) store.Options
	}{
		{"three on PostgreSQL", 3, func(t *testing.T) store.Options { return storetest.PostgresServer(t).Database(t) }},
		{"one on SQLite", 1, func(t *testing.T) store.Options { return storetest.SQLite(t) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := openLDAP(t, dirtest.WithoutRefint(), dirtest.AccessLog())
			before := truth.ContentOf(t, server)
			since := truth.Since(t, server)
			o := c.store(t)
			n := seed(t)
			f := newFleet(t, binary, server, c.copies, slices.Concat(stored(t, o), limited, []string{"SCIMBRIDGE_JOURNAL_LEASE=2s"})...)
			l := &load{fleet: f, answers: map[string]answer{}, statuses: map[int]int{}}
			var clients sync.WaitGroup
			for client := range 6 {
				clients.Go(func() { l.run(t, client, rand.New(rand.NewPCG(n, uint64(client)))) })
			}
			f.kill(t, dirtest.Number(t, "SCIMBRIDGE_TEST_KILLS", 6), rand.New(rand.NewPCG(n, 1000)))
			for until := time.Now().Add(time.Minute); !l.blocked.Load() && time.Now().Before(until); {
				time.Sleep(20 * time.Millisecond) // few may have been answered in between
			}
			l.over.Store(true)
			clients.Wait()
			f.stop(t)
			f.start(t, 0) // which closes what is open
			s := storetest.Open(t, o)
			awaitClosed(t, s)
			f.stop(t)
			if _, err := journal.Verify(t.Context(), s, nil, func(f journal.Fault) { t.Error(f) }); err != nil {
				t.Error(err)
			}
			all := accounts(t, s, journal.Query{})
			l.isOnRecord(t, all)
			blocked := truth.Holds(t, server, all, before, since)
			withinLimit(t, blocked)
			found := map[journal.Outcome]int{}
			for _, a := range all {
				if a.Done != nil && a.Done.Found {
					found[a.Outcome]++
				}
			}
			t.Logf("%d requests were answered %v; %d times somebody was blocked; of %d records were looked up %v",
				len(l.answers), l.statuses, len(blocked), len(all), found)
		})
	}
}

// mostBlocked is how many may be blocked within a minute.
const mostBlocked = 10

var limited = []string{
	"SCIMBRIDGE_GUARD_LIMITS_0_EFFECT=blocked", fmt.Sprintf("SCIMBRIDGE_GUARD_LIMITS_0_MOST=%d", mostBlocked),
	"SCIMBRIDGE_GUARD_LIMITS_0_WITHIN=1m",
	"SCIMBRIDGE_GUARD_LIMITS_1_EFFECT=deleted", "SCIMBRIDGE_GUARD_LIMITS_1_OFF=true",
	"SCIMBRIDGE_GUARD_LIMITS_2_EFFECT=membersRemoved", "SCIMBRIDGE_GUARD_LIMITS_2_OFF=true",
	"SCIMBRIDGE_GUARD_LIMITS_3_EFFECT=renamed", "SCIMBRIDGE_GUARD_LIMITS_3_OFF=true",
}

// withinLimit fails the test where more were blocked than may be; who was let in again and blocked again counts once. What is counted is so
// a moment before the directory does it.
func withinLimit(t *testing.T, all []truth.Blocking) {
	t.Helper()
	const within = 50 * time.Second
	slices.SortStableFunc(all, func(a, b truth.Blocking) int { return a.At.Compare(b.At) })
	for n, last := range all {
		people := map[int]bool{}
		for _, b := range all[:n+1] {
			if last.At.Sub(b.At) < within {
				people[b.Who] = true
			}
		}
		if len(people) > mostBlocked {
			t.Errorf("%d were blocked within %v, until %v", len(people), within, last.At)
			return
		}
	}
	if len(all) == 0 {
		t.Error("nobody was blocked")
	}
}

// fleet are copies of the program, some of which are down.
type fleet struct {
	binary string
	server *dirtest.Server
	env    []string

	mu     sync.Mutex
	copies []*program // nil: it is down
}

func newFleet(t *testing.T, binary string, server *dirtest.Server, copies int, env ...string) *fleet {
	f := &fleet{binary: binary, server: server, env: env, copies: make([]*program, copies)}
	for n := range f.copies {
		f.start(t, n)
	}
	return f
}

func (f *fleet) start(t *testing.T, n int) {
	t.Helper()
	p := startProgram(t, f.binary, f.server, f.env...)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.copies[n] = p
}

// some is one of the copies that run, nil where none does.
func (f *fleet) some(r *rand.Rand) *program {
	f.mu.Lock()
	defer f.mu.Unlock()
	up := slices.DeleteFunc(slices.Clone(f.copies), func(p *program) bool { return p == nil })
	if len(up) == 0 {
		return nil
	}
	return up[r.IntN(len(up))]
}

// kill kills copies one after the other, and starts each again.
func (f *fleet) kill(t *testing.T, times int, r *rand.Rand) {
	t.Helper()
	for range times {
		time.Sleep(time.Duration(100+r.IntN(700)) * time.Millisecond)
		n := r.IntN(len(f.copies))
		if err := f.copies[n].Process.Kill(); err != nil {
			t.Error(err)
		}
		<-f.copies[n].Ended
		f.mu.Lock()
		f.copies[n] = nil
		f.mu.Unlock()
		time.Sleep(time.Duration(r.IntN(500)) * time.Millisecond)
		f.start(t, n)
	}
}

// stop ends all copies as an operator does.
func (f *fleet) stop(t *testing.T) {
	t.Helper()
	for n, p := range f.copies {
		if p == nil {
			continue
		}
		if err := p.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		select {
		case <-p.Ended:
		case <-time.After(2 * time.Minute): // it may be looking up what the dead left
			t.Fatalf("copy %d does not end on SIGTERM", n)
		}
		f.copies[n] = nil
	}
}

// awaitClosed waits until of each intent it is told what became of it, as long as they become fewer: a copy that is killed before a lease
// is over looks none up, so that all of a run may be left to the last, each with a question to the directory and a commit.
func awaitClosed(t *testing.T, s *store.Store) {
	t.Helper()
	const patience = 5 * time.Minute
	fewest, deadline := math.MaxInt, time.Now()
	for ; ; time.Sleep(500 * time.Millisecond) {
		open := accounts(t, s, journal.Query{Outcome: journal.Pending})
		switch n := len(open); {
		case n == 0:
			return
		case n < fewest:
			fewest, deadline = n, time.Now().Add(patience)
		case time.Now().After(deadline):
			t.Fatalf("%d intents are open still, and become no fewer, such as %s of %s", n, open[0].ID, open[0].Time)
		}
	}
}

// load are clients that write.
type load struct {
	fleet   *fleet
	over    atomic.Bool
	made    atomic.Int64 // names
	blocked atomic.Bool  // somebody was told that somebody is

	mu       sync.Mutex
	users    []string // ids
	groups   []string
	answers  map[string]answer // by request id
	statuses map[int]int
}

// answer is a request's, and the ids of the same requests before it that had none.
type answer struct {
	status int
	before []string
}

// run is one client, until all is over.
func (l *load) run(t *testing.T, client int, r *rand.Rand) {
	requests := 0
	send := func(method, path, body string) (status int, id string) {
		var before []string
		for range 5 {
			p := l.fleet.some(r)
			if p == nil {
				time.Sleep(20 * time.Millisecond)
				continue
			}
			requests++
			name := fmt.Sprintf("client%d-%d", client, requests)
			got, content, err := p.try(method, path, body, "X-Request-Id: "+name)
			if err != nil { // nobody knows what became of it
				before = append(before, name)
				continue
			}
			l.mu.Lock()
			l.answers[name] = answer{got.StatusCode, before}
			l.statuses[got.StatusCode]++
			l.mu.Unlock()
			switch status = got.StatusCode; {
			case status == http.StatusServiceUnavailable: // it is held
			case strings.Contains(content, "no resource with id"): // another deleted him, whose answer was lost
			case status >= http.StatusInternalServerError || status == http.StatusBadRequest && method != http.MethodPatch:
				t.Errorf("%s %s %s: %d %s", method, path, body, status, content)
			case status == http.StatusCreated:
				id = parse(t, content)["id"].(string)
			}
			return status, id
		}
		return 0, ""
	}
	for !l.over.Load() {
		n := l.made.Add(1)
		user, other, group := l.pick(r, &l.users), l.pick(r, &l.users), l.pick(r, &l.groups)
		title := replace("title", fmt.Sprintf("%q", fmt.Sprintf("title %d", n)))
		name := fmt.Sprintf("user%d@contoso.example", n)
		switch kind := r.IntN(100); {
		case kind < 20 || user == "":
			body := resource("/Users", fmt.Sprintf(`"userName":%q,"title":"new %d","active":true`, name, n))
			if status, id := send(http.MethodPost, "/Users", body); status == http.StatusCreated {
				l.add(&l.users, id)
			}
		case kind < 25 || group == "":
			body := resource("/Groups", fmt.Sprintf(`"displayName":"group %d","members":%s`, n, values(user, other)))
			if status, id := send(http.MethodPost, "/Groups", body); status == http.StatusCreated {
				l.add(&l.groups, id)
			}
		case kind < 40:
			send(http.MethodPatch, "/Users/"+user, operations(title))
		case kind < 55:
			send(http.MethodPatch, "/Users/"+user, operations(title, replace("userName", fmt.Sprintf("%q", name))))
		case kind < 63:
			status, _ := send(http.MethodPatch, "/Users/"+user, operations(title, replace("active", `"False"`)))
			l.blocked.CompareAndSwap(false, status == http.StatusOK)
		case kind < 67:
			send(http.MethodPatch, "/Users/"+user, operations(title, replace("active", `"True"`)))
		case kind < 78:
			send(http.MethodPatch, "/Groups/"+group, addMembers(user, other))
		case kind < 86:
			send(http.MethodPatch, "/Groups/"+group, removeMembers(user))
		case kind < 88:
			send(http.MethodPatch, "/Groups/"+group, operations(replace("displayName", fmt.Sprintf(`"group %d"`, n))))
		case kind < 98:
			l.leave(&l.users, user)
			send(http.MethodDelete, "/Users/"+user, "")
		default:
			l.leave(&l.groups, group)
			send(http.MethodDelete, "/Groups/"+group, "")
		}
	}
}

func (l *load) pick(r *rand.Rand, ids *[]string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(*ids) == 0 {
		return ""
	}
	return (*ids)[r.IntN(len(*ids))]
}

func (l *load) add(ids *[]string, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*ids = append(*ids, id)
}

func (l *load) leave(ids *[]string, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*ids = slices.DeleteFunc(*ids, func(one string) bool { return one == id })
}

// isOnRecord fails the test unless of each request that was answered the records say what was answered.
func (l *load) isOnRecord(t *testing.T, all []journal.Account) {
	t.Helper()
	of := map[string][]journal.Account{}
	for _, a := range all {
		of[a.RequestID] = append(of[a.RequestID], a)
	}
	for request, answer := range l.answers {
		written, stands := 0, 0
		for _, a := range of[request] {
			switch {
			case a.Kind == journal.KindRefusal:
				if a.Status != answer.status {
					t.Errorf("%s: record %s says %d, and the answer was %d", request, a.ID, a.Status, answer.status)
				}
			case a.Done == nil || a.Done.Found || a.Done.Status != answer.status:
				t.Errorf("%s: record %s is %s: %+v, and the answer was %d", request, a.ID, a.Outcome, a.Done, answer.status)
			case a.Why != "":
			case a.Outcome == journal.Written || a.Outcome == journal.Unchanged:
				written++
			case a.Outcome == journal.HalfDone:
				stands++
			}
		}
		ok := answer.status < http.StatusMultipleChoices
		for _, name := range answer.before { // it was done then, and nothing was left to do
			for _, a := range of[name] {
				if ok && written == 0 && slices.Contains([]journal.Outcome{journal.Written, journal.HalfDone, journal.Unknown}, a.Outcome) {
					written++
				}
			}
		}
		gone := answer.status == http.StatusNotFound // and what stands with it
		if ok != (written > 0) && !gone || !ok && stands > 0 && !gone {
			t.Errorf("%s was answered %d; of its %d records %d say that it was done, and %d that some of it was",
				request, answer.status, len(of[request]), written, stands)
		}
	}
}
