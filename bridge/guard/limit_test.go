package guard

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// doing is a plan with effects on one entry, and on others (DN=).
func doing(name string, effects ...ldif.Effect) ldif.Plan {
	e := &ldif.Entry{DN: "uid=" + name}
	p := ldif.Plan{Before: e}
	for _, effect := range effects {
		if effect.DN == "" {
			effect.DN, effect.ID = e.DN, name
		}
		c := ldif.Change{Kind: ldif.Modify, DN: effect.DN}
		switch effect.Kind {
		case ldif.Deleted:
			c.Kind = ldif.Delete
		case ldif.Renamed, ldif.Moved:
			c.Kind, c.NewRDN = ldif.ModifyDN, "uid=other"
		case ldif.MembersRemoved:
			c.Mods = []ldif.Mod{{Op: ldif.DeleteValues, Name: "member", Values: effect.Values, Settled: true}}
		default:
			c.Mods = []ldif.Mod{{Op: ldif.ReplaceValues, Name: "lock", Values: []string{"1"}}}
		}
		p.Steps = append(p.Steps, ldif.Step{Change: c, Before: e})
		p.Effects = append(p.Effects, effect)
	}
	return p
}

func blocking(name string) ldif.Plan { return doing(name, ldif.Effect{Kind: ldif.Blocked}) }

// came is the receipt of a plan whose steps all came to this.
func came(p ldif.Plan, state ldif.State) ldif.Receipt {
	r := ldif.NewReceipt(p)
	for i := range r.Steps {
		r.Steps[i] = ldif.StepReceipt{Sent: p.Steps[i].Change, State: state}
	}
	if state != ldif.Done {
		r.Err = errors.New("no")
	}
	return r
}

func TestCountsOf(t *testing.T) {
	removed := func(dn string, values ...string) ldif.Effect {
		return ldif.Effect{Kind: ldif.MembersRemoved, DN: dn, Values: values}
	}
	said := func(counts []counted) (words []string) {
		for _, c := range counts {
			words = append(words, fmt.Sprint(c.effect, " ", c.count))
		}
		return words
	}
	for name, c := range map[string]struct {
		effects []ldif.Effect
		want    []string
	}{
		"what is not limited":   {[]ldif.Effect{{Kind: ldif.Changed}, {Kind: ldif.Enabled}}, nil},
		"a block that moves":    {[]ldif.Effect{{Kind: ldif.Blocked}, {Kind: ldif.Moved}}, []string{"blocked 1", "moved 1"}},
		"a soft delete":         {[]ldif.Effect{{Kind: ldif.Blocked}, {Kind: ldif.SoftDeleted}}, []string{"blocked 1"}},
		"a soft delete by name": {[]ldif.Effect{{Kind: ldif.Blocked}, {Kind: ldif.Renamed}}, []string{"blocked 1", "renamed 1"}},
		"members":               {[]ldif.Effect{removed("", "a", "b")}, []string{"membersRemoved 2"}},
		"a leaver's groups":     {[]ldif.Effect{{Kind: ldif.Blocked}, removed("cn=g", "uid=x")}, []string{"blocked 1"}},
		"a delete that blocks, and moves": {
			[]ldif.Effect{{Kind: ldif.Blocked}, {Kind: ldif.Deleted}, {Kind: ldif.Moved}}, []string{"deleted 1"},
		},
	} {
		p := doing("x", c.effects...)
		if got := said(countsOf(p.Before, p.Effects)); !cmp.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
		if got := said(countsOf(p.Before, came(p, ldif.Done).Standing())); !cmp.Equal(got, c.want) {
			t.Errorf("%s: of the receipt %v", name, got)
		}
	}
	if got := countsOf(nil, []ldif.Effect{{Kind: ldif.Created, DN: "x"}, {Kind: ldif.Blocked, DN: "x"}}); got != nil {
		t.Errorf("of a new one: %v", got)
	}
}

func TestBounds(t *testing.T) {
	limits := []Limit{
		{Effect: "blocked", Most: 7},
		{Effect: "blocked", Type: "User", Of: "5%"},
		{Effect: "blocked", Type: "User", Most: 90, Within: 24 * time.Hour},
		{Effect: "moved", Off: true},
		{Effect: "deleted", Type: "Group", Off: true},
	}
	for typ, want := range map[string]string{
		"User":  "blocked 0 0.05 1h; blocked 90 0 24h; deleted 100 0.1 1h; membersRemoved 500 0.5 1h; renamed 100 0.1 1h; ",
		"Group": "blocked 7 0 1h; membersRemoved 500 0.5 1h; renamed 100 0.1 1h; ",
	} {
		got := ""
		for _, b := range boundsOf(limits, typ) {
			got += fmt.Sprintln(b.effect, b.most, b.of, inWords(b.within))
		}
		if got = strings.ReplaceAll(got, "\n", "; "); got != want {
			t.Errorf("%s: %s, want %s", typ, got, want)
		}
	}
	for _, c := range []struct{ most, percent, total, want int }{
		{50, 0, 0, 50},
		{50, 5, 40, 10},
		{50, 5, 400, 20},
		{50, 5, 401, 21},
		{50, 5, 10_000, 50},
		{0, 5, 10_000, 500},
		{3, 5, 40, 3},
		{100, 10, 1000, 100},
	} {
		if got := (bound{most: c.most, of: float64(c.percent) / 100}).at(total{count: c.total}); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

// limited is a limiter with its ledger.
type limited struct {
	*Limiter
	holds  *Holds
	ledger *journal.Ledger
	log    bytes.Buffer
	clock  atomic.Int64
}

func limit(t *testing.T, s *store.Store, watch []Watch, limits ...Limit) *limited {
	t.Helper()
	l := &limited{}
	l.clock.Store(time.Now().UnixMicro())
	var err error
	log := slog.New(slog.NewTextHandler(&l.log, nil))
	if l.Limiter, err = NewLimiter(s, Options{Limits: limits}, []string{"User", "Group"}, log, watch...); err != nil {
		t.Fatal(err)
	}
	l.now = func() time.Time { return time.UnixMicro(l.clock.Load()) }
	if l.holds, err = NewHolds(s); err != nil {
		t.Fatal(err)
	}
	if l.ledger, err = journal.Open(s, journal.Options{}, slog.New(slog.DiscardHandler), l.Settle); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.ledger.Shut)
	return l
}

func (l *limited) later(d time.Duration) { l.clock.Add(d.Microseconds()) }

// begin records a plan's intent, as far as the limits let it.
func (l *limited) begin(ctx context.Context, typ string, p ldif.Plan) (*journal.Entry, error) {
	var checks []journal.Check
	if check := l.Check(typ, p); check != nil {
		checks = append(checks, check)
	}
	return l.ledger.Begin(ctx, journal.Intent{Type: typ, Plan: p}, nil, checks...)
}

// passes has a plan come to something, if it may.
func (l *limited) passes(t *testing.T, typ string, p ldif.Plan, state ldif.State) {
	t.Helper()
	entry, err := l.begin(t.Context(), typ, p)
	if err == nil {
		err = <-entry.Close(journal.Done{Receipt: came(p, state)})
	}
	if err != nil {
		t.Error(err)
	}
}

// held is the hold that a plan runs into.
func (l *limited) held(t *testing.T, typ string, p ldif.Plan, why reason.Reason) (h Held) {
	t.Helper()
	_, err := l.begin(t.Context(), typ, p)
	held, is := errors.AsType[*Held](err)
	if !is || held.Reason() != why {
		t.Errorf("%v, want %s", err, why)
		return h
	}
	l.Tell(held)
	return *held
}

// TestLimitsHold: so much may pass and not one more, what did not come about does not count, and an operator decides of the rest.
func TestLimitsHold(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		opened := 0
		watch := func(context.Context, *sql.Tx, Hold) error { opened++; return nil }
		l := limit(t, s, []Watch{watch}, Limit{Effect: "blocked", Most: 3, Of: "50%"}, Limit{Effect: "membersRemoved", Most: 10},
			Limit{Effect: "renamed", Most: 1000, Within: 24 * time.Hour}) // so that no count is forgotten here
		user := func(n int) ldif.Plan { return blocking(fmt.Sprint("u", n)) }
		for n, state := range []ldif.State{ldif.Refused, ldif.TakenBack, ldif.NotSent, ldif.Done, ldif.Unknown, ldif.Done} {
			l.passes(t, "User", user(n), state)
		}
		first := l.held(t, "User", user(10), reason.Held)
		const why = "User: more than 3 blocked within 1h"
		if told := first.Error(); first.Hold.Why != why || !first.First || !strings.Contains(told, why+"): scimbridge hold approve 1 ") {
			t.Errorf("%+v, %v", first, &first)
		}
		if again := l.held(t, "User", user(10), reason.Held); again.First || again.Tell {
			t.Errorf("%+v", again)
		}
		l.held(t, "User", user(11), reason.Held)
		// Another type, another effect, and what blocks nobody go on.
		l.passes(t, "Group", blocking("g"), ldif.Done)
		l.passes(t, "User", doing("u12", ldif.Effect{Kind: ldif.Deleted}), ldif.Done)
		l.passes(t, "User", doing("u13", ldif.Effect{Kind: ldif.Enabled}), ldif.Done)
		l.later(2 * time.Hour) // which changes nothing: the operator is to decide
		if h := l.held(t, "User", user(10), reason.Held); h.First || !h.Tell {
			t.Errorf("%+v", h)
		}
		list, err := l.holds.List(t.Context(), false, l.now())
		if err != nil || len(list) != 1 || list[0].Held != 4 || list[0].Waiting != 2 || list[0].State != Open {
			t.Errorf("%+v, %v", list, err)
		}
		l.later(-2 * time.Hour)

		approve := func(id, count int64, d time.Duration) {
			t.Helper()
			if _, err := l.holds.Approve(t.Context(), id, count, l.now().Add(d), "admin", l.now()); err != nil {
				t.Error(err)
			}
		}
		approve(1, 0, time.Hour) // the two that wait
		l.passes(t, "User", user(10), ldif.Refused)
		l.passes(t, "User", user(10), ldif.Done)
		l.passes(t, "User", user(11), ldif.Done)
		if h := l.held(t, "User", user(14), reason.Held); h.Hold.ID != 2 || !h.First {
			t.Errorf("%+v", h)
		}
		approve(2, Any, time.Minute)
		for n := range 5 {
			l.passes(t, "User", user(20+n), ldif.Done)
		}
		l.later(2 * time.Minute)
		if h := l.held(t, "User", user(15), reason.Held); h.Hold.ID != 3 {
			t.Errorf("%+v", h)
		}
		if _, err := l.holds.Refuse(t.Context(), 3, l.now().Add(3*time.Hour), "admin", l.now()); err != nil {
			t.Error(err)
		}
		l.later(2 * time.Hour) // a trickle would pass here
		l.held(t, "User", user(15), reason.HoldRefused)
		l.later(2 * time.Hour)
		l.passes(t, "User", user(15), ldif.Done)

		// A group that is emptied counts whole, and is held whole; what was gone already does not count.
		members := func(n int) ldif.Plan {
			removed := ldif.Effect{Kind: ldif.MembersRemoved}
			for m := range n {
				removed.Values = append(removed.Values, fmt.Sprint("m", m))
			}
			return doing("g", removed)
		}
		emptied := members(8)
		entry, err := l.begin(t.Context(), "Group", emptied)
		if err != nil {
			t.Fatal(err)
		}
		l.held(t, "Group", members(3), reason.Held)
		half := came(emptied, ldif.Done)
		half.Steps[0].Sent.Mods = []ldif.Mod{{Op: ldif.DeleteValues, Name: "member", Values: []string{"m1", "m2"}, Settled: true}}
		if err := <-entry.Close(journal.Done{Receipt: half}); err != nil {
			t.Error(err)
		}
		approve(4, 1, time.Hour)
		l.passes(t, "Group", members(8), ldif.Done)
		l.held(t, "Group", members(3), reason.Held) // the eight count once

		if opened != 5 || strings.Count(l.log.String(), "writes are held") != 6 {
			t.Errorf("%d opened\n%s", opened, l.log.String())
		}
		for id, want := range map[int64]string{3: "hold 3 is over", 99: "there is no hold 99", 4: "hold 4 is over"} {
			_, err := l.holds.Approve(t.Context(), id, 1, l.now().Add(time.Hour), "x", l.now())
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%d: %v", id, err)
			}
		}
		if all, err := l.holds.List(t.Context(), true, l.now()); err != nil || len(all) != 5 {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

// TestShares: a share is asked for where it decides, and counted once.
func TestShares(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := limit(t, s, nil, Limit{Effect: "blocked", Of: "20%"}, Limit{Effect: "membersRemoved", Of: "50%"})
		for n := range fewest {
			l.passes(t, "User", blocking(fmt.Sprint(n)), ldif.Done)
		}
		_, err := l.begin(t.Context(), "User", blocking("next"))
		if needed, is := errors.AsType[*TotalNeeded](err); !is || needed.Type != "User" {
			t.Fatal(err)
		}
		if err := l.Know(t.Context(), "User", 55); err != nil {
			t.Fatal(err)
		}
		l.passes(t, "User", blocking("next"), ldif.Done)
		if h := l.held(t, "User", blocking("last"), reason.Held); h.Hold.Why != "User: more than 11 blocked within 1h (20% of 55)" {
			t.Error(h.Hold.Why)
		}
		var many []string
		for n := range 28 {
			many = append(many, fmt.Sprint(n))
		}
		l.passes(t, "Group", doing("g", ldif.Effect{Kind: ldif.MembersRemoved, Values: many}), ldif.Done)
		l.held(t, "Group", doing("g", ldif.Effect{Kind: ldif.MembersRemoved, Values: many[:1]}), reason.Held)
	})
}

// TestPeopleCountOnce: who is blocked again and again within the time counts once, and so does a request that is sent again; nor does it
// take from what was approved for others.
func TestPeopleCountOnce(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := limit(t, s, nil, Limit{Effect: "blocked", Most: 2}, Limit{Effect: "blocked", Most: 3, Within: 24 * time.Hour},
			Limit{Effect: "membersRemoved", Most: 3})
		for range 4 {
			l.passes(t, "User", blocking("mara"), ldif.Done)
			l.passes(t, "User", blocking("mara"), ldif.Unknown)
		}
		l.passes(t, "User", blocking("noor"), ldif.Refused)
		l.passes(t, "User", blocking("noor"), ldif.Done)
		l.held(t, "User", blocking("zoe"), reason.Held)
		approve := func(id int64) {
			t.Helper()
			if _, err := l.holds.Approve(t.Context(), id, 1, l.now().Add(time.Hour), "admin", l.now()); err != nil {
				t.Error(err)
			}
		}
		approve(1)
		for range 3 {
			l.passes(t, "User", blocking("noor"), ldif.Done)
		}
		for range 3 {
			l.passes(t, "User", blocking("zoe"), ldif.Done)
		}
		if h := l.held(t, "User", blocking("bo"), reason.Held); h.Hold.Why != "User: more than 2 blocked within 1h" {
			t.Errorf("%+v", h)
		}
		approve(2)
		l.later(2 * time.Hour) // bo is the fourth within the day
		for range 2 {
			l.passes(t, "User", blocking("mara"), ldif.Done)
		}
		if h := l.held(t, "User", blocking("bo"), reason.Held); h.Hold.Why != "User: more than 3 blocked within 24h" {
			t.Errorf("%+v", h)
		}
		leaving := func(members ...string) ldif.Plan {
			return doing("g", ldif.Effect{Kind: ldif.MembersRemoved, Values: members})
		}
		for range 3 {
			l.passes(t, "Group", leaving("a"), ldif.Done)
			l.passes(t, "Group", leaving("b", "c"), ldif.Done)
			l.passes(t, "Group", leaving("c", "b"), ldif.Done)
		}
		l.held(t, "Group", leaving("d"), reason.Held)

		// What waits is of all requests, each once, and so much may pass.
		for range 2 {
			l.held(t, "Group", leaving("e", "f"), reason.Held)
			l.held(t, "Group", leaving("f", "e"), reason.Held)
		}
		h, err := l.holds.Approve(t.Context(), 4, 0, l.now().Add(time.Hour), "admin", l.now())
		if err != nil || h.Rest != 3 {
			t.Errorf("%+v, %v", h, err)
		}
		l.passes(t, "Group", leaving("d"), ldif.Done)
		list, err := l.holds.List(t.Context(), false, l.now())
		if at := len(list) - 1; err != nil || at < 0 || list[at].Waiting != 2 {
			t.Errorf("%+v, %v", list, err)
		}
		l.passes(t, "Group", leaving("e", "f"), ldif.Done)
		l.held(t, "Group", leaving("g"), reason.Held)
	})
}

// TestLimitsOfSeveralCopies: copies that share a store never let pass one too many, nor one too few.
func TestLimitsOfSeveralCopies(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		const copies, writers, each, most = 4, 4, 6, 50
		var passed, held atomic.Int64
		var all sync.WaitGroup
		for c := range copies {
			l := limit(t, storetest.Open(t, o), nil, Limit{Effect: "blocked", Most: most})
			for w := range writers {
				all.Go(func() {
					for n := range each {
						p := blocking(fmt.Sprint(c, w, n))
						entry, err := l.begin(t.Context(), "User", p)
						_, is := errors.AsType[*Held](err)
						switch {
						case err == nil:
							passed.Add(1)
							<-entry.Close(journal.Done{Receipt: came(p, ldif.Done)})
						case is:
							held.Add(1)
						default:
							t.Error(err)
						}
					}
				})
			}
		}
		all.Wait()
		if passed.Load() != most || held.Load() != copies*writers*each-most {
			t.Errorf("%d passed, %d held", passed.Load(), held.Load())
		}
	})
}

// TestLostIntentIsGivenBack: what a bridge that died had counted is given back once it is known that it was not done.
func TestLostIntentIsGivenBack(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := limit(t, s, nil, Limit{Effect: "blocked", Most: 1})
		entry, err := l.begin(t.Context(), "User", blocking("lost"))
		if err != nil {
			t.Fatal(err)
		}
		l.held(t, "User", blocking("next"), reason.Held)
		a, err := journal.Get(t.Context(), s, entry.ID()) // as the next bridge finds it
		if err != nil {
			t.Fatal(err)
		}
		found := journal.Event{ID: a.ID, Intent: &a.Intent, Done: &journal.Done{Receipt: came(a.Plan, ldif.NotSent), Found: true}}
		if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error { return l.Settle(ctx, tx, found) }); err != nil {
			t.Fatal(err)
		}
		if _, err := l.holds.Refuse(t.Context(), 1, l.now().Add(time.Minute), "admin", l.now()); err != nil {
			t.Fatal(err)
		}
		l.later(2 * time.Minute)
		l.passes(t, "User", blocking("next"), ldif.Done)
	})
}

// TestWhatHappensIsCounted: what went on while the journal could not be written counts, and opens a hold for what comes then.
func TestWhatHappensIsCounted(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := limit(t, s, nil, Limit{Effect: "blocked", Most: 2, Of: "50%"})
		for n := range 3 {
			if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				c := journal.Candidate{ID: journal.ID{Writer: 99, Seq: int64(n + 1)}, Happens: true}
				return l.Check("User", blocking(fmt.Sprint(n)))(ctx, tx, c)
			}); err != nil {
				t.Fatal(err)
			}
		}
		if h := l.held(t, "User", blocking("next"), reason.Held); h.Hold.ID != 1 || !h.Tell {
			t.Errorf("%+v", h)
		}
	})
}
