package front

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"scimbridge/bridge"
	"scimbridge/bridge/reason"
)

// line are the requests of a test that come to a crowd.
type line struct {
	*crowd
	told    sync.Mutex
	began   []string // in their order
	away    bool
	refused map[string]reason.Reason
	after   map[string]time.Duration // Retry-After
}

func inLine(l bridge.Limits) *line {
	return &line{crowd: newCrowd(l), refused: map[string]reason.Reason{}, after: map[string]time.Duration{}}
}

// comes has a request come, named by its caller and what follows a slash, and worked on until the channel is closed.
func (l *line) comes(ctx context.Context, name string, r incoming, until <-chan struct{}) {
	caller, _, _ := strings.Cut(name, "/")
	refuse := func(err error) {
		why, _ := errors.AsType[*reason.Error](err)
		if why == nil {
			why = &reason.Error{}
		}
		l.told.Lock()
		defer l.told.Unlock()
		l.refused[name], l.after[name] = why.Reason, why.RetryAfter
	}
	go func() {
		if err := l.enter(caller, time.Now(), &r); err != nil {
			refuse(err)
			return
		}
		defer l.leave(caller)
		if _, err := l.wait(ctx, caller, &r); err != nil {
			refuse(err)
			return
		}
		l.told.Lock()
		l.began = append(l.began, name)
		l.told.Unlock()
		begun := time.Now()
		<-until
		l.done(caller, time.Since(begun), l.away)
	}()
	synctest.Wait()
}

// answer is why a request was refused, and when it may come back.
func (l *line) answer(name string) (why reason.Reason, after time.Duration) {
	l.told.Lock()
	defer l.told.Unlock()
	return l.refused[name], l.after[name]
}

var (
	asks   = incoming{method: "GET"}
	blocks = incoming{method: "PATCH", body: []byte(`{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`)}
	now    = func() chan struct{} { c := make(chan struct{}); close(c); return c }()
)

// TestWhoLeavesGoesFirst: what takes access away is worked on before what came earlier; then whose caller has the fewest, then who came
// first.
func TestWhoLeavesGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLine(bridge.Limits{Requests: 10, Working: 1})
		first, second := make(chan struct{}), make(chan struct{})
		l.comes(t.Context(), "a/1", asks, first)
		l.comes(t.Context(), "b/1", asks, second)
		for _, name := range []string{"a/2", "a/3", "c/1", "b/2"} {
			l.comes(t.Context(), name, asks, now)
		}
		l.comes(t.Context(), "a/block", blocks, now)
		close(first)
		synctest.Wait()
		if want := []string{"a/1", "b/1", "a/block", "a/2", "c/1", "a/3"}; !sameUntil(l.began, want) {
			t.Errorf("began %v, want %v", l.began, want)
		}
		close(second)
		synctest.Wait()
		if len(l.began) != 7 || l.working != 0 || l.all != 0 || len(l.waiting) != 0 {
			t.Errorf("in the end: began %v, %d worked on, %d under way", l.began, l.working, l.all)
		}
	})
}

// sameUntil says that the first and the block come in their order, and all of the others somewhere behind it.
func sameUntil(got, want []string) bool {
	if len(got) != len(want) || !slices.Equal(got[:3], want[:3]) {
		return false
	}
	a, b := slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	return slices.Equal(a, b)
}

// TestWhoLeavesIsLetIn: where there are as many requests as there may be, the last of those that wait gives way to one that takes access
// away: its own caller's where that has too many, anybody's where all have. Where nobody waits who may, it is refused.
func TestWhoLeavesIsLetIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLine(bridge.Limits{Requests: 3, Working: 1})
		stop := make(chan struct{})
		for _, name := range []string{"a/1", "a/2", "a/3", "b/1", "b/2", "b/3"} {
			l.comes(t.Context(), name, asks, stop)
		}
		l.comes(t.Context(), "a/4", asks, stop)
		l.comes(t.Context(), "c/1", asks, stop)
		l.comes(t.Context(), "a/block", blocks, stop)  // for a/3
		l.comes(t.Context(), "c/block", blocks, stop)  // for b/3
		l.comes(t.Context(), "b/block", blocks, stop)  // for b/2: of b there is room by now
		l.comes(t.Context(), "b/block2", blocks, stop) // for a/2: so
		l.comes(t.Context(), "b/block3", blocks, stop) // of b none waits that may give way
		own, all := reason.Crowded, reason.Full
		want := map[string]reason.Reason{"a/2": all, "a/3": own, "a/4": own, "b/2": all, "b/3": all, "b/block3": own, "c/1": all}
		if !maps.Equal(l.refused, want) {
			t.Errorf("refused are %v, want %v", l.refused, want)
		}
		for name, after := range l.after {
			if after < time.Second || after >= 2*time.Second {
				t.Errorf("%s: after %v", name, after)
			}
		}
		close(stop)
		synctest.Wait()
		if l.working != 0 || l.all != 0 || len(l.waiting) != 0 {
			t.Errorf("%d are worked on, %d under way", l.working, l.all)
		}
	})
}

// looked is a request that tells what holds while its body is read, and how often that is.
type looked struct {
	incoming
	reads int
	while func()
}

func (l *looked) away() bool {
	l.reads++
	l.while()
	return l.incoming.away()
}

// TestNobodyWaitsForABody: what a request takes away is read when it has to wait, or to be let in for another, and without the lock, under
// which all others stand; and when there is room by then, it begins.
func TestNobodyWaitsForABody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLine(bridge.Limits{Requests: 2, Working: 1})
		stop := make(chan struct{})
		ends := func(name string) *looked {
			return &looked{incoming: blocks, while: func() {
				if !l.mu.TryLock() {
					t.Fatalf("%s is read under the lock", name)
				}
				l.mu.Unlock()
			}}
		}
		enters := func(r *looked, times int) error {
			t.Helper()
			err := l.enter("a", time.Now(), r)
			if r.reads != times {
				t.Errorf("the body was read %d times, not %d", r.reads, times)
			}
			return err
		}
		none := ends("one that is worked on at once")
		if err := enters(none, 0); err != nil {
			t.Fatal(err)
		}
		if waited, err := l.wait(t.Context(), "a", none); err != nil || waited != 0 || none.reads != 0 {
			t.Errorf("waited %v: %v, read %d times", waited, err, none.reads)
		}
		l.comes(t.Context(), "a/2", asks, stop)
		if err := enters(ends("one for which another gives way"), 1); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if why, _ := l.answer("a/2"); why != reason.Crowded {
			t.Errorf("the other: %v", why)
		}
		if err := enters(ends("one for which none does"), 0); err == nil {
			t.Error("there is no room")
		}
		waits := ends("one that waits")
		frees := waits.while
		waits.while = func() {
			frees()
			l.done("a", time.Second, false)
		}
		if _, err := l.wait(t.Context(), "a", waits); err != nil || waits.reads != 1 {
			t.Errorf("what is free by then: %v, read %d times", err, waits.reads)
		}
		l.done("a", time.Second, false)
		l.leave("a")
		l.leave("a")
		synctest.Wait()
		if l.working != 0 || l.all != 0 || len(l.waiting) != 0 {
			t.Errorf("%d are worked on, %d under way", l.working, l.all)
		}
	})
}

// TestWhoWouldBeLateIsToldAtOnce: by what requests took of late, one that cannot be done before its deadline is refused when it comes, and
// told to come back when it can. One that takes access away waits for those alone that do.
func TestWhoWouldBeLateIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLine(bridge.Limits{Requests: 100, Working: 1})
		for range 100 {
			slow := make(chan struct{})
			l.comes(t.Context(), "a/slow", asks, slow)
			time.Sleep(2 * time.Second)
			close(slow)
			synctest.Wait()
		}
		stop := make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for i := range 20 {
			l.comes(ctx, fmt.Sprintf("a/%d", i), asks, stop)
		}
		if n := len(l.waiting); n < 4 || n > 5 {
			t.Errorf("%d wait for 10 s where each takes 2", n)
		}
		if why, after := l.answer("a/19"); why != reason.Late || after < 8*time.Second || after > 20*time.Second {
			t.Errorf("the last: %v, after %v", why, after)
		}
		l.comes(ctx, "a/block", blocks, stop)
		if why, _ := l.answer("a/block"); why != reason.None {
			t.Error("what takes access away is refused")
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if why, _ := l.answer("a/1"); why != reason.Late || len(l.waiting) != 0 {
			t.Errorf("at the deadline: %v, %d wait", why, len(l.waiting))
		}
		close(stop)
		synctest.Wait()
		l.comes(t.Context(), "a/next", asks, now)
		if l.working != 0 || l.began[len(l.began)-1] != "a/next" {
			t.Errorf("%d are worked on still, the last was %s", l.working, l.began[len(l.began)-1])
		}
	})
}

// TestAllGoWhenTheDirectoryDoes: when the breaker opens, the request that it opened for is the last that the others waited for.
func TestAllGoWhenTheDirectoryDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLine(bridge.Limits{Requests: 10, Working: 1})
		fails, hangs := make(chan struct{}), make(chan struct{})
		l.comes(t.Context(), "a/1", asks, fails)
		l.comes(t.Context(), "b/1", asks, hangs)
		for _, name := range []string{"a/2", "a/3", "b/2", "b/3"} {
			l.comes(t.Context(), name, asks, now)
		}
		l.away = true
		close(fails)
		synctest.Wait()
		if len(l.waiting) != 0 || len(l.began) != 6 {
			t.Errorf("%d wait, began %v", len(l.waiting), l.began)
		}
		close(hangs)
		synctest.Wait()
		if l.working != 0 || l.all != 0 {
			t.Errorf("%d are worked on, %d under way", l.working, l.all)
		}
	})
}

// TestWhoGoesWaitsNoMore: a client that leaves takes no turn.
func TestWhoGoesWaitsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLine(bridge.Limits{Working: 1})
		stop := make(chan struct{})
		l.comes(t.Context(), "a/1", asks, stop)
		ctx, leave := context.WithCancelCause(t.Context())
		l.comes(ctx, "a/2", asks, now)
		l.comes(t.Context(), "a/3", asks, now)
		leave(errLeft)
		synctest.Wait()
		close(stop)
		synctest.Wait()
		if !slices.Equal(l.began, []string{"a/1", "a/3"}) || l.working != 0 || l.all != 0 {
			t.Errorf("began %v; %d are worked on, %d under way", l.began, l.working, l.all)
		}
	})
}

func TestWhatTakesAway(t *testing.T) {
	operations := func(of string) string { return `{"schemas":[],"Operations":[` + of + `]}` }
	for _, c := range []struct {
		method, body string
		want         bool
	}{
		{"DELETE", "", true},
		{"GET", "", false},
		{"POST", `{"userName":"ada","active":false}`, false},
		{"PUT", `{"userName":"ada","active":false}`, true},
		{"PUT", `{"userName":"ada","Active":"False"}`, true},
		{"PUT", `{"userName":"ada","active":true}`, false},
		{"PUT", `{"userName":"283405f5aa11bb22cc33dd44ee55ff66ada@contoso.example"}`, true},
		{"PUT", `{"userName":"283405f5aa11bb22cc33dd44ee55ff66"}`, false},
		{"PUT", `{"displayName":"readers","members":[{"value":"1"}]}`, true},
		{"PUT", `{"displayName":"readers","members":[]}`, true},
		{"PUT", `{"displayName":"readers"}`, false},
		{"PATCH", operations(`{"op":"Replace","path":"active","value":"False"}`), true},
		{"PATCH", operations(`{"op":"replace","value":{"active":false}}`), true},
		{"PATCH", operations(`{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:active","value":false}`), true},
		{"PATCH", operations(`{"op":"replace","path":"title","value":"x"},{"op":"add","path":"active","value":false}`), true},
		{"PATCH", operations(`{"op":"replace","path":"active","value":true}`), false},
		{"PATCH", operations(`{"op":"replace","path":"title","value":false}`), false},
		{"PATCH", operations(`{"op":"Remove","path":"members[value eq \"1\"]"}`), true},
		{"PATCH", operations(`{"op":"remove","path":"members","value":[{"value":"1"}]}`), true},
		{"PATCH", operations(`{"op":"add","path":"members","value":[{"value":"1"}]}`), false},
		{"PATCH", operations(`{"op":"add","value":{"members":[{"value":"1"}]}}`), false},
		{"PATCH", operations(`{"op":"replace","path":"members","value":[{"value":"1"}]}`), true},
		{"PATCH", operations(`{"op":"replace","value":{"members":[{"value":"1"}]}}`), true},
		{"PATCH", operations(`{"op":"Remove","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members[value eq \"a:1\"]"}`), true},
		{"PATCH", operations(`{"op":"Replace","path":"userName","value":"283405f5AA11bb22cc33dd44ee55ff66ada@contoso.example"}`), true},
		{"PATCH", operations(`{"op":"replace","value":{"userName":"283405f5aa11bb22cc33dd44ee55ff66ada@contoso.example"}}`), true},
		{"PATCH", operations(`{"op":"replace","path":"userName","value":"ada@contoso.example"}`), false},
		{"PATCH", operations(`{"op":"remove","path":"title"}`), false},
		{"PATCH", `{"Operations":{}}`, false},
		{"PATCH", `{`, false},
		{"POST", operations(`{"method":"POST","path":"/Users","data":{"active":false}}`), false},
		{"POST", operations(`{"method":"POST","path":"/Users","data":{}},{"method":"delete","path":"/Users/1"}`), true},
		{"POST", operations(`{"method":"PATCH","path":"/Users/1","data":` +
			operations(`{"op":"replace","path":"active","value":false}`) + `}`), true},
		{"PATCH", operations(`{"op":"replace","path":"active","value":false}`) + strings.Repeat(" ", mostRead), false},
	} {
		if got := (&incoming{method: c.method, body: []byte(c.body)}).away(); got != c.want {
			t.Errorf("%s %.120s: %v", c.method, c.body, got)
		}
	}
	once := incoming{method: "DELETE"}
	first := once.away()
	once.method = "GET"
	if !first || !once.away() {
		t.Error("it is looked at twice")
	}
}

// TestNobodyWaitsForWhatIsAway: when the breaker opens, what came before may hang in the directory still. What comes then is answered
// beside it, and when the directory is back requests wait for their turn again.
func TestNobodyWaitsForWhatIsAway(t *testing.T) {
	s := serve(t, Options{})
	s.crowd.limit(bridge.Limits{Working: 1})
	hangs, end := make(chan struct{}, 2), make(chan struct{})
	release := sync.OnceFunc(func() { close(end) })
	late := time.AfterFunc(20*time.Second, func() {
		t.Error("a request waits for one that hangs")
		release()
	})
	s.during = func(ctx context.Context) {
		if s.away.Load() {
			return
		}
		hangs <- struct{}{}
		<-end
	}
	var first sync.WaitGroup
	first.Go(func() { s.ask(t, "GET /scim/v2/Users/1", "") })
	<-hangs
	s.away.Store(true)
	for _, line := range []string{"GET /scim/v2/Users/2", "DELETE /scim/v2/Users/2", "GET /scim/v2/ServiceProviderConfig"} {
		if a := s.ask(t, line, ""); a.status >= 400 {
			t.Errorf("%s: %d %s", line, a.status, a.body)
		}
	}
	late.Stop()
	s.away.Store(false)
	first.Go(func() { s.ask(t, "GET /scim/v2/Users/3", "") })
	s.waits(t, 1)
	release()
	first.Wait()
	if s.crowd.working != 0 || s.crowd.all != 0 {
		t.Errorf("%d are worked on, %d under way", s.crowd.working, s.crowd.all)
	}
}

// waits sees that so many requests wait for their turn.
func (s *served) waits(t *testing.T, n int) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); s.Waiting() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d wait, want %d", s.Waiting(), n)
		}
	}
}

// TestRequestsThatTakeAwayGoFirst: likewise for requests as clients send them. Those that take access away are worked on before what came
// earlier, and where there are as many as there may be the last of the others is turned away for one more.
func TestRequestsThatTakeAwayGoFirst(t *testing.T) {
	const (
		blocked = `{"Operations":[{"op":"replace","path":"active","value":false}]}`
		titled  = `{"Operations":[{"op":"replace","path":"title","value":"x"}]}`
	)
	s := serve(t, Options{})
	s.crowd.limit(bridge.Limits{Requests: 5, Working: 1})
	begun, end := make(chan struct{}, 10), make(chan struct{})
	release := sync.OnceFunc(func() { close(end) })
	defer release()
	s.during = func(context.Context) { begun <- struct{}{}; <-end }
	var all sync.WaitGroup
	turnedAway := make(chan string, 10)
	comes := func(line, body string) {
		all.Go(func() {
			if a := s.ask(t, line, body); a.status == 503 && strings.Contains(a.body, "limits.requests: 5") {
				turnedAway <- line
			} else if a.status >= 400 {
				t.Errorf("%s: %d %s", line, a.status, a.body)
			}
		})
	}
	comes("GET /scim/v2/Users/0", "")
	<-begun
	for i, r := range [][2]string{
		{"GET /scim/v2/Users/1", ""},
		{"PATCH /scim/v2/Users/2", titled},
		{"PATCH /scim/v2/Users/3", blocked},
		{"DELETE /scim/v2/Users/4", ""},
	} {
		comes(r[0], r[1])
		s.waits(t, i+1)
	}
	for _, r := range []struct{ line, body, turnedAway string }{
		{"PATCH /scim/v2/Users/5", titled, "PATCH /scim/v2/Users/5"},
		{"PUT /scim/v2/Users/6", `{"active":false}`, "PATCH /scim/v2/Users/2"},
	} {
		comes(r.line, r.body)
		if got := <-turnedAway; got != r.turnedAway {
			t.Errorf("%s: %s is turned away, want %s", r.line, got, r.turnedAway)
		}
	}
	s.waits(t, 4)
	release()
	all.Wait()
	want := []string{
		`get User "0" {[] []}`,
		`patch User "3" ` + blocked + ` {[] []}`,
		`delete User "4"`,
		`replace User "6" {"active":false} {[] []}`,
		`get User "1" {[] []}`,
	}
	if !slices.Equal(s.asked, want) {
		t.Errorf("worked on %q, want %q", s.asked, want)
	}
}
