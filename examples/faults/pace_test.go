package faults_test

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pace is how fast the machine is: how long a step takes, which is an answer over loopback and a line that is on the disk. It is taken all
// the time, so that what was slow can be held against it: where a step was as quick as ever, it was not for the machine.
type pace struct {
	mu    sync.Mutex
	due   time.Time // when the step that is under way was to begin, or the next is
	steps []step
}

type step struct {
	ended time.Time
	took  time.Duration // since it was due
}

var machine pace

// stepsIn is how many steps an answer may be: a write that is refused is put on record, too.
const stepsIn = 30

// start takes steps as long as the process runs.
func (p *pace) start() error {
	file, err := os.CreateTemp("", "scimbridge-pace")
	if err != nil {
		return err
	}
	if err := os.Remove(file.Name()); err != nil {
		return err
	}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	p.due = time.Now()
	go func() {
		for {
			p.take(server, file)
		}
	}()
	return nil
}

func (p *pace) take(server *httptest.Server, file *os.File) {
	const pause = 10 * time.Millisecond
	if answer, err := server.Client().Get(server.URL); err == nil {
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	_, _ = file.WriteAt([]byte("a line"), 0)
	_ = file.Sync()
	now := time.Now()
	p.mu.Lock()
	p.steps = append(p.steps, step{now, now.Sub(p.due)})
	p.due = now.Add(pause)
	p.mu.Unlock()
	time.Sleep(pause)
}

// late tells what took longer than it may, of what began then; "": nothing did. The test fails, unless the machine was slow meanwhile: then
// it may be tried again.
func (p *pace) late(t testing.TB, what string, begun time.Time, most time.Duration) string {
	t.Helper()
	return tooLate(t, what, time.Since(begun), most, p.slowest(begun), stepsIn)
}

// tooLate tells what took longer than it may. The test fails where so many of the slowest steps do not excuse it.
func tooLate(t testing.TB, what string, took, most, slowest time.Duration, steps int) string {
	t.Helper()
	if took <= most {
		return ""
	}
	told := fmt.Sprintf("%s took %v, and not %v; a step of the machine's took %v", what, took, most, slowest)
	if took > most+time.Duration(steps)*slowest {
		t.Error(told)
	}
	return told
}

// bestOf is how many answers there are to be, where each was late and the machine slow, before the best of them is judged.
const bestOf = 10

// whileOpen is an answer that comes while the breaker is open. It comes within openWithin. Where the machine was slow at that moment, as
// late has it, another is asked for, and the best of bestOf may come later than that by the slowest of the steps beside them. For one that
// waits for nothing is no more than a step, an answer over loopback and of a write a line on the disk, and openWithin is for what the
// bridge does besides: a load makes some answers slow, and not each (on two cores that ten others want, one in two takes 1 ms, and the
// slowest of a hundred 25), and where it does, or the disk is slow, it is the same to the steps. What comes later than openWithin and not
// later than that says nothing of the bridge: it is late.
func (p *pace) whileOpen(t testing.TB, what string, send func() (*http.Response, string, error)) (a *http.Response, content, late string) {
	t.Helper()
	what += " with the breaker open"
	first, best := time.Now(), time.Duration(math.MaxInt64)
	for range bestOf {
		begun := time.Now()
		var err error
		if a, content, err = send(); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(begun))
		if p.late(t, what, begun, openWithin) == "" || t.Failed() {
			return a, content, ""
		}
	}
	return a, content, tooLate(t, fmt.Sprintf("the best of %d answers to %s", bestOf, what), best, openWithin, p.slowest(first), 1)
}

// slowest is how long the slowest step since then took, or the one that is under way.
func (p *pace) slowest(since time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	most := max(time.Since(p.due), 0)
	for n := len(p.steps) - 1; n >= 0 && p.steps[n].ended.After(since); n-- {
		most = max(most, p.steps[n].took)
	}
	return most
}

// judged is a test whose failure is what another test asks for.
type judged struct {
	testing.TB
	failed bool
}

func (j *judged) Helper()      {}
func (j *judged) Error(...any) { j.failed = true }
func (j *judged) Failed() bool { return j.failed }

// TestWhileOpen: which answers are held against the bridge, and which against the machine.
func TestWhileOpen(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		step, each, tenth time.Duration
		late, failed      bool
	}{
		"in time":                           {step: ms, each: 50 * ms, tenth: 50 * ms},
		"late, and the machine quick":       {step: ms, each: 90 * ms, tenth: 90 * ms, failed: true},
		"one in time on a slow machine":     {step: 20 * ms, each: 300 * ms, tenth: 50 * ms},
		"the best by less than a slow step": {step: 20 * ms, each: 300 * ms, tenth: 70 * ms, late: true},
		"the best by more than a slow step": {step: 20 * ms, each: 300 * ms, tenth: 71 * ms, late: true, failed: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				never := time.Now().Add(time.Hour)
				p := &pace{due: never, steps: []step{{ended: never, took: c.step}}}
				asked, j := 0, &judged{TB: t}
				_, _, late := p.whileOpen(j, name, func() (*http.Response, string, error) {
					if asked++; asked == bestOf {
						time.Sleep(c.tenth)
					} else {
						time.Sleep(c.each)
					}
					return nil, "", nil
				})
				if (late != "") != c.late || j.failed != c.failed {
					t.Errorf("late: %q; failed: %t", late, j.failed)
				}
			})
		})
	}
}
