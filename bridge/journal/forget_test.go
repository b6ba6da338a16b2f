package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

func forget(t *testing.T, s *store.Store, person string) (journal.Forgotten, error) {
	t.Helper()
	return journal.Forget(t.Context(), s, slog.New(slog.DiscardHandler), person, "dpo")
}

// stored is all that stands in the tables that may name anybody.
func stored(t *testing.T, s *store.Store) (text string) {
	t.Helper()
	var all []string
	for _, query := range []string{
		"SELECT payload FROM journal_records WHERE payload IS NOT NULL", "SELECT subject FROM journal_subjects",
		"SELECT request || ' ' || caller || ' ' || effects FROM journal_records",
	} {
		rows, err := s.Read().Query(query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			all = append(all, text)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return strings.ToLower(strings.Join(all, "\n"))
}

// Of who is forgotten nothing is left, neither in records about the person nor in those that only name the person; what is said of others
// stays; and the chains hold.
func TestForget(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		l := lives(t, s)
		defer l.Shut()
		if _, err := forget(t, s, "somebody"); !errors.Is(err, journal.ErrNobody) {
			t.Error(err)
		}
		_, err := forget(t, s, "mara")
		if several, is := errors.AsType[*journal.AmbiguousError](err); !is || len(several.IDs) != 2 {
			t.Fatalf("two have had the name: %v", err)
		}
		before := stored(t, s)
		for _, text := range []string{"7f3c51d0-aaaa", "uid=maria", "mara koch"} {
			if !strings.Contains(before, text) {
				t.Errorf("%s is not there to begin with", text)
			}
		}
		f, err := forget(t, s, "maria")
		if err != nil || f.Erased != 4 || f.Blanked != 4 || len(f.Open) != 0 {
			t.Fatalf("%+v, %v", f, err)
		}
		after := stored(t, s)
		for _, text := range []string{"7f3c51d0-aaaa", "maria", "uid=mara,", "mara koch"} {
			if at := strings.Index(after, text); at >= 0 {
				t.Errorf("%s is left: %s", text, after[max(0, at-80):min(len(after), at+80)])
			}
		}
		for _, text := range []string{
			"7f3c51d0-bbbb", "uid=tom,ou=people,dc=example", "uid=mara2", "7f3c51d0-cccc",
			`{"op":"add","path":"members","value":[{"value":"(forgotten)","display":"(forgotten)"},{"value":"7f3c51d0-bbbb"}]}`,
			`{"op":"remove","path":"(forgotten)"}`, `{"manager":{"value":"(forgotten)","displayname":"(forgotten)"}}`,
		} {
			if !strings.Contains(after, text) {
				t.Errorf("%s is gone too", text)
			}
		}
		if got := requests(t, s, "Cooks"); !slices.Equal(got, []string{"join", "leave"}) {
			t.Errorf("of the group %q is found", got)
		}
		if got := requests(t, s, "maria"); got != nil {
			t.Errorf("of who is forgotten %q is found", got)
		}
		told := 0
		if err := journal.Find(t.Context(), s, journal.Query{}, func(a journal.Account) error {
			switch {
			case a.Kind == journal.KindForget && (a.Caller != "dpo" || a.Outcome != journal.Written):
				t.Errorf("%+v", a)
			case a.Kind == journal.KindForget:
				told++
			case slices.Contains([]string{"create", "rename"}, a.RequestID) != a.Forgotten,
				slices.Contains([]string{"join", "leave", "manager", "heir"}, a.RequestID) != a.Blanked:
				t.Errorf("%s: forgotten %t, blanked %t", a.RequestID, a.Forgotten, a.Blanked)
			}
			return nil
		}); err != nil || told != 1 {
			t.Errorf("%d records of it, %v", told, err)
		}
		v, faults := verify(t, s)
		if faults != "" || v.Forgotten != 8 {
			t.Errorf("%+v: %s", v, faults)
		}
		for statement, want := range map[string]string{
			"UPDATE journal_records SET payload = digest WHERE writer = 1 AND seq = 5": "record 1-5: what it says was changed",
			"UPDATE journal_records SET payload = NULL WHERE writer = 1 AND seq = 3":   "record 1-3: what it says was erased, and nothing",
		} {
			change(t, s, "CREATE TABLE kept AS SELECT * FROM journal_records", statement)
			if _, faults := verify(t, s); !strings.HasPrefix(faults, want) {
				t.Errorf("%s: %q", statement, faults)
			}
			change(t, s, "DELETE FROM journal_records", "INSERT INTO journal_records SELECT * FROM kept", "DROP TABLE kept")
		}
	})
}

// An open write may have to be looked up in the directory: it stays, and is named.
func TestForgetWhatIsOpen(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	l := open(t, s, journal.Options{})
	defer l.Shut()
	entry, err := l.Begin(t.Context(), intent(renaming()), nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := forget(t, s, "7")
	if err != nil || f.Erased != 0 || len(f.Open) != 1 || f.Open[0] != entry.ID() {
		t.Errorf("%+v, %v", f, err)
	}
	for n := range 60 { // that come in between
		tell(t, l, "other", fmt.Sprint("8-", n), "", "other", "{}", nil, ldif.Change{Kind: ldif.Delete, DN: fmt.Sprint("uid=x", n)})
	}
	written(t, entry.Close(journal.Done{Receipt: done(renaming()), Status: 500}))
	if f, err = forget(t, s, "7"); err != nil || f.Erased != 2 || f.Blanked != 0 || len(f.Open) != 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

// What is erased is gone from SQLite's files too.
func TestForgetInTheFile(t *testing.T) {
	o := storetest.SQLite(t)
	s := storetest.Open(t, o)
	l := lives(t, s)
	defer l.Shut()
	for range 3 { // of which some stand on pages of their own
		tell(t, l, "large", "7f3c51d0-aaaa", "", "maria", `{"userName":"maria","note":"`+strings.Repeat("maria ", 5000)+`"}`, nil,
			renaming().Steps[0].Change)
	}
	files := func() (text []byte) {
		for _, file := range []string{o.File, o.File + "-wal"} {
			octets, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, octets...)
		}
		return bytes.ToLower(text)
	}
	if !bytes.Contains(files(), []byte("maria")) {
		t.Error("it is not there to begin with")
	}
	f, err := forget(t, s, "7f3c51d0-aaaa")
	if err != nil || f.Residual || f.Erased == 0 {
		t.Fatalf("%+v, %v", f, err)
	}
	left := files()
	for _, text := range []string{"maria", "7f3c51d0-aaaa", "mara koch"} {
		if bytes.Contains(left, []byte(text)) {
			t.Errorf("%s is left in the file", text)
		}
	}
	if !bytes.Contains(left, []byte("7f3c51d0-bbbb")) {
		t.Error("others are gone too")
	}
}
