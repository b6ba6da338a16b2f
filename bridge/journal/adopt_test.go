package journal_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// What a bridge that died left open is closed once, however many look it up, with what others did, or may have done, to the same entries.
func TestAdopt(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		begin := func(l *journal.Ledger, plan ldif.Plan) *journal.Entry {
			t.Helper()
			i := intent(plan)
			i.Subjects = nil
			entry, err := l.Begin(t.Context(), i, nil)
			if err != nil {
				t.Fatal(err)
			}
			return entry
		}
		dead := open(t, s, journal.Options{})
		lost := begin(dead, renaming())
		dead.Shut()
		if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE journal_writers SET ended = 0")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		l := open(t, s, journal.Options{Lease: time.Second})
		written(t, begin(l, renaming()).Close(journal.Done{Receipt: done(renaming())}))
		elsewhere := renaming()
		elsewhere.Steps = elsewhere.Steps[3:]
		elsewhere.Steps[0].Change.DN = "ou=y,dc=example"
		begin(l, elsewhere)
		under := renaming()
		under.Steps = under.Steps[1:2]
		begin(l, under)

		third := open(t, s, journal.Options{Lease: time.Second})
		looked, both := make(chan []journal.Other, 2), make(chan struct{})
		ctx, end := context.WithCancel(t.Context())
		defer end()
		for _, l := range []*journal.Ledger{l, third} {
			go l.Adopt(ctx, func(_ context.Context, i journal.Intent, others []journal.Other) (journal.Done, error) {
				looked <- others
				<-both
				return journal.Done{Receipt: done(i.Plan)}, nil
			}, nil)
		}
		var others []journal.Other
		for range 2 {
			select {
			case others = <-looked:
			case <-time.After(time.Minute):
				t.Fatal("nobody looked it up")
			}
		}
		close(both)
		if len(others) != 2 || others[0].Change.If.Version != "v1" || !others[0].Sure ||
			others[1].Change.DN != "cn=g,dc=example" || others[1].Sure {
			t.Errorf("others did %+v", others)
		}
		for until := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			ended := int64(0)
			if err := s.Read().QueryRowContext(ctx, "SELECT ended FROM journal_writers WHERE writer = $1", lost.ID().Writer).
				Scan(&ended); err != nil || time.Now().After(until) {
				t.Fatal(err, ended)
			}
			if ended != 0 {
				break
			}
		}
		l.Shut() // both are through
		third.Shut()
		receipts := 0
		if err := s.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM journal_records WHERE kind = 'receipt' AND of_writer = $1",
			lost.ID().Writer).Scan(&receipts); err != nil || receipts != 1 {
			t.Errorf("it has %d receipts: %v", receipts, err)
		}
		if a, err := journal.Get(ctx, s, lost.ID()); err != nil || !a.Done.Found || a.Outcome != journal.HalfDone {
			t.Errorf("%+v, %v", a, err)
		}
	})
}
