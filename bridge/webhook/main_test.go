package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/logtest"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/bridge/webhook"
	"scimbridge/ldapmap/ldif"
)

// senderVariable has the test program send, as a process of its own, what stands in the store that it names.
const senderVariable = "SCIMBRIDGE_TEST_WEBHOOK_SENDER"

func TestMain(m *testing.M) {
	webhook.Hurry()
	if options := os.Getenv(senderVariable); options != "" {
		if err := sendForEver(options); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}

type sending struct {
	Store   store.Options
	Webhook webhook.Options
}

func sendForEver(options string) error {
	var o sending
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		return err
	}
	s, err := store.New(o.Store, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	h, err := webhook.New(o.Webhook, s, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	h.Start()
	select {}
}

// key is a key's text, of octets that are n.
func key(n byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{n}, 32))
}

// keyFile is a file with the keys.
func keyFile(t testing.TB, keys ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "webhook.key")
	writeKeys(t, path, keys...)
	return path
}

func writeKeys(t testing.TB, path string, keys ...string) {
	t.Helper()
	next := path + ".next"
	if err := os.WriteFile(next, []byte(strings.Join(keys, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}

// got is a message that came.
type got struct {
	id       string
	resource string
	number   int // of the resource's writes
	body     string
	keys     []byte // by which it is signed
}

// receiver takes messages, and answers as it is told.
type receiver struct {
	*httptest.Server
	answer func(g got, w http.ResponseWriter) // nil: 204

	mu  sync.Mutex
	all []got
}

func receive(t testing.TB, answer func(g got, w http.ResponseWriter)) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	g := got{id: request.Header.Get("webhook-id"), body: string(body)}
	var m struct {
		Data struct {
			Request  string
			Resource struct{ ID string }
		}
	}
	if err := json.Unmarshal(body, &m); err != nil || request.Header.Get("Content-Type") != "application/json" ||
		!strings.HasPrefix(request.UserAgent(), "scimbridge/") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	g.resource = m.Data.Resource.ID
	_, number, _ := strings.Cut(m.Data.Request, "-")
	g.number, _ = strconv.Atoi(number) // where it is one
	timestamp := request.Header.Get("webhook-timestamp")
	if at, err := strconv.ParseInt(timestamp, 10, 64); err == nil && time.Since(time.Unix(at, 0)).Abs() < time.Minute {
		for n := range byte(9) {
			sum := hmac.New(sha256.New, bytes.Repeat([]byte{n}, 32))
			fmt.Fprintf(sum, "%s.%s.%s", g.id, timestamp, body)
			signature := "v1," + base64.StdEncoding.EncodeToString(sum.Sum(nil))
			if slices.Contains(strings.Fields(request.Header.Get("webhook-signature")), signature) {
				g.keys = append(g.keys, n)
			}
		}
	}
	r.mu.Lock()
	r.all = append(r.all, g)
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(g, w)
	} else {
		w.WriteHeader(http.StatusNoContent)
	}
}

// set has it answer otherwise from now on.
func (r *receiver) set(answer func(g got, w http.ResponseWriter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// got are the messages that came so far.
func (r *receiver) got() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

// wait waits until something is so.
func wait(t testing.TB, what string, so func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if so() {
			return
		}
	}
	t.Fatalf("it never came to be that %s", what)
}

// writes counts the writes of each resource, in all copies.
type writes struct {
	mu sync.Mutex
	of map[string]int
}

func (w *writes) next(id string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of[id]++
	return w.of[id]
}

// copied is a copy of the bridge: a journal and a hook on a store.
type copied struct {
	*store.Store
	ledger *journal.Ledger
	hook   *webhook.Hook
	log    *logtest.Log
	writes *writes
	stop   func()
}

// start is a copy that does not send yet.
func start(t testing.TB, o store.Options, w webhook.Options) *copied {
	t.Helper()
	c := &copied{Store: storetest.Open(t, o), log: &logtest.Log{}, writes: &writes{of: map[string]int{}}}
	log := slog.New(slog.NewTextHandler(c.log, nil))
	var err error
	if c.hook, err = webhook.New(w, c.Store, log); err != nil {
		t.Fatal(err)
	}
	if c.ledger, err = journal.Open(c.Store, journal.Options{}, log, c.hook.Observe); err != nil {
		t.Fatal(err)
	}
	c.stop = sync.OnceFunc(func() {
		c.hook.Stop()
		c.ledger.Shut()
	})
	t.Cleanup(c.stop)
	return c
}

// write records a write that changed a resource.
func (c *copied) write(t testing.TB, id string) {
	t.Helper()
	c.record(t, id, plan(id), nil)
}

// plan blocks a resource.
func plan(id string) ldif.Plan {
	dn := "uid=" + id + ",dc=example"
	change := ldif.Change{Kind: ldif.Modify, DN: dn, Mods: []ldif.Mod{{Op: ldif.ReplaceValues, Name: "title", Values: []string{"cook"}}}}
	return ldif.Plan{
		Steps: []ldif.Step{{Change: change}},
		Effects: []ldif.Effect{
			{Kind: ldif.Blocked, DN: dn, ID: id, Attributes: []string{"title"}},
			{Kind: ldif.Changed, DN: dn, ID: id, Attributes: []string{"title"}},
		},
	}
}

func (c *copied) record(t testing.TB, id string, p ldif.Plan, failed error) {
	t.Helper()
	entry, err := c.ledger.Begin(t.Context(), journal.Intent{
		RequestID: fmt.Sprintf("%s-%d", id, c.writes.next(id)), Caller: "entra", Operation: "patch", Type: "User", ID: id, Name: id,
		Body: []byte(`{"title":"cook"}`), Plan: p,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	receipt := ldif.NewReceipt(p)
	receipt.Err = failed
	for i, s := range p.Steps {
		receipt.Steps[i] = ldif.StepReceipt{Sent: s.Change, State: ldif.Done}
		if failed != nil {
			receipt.Steps[i].State = ldif.Refused
		}
	}
	status := http.StatusOK
	if failed != nil {
		status = http.StatusConflict
	}
	if err := <-entry.Close(journal.Done{Receipt: receipt, Status: status}); err != nil {
		t.Fatal(err)
	}
}

// count counts rows of the outbox.
func (c *copied) count(t testing.TB, where string) (n int) {
	t.Helper()
	if err := c.View(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM webhook_outbox WHERE "+where).Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func (c *copied) empty(t testing.TB) func() bool {
	return func() bool { return c.count(t, "1 = 1") == 0 }
}

func (c *copied) execute(t testing.TB, statement string) {
	t.Helper()
	if err := c.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// inOrder says whether of each resource the messages came one after the other, each maybe several times.
func inOrder(all []got) error {
	last := map[string]got{}
	for _, g := range all {
		if before, is := last[g.resource]; is && (g.number < before.number || (g.number == before.number) != (g.id == before.id)) {
			return fmt.Errorf("of %s %d came behind %d", g.resource, g.number, before.number)
		}
		last[g.resource] = g
	}
	return nil
}

// different are how many messages came, each counted once.
func different(all []got) int {
	seen := map[string]bool{}
	for _, g := range all {
		seen[g.id] = true
	}
	return len(seen)
}

var errRefused = errors.New("refused")

// listen has a receiver listen at an address where another listened before.
func listen(t testing.TB, r *receiver, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	r.Server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: r}}
	r.Start()
	t.Cleanup(r.Close)
}
