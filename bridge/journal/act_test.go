package journal_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// What is done to what the bridge keeps is recorded in its transaction, found by name and id, and is about no person; what fails is not.
func TestAct(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := open(t, s, journal.Options{})
		defer l.Shut()
		act := journal.Act{
			Caller: "admin", Client: "host", Operation: "make", Type: "token", ID: "3f2a1b0c", Name: "Mara", Detail: "role reader",
		}
		refused := errors.New("refused")
		for _, want := range []error{nil, refused, nil} {
			if err := l.Act(func(ctx context.Context, tx *sql.Tx) (journal.Act, error) {
				if want == nil {
					_, err := tx.ExecContext(ctx, "INSERT INTO journal_subjects (subject, writer, seq) VALUES ($1, 99, 1)", t.Name()+act.ID)
					return act, err
				}
				return act, want
			}); !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
			act.ID = "00000000"
		}
		n := 0
		if err := journal.Find(t.Context(), s, journal.Query{Subject: "mara"}, func(a journal.Account) error {
			n++
			if a.Kind != journal.KindAct || a.Outcome != journal.Written || a.Caller != "admin" || a.Client != "host" ||
				a.Detail != "role reader" || a.Name != "Mara" {
				t.Errorf("%+v", a)
			}
			return nil
		}); err != nil || n != 2 {
			t.Errorf("%d are found, %v", n, err)
		}
		if known, err := journal.Who(t.Context(), s, "mara"); err != nil || len(known.IDs) != 0 {
			t.Errorf("%+v, %v", known, err)
		}
		if v, faults := verify(t, s); faults != "" || v.Records != 2 {
			t.Errorf("%+v: %s", v, faults)
		}
	})
}
