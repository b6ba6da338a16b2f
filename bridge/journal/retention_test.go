package journal

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// cutAll cuts until there is nothing left to cut.
func cutAll(t *testing.T, l *Ledger, needs ...Needs) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = l.cutOnce(t.Context(), needs); err != nil {
			t.Fatal(err)
		}
	}
}

// faults are those of the journal.
func faults(t *testing.T, s *store.Store) string {
	t.Helper()
	var all []string
	if _, err := Verify(t.Context(), s, nil, func(f Fault) { all = append(all, f.String()) }); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "; ")
}

func count(t *testing.T, s *store.Store, what string) (n int) {
	t.Helper()
	if err := s.Read().QueryRow("SELECT COUNT(*) FROM " + what).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func write(t *testing.T, l *Ledger, times int) {
	t.Helper()
	for range times {
		e := begin(t, l)
		<-e.Close(Done{Receipt: ldif.NewReceipt(e.intent.Plan), ID: "7"})
	}
}

// What is older than it is to be is cut, and what it is found by with it: but not what is needed, nor an intent that is open. At each step
// of it the chains hold, and what is cut otherwise is found.
func TestRetention(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		c := newClock()
		first := c.ledger(t, s)
		write(t, first, cutTogether)
		first.Shut()
		second := c.ledger(t, s)
		defer second.Shut()
		write(t, second, 2)
		open := begin(t, second)
		write(t, second, 2)
		c.turn(500 * day)
		young := c.ledger(t, s)
		defer young.Shut()
		write(t, young, 2)

		needed := ID{1, 151}
		cutAll(t, young, func(context.Context, *sql.Tx) ([]ID, error) { return []ID{needed}, nil })
		if n := count(t, s, "journal_records WHERE writer = 1"); n != 50 {
			t.Errorf("%d records are left of those that are needed", n)
		}
		if f := faults(t, s); f != "" {
			t.Error(f)
		}

		// Nothing is needed any more; what an anchor says is not deleted at once, nor by one copy alone.
		var before, next anchor
		if err := s.View(t.Context(), func(ctx context.Context, tx *sql.Tx) (err error) {
			if before, err = newestAnchor(ctx, tx); err == nil {
				next, _, err = young.plan(ctx, tx, before, limits{writes: c.now().Add(-400 * day)}, nil)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := young.anchor(before, next); err != nil {
			t.Fatal(err)
		}
		if err := second.anchor(before, next); !errors.Is(err, errOtherCuts) {
			t.Errorf("the same is cut twice: %v", err)
		}
		if f := faults(t, s); f != "" {
			t.Error(f)
		}
		cutAll(t, second)
		if n := count(t, s, "journal_records WHERE writer = 1") + count(t, s, "journal_writers WHERE writer = 1"); n != 0 {
			t.Errorf("%d rows are left of a chain that is cut", n)
		}
		if _, err := Get(t.Context(), s, open.ID()); err != nil || open.ID().Seq != 5 {
			t.Errorf("%s: %v", open.ID(), err)
		}
		if n := count(t, s, "journal_records WHERE writer = 2"); n != 5 {
			t.Errorf("%d records are left from the open one on", n)
		}
		if n := count(t, s, "journal_subjects WHERE writer = 1 OR writer = 2 AND seq < 5"); n != 0 {
			t.Errorf("%d rows are left of what they are found by", n)
		}
		if f := faults(t, s); f != "" {
			t.Error(f)
		}

		// A further cut, and what nothing tells of.
		<-open.Close(Done{Receipt: ldif.NewReceipt(open.intent.Plan)})
		cutAll(t, young)
		if n := count(t, s, "journal_records WHERE writer = 2"); n != 1 {
			t.Errorf("%d records are left, and the last is young", n)
		}
		if f := faults(t, s); f != "" {
			t.Error(f)
		}
		exec := func(statement string) {
			t.Helper()
			if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, statement)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		exec(`UPDATE journal_writers SET before = (SELECT digest FROM journal_records WHERE of_seq = 1 AND kind = 'anchor')
			WHERE writer = 2`)
		if f := faults(t, s); !strings.Contains(f, "record 2-9: it is another record") {
			t.Errorf("another end of what was cut: %q", f)
		}
		exec("DELETE FROM journal_records WHERE kind = 'anchor'")
		if f := faults(t, s); !strings.Contains(f, "writer 1: its whole chain is missing, and nothing says") ||
			!strings.Contains(f, "record 2-9: what is older was cut off, and nothing says so") {
			t.Errorf("no anchor: %q", f)
		}
	})
}

// A journal that is larger than it may be loses its oldest records.
func TestMaxSize(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		c := newClock()
		l := c.ledger(t, s)
		for range 40 {
			write(t, l, 1)
			c.turn(time.Minute)
		}
		c.turn(30 * time.Minute) // the size is told with the next sign of life
		write(t, l, 1)
		l.slice = 5
		l.maxSize.Store(20_000)
		cutAll(t, l)
		size := count(t, s, "journal_records")
		if size > 50 || size < 20 {
			t.Errorf("%d records are left of 82", size)
		}
		var first int64
		if err := s.Read().QueryRow("SELECT first FROM journal_writers").Scan(&first); err != nil || first < 30 {
			t.Errorf("record %d is the first, %v", first, err)
		}
		if f := faults(t, s); f != "" {
			t.Error(f)
		}
		l.Shut()
		if f := faults(t, s); f != "" {
			t.Error(f)
		}
	})
}

// TestMaxSizeOfLargeRecords: nor does one of a few large records become empty by it.
func TestMaxSizeOfLargeRecords(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		c := newClock()
		l := c.ledger(t, s)
		const most = 4 << 20
		for n := range 12 {
			photo := make([]byte, 1<<18)
			_, _ = mathrand.NewChaCha8([32]byte{byte(n)}).Read(photo)
			i := Intent{Caller: "entra", Operation: "create", Type: "User", Name: "mara"}
			i.Body = fmt.Appendf(nil, `{"photo":%q}`, base64.StdEncoding.EncodeToString(photo))
			i.Plan = ldif.Plan{Steps: []ldif.Step{{Change: ldif.Change{Kind: ldif.Add, DN: "uid=mara,dc=example", Entry: []ldif.Attribute{
				{Name: "jpegPhoto", Values: []string{string(photo)}},
			}}}}}
			e, err := l.Begin(t.Context(), i, nil)
			if err != nil {
				t.Fatal(err)
			}
			<-e.Close(Done{Receipt: ldif.NewReceipt(i.Plan)})
			c.turn(time.Minute)
		}
		c.turn(30 * time.Minute) // the size is told with the next sign of life
		write(t, l, 1)
		l.maxSize.Store(most)
		cutAll(t, l)
		var size int64
		if err := s.Read().QueryRow("SELECT SUM(LENGTH(payload)) FROM journal_records").Scan(&size); err != nil {
			t.Fatal(err)
		}
		if size > most || size < most/4 {
			t.Errorf("%d octets are left of %d that may be", size, most)
		}
		if f := faults(t, s); f != "" {
			t.Error(f)
		}
		l.Shut()
	})
}

// TestAskedForBeforeItBegins: what had it look before it looked first is served by that one look.
func TestAskedForBeforeItBegins(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	l, err := Open(s, Options{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Shut()
	l.Set(Options{Retention: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	looks := 0
	looked, done := make(chan struct{}, 10), make(chan struct{})
	go func() {
		defer close(done)
		l.Retain(ctx, func(context.Context, *sql.Tx) ([]ID, error) {
			looks++
			looked <- struct{}{}
			return nil, errors.New("not now")
		})
	}()
	select {
	case <-looked:
	case <-time.After(time.Minute):
		t.Fatal("it did not look")
	}
	time.Sleep(200 * time.Millisecond) // a second would come at once
	cancel()
	<-done
	if looks != 1 {
		t.Errorf("it looked %d times", looks)
	}
}

// TestSetCuts: what is too old by another retention is cut at once.
func TestSetCuts(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		c := newClock()
		l := c.ledger(t, s)
		write(t, l, 3)
		c.turn(100 * day)
		write(t, l, 1)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			l.Retain(ctx)
		}()
		l.Set(Options{Retention: 50 * day})
		for until := time.Now().Add(time.Minute); count(t, s, "journal_records WHERE kind IN ('intent', 'receipt')") != 2; {
			if time.Now().After(until) {
				t.Fatal("what is old is not cut")
			}
			time.Sleep(5 * time.Millisecond)
		}
		stop()
		<-ended
		l.Shut()
	})
}

// TestRefusalsGoFirst: whoever is refused as often as he likes pushes no record of a write out of a journal that is too large.
func TestRefusalsGoFirst(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		c := newClock()
		l := c.ledger(t, s)
		refuse := func() {
			t.Helper()
			c.turn(time.Second)
			i := Intent{Caller: "somebody", Operation: "create", Type: "User", Name: "mara", Body: []byte(`{"userName":"mara"}`)}
			if err := <-l.Refuse(Refusal{Intent: i, Status: 400, Detail: strings.Repeat("no", 100)}); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 {
			write(t, l, 1)
			c.turn(time.Second)
		}
		for range 300 {
			refuse()
		}
		c.turn(30 * time.Minute) // the size is told with the next sign of life
		write(t, l, 1)
		refuse()
		l.slice = 5
		l.maxSize.Store(60_000)
		cutAll(t, l)
		const writes, refusals = "journal_records WHERE kind IN ('intent', 'receipt')", "journal_records WHERE kind = 'refusal'"
		if n, r := count(t, s, writes), count(t, s, refusals); n != 42 || r < 20 || r > 100 {
			t.Errorf("%d records of writes are left, and %d refusals", n, r)
		}
		if f := faults(t, s); f != "" {
			t.Error(f)
		}
		l.maxSize.Store(10_000) // which writes alone are past
		cutAll(t, l)
		if n, r := count(t, s, writes), count(t, s, refusals); n > 30 || n == 0 || r > 6 {
			t.Errorf("%d records of writes are left, and %d refusals", n, r)
		}
		l.Shut()
		if f := faults(t, s); f != "" {
			t.Error(f)
		}
		if err := <-l.Refuse(Refusal{Intent: Intent{Caller: "somebody"}}); !errors.Is(err, errShut) {
			t.Errorf("a journal that is shut takes a refusal: %v", err)
		}
	})
}

// TestFewAreLarge: records that are large are cut though they are few, and refusals before writes.
func TestFewAreLarge(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		c := newClock()
		l := c.ledger(t, s)
		defer l.Shut()
		for range 20 {
			write(t, l, 1)
			c.turn(time.Second)
			i := Intent{Caller: "somebody", Operation: "create", Type: "User"}
			for range 100 {
				i.Subjects = append(i.Subjects, rand.Text())
			}
			if err := <-l.Refuse(Refusal{Intent: i, Status: 400}); err != nil {
				t.Fatal(err)
			}
		}
		c.turn(30 * time.Minute) // the size is told with the next sign of life
		write(t, l, 1)
		<-l.Refuse(Refusal{Intent: Intent{Caller: "somebody"}, Status: 400})
		l.maxSize.Store(40_000)
		cutAll(t, l)
		const writes, refusals = "journal_records WHERE kind IN ('intent', 'receipt')", "journal_records WHERE kind = 'refusal'"
		if n, r := count(t, s, writes), count(t, s, refusals); n != 42 || r == 0 || r > 10 {
			t.Errorf("%d records of writes are left, and %d refusals", n, r)
		}
		l.maxSize.Store(10_000)
		cutAll(t, l)
		if n, r := count(t, s, writes), count(t, s, refusals); n == 0 || n > 25 || r != 1 {
			t.Errorf("%d records of writes are left, and %d refusals", n, r)
		}
		if f := faults(t, s); f != "" {
			t.Error(f)
		}
	})
}

// The number of a writer whose chain is cut is nobody's again: what an anchor says of it would be done to the next.
func TestNumbersOfWriters(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		c := newClock()
		first := c.ledger(t, s)
		defer first.Shut()
		write(t, first, 1)
		second := c.ledger(t, s)
		write(t, second, 2)
		second.Shut()
		c.turn(500 * day)
		write(t, first, 1)
		cutAll(t, first)
		if n := count(t, s, "journal_writers"); n != 1 {
			t.Fatalf("%d writers are left", n)
		}
		third := c.ledger(t, s)
		write(t, third, 1)
		third.Shut()
		cutAll(t, first)
		if n := count(t, s, "journal_records WHERE writer = 3"); n != 2 {
			t.Errorf("%d of the third's records are there", n)
		}
		if f := faults(t, s); f != "" {
			t.Error(f)
		}
	})
}

// What was done to what the bridge keeps is cut as any record is, and what it is found by with it.
func TestActIsCut(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		c := newClock()
		first := c.ledger(t, s)
		if err := first.Act(func(context.Context, *sql.Tx) (Act, error) {
			return Act{Operation: "make", Type: "token", ID: "3f2a1b0c", Name: "entra"}, nil
		}); err != nil {
			t.Fatal(err)
		}
		first.Shut()
		if n := count(t, s, "journal_subjects"); n != 2 {
			t.Errorf("it is found by %d", n)
		}
		c.turn(500 * day)
		young := c.ledger(t, s)
		defer young.Shut()
		write(t, young, 1)
		cutAll(t, young)
		if n := count(t, s, "journal_records WHERE kind = 'act'"); n != 0 {
			t.Errorf("%d are left", n)
		}
		if n := count(t, s, "journal_subjects WHERE writer = 1"); n != 0 {
			t.Errorf("it is found by %d", n)
		}
		if f := faults(t, s); f != "" {
			t.Error(f)
		}
	})
}
