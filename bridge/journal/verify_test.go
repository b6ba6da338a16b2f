package journal_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

// change runs statements against the journal, past the bridge.
func change(t *testing.T, s *store.Store, statements ...string) {
	t.Helper()
	if err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		for _, statement := range statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// verify returns the faults of the journal, in one line.
func verify(t *testing.T, s *store.Store, heads ...journal.Head) (journal.Verified, string) {
	t.Helper()
	var faults []string
	v, err := journal.Verify(t.Context(), s, heads, func(f journal.Fault) { faults = append(faults, f.String()) })
	if err != nil {
		t.Fatal(err)
	}
	if v.Faults != len(faults) {
		t.Errorf("%d faults are counted of %d", v.Faults, len(faults))
	}
	return v, strings.Join(faults, "; ")
}

// fill records writes of a writer, each with its receipt.
func fill(t *testing.T, l *journal.Ledger, writes int) {
	t.Helper()
	for range writes {
		entry, err := l.Begin(t.Context(), intent(renaming()), nil)
		if err != nil {
			t.Fatal(err)
		}
		written(t, entry.Close(journal.Done{Receipt: done(renaming()), Status: 500}))
	}
}

// Whatever is changed of a record, left out, or cut off at the end is found, and named by its writer and its place.
func TestVerify(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		for range 2 {
			l := open(t, s, journal.Options{})
			fill(t, l, 3)
			l.Shut()
		}
		living := open(t, s, journal.Options{})
		defer living.Shut()
		fill(t, living, 2)
		v, faults := verify(t, s)
		if v.Writers != 3 || v.Records != 16 || faults != "" || len(v.Heads) != 1 || v.Heads[0].ID != (journal.ID{Writer: 3, Seq: 4}) {
			t.Fatalf("%+v, %s", v, faults)
		}
		head, err := journal.ParseHead(v.Heads[0].String())
		if err != nil || head != v.Heads[0] {
			t.Fatalf("%v, %v", head, err)
		}
		other := head
		other.Hash = strings.Repeat("0", 64)
		change(t, s, "CREATE TABLE kept_writers AS SELECT * FROM journal_writers",
			"CREATE TABLE kept_records AS SELECT * FROM journal_records")
		const unlinked = "record 1-4: its hash is not that of what it says and of the record before it: it was changed, or that one"
		const fourth = " WHERE writer = 1 AND seq = 4"
		changed := func(column, value string) []string {
			return []string{"UPDATE journal_records SET " + column + " = " + value + fourth}
		}
		for name, c := range map[string]struct {
			statements []string
			heads      []journal.Head
			faults     string
		}{
			"nothing":       {nil, []journal.Head{head}, ""},
			"another head":  {nil, []journal.Head{other}, "record 3-4: it is another record than"},
			"kind":          {changed("kind", "'refusal'"), nil, "record 1-4: its hash is not"},
			"time":          {changed("time", "time + 1"), nil, "record 1-4: its hash is not"},
			"what it is of": {changed("of_seq", "1"), nil, "record 1-4: its hash is not"},
			"request":       {changed("request", "'r-9'"), nil, unlinked + "; record 1-4: the request"},
			"caller":        {changed("caller", "'x'"), nil, unlinked + "; record 1-4: the caller"},
			"effects":       {changed("effects", "',deleted,'"), nil, unlinked + "; record 1-4: the effects"},
			"outcome":       {changed("outcome", "'written'"), nil, unlinked + "; record 1-4: the outcome"},
			"payload": {
				changed("payload", "(SELECT payload FROM kept_records WHERE writer = 1 AND seq = 2)"), nil,
				"record 1-4: what it says was changed",
			},
			"erased": {changed("payload", "NULL"), nil, "record 1-4: what it says was erased"},
			"payload with its digest": {
				append(changed("payload", "(SELECT payload FROM kept_records WHERE writer = 1 AND seq = 2)"),
					changed("digest", "(SELECT digest FROM kept_records WHERE writer = 1 AND seq = 2)")...),
				nil, "record 1-4: its hash is not",
			},
			"hash":  {changed("hash", "digest"), nil, "record 1-4: its hash is not"},
			"a gap": {[]string{"DELETE FROM journal_records" + fourth}, nil, "record 1-4: it is missing"},
			"many": {
				[]string{"DELETE FROM journal_records WHERE writer = 1 AND seq IN (3, 4)"},
				nil,
				"record 1-3: it is missing, and all up to 4",
			},
			"the first":  {[]string{"DELETE FROM journal_records WHERE writer = 1 AND seq = 1"}, nil, "record 1-1: it is missing"},
			"a cut tail": {[]string{"DELETE FROM journal_records WHERE writer = 1 AND seq > 4"}, nil, "record 1-4: the chain ends here"},
			"an end that was another": {
				[]string{"UPDATE journal_writers SET hash = before WHERE writer = 1"}, nil, "record 1-6: it is another record",
			},
			"a tail of the living, by its head": {
				[]string{
					"DELETE FROM journal_records WHERE writer = 3 AND seq > 2", "UPDATE journal_writers SET head = 0 WHERE writer = 3",
				},
				[]journal.Head{head},
				"record 3-4: it is missing: the chain ends at 2",
			},
			"a chain": {
				[]string{"DELETE FROM journal_records WHERE writer = 1", "DELETE FROM journal_writers WHERE writer = 1"},
				nil,
				"writer 1: its whole chain is missing",
			},
			"the last chain, by its head": {
				[]string{"DELETE FROM journal_records WHERE writer = 3", "DELETE FROM journal_writers WHERE writer = 3"},
				[]journal.Head{head},
				"record 3-4: it is missing, and its writer's whole chain",
			},
			"a writer": {[]string{"DELETE FROM journal_writers WHERE writer = 2"}, nil, "writer 2: nothing says"},
			"records of its own": {
				[]string{`INSERT INTO journal_records SELECT writer, seq + 1, kind, time, of_writer, of_seq, request, caller, effects,
					outcome, payload, digest, hash FROM journal_records WHERE writer = 1 AND seq = 6`}, nil, "record 1-7: its hash is not",
			},
			"its beginning, in secret": {
				[]string{
					`UPDATE journal_writers SET first = 3, before = (SELECT hash FROM journal_records WHERE writer = 1 AND seq = 2)
						WHERE writer = 1`,
					"DELETE FROM journal_records WHERE writer = 1 AND seq < 3",
				}, nil, "record 1-2: what is older was cut off, and nothing says so",
			},
		} {
			change(t, s, c.statements...)
			_, faults := verify(t, s, c.heads...)
			if (faults == "") != (c.faults == "") || !strings.HasPrefix(faults, c.faults) {
				t.Errorf("%s: %q, want %q", name, faults, c.faults)
			}
			change(t, s, "DELETE FROM journal_records", "INSERT INTO journal_records SELECT * FROM kept_records",
				"DELETE FROM journal_writers", "INSERT INTO journal_writers SELECT * FROM kept_writers")
		}
		for _, text := range []string{"", "3-4", "3-4:", "3-4:xy", "3:" + head.Hash} {
			if h, err := journal.ParseHead(text); err == nil {
				t.Errorf("%q is %v", text, h)
			}
		}
	})
}
