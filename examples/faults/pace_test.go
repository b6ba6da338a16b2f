package faults_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
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
func (p *pace) late(t *testing.T, what string, begun time.Time, most time.Duration) string {
	t.Helper()
	took, slowest := time.Since(begun), p.slowest(begun)
	if took <= most {
		return ""
	}
	told := fmt.Sprintf("%s took %v, and not %v; a step of the machine's took %v", what, took, most, slowest)
	if took > most+stepsIn*slowest {
		t.Error(told)
	}
	return told
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
