package soak

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/cmd/scimbench/history"
	"scimbridge/examples/bridgetest"
)

// replica is one of the copies of the bridge, with a way of its own to the directory.
type replica struct {
	proxy *dirtest.Proxy
	file  string
	log   *os.File // what it said, whichever process it was
	env   []string
	fault sync.Mutex // held by the one that it has

	mu      sync.Mutex
	url     string // "": it is down
	process *os.Process
	ended   chan struct{}
}

// unlimited switches off what holds mistakes up: the clients of a run disable and delete a great deal.
var unlimited = []string{
	"SCIMBRIDGE_GUARD_LIMITS_0_EFFECT=blocked", "SCIMBRIDGE_GUARD_LIMITS_0_OFF=true",
	"SCIMBRIDGE_GUARD_LIMITS_1_EFFECT=deleted", "SCIMBRIDGE_GUARD_LIMITS_1_OFF=true",
	"SCIMBRIDGE_GUARD_LIMITS_2_EFFECT=membersRemoved", "SCIMBRIDGE_GUARD_LIMITS_2_OFF=true",
	"SCIMBRIDGE_GUARD_LIMITS_3_EFFECT=renamed", "SCIMBRIDGE_GUARD_LIMITS_3_OFF=true",
}

func (s *site) replica(n int) *replica {
	r := &replica{proxy: dirtest.Counted(s, s.server)}
	env := []string{
		"SCIMBRIDGE_DIRECTORY_URLS=" + r.proxy.URL, "SCIMBRIDGE_RESOURCES_0_BASE=" + s.server.People,
		"SCIMBRIDGE_RESOURCES_1_BASE=" + s.server.Groups, "SCIMBRIDGE_DIRECTORY_TIMEOUT=1s", "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=200ms",
	}
	if s.Store != None {
		env = append(env, unlimited...)
		env = append(env, "SCIMBRIDGE_JOURNAL_LEASE=2s", "SCIMBRIDGE_STORE_FILE="+s.store.File, "SCIMBRIDGE_STORE_URL="+s.store.URL)
	}
	if s.store.PasswordFile != "" {
		env = append(env, "SCIMBRIDGE_STORE_PASSWORDFILE="+s.store.PasswordFile)
	}
	text, variables := bridgetest.Configured(s, s.server, s.Folder, "", env...)
	r.env = slices.Concat(notConfiguring(os.Environ()), variables, []string{"SCIMBRIDGE_LOG_FORMAT=json"})
	r.file = filepath.Join(s.TempDir(), "scimbridge.yaml")
	if err := os.WriteFile(r.file, withoutStore(text), 0o600); err != nil {
		s.Fatal(err)
	}
	log, err := os.Create(filepath.Join(s.TempDir(), "log"))
	if err != nil {
		s.Fatal(err)
	}
	r.log = log
	s.start(r)
	s.Cleanup(func() {
		r.end(syscall.SIGKILL)
		_ = log.Close()
	})
	return r
}

// Whoever tried the example has written a store of his own into its file, or a variable that names it: a run is not to fill that.

// section is `store` of a configuration, with the lines below it.
var section = regexp.MustCompile(`(?m)^store:.*\n?(?:[ \t].*\n?)*`)

func withoutStore(text []byte) []byte { return section.ReplaceAll(text, nil) }

// notConfiguring is an environment without what a bridge takes from it.
func notConfiguring(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(v string) bool {
		return strings.HasPrefix(v, "SCIMBRIDGE_") || strings.HasPrefix(v, "STATE_DIRECTORY=")
	})
}

// start starts it, and returns when it listens.
func (s *site) start(r *replica) {
	serve := exec.Command(s.Binary, "serve", "--config", r.file)
	serve.Env = r.env
	log, err := serve.StderrPipe()
	if err == nil {
		err = serve.Start()
	}
	if err != nil {
		s.Error(err)
		return
	}
	lines := bufio.NewScanner(io.TeeReader(log, r.log))
	lines.Buffer(nil, 1<<20)
	url := ""
	late := time.AfterFunc(patience, func() { _ = serve.Process.Kill() })
	for url == "" && lines.Scan() {
		var line struct{ URL string }
		if json.Unmarshal(lines.Bytes(), &line) == nil {
			url = line.URL
		}
	}
	late.Stop()
	if url == "" {
		s.Error("a copy ended before it listened, or did not listen in time")
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(r.log, log)
		_ = serve.Wait()
	}()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.url, r.process, r.ended = url, serve.Process, ended
}

// end ends it by a signal, and returns when it is gone.
func (r *replica) end(signal os.Signal) {
	r.mu.Lock()
	process, ended := r.process, r.ended
	r.mu.Unlock()
	_ = process.Signal(signal)
	if signal == syscall.SIGTERM {
		<-ended
	}
	_ = process.Kill() // where it is stopped, or takes no notice
	<-ended
	r.mu.Lock()
	defer r.mu.Unlock()
	r.url = ""
}

func (r *replica) signal(signal os.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.process.Signal(signal)
}

// address is "" while it is down.
func (r *replica) address() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.url
}

// said are the lines of the copies about requests.
func (s *site) said(of []*history.Event) (lines []string) {
	ids := map[string]bool{}
	for _, e := range of {
		ids[e.Request] = true
	}
	for n, r := range s.copies {
		text, err := os.ReadFile(r.log.Name())
		if err != nil {
			s.Error(err)
		}
		for line := range strings.Lines(string(text)) {
			var about struct {
				Request string `json:"request"`
			}
			if json.Unmarshal([]byte(line), &about) == nil && ids[about.Request] {
				lines = append(lines, fmt.Sprintf("copy %d: %s", n, strings.TrimSpace(line)))
			}
		}
	}
	return lines
}
