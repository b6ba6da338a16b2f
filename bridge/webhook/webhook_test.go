package webhook_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"scimbridge/bridge/clocktest"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/bridge/webhook"
	"scimbridge/ldapmap/ldif"
)

// What is told of a record: who, when, what, and nothing that stands in the request's body.
func TestMessage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		r := receive(t, nil)
		events := []webhook.Event{"renamed", "created", "refused", "held"}
		c := start(t, o, webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1)), Events: events})
		const dn = "uid=mara,dc=example"
		modify := ldif.Change{Kind: ldif.Modify, DN: "cn=g,dc=example", Mods: []ldif.Mod{
			{Op: ldif.AddValues, Name: "member", Values: []string{"uid=a", "uid=b"}},
		}}
		rename := ldif.Change{Kind: ldif.ModifyDN, DN: dn, NewRDN: "uid=maria", NewSuperior: "", DeleteOldRDN: true}
		both := ldif.Plan{
			Steps: []ldif.Step{{Change: modify}, {Change: rename}},
			Effects: []ldif.Effect{
				{Kind: ldif.MembersAdded, DN: "cn=g,dc=example", ID: "9", Values: []string{"uid=a", "uid=b"}},
				{Kind: ldif.Renamed, DN: dn, ID: "7"},
			},
		}
		add := ldif.Change{Kind: ldif.Add, DN: dn, Entry: []ldif.Attribute{{Name: "userPassword", Values: []string{"hunter2"}}}}
		made := ldif.Plan{
			Steps: []ldif.Step{{Change: add}}, Effects: []ldif.Effect{{Kind: ldif.Created, DN: dn}, {Kind: ldif.PasswordSet, DN: dn}},
		}
		create, err := c.ledger.Begin(t.Context(), journal.Intent{
			RequestID: "r-1", Activity: "a-1", Caller: "entra", Client: "192.0.2.7", Operation: "create", Type: "User", Name: "mara",
			Body: []byte(`{"password":"hunter2"}`), Plan: made,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		receipt := ldif.NewReceipt(made)
		receipt.Steps[0] = ldif.StepReceipt{Sent: add, State: ldif.Done}
		written(t, create.Close(journal.Done{Receipt: receipt, ID: "7", Status: http.StatusCreated}))
		c.record(t, "7", both, nil)
		c.write(t, "8") // of which nobody wants to hear
		c.record(t, "7", both, errRefused)
		refusal := journal.Refusal{
			Intent: journal.Intent{RequestID: "r-4", Caller: "entra", Operation: "delete", Type: "User", ID: "7"},
			Status: 403, Reason: "guarded", Detail: "no",
		}
		written(t, c.ledger.Refuse(refusal))
		written(t, c.ledger.Refuse(journal.Refusal{Intent: journal.Intent{RequestID: "r-5"}, Status: 401})) // a stranger's
		if err := c.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			return c.hook.Opened(ctx, tx, webhook.Hold{
				ID: "3", Effect: ldif.MembersRemoved.Word(), Type: "Group", Why: "501 in 1h", Time: time.Unix(1_700_000_000, 0),
			})
		}); err != nil {
			t.Fatal(err)
		}
		c.hook.Start()
		wait(t, "all is told", c.empty(t))
		var ofSeven, others []string
		at := regexp.MustCompile(`"(timestamp":")[^",]*`)
		for _, g := range r.got() {
			if fmt.Sprint(g.keys) != "[1]" || !strings.HasPrefix(g.id, "msg_") {
				t.Errorf("%s is signed by %v", g.id, g.keys)
			}
			text := at.ReplaceAllString(g.body, `"${1}…`)
			if g.resource == "7" {
				ofSeven = append(ofSeven, text)
			} else {
				others = append(others, text)
			}
		}
		const head = `{"type":"resource.%s","timestamp":"…","data":{"record":"%s","outcome":"%s","effects":`
		want := []string{
			fmt.Sprintf(head, "written", "1-1", "written") + `[{"effect":"created","dn":"uid=mara,dc=example"},` +
				`{"effect":"passwordSet","dn":"uid=mara,dc=example"}],"operation":"create","caller":"entra","client":"192.0.2.7",` +
				`"request":"r-1","activity":"a-1","resource":{"type":"User","id":"7","name":"mara","dn":"uid=mara,dc=example"},` +
				`"status":201}}`,
			fmt.Sprintf(head, "written", "1-3", "written") +
				`[{"effect":"membersAdded","dn":"cn=g,dc=example","id":"9","count":2,"members":["uid=a","uid=b"]},` +
				`{"effect":"renamed","dn":"uid=mara,dc=example","id":"7","to":"uid=maria,dc=example"}],"operation":"patch",` +
				`"caller":"entra","request":"7-1","resource":{"type":"User","id":"7","name":"7"},"status":200}}`,
			fmt.Sprintf(head, "refused", "1-7", "refused") +
				`[],"operation":"patch","caller":"entra","request":"7-2","resource":{"type":"User","id":"7","name":"7"},` +
				`"status":409}}`,
			fmt.Sprintf(head, "refused", "2-1", "refused") +
				`[],"operation":"delete","caller":"entra","request":"r-4","resource":{"type":"User","id":"7"},"status":403,` +
				`"reason":"guarded","detail":"no"}}`,
		}
		if got := strings.Join(ofSeven, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
		}
		const hold = `{"type":"hold.opened","timestamp":"…","data":{"id":"3","effect":"membersRemoved","type":"Group","why":"501 in 1h"}}`
		if got := strings.Join(others, "\n"); got != hold {
			t.Errorf("got %s, want %s", got, hold)
		}
	})
}

// TestWhoIsNamed: an undo is about whom it names; what the bridge does on the side is about another.
func TestWhoIsNamed(t *testing.T) {
	for why, named := range map[journal.Why]bool{"": true, journal.Undo: true, journal.UndoneInPart: true, journal.MakeRoom: false} {
		body, err := webhook.BodyOf(journal.Account{Outcome: journal.Written, Intent: journal.Intent{Type: "User", Name: "mara", Why: why}})
		if err != nil || strings.Contains(string(body), `"name":"mara"`) != named {
			t.Errorf("%q: %s, %v", why, body, err)
		}
	}
}

// TestHostileIDs: what a caller makes up for an id neither keeps the refusal out of the journal nor from the receiver.
func TestHostileIDs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		r := receive(t, nil)
		c := start(t, o, webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1)), Events: []webhook.Event{"refused"}})
		c.hook.Start()
		ids := []string{"a\x00b", "a\xff", rand.Text() + strings.Repeat("x", 500)}
		for range 300 {
			ids[2] += rand.Text()
		}
		for _, id := range ids {
			refused := journal.Intent{RequestID: "r", Caller: "entra", Operation: "get", Type: "User", ID: id, Name: id}
			written(t, c.ledger.Refuse(journal.Refusal{Intent: refused, Status: 404}))
		}
		wait(t, "all is told", c.empty(t))
		if got := len(r.got()); got != len(ids) {
			t.Errorf("%d are told", got)
		}
		found := 0
		if err := journal.Find(t.Context(), c.Store, journal.Query{Subject: ids[2]}, func(journal.Account) error {
			found++
			return nil
		}); err != nil || found != 1 {
			t.Errorf("found %d, %v", found, err)
		}
	})
}

func written(t *testing.T, told <-chan error) {
	t.Helper()
	if err := <-told; err != nil {
		t.Fatal(err)
	}
}

// A resource whose messages the receiver does not take holds up no other, and its own come in order when it does.
func TestOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		var free atomic.Bool
		r := receive(t, func(g got, w http.ResponseWriter) {
			if g.resource == "bad" && !free.Load() {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
		c := start(t, o, webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1))})
		const each = 5
		for range each {
			for _, id := range []string{"a", "bad", "b", "c"} {
				c.write(t, id)
			}
		}
		c.hook.Start()
		wait(t, "all others are told", func() bool { return c.count(t, "1 = 1") == each })
		wait(t, "it is tried again", func() bool { return c.count(t, "attempts > 1") == 1 })
		if n := c.count(t, "attempts > 0"); n != 1 {
			t.Errorf("%d messages were tried while the one before them was not taken", n)
		}
		free.Store(true)
		wait(t, "all is told", c.empty(t))
		all := r.got()
		if err := inOrder(all); err != nil || different(all) != 4*each {
			t.Errorf("%d messages: %v", different(all), err)
		}
	})
}

// What is not told when the bridge stops is told by the next that starts.
func TestRestart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		r := receive(t, func(g got, w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) })
		options := webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1))}
		c := start(t, o, options)
		c.write(t, "a")
		c.write(t, "a")
		c.hook.Start()
		wait(t, "it is tried", func() bool { return len(r.got()) > 0 })
		c.stop()
		first := r.got()[0]
		next := start(t, o, options)
		if n := next.count(t, "1 = 1"); n != 2 {
			t.Errorf("%d wait", n)
		}
		r.set(nil)
		next.hook.Start()
		wait(t, "all is told", next.empty(t))
		all := r.got()
		if last := all[len(all)-2]; last.id != first.id || last.body != first.body {
			t.Errorf("%+v was tried, and %+v told", first, last)
		}
		if err := inOrder(all); err != nil || different(all) != 2 {
			t.Errorf("%d messages: %v", different(all), err)
		}
	})
}

// A sender that is killed when the receiver has a message, and it has not marked it, leaves it to the next, which sends it again as it was.
func TestKilled(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		arrived, answer := make(chan struct{}), make(chan struct{})
		var once sync.Once
		r := receive(t, func(got, http.ResponseWriter) {
			once.Do(func() {
				close(arrived)
				<-answer
			})
		})
		options := webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1))}
		c := start(t, o, options)
		for range 3 {
			c.write(t, "a")
		}
		said, err := json.Marshal(sending{o, options})
		if err != nil {
			t.Fatal(err)
		}
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		sender := exec.CommandContext(t.Context(), program)
		sender.Env = append(os.Environ(), senderVariable+"="+string(said))
		if err := sender.Start(); err != nil {
			t.Fatal(err)
		}
		<-arrived
		if err := sender.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = sender.Wait() // as it is killed
		close(answer)
		began := time.Now()
		c.hook.Clock(func() time.Time { return began.Add(100 * time.Since(began)) }) // by which the lease of who is dead is over soon
		c.hook.Start()
		wait(t, "all is told", c.empty(t))
		all := r.got()
		if len(all) != 4 || all[0].id != all[1].id || all[0].body != all[1].body {
			t.Errorf("%+v", all)
		}
		if err := inOrder(all); err != nil || different(all) != 3 {
			t.Errorf("%d messages: %v", different(all), err)
		}
	})
}

// Of copies that share a store one sends; when it ends another does, at once where it says so. None of it costs the order.
func TestCopies(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		var mu sync.Mutex
		under := map[string]int{}
		r := receive(t, func(g got, w http.ResponseWriter) {
			mu.Lock()
			under[g.resource]++
			if under[g.resource] > 1 {
				t.Errorf("two messages of %s are on their way", g.resource)
			}
			mu.Unlock()
			time.Sleep(2 * time.Millisecond)
			mu.Lock()
			under[g.resource]--
			mu.Unlock()
		})
		options := webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1))}
		copies := []*copied{start(t, o, options), start(t, o, options)}
		copies[1].writes = copies[0].writes
		for _, c := range copies {
			c.hook.Start()
		}
		const each, ids = 20, 3
		var all sync.WaitGroup
		for id := range ids {
			all.Go(func() {
				for i := range each { // by the one copy and the other
					copies[i%2].write(t, fmt.Sprint("r", id))
					if i == each/2 && id == 0 {
						copies[0].hook.Stop()
					}
				}
			})
		}
		all.Wait()
		wait(t, "all is told", copies[1].empty(t))
		told := r.got()
		if err := inOrder(told); err != nil || different(told) != ids*each {
			t.Errorf("%d messages: %v", different(told), err)
		}
	})
}

// A copy that lives keeps the others from sending, however long it takes; what one has begun to send no other sends.
func TestLease(t *testing.T) {
	webhook.ShortLease(t)
	storetest.Each(t, func(t *testing.T, o store.Options) {
		release := make(chan struct{})
		r := receive(t, func(got, http.ResponseWriter) { <-release })
		answer := sync.OnceFunc(func() { close(release) })
		defer answer()
		options := webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1))}
		first, second := start(t, o, options), start(t, o, options)
		first.write(t, "a")
		first.hook.Start()
		wait(t, "it is on its way", func() bool { return len(r.got()) == 1 })
		sign := func() (holder string, beats int, err error) {
			err = first.View(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				return tx.QueryRowContext(ctx, "SELECT holder, beat FROM webhook_sender").Scan(&holder, &beats)
			})
			return holder, beats, err
		}
		holder, now, err := sign()
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		second.hook.Clock(func() time.Time { // by the signs of life: it is no slow machine that is looked for
			_, beats, _ := sign()
			return began.Add(time.Duration(beats) * webhook.Beat())
		})
		second.hook.Start()
		wait(t, "some leases have gone by", func() bool {
			_, beats, err := sign()
			return err == nil && beats > now+20
		})
		// Its lease was over meanwhile, so it gave the attempt up, and made another itself.
		answer()
		wait(t, "all is told", first.empty(t))
		if all := r.got(); different(all) != 1 {
			t.Errorf("%+v", all)
		}
		if after, _, err := sign(); err != nil || after != holder || strings.Contains(second.log.String(), "webhook") {
			t.Errorf("the second did something: %v, %s", err, second.log)
		}
	})
}

// Whatever a receiver does, what it does not take is kept, and comes again when it does; nothing of the URL stands in the log.
func TestReceiver(t *testing.T) {
	for name, c := range map[string]struct {
		answer  func(got, http.ResponseWriter)
		timeout time.Duration
		failure string
		attempt int // how often it is sent at once
		gone    bool
	}{
		"500":   {answer: status(http.StatusInternalServerError), failure: "it answers 500", attempt: 3},
		"404":   {answer: status(http.StatusNotFound), failure: "it answers 404", attempt: 1},
		"moved": {answer: moved, failure: "it answers 307, and is not followed to another place", attempt: 1},
		"busy": {answer: func(_ got, w http.ResponseWriter) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, failure: "it answers 503", attempt: 1},
		"gone": {answer: status(http.StatusGone), failure: "it answers 410", attempt: 1, gone: true},
		"slow": {
			answer: func(got, http.ResponseWriter) { time.Sleep(2 * time.Second) }, timeout: time.Second,
			failure: "no answer within 1s", attempt: 1,
		},
		"cut": {answer: func(_ got, _ http.ResponseWriter) { panic(http.ErrAbortHandler) }, failure: "EOF", attempt: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := receive(t, c.answer)
			options := webhook.Options{URL: r.URL + "/hook?token=secret-in-url", KeyFile: keyFile(t, key(1)), Timeout: c.timeout}
			b := start(t, storetest.SQLite(t), options)
			b.write(t, "a")
			b.hook.Start()
			wait(t, "it is tried", func() bool { return b.count(t, "attempts > 0") == 1 })
			if n := b.count(t, "failure = '"+c.failure+"'"); n != 1 {
				t.Errorf("the failure is another: %s", b.log)
			}
			wait(t, "it is sent", func() bool { return len(r.got()) >= c.attempt }) // or, on a slow machine, its time was over before
			wait(t, "it is logged", func() bool { return strings.Contains(b.log.String(), c.failure) })
			if name == "busy" {
				if n := len(r.got()); n != 1 || b.count(t, "due > created + 3599000000") != 1 {
					t.Errorf("%d times sent before the receiver wants it", n)
				}
				b.execute(t, "UPDATE webhook_outbox SET due = 0")
			}
			r.set(nil)
			if c.timeout > 0 { // it is quick now, but the machine may not be
				options.Timeout = 0
				to, err := b.hook.Receiver(options)
				if err != nil {
					t.Fatal(err)
				}
				b.hook.Tell(to)
			}
			if c.gone {
				if b.count(t, "given_up > 0") != 1 || !strings.Contains(b.log.String(), `level=ERROR msg="webhook: given up"`) {
					t.Errorf("it is not given up: %s", b.log)
				}
				b.write(t, "a")
				wait(t, "the next is told", func() bool { return b.count(t, "1 = 1") == 1 })
			} else {
				wait(t, "it is told", b.empty(t))
			}
			if strings.Contains(b.log.String(), "secret-in-url") {
				t.Errorf("the log holds the URL: %s", b.log)
			}
		})
	}
}

func status(code int) func(got, http.ResponseWriter) {
	return func(_ got, w http.ResponseWriter) { w.WriteHeader(code) }
}

func moved(_ got, w http.ResponseWriter) {
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// Nothing is sent to whom no authority vouches for; `ca` names one.
func TestReceiverOverTLS(t *testing.T) {
	r := receive(t, nil)
	tls := httptest.NewUnstartedServer(r)
	tls.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes
	tls.StartTLS()
	t.Cleanup(tls.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw})
	if err := os.WriteFile(authority, block, 0o600); err != nil {
		t.Fatal(err)
	}
	o := storetest.SQLite(t)
	options := webhook.Options{URL: tls.URL, KeyFile: keyFile(t, key(1))}
	c := start(t, o, options)
	c.write(t, "a")
	c.hook.Start()
	wait(t, "it is not sent", func() bool { return c.count(t, "failure LIKE '%certificate%'") == 1 })
	c.stop()
	if len(r.got()) > 0 {
		t.Error("it came")
	}
	options.CA = authority
	next := start(t, o, options)
	next.hook.Start()
	wait(t, "all is told", next.empty(t))
}

// While nobody listens, the receiver is asked now and then, and no longer for each message; when it is back it is told all.
func TestReceiverDown(t *testing.T) {
	r := receive(t, nil)
	r.Close()
	c := start(t, storetest.SQLite(t), webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1))})
	const resources = 40
	for i := range resources {
		c.write(t, fmt.Sprint("r", i))
	}
	c.hook.Start()
	wait(t, "the receiver is found away", func() bool { return strings.Contains(c.log.String(), "the receiver is away") })
	if n := c.count(t, "attempts > 0"); n == resources {
		t.Errorf("all messages were tried")
	}
	back := &receiver{}
	listen(t, back, r.Listener.Addr().String())
	wait(t, "all is told", c.empty(t))
	if different(back.got()) != resources || !strings.Contains(c.log.String(), "the receiver is back") {
		t.Errorf("%d messages: %s", different(back.got()), c.log)
	}
}

// Two keys sign while they take turns; a message is signed by what the file holds when it is sent, and by nothing it is not sent.
func TestKeyRotation(t *testing.T) {
	r := receive(t, nil)
	file := keyFile(t, key(1))
	c := start(t, storetest.SQLite(t), webhook.Options{URL: r.URL, KeyFile: file})
	c.hook.Start()
	for n, keys := range [][]string{{key(1)}, {key(2), key(1)}, {key(2)}} {
		writeKeys(t, file, keys...)
		c.write(t, "a")
		wait(t, "it is told", c.empty(t))
		all := r.got()
		want := []string{"[1]", "[1 2]", "[2]"}[n]
		if got := fmt.Sprint(all[len(all)-1].keys); len(all) != n+1 || got != want {
			t.Errorf("it is signed by %s, want %s", got, want)
		}
	}
	writeKeys(t, file, "whsec_short-and-secret")
	c.write(t, "a")
	wait(t, "it is not sent", func() bool { return c.count(t, "failure LIKE 'the keyFile: line 1 is no key%'") == 1 })
	if strings.Contains(c.log.String(), "short-and-secret") {
		t.Errorf("the log holds the key: %s", c.log)
	}
	writeKeys(t, file, key(3))
	wait(t, "it is told", c.empty(t))
	if all := r.got(); fmt.Sprint(all[len(all)-1].keys) != "[3]" {
		t.Errorf("%+v", all[len(all)-1])
	}
}

// A clock that was set back holds nothing up, however far: neither what was noted by the other time, nor what waits for its next attempt.
func TestClockSetBack(t *testing.T) {
	for _, by := range []time.Duration{10 * time.Minute, time.Hour, 24 * time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, o store.Options) {
				var clock clocktest.Clock
				refuses := status(http.StatusNotFound)
				r := receive(t, refuses)
				options := webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1))}
				tried := func(c *copied) {
					t.Helper()
					wait(t, "it is tried", func() bool { return c.count(t, "attempts > 0") == 1 })
				}
				before, c := start(t, o, options), start(t, o, options)
				before.write(t, "tried")
				before.hook.Start()
				tried(before)
				before.stop()
				c.write(t, "new")
				clock.Turn(-by)
				r.set(nil)
				c.hook.Clock(clock.Now)
				c.hook.Start()
				wait(t, "all is told", c.empty(t))

				r.set(refuses) // and while it sends
				c.write(t, "again")
				tried(c)
				clock.Turn(-2 * by)
				r.set(nil)
				wait(t, "it is told", c.empty(t))
			})
		})
	}
}

// What is not taken for too long is given up, told by the log, kept, and holds nothing up any more; what is young is not.
func TestGivesUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		r := receive(t, status(http.StatusNotFound))
		c := start(t, o, webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1)), GiveUpAfter: time.Hour})
		for range 3 {
			c.write(t, "a")
		}
		c.hook.Start()
		wait(t, "it is tried", func() bool { return c.count(t, "attempts > 0") == 1 })
		c.execute(t, "UPDATE webhook_outbox SET created = created - 3601000000 WHERE id < (SELECT MAX(id) FROM webhook_outbox)")
		wait(t, "the old are given up", func() bool { return c.count(t, "given_up > 0") == 2 })
		wait(t, "the log tells", func() bool {
			return strings.Contains(c.log.String(), `level=ERROR msg="webhook: given up" messages=2 after=1h0m0s first=msg_`)
		})
		if log := c.log.String(); !strings.Contains(log, `error="it answers 404" kept=2`) {
			t.Error(log)
		}
		r.set(nil)
		wait(t, "the third is told", func() bool { return c.count(t, "given_up = 0") == 0 })
		if c.count(t, "given_up > 0 AND failure = 'it answers 404'") != 1 || c.count(t, "1 = 1") != 2 {
			t.Error("what was given up is not kept")
		}
		c.execute(t, "UPDATE webhook_outbox SET given_up = 1")
		wait(t, "it is forgotten in the end", c.empty(t))
	})
}

// What is given up while it is on its way stays so when it comes back not taken: the next of its resource is told, and it not behind that.
func TestGivenUpOnItsWay(t *testing.T) {
	release := make(chan struct{})
	r := receive(t, func(_ got, w http.ResponseWriter) {
		<-release
		w.WriteHeader(http.StatusNotFound)
	})
	answer := sync.OnceFunc(func() { close(release) })
	defer answer()
	c := start(t, storetest.SQLite(t), webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1)), GiveUpAfter: time.Hour})
	c.write(t, "a")
	c.write(t, "a")
	c.hook.Start()
	wait(t, "it is on its way", func() bool { return len(r.got()) == 1 })
	c.execute(t, "UPDATE webhook_outbox SET created = 0 WHERE id = (SELECT MIN(id) FROM webhook_outbox)")
	wait(t, "it is given up", func() bool { return c.count(t, "given_up > 0") == 1 })
	r.set(nil)
	answer()
	wait(t, "the next is told", func() bool { return c.count(t, "given_up = 0") == 0 })
	if err := inOrder(r.got()); err != nil || c.count(t, "given_up > 0") != 1 {
		t.Errorf("it is sent all the same: %v, %+v", err, r.got())
	}
}

// Of whom the journal forgets nobody is told any more.
func TestForgotten(t *testing.T) {
	r := receive(t, nil)
	c := start(t, storetest.SQLite(t), webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1))})
	c.write(t, "a")
	c.write(t, "b")
	c.execute(t, "UPDATE journal_records SET payload = NULL WHERE request = 'a-1'")
	c.hook.Start()
	wait(t, "all is told", c.empty(t))
	if all := r.got(); len(all) != 1 || all[0].resource != "b" {
		t.Errorf("%+v", all)
	}
}

// What the journal has cut while nobody was told is given up, and not passed over.
func TestCut(t *testing.T) {
	r := receive(t, nil)
	c := start(t, storetest.SQLite(t), webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1))})
	c.write(t, "a")
	c.write(t, "b")
	c.execute(t, "DELETE FROM journal_records WHERE request = 'a-1'")
	c.hook.Start()
	wait(t, "one is given up and the other told", func() bool {
		return c.count(t, "given_up > 0 AND failure = 'the journal has cut its record'") == 1 && len(r.got()) == 1
	})
	wait(t, "the log tells", func() bool { return strings.Contains(c.log.String(), "webhook: given up") })
}

// What is yet to be told is not cut off the journal.
func TestNeeds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		r := receive(t, nil)
		c := start(t, o, webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1))})
		c.write(t, "a")
		c.write(t, "b")
		needs := func() (ids []journal.ID) {
			t.Helper()
			if err := c.View(t.Context(), func(ctx context.Context, tx *sql.Tx) (err error) {
				ids, err = c.hook.Needs(ctx, tx)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return ids
		}
		if ids := needs(); len(ids) != 1 || ids[0] != (journal.ID{Writer: 1, Seq: 1}) {
			t.Errorf("%v is needed", ids)
		}
		c.hook.Start()
		wait(t, "all is told", c.empty(t))
		if ids := needs(); len(ids) != 0 {
			t.Errorf("%v is needed still", ids)
		}
	})
}

// A receiver that never answers costs a write nothing: it is recorded all the same.
func TestSlowReceiverCostsNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		release := make(chan struct{})
		r := receive(t, func(got, http.ResponseWriter) { <-release })
		defer close(release)
		c := start(t, o, webhook.Options{URL: r.URL, KeyFile: keyFile(t, key(1))})
		c.hook.Start()
		for i := range 50 {
			c.write(t, fmt.Sprint("r", i))
		}
		wait(t, "the receiver has its hands full", func() bool { return len(r.got()) >= 8 })
		if n := c.count(t, "1 = 1"); n != 50 {
			t.Errorf("%d wait", n)
		}
		var last *store.Error
		if err := c.Check(t.Context()); errors.As(err, &last) {
			t.Error(err)
		}
	})
}
