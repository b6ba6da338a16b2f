package journal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
	"scimbridge/ldapmap/ldif"
)

// Who follows is told of each record once it is closed, of whatever writer, and of nothing that was there before.
func TestFollow(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		record := func(l *journal.Ledger, request string, closed bool) *journal.Entry {
			t.Helper()
			i := intent(renaming())
			i.RequestID = request
			entry, err := l.Begin(t.Context(), i, nil)
			if err != nil {
				t.Fatal(err)
			}
			if closed {
				written(t, entry.Close(journal.Done{Receipt: done(i.Plan)}))
			}
			return entry
		}
		one := open(t, s, journal.Options{})
		defer one.Shut()
		record(one, "before", true)
		begun := record(one, "begun before", false)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		begins, told, ended := make(chan struct{}), make(chan string), make(chan error, 1)
		go func() {
			begun := func() error { close(begins); return nil }
			ended <- journal.Follow(ctx, s, journal.Query{Caller: "entra"}, begun, func(a journal.Account) error {
				select {
				case told <- a.RequestID:
				case <-ctx.Done():
				}
				return ctx.Err()
			})
		}()
		<-begins
		written(t, begun.Close(journal.Done{}))
		record(one, "not closed", false)
		other := open(t, s, journal.Options{})
		defer other.Shut()
		record(other, "after", true)
		written(t, other.Refuse(journal.Refusal{Intent: journal.Intent{RequestID: "of another", Caller: "x"}}))
		written(t, other.Refuse(journal.Refusal{Intent: journal.Intent{RequestID: "refused", Caller: "entra"}}))
		var got []string
		for len(got) < 3 {
			got = append(got, <-told)
		}
		slices.Sort(got)
		if text := strings.Join(got, ", "); text != "after, begun before, refused" {
			t.Error(text)
		}
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// Many records are read a page at a time, and large ones few at once: all of them come, in order, either way.
func TestFindPages(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	l := open(t, s, journal.Options{OnFailure: journal.Continue})
	const all = 450
	octets := make([]byte, 20<<10) // 450 of them are nine megabytes, that do not compress well
	for i, x := 0, uint32(1); i < len(octets); i++ {
		x = x*1664525 + 1013904223
		octets[i] = "0123456789abcdef"[x>>28]
	}
	var last <-chan error
	for n := range all {
		i := journal.Intent{RequestID: fmt.Sprint(n), Caller: "entra", Type: []string{"User", "Group"}[n%2]}
		i.Body = fmt.Appendf(nil, `{"x":%q}`, octets)
		last = l.Refuse(journal.Refusal{Intent: i})
	}
	written(t, last)
	l.Shut()
	for name, c := range map[string]struct {
		query       journal.Query
		first, step int
		found       int
	}{
		"the oldest first": {journal.Query{}, 0, 1, all},
		"the newest first": {journal.Query{Newest: true}, all - 1, -1, all},
		"of one type":      {journal.Query{Type: "Group"}, 1, 2, all / 2},
		"no more than":     {journal.Query{Type: "Group", Limit: 210}, 1, 2, 210},
	} {
		found := 0
		if err := journal.Find(t.Context(), s, c.query, func(a journal.Account) error {
			if want := fmt.Sprint(c.first + found*c.step); a.RequestID != want {
				t.Fatalf("%s: record %s comes, want %s", name, a.RequestID, want)
			}
			found++
			return nil
		}); err != nil || found != c.found {
			t.Errorf("%s: %d found: %v", name, found, err)
		}
	}
}

// Who reads a record is told that there is a secret, and who takes something back finds nothing in its place.
func TestSecretsShow(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	l := open(t, s, journal.Options{})
	defer l.Shut()
	change := ldif.Change{Kind: ldif.Modify, DN: "uid=mara", Mods: []ldif.Mod{
		{Op: ldif.ReplaceValues, Name: "userPassword", Values: []string{"hunter2"}}, {Op: ldif.DeleteValues, Name: "unicodePwd"},
	}}
	entry, err := l.Begin(t.Context(), intent(ldif.Plan{Steps: []ldif.Step{{Change: change}}}), nil)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := journal.Show(t.Context(), s, entry.ID())
	const want = "replace: userPassword\n# userPassword: (not shown)\n-\ndelete: unicodePwd\n-\n"
	if err != nil || !strings.HasSuffix(shown.Plan.String(), want) {
		t.Errorf("%s, %v", shown.Plan, err)
	}
	got, err := journal.Get(t.Context(), s, entry.ID())
	if err != nil || len(got.Plan.Steps[0].Change.Mods[0].Values) != 0 {
		t.Errorf("%+v, %v", got.Plan, err)
	}
}
