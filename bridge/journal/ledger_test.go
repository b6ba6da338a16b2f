package journal_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/journal"
	"scimbridge/bridge/reason"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

func open(t testing.TB, s *store.Store, o journal.Options, observers ...journal.Observer) *journal.Ledger {
	t.Helper()
	l, err := journal.Open(s, o, slog.New(slog.DiscardHandler), observers...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// renaming is a plan with all that a plan may hold.
func renaming() ldif.Plan {
	mara := &ldif.Entry{DN: "uid=mara,dc=example", Attributes: []ldif.Attribute{
		{Name: "cn", Values: []string{"Mara", "mára"}},
		{Name: "jpegPhoto", Values: []string{"\xff\xd8\xff", ""}},
		{Name: "description;lang-de", Values: []string{"Köchin\n", " <b>"}},
	}}
	group := &ldif.Entry{DN: "cn=g,dc=example", Attributes: []ldif.Attribute{{Name: "cn", Values: []string{"g"}}}}
	modify := ldif.Change{
		Kind: ldif.Modify, DN: mara.DN, Mods: []ldif.Mod{
			{Op: ldif.ReplaceValues, Name: "jpegPhoto", Values: []string{"\x00\xfe"}},
			{Op: ldif.DeleteValues, Name: "title"},
		},
		If: ldif.Condition{
			ID: "7", Version: "v1", Shows: ldif.AVA{Type: "uid", Value: "mara"},
			Found: []ldif.Attribute{{Name: "title", Values: []string{"cook"}}},
		},
	}
	back := ldif.Change{Kind: ldif.Modify, DN: mara.DN, Mods: []ldif.Mod{{Op: ldif.AddValues, Name: "title", Values: []string{"cook"}}}}
	join := ldif.Change{
		Kind: ldif.Modify, DN: group.DN,
		Mods: []ldif.Mod{{Op: ldif.AddValues, Name: "member", Values: []string{"uid=m,dc=example"}, Settled: true}},
		Else: &ldif.Change{Kind: ldif.Modify, DN: group.DN},
	}
	rename := ldif.Change{
		Kind: ldif.ModifyDN, DN: mara.DN, NewRDN: "uid=m", NewSuperior: "dc=example", DeleteOldRDN: true, Apart: true,
		If: ldif.Condition{ID: "7", AsLeft: true},
	}
	place := ldif.Change{Kind: ldif.Add, DN: "ou=x,dc=example", Place: true, Entry: []ldif.Attribute{{Name: "ou", Values: []string{"x"}}}}
	return ldif.Plan{
		Before: mara,
		Steps: []ldif.Step{
			{Change: modify, Inverse: &back, Before: mara},
			{Change: join, Before: group, Keeps: ldif.Keeps{ID: "7", Late: true}},
			{Change: rename, Before: mara},
			{Change: place, Stays: true, Alone: true, Again: true},
		},
		Effects: []ldif.Effect{
			{Kind: ldif.Renamed, DN: mara.DN, ID: "7"},
			{Kind: ldif.MembersAdded, DN: group.DN, Values: []string{"uid=m,dc=example"}},
			{Kind: ldif.Changed, DN: mara.DN, ID: "7", Attributes: []string{"title"}},
		},
	}
}

func intent(plan ldif.Plan) journal.Intent {
	return journal.Intent{
		RequestID: "r-1", Activity: "a-1", Part: &journal.Part{BulkID: "b", Index: 3}, Caller: "entra", Client: "192.0.2.7",
		Operation: "patch", Type: "User", ID: "7", Name: "Mara@Corp.Example", DN: "uid=mara,dc=example",
		Body: []byte(`{"a":"<b>"}`), Plan: plan, Subjects: []string{"uid=Other, dc=example"},
	}
}

// done is a receipt of the plan whose second step found it done, and whose third was refused.
func done(plan ldif.Plan) ldif.Receipt {
	r := ldif.NewReceipt(plan)
	settled := plan.Steps[1].Change
	settled.Mods, settled.Else = nil, nil
	left := &ldif.Entry{DN: "uid=mara,dc=example", Attributes: []ldif.Attribute{{Name: "entryCSN", Values: []string{"v2"}}}}
	r.Steps[0] = ldif.StepReceipt{Sent: plan.Steps[0].Change, State: ldif.Stands, Left: left, Inverse: errors.New("no")}
	r.Steps[1] = ldif.StepReceipt{Sent: settled, State: ldif.Done, ReadBack: true}
	r.Steps[2] = ldif.StepReceipt{Sent: plan.Steps[2].Change, State: ldif.Refused}
	r.Err = &directory.Error{Reason: reason.PartlyDone, Cause: errors.New("gone")}
	return r
}

// written waits until what was told is in the store.
func written(t *testing.T, told <-chan error) {
	t.Helper()
	select {
	case err := <-told:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it was never written")
	}
}

// What is recorded comes back as it was, on either database: every octet of a plan, and of what became of it.
func TestLedger(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := open(t, s, journal.Options{})
		defer l.Shut()
		plan := renaming()
		wanted := intent(plan)
		entry, err := l.Begin(t.Context(), wanted, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := journal.Get(t.Context(), s, entry.ID())
		if err != nil || got.Outcome != journal.Pending || got.Done != nil {
			t.Fatalf("%+v, %v", got, err)
		}
		same := cmp.Options{
			cmpopts.IgnoreFields(journal.Intent{}, "Time"), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(ldif.Entry{}, "Asked"),
			cmp.Comparer(func(a, b error) bool { return fmt.Sprint(a) == fmt.Sprint(b) }),
		}
		if diff := cmp.Diff(wanted, got.Intent, same); diff != "" {
			t.Errorf("the intent (-wanted +got):\n%s", diff)
		}
		receipt := done(plan)
		told := journal.Done{Receipt: receipt, Took: time.Second, ID: "7", Status: 500, Detail: "half"}
		written(t, entry.Close(told))
		if got, err = journal.Get(t.Context(), s, entry.ID()); err != nil || got.Outcome != journal.HalfDone || got.Done == nil {
			t.Fatalf("%+v, %v", got, err)
		}
		told.Reason = reason.PartlyDone.String()
		if diff := cmp.Diff(told, *got.Done, same); diff != "" {
			t.Errorf("the receipt (-wanted +got):\n%s", diff)
		}
		other := journal.Intent{RequestID: "r-2", Caller: "x"}
		written(t, l.Refuse(journal.Refusal{Intent: other, Status: 403, Reason: "guarded", Detail: "no"}))
		for name, c := range map[string]struct {
			query journal.Query
			found int
		}{
			"all":        {journal.Query{}, 2},
			"id":         {journal.Query{Subject: "7"}, 1},
			"name":       {journal.Query{Subject: "mara@corp.example"}, 1},
			"DN":         {journal.Query{Subject: "UID=mara, DC=example"}, 1},
			"new DN":     {journal.Query{Subject: "uid=m,dc=example"}, 1},
			"group":      {journal.Query{Subject: "cn=G,dc=example"}, 1},
			"member":     {journal.Query{Subject: "uid=other,dc=example"}, 1},
			"nobody":     {journal.Query{Subject: "8"}, 0},
			"caller":     {journal.Query{Caller: "x"}, 1},
			"request":    {journal.Query{RequestID: "r-1"}, 1},
			"activity":   {journal.Query{Activity: "a-1"}, 1},
			"its name":   {journal.Query{Activity: "r-1"}, 0},
			"type":       {journal.Query{Type: "user", Limit: 1}, 1},
			"operation":  {journal.Query{Operation: "delete"}, 0},
			"effect":     {journal.Query{Effect: ldif.Renamed}, 1},
			"no effect":  {journal.Query{Effect: ldif.Deleted}, 0},
			"half done":  {journal.Query{Outcome: journal.HalfDone}, 1},
			"refused":    {journal.Query{Outcome: journal.Refused}, 1},
			"pending":    {journal.Query{Outcome: journal.Pending}, 0},
			"since":      {journal.Query{Since: time.Now().Add(time.Hour)}, 0},
			"until":      {journal.Query{Until: time.Now().Add(time.Hour)}, 2},
			"the newest": {journal.Query{Newest: true, Limit: 1}, 1},
		} {
			found := 0
			err := journal.Find(t.Context(), s, c.query, func(journal.Account) error { found++; return nil })
			if err != nil || found != c.found {
				t.Errorf("%s: %d found, want %d: %v", name, found, c.found, err)
			}
		}
	})
}

// A record that is not there is told as that, and so is a receipt, which is part of another.
func TestNoRecord(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	l := open(t, s, journal.Options{})
	defer l.Shut()
	entry, err := l.Begin(t.Context(), intent(renaming()), nil)
	if err != nil {
		t.Fatal(err)
	}
	written(t, entry.Close(journal.Done{}))
	for _, id := range []journal.ID{{Writer: 1, Seq: 2}, {Writer: 1, Seq: 3}, {Writer: 2, Seq: 1}} {
		if _, err := journal.Get(t.Context(), s, id); !errors.Is(err, journal.ErrNoRecord) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// No secret reaches the store, be it known by its name or made of a password.
func TestLedgerKeepsSecrets(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	l := open(t, s, journal.Options{})
	defer l.Shut()
	secret := []string{"hunter2"}
	before := &ldif.Entry{DN: "uid=mara", Attributes: []ldif.Attribute{
		{Name: "userPassword", Values: secret}, {Name: "pin", Values: secret},
	}}
	modify := ldif.Change{
		Kind: ldif.Modify, DN: "uid=mara", Secrets: []string{"made"},
		Mods: []ldif.Mod{
			{Op: ldif.ReplaceValues, Name: "unicodePwd", Values: secret}, {Op: ldif.ReplaceValues, Name: "made", Values: secret},
		},
		If: ldif.Condition{
			Shows: ldif.AVA{Type: "made", Value: "hunter2"}, Found: []ldif.Attribute{{Name: "made", Values: secret}},
		},
	}
	add := ldif.Change{Kind: ldif.Add, DN: "uid=x", Secrets: []string{"made"}, Entry: before.Attributes[:1]}
	plan := ldif.Plan{Before: before, Steps: []ldif.Step{{Change: modify, Inverse: &modify, Before: before}, {Change: add}}}
	i := intent(plan)
	i.Whole = before
	i.Secret = func(name string) bool { return name == "pin" }
	i.Body = journal.Blank([]byte(`{"password":"hunter2"}`), []string{"password"})
	entry, err := l.Begin(t.Context(), i, nil)
	if err != nil {
		t.Fatal(err)
	}
	receipt := ldif.NewReceipt(plan)
	receipt.Steps[0] = ldif.StepReceipt{Sent: modify, State: ldif.Done, Left: before}
	receipt.Steps[1] = ldif.StepReceipt{Sent: ldif.Change{Kind: ldif.Add, DN: "uid=y", Entry: before.Attributes[:1]}, State: ldif.Done}
	written(t, entry.Close(journal.Done{Receipt: receipt}))
	var text string
	rows, err := s.Read().Query("SELECT payload FROM journal_records")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var payload string
		if err := rows.Scan(&payload); err != nil {
			t.Fatal(err)
		}
		text += payload
	}
	if strings.Contains(text, "hunter2") || !strings.Contains(text, `"secret":1`) || rows.Err() != nil {
		t.Error(text)
	}
}

// Records that come at once share transactions, and nobody is told before his own is durable.
func TestGroupCommit(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := open(t, s, journal.Options{})
		var all sync.WaitGroup
		const writers, each = 16, 5
		for w := range writers {
			all.Go(func() {
				for n := range each {
					i := intent(renaming())
					i.RequestID = fmt.Sprintf("r-%d-%d", w, n)
					entry, err := l.Begin(t.Context(), i, nil)
					if err != nil {
						t.Error(err)
						return
					}
					if a, err := journal.Get(t.Context(), s, entry.ID()); err != nil || a.RequestID != i.RequestID {
						t.Errorf("%s: %+v, %v", i.RequestID, a, err)
					}
					if err := <-entry.Close(journal.Done{Receipt: done(i.Plan), Status: 200}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		l.Shut()
		found := 0
		if err := journal.Find(t.Context(), s, journal.Query{Outcome: journal.HalfDone}, func(journal.Account) error {
			found++
			return nil
		}); err != nil || found != writers*each {
			t.Errorf("%d records, %v", found, err)
		}
	})
}

// A check that refuses keeps its own intent from being recorded, and no other; what it wrote stands.
func TestChecks(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := open(t, s, journal.Options{})
		defer l.Shut()
		if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "CREATE TABLE counted (n BIGINT NOT NULL)")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		const most = 4
		errHeld := errors.New("held")
		limit := func(ctx context.Context, tx *sql.Tx, _ journal.Candidate) error {
			count := 0
			if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM counted").Scan(&count); err != nil {
				return err
			}
			if count >= most {
				return errHeld
			}
			_, err := tx.ExecContext(ctx, "INSERT INTO counted (n) VALUES (1)")
			return err
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		begun, held := 0, 0
		for range 3 * most {
			all.Go(func() {
				_, err := l.Begin(t.Context(), intent(renaming()), nil, limit)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					begun++
				case errors.Is(err, errHeld):
					held++
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		recorded := 0
		if err := journal.Find(t.Context(), s, journal.Query{}, func(journal.Account) error { recorded++; return nil }); err != nil {
			t.Fatal(err)
		}
		if begun != most || held != 2*most || recorded != most {
			t.Errorf("%d begun, %d held, %d recorded", begun, held, recorded)
		}
	})
}

// While the store does not take records, no intent is let through; what became of those that were, waits in memory. With `continue` all of
// it waits.
func TestStoreAway(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		for _, c := range []struct {
			onFailure journal.OnFailure
			recorded  int
		}{{journal.Refuse, 1}, {journal.Continue, 3}} {
			t.Run(string(c.onFailure), func(t *testing.T) {
				o.Timeout = 500 * time.Millisecond
				s := storetest.Open(t, o)
				l := open(t, s, journal.Options{OnFailure: c.onFailure})
				first, err := l.Begin(t.Context(), intent(renaming()), nil)
				if err != nil {
					t.Fatal(err)
				}
				free := hold(t, o)
				told := first.Close(journal.Done{Receipt: done(renaming())})
				second, err := l.Begin(t.Context(), intent(renaming()), nil)
				if goesOn := err == nil; goesOn != (c.onFailure == journal.Continue) {
					t.Errorf("an intent while the store is held: %v", err)
				}
				if second != nil {
					third, err := l.Begin(t.Context(), intent(renaming()), second)
					if err != nil {
						t.Fatal(err)
					}
					second.Close(journal.Done{Receipt: done(renaming())})
					third.Close(journal.Done{Receipt: done(renaming())})
				}
				<-told // who waits for it is let go
				free()
				l.Shut()
				recorded := 0
				if err := journal.Find(t.Context(), s, journal.Query{}, func(a journal.Account) error {
					recorded++
					if a.Outcome != journal.HalfDone {
						t.Errorf("%s is %s", a.ID, a.Outcome)
					}
					return nil
				}); err != nil || recorded != c.recorded {
					t.Errorf("%d recorded: %v", recorded, err)
				}
				if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
					_, err := tx.ExecContext(ctx, "DELETE FROM journal_records")
					return err
				}); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

// hold keeps everybody else from writing to the journal.
func hold(t *testing.T, o store.Options) (free func()) {
	t.Helper()
	o.Timeout = time.Minute
	s := storetest.Open(t, o)
	held, end := make(chan struct{}), make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Write(context.WithoutCancel(t.Context()), func(ctx context.Context, tx *sql.Tx) error {
			if s.Dialect() == store.Postgres {
				if _, err := tx.ExecContext(ctx, "LOCK TABLE journal_records IN ACCESS EXCLUSIVE MODE"); err != nil {
					t.Error(err)
				}
			}
			close(held)
			<-end
			return nil
		})
	}()
	<-held
	return func() { close(end); <-ended }
}

// Observers are told of what became of each intent, and of refusals, in the transaction that records it.
func TestObservers(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	var told []journal.Event
	l := open(t, s, journal.Options{}, func(_ context.Context, _ *sql.Tx, e journal.Event) error {
		told = append(told, e)
		return nil
	})
	entry, err := l.Begin(t.Context(), intent(renaming()), nil)
	if err != nil {
		t.Fatal(err)
	}
	written(t, entry.Close(journal.Done{Receipt: done(renaming()), Status: 500}))
	written(t, l.Refuse(journal.Refusal{Intent: journal.Intent{RequestID: "r-2"}, Reason: "guarded"}))
	l.Shut()
	if len(told) != 2 || told[0].ID != entry.ID() || told[0].Done.Status != 500 || told[0].Intent.Caller != "entra" ||
		told[1].Refusal.Reason != "guarded" || told[1].ID == entry.ID() {
		t.Errorf("%+v", told)
	}
}
