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

// What a bridge that died left open is looked up once, with what others did, or may have done, to the same entries.
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
		defer l.Shut()
		written(t, begin(l, renaming()).Close(journal.Done{Receipt: done(renaming())}))
		elsewhere := renaming()
		elsewhere.Steps = elsewhere.Steps[3:]
		elsewhere.Steps[0].Change.DN = "ou=y,dc=example"
		begin(l, elsewhere)
		under := renaming()
		under.Steps = under.Steps[1:2]
		begin(l, under)

		looked := make(chan []journal.Other, 1)
		ctx, end := context.WithCancel(t.Context())
		defer end()
		go l.Adopt(ctx, func(_ context.Context, i journal.Intent, others []journal.Other) (ldif.Receipt, error) {
			looked <- others
			return done(i.Plan), nil
		})
		var others []journal.Other
		select {
		case others = <-looked:
		case <-time.After(time.Minute):
			t.Fatal("nobody looked it up")
		}
		if len(others) != 2 || others[0].Change.If.Version != "v1" || !others[0].Sure ||
			others[1].Change.DN != "cn=g,dc=example" || others[1].Sure {
			t.Errorf("others did %+v", others)
		}
		for until := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			a, err := journal.Get(t.Context(), s, lost.ID())
			if err != nil || time.Now().After(until) {
				t.Fatal(err, a.Outcome)
			}
			if a.Done != nil {
				if !a.Done.Found || a.Outcome != journal.HalfDone {
					t.Errorf("%+v", a)
				}
				break
			}
		}
	})
}
