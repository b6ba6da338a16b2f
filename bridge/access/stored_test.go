package access

import (
	"bytes"
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

	"scimbridge/bridge/reason"
	"scimbridge/bridge/store"
	"scimbridge/bridge/store/storetest"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// keep makes tokens for a test.
type keep struct {
	*Tokens
	t *testing.T
}

func tokensIn(t *testing.T, s *store.Store) keep {
	t.Helper()
	tokens, err := NewTokens(s)
	if err != nil {
		t.Fatal(err)
	}
	return keep{tokens, t}
}

func (k keep) make(name string, change func(*StoredToken)) (secret, id string) {
	k.t.Helper()
	asked := StoredToken{Name: name, Made: noon, MadeBy: "root"}
	if change != nil {
		change(&asked)
	}
	secret, made, err := k.Make(k.t.Context(), asked)
	if err != nil {
		k.t.Fatal(err)
	}
	return secret, made.ID
}

// gate is a copy of the bridge, with a clock of its own.
func (k keep) gate(log *bytes.Buffer) (g *Gate, clock *time.Time) {
	k.t.Helper()
	g, err := NewWith(Options{}, k.Tokens, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		k.t.Fatal(err)
	}
	now := noon.Add(time.Minute)
	g.now = func() time.Time { return now }
	g.stored.now = g.now
	return g, &now
}

func TestStoredTokens(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		k := tokensIn(t, s)
		secret, id := k.make("hr", func(a *StoredToken) {
			a.Role, a.User, a.Addresses, a.Expires = GroupsOnly, "hr@x", []string{"192.0.2.0/24"}, noon.AddDate(0, 1, 0)
		})
		other, otherID := k.make("entra", nil)
		var log bytes.Buffer
		one, clock := k.gate(&log)
		two, _ := k.gate(&log)
		if got := holds(t, one, secret) + holds(t, two, other); got != "hrentra" {
			t.Error(got)
		}
		caller, err := one.Authenticate(t.Context(), "Bearer "+secret, "192.0.2.9")
		if err != nil || caller != (Caller{"hr", GroupsOnly, "hr@x"}) {
			t.Errorf("%+v %v", caller, err)
		}
		if _, err := one.Authenticate(t.Context(), "Bearer "+secret, "192.0.3.9"); err == nil {
			t.Error("from another address")
		}
		for _, wrong := range []string{secret + "x", strings.ToLower(secret), storedPrefix, id, "scimbridge_" + id} {
			if got := holds(t, one, wrong); got != "unauthenticated: <nil>" {
				t.Errorf("%s: %s", wrong, got)
			}
		}

		// When each was used last is written down.
		one.Close(t.Context())
		two.Close(t.Context())
		list, err := k.List(t.Context(), false, noon)
		if err != nil {
			t.Fatal(err)
		}
		want := []StoredToken{
			{ID: otherID, Name: "entra", Made: noon, MadeBy: "root", Used: *clock, UsedFrom: "192.0.2.7"},
			{
				ID: id, Name: "hr", Role: GroupsOnly, User: "hr@x", Addresses: []string{"192.0.2.0/24"}, Made: noon, MadeBy: "root",
				Expires: noon.AddDate(0, 1, 0), Used: *clock, UsedFrom: "192.0.2.9",
			},
		}
		if id < otherID {
			want[0], want[1] = want[1], want[0]
		}
		for i := range want {
			if want[i].Addresses == nil {
				want[i].Addresses = []string{}
			}
		}
		if diff := cmp.Diff(want, list); diff != "" {
			t.Error(diff)
		}

		// A revoked one is seen to be within a second, and the store is not asked before.
		revoked, err := k.Revoke(t.Context(), "hr", "root", noon.Add(time.Hour))
		if err != nil || revoked.ID != id || revoked.Revoked != noon.Add(time.Hour) {
			t.Errorf("%+v %v", revoked, err)
		}
		*clock = clock.Add(storedAge - time.Millisecond)
		if got := holds(t, one, secret); got != "hr" {
			t.Error(got)
		}
		*clock = clock.Add(time.Millisecond)
		if got := holds(t, one, secret) + ", " + holds(t, one, other); got != "unauthenticated: <nil>, entra" {
			t.Error(got)
		}

		// One that was made a moment ago is known.
		third, _ := k.make("entra", nil)
		*clock = clock.Add(unknownAge)
		if got := holds(t, one, third); got != "entra" {
			t.Error(got)
		}

		// No secret stands anywhere.
		err = s.View(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			found, err := find(ctx, tx, "1 = 1")
			text := fmt.Sprintf("%v %+v", found, found)
			if len(found) != 3 || strings.Contains(text, secret) || strings.Contains(text, other) {
				t.Error(text)
			}
			return err
		})
		if err != nil || strings.Contains(log.String(), secret[len(storedPrefix):]) {
			t.Error(err, log.String())
		}
	})
}

// TestStoredTokensTakeTurns: two of one name at the most, of one role and user, and a name that is not one token's alone revokes none.
func TestStoredTokensTakeTurns(t *testing.T) {
	storetest.EachOpen(t, func(t *testing.T, s *store.Store) {
		k := tokensIn(t, s)
		_, first := k.make("a", nil)
		_, second := k.make("a", nil)
		fault := func(want string, err error) {
			t.Helper()
			if told, ok := errors.AsType[Fault](err); !ok || !strings.Contains(told.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		}
		_, _, err := k.Make(t.Context(), StoredToken{Name: "a", Made: noon})
		fault(`two tokens have the name "a" already`, err)
		_, _, err = k.Make(t.Context(), StoredToken{Name: "a", Role: Reader, Made: noon})
		fault("another role or user", err)
		_, err = k.Revoke(t.Context(), "a", "root", noon)
		fault(`2 tokens have the name "a": name one by its id, `, err)
		if _, err := k.Revoke(t.Context(), first, "root", noon); err != nil {
			t.Error(err)
		}
		_, err = k.Revoke(t.Context(), first, "root", noon)
		fault("no token has the id or name", err)
		k.make("a", func(a *StoredToken) { a.Expires = noon.Add(time.Hour) })
		if _, err := k.Revoke(t.Context(), second, "root", noon); err != nil {
			t.Error(err)
		}
		if _, _, err := k.Make(t.Context(), StoredToken{Name: "a", Role: Reader, Made: noon.Add(2 * time.Hour)}); err != nil {
			t.Errorf("beside one that has expired: %v", err)
		}
		for all, want := range map[bool]int{false: 1, true: 4} {
			if list, err := k.List(t.Context(), all, noon.Add(2*time.Hour)); err != nil || len(list) != want {
				t.Errorf("all %t: %d, %v", all, len(list), err)
			}
		}
	})
}

// TestTheStoreIsAway: known tokens go on for a while, and nobody is told that he is nobody.
func TestTheStoreIsAway(t *testing.T) {
	s, err := store.New(storetest.SQLite(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	k := tokensIn(t, s)
	secret, _ := k.make("a", nil)
	var log bytes.Buffer
	g, clock := k.gate(&log)
	late, _ := k.gate(&log)
	if got := holds(t, g, secret); got != "a" {
		t.Fatal(got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	away := func(g *Gate, token string) {
		t.Helper()
		_, err := g.Authenticate(t.Context(), "Bearer "+token, "")
		if refusal, ok := errors.AsType[*reason.Error](err); err == nil || ok && refusal.Reason == reason.Unauthenticated {
			t.Errorf("%v", err)
		}
	}
	away(late, secret)
	*clock = clock.Add(awayAge - time.Second)
	if got := holds(t, g, secret); got != "a" {
		t.Error(got)
	}
	away(g, storedPrefix+"other")
	if got := holds(t, g, "other"); got != "unauthenticated: <nil>" {
		t.Error(got)
	}
	*clock = clock.Add(time.Second)
	away(g, secret)
	g.Close(t.Context()) // which tells, and gives up
	if !strings.Contains(log.String(), "when tokens were used last cannot be written down") {
		t.Error(log.String())
	}
}

// TestAStrangeTokenInTheStore lets nobody in, keeps nobody out, and can be revoked.
func TestAStrangeTokenInTheStore(t *testing.T) {
	for name, change := range map[string]string{
		"a role to come":  "UPDATE access_token SET role = 'auditor' WHERE id = $1",
		"another's hand":  "UPDATE access_token SET role = '' WHERE id = $1",
		"another address": "UPDATE access_token SET addresses = 'everywhere' WHERE id = $1",
	} {
		t.Run(name, func(t *testing.T) {
			s := storetest.Open(t, storetest.SQLite(t))
			k := tokensIn(t, s)
			secret, _ := k.make("a", nil)
			strange, id := k.make("b", nil)
			err := s.Write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, change, id)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			g, clock := k.gate(&log)
			for range 3 {
				*clock = clock.Add(storedAge)
				if got := holds(t, g, secret) + " " + holds(t, g, strange); got != "a unauthenticated: <nil>" {
					t.Error(got)
				}
			}
			if text := log.String(); strings.Count(text, "does not understand") != 1 || !strings.Contains(text, id) {
				t.Error(text)
			}
			if revoked, err := k.Revoke(t.Context(), "b", "root", noon); err != nil || revoked.ID != id {
				t.Errorf("%+v %v", revoked, err)
			}
			if list, err := k.List(t.Context(), false, noon); err != nil || len(list) != 1 || list[0].Name != "a" {
				t.Errorf("%+v %v", list, err)
			}
		})
	}
}

// TestAFaultyFileBesideAStore: a token that looks like the store's may be one of the file that cannot be read.
func TestAFaultyFileBesideAStore(t *testing.T) {
	k := tokensIn(t, storetest.Open(t, storetest.SQLite(t)))
	kept, _ := k.make("a", nil)
	const moved = storedPrefix + "0123456789"
	path := file(t, "- {name: b, token: "+moved+"}")
	g, err := NewWith(Options{TokensFile: path}, k.Tokens, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got := holds(t, g, kept) + holds(t, g, moved); got != "ab" {
		t.Error(got)
	}
	if err := replaced("- {name: b")(path); err != nil {
		t.Fatal(err)
	}
	if got := holds(t, g, kept) + " " + holds(t, g, moved); got != "a tokens-faulty: <nil>" {
		t.Error(got)
	}
}

func TestNewStoredToken(t *testing.T) {
	for want, faults := range map[string]func() []error{
		"[]": func() []error {
			made, faults := NewStoredToken("a", "reader", "", []string{"192.0.2.7"}, "2026-11-28", noon)
			if made.Role != Reader || !made.Expires.Equal(time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)) {
				t.Errorf("%+v", made)
			}
			return faults
		},
		"[name is empty, or holds a character that does not show expires is over]": func() []error {
			_, faults := NewStoredToken("", "", "", nil, "2026-11-26", noon)
			return faults
		},
		"[name is empty, or holds a character that does not show user holds a character that does not show]": func() []error {
			_, faults := NewStoredToken("a\u009bb", "", "a\nb", nil, "", noon)
			return faults
		},
		"[name is empty, or holds a character that does not show]": func() []error {
			_, faults := NewStoredToken("a\xff", "", "Ögmundur Ás", nil, "", noon)
			return faults
		},
		"[role is not one of provisioner, users-only, groups-only, reader, operator " +
			"addresses[0] is no address and no network, as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32 " +
			"expires is no day and no time, as 2027-01-31 (its end, in UTC) or 2027-01-31T12:00:00Z]": func() []error {
			_, faults := NewStoredToken("a", "admin", "", []string{"x"}, "soon", noon)
			return faults
		},
	} {
		if got := fmt.Sprint(faults()); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestStoredTokensEnd: they are told of before, as the configuration's are, and any number of requests may ask at once.
func TestStoredTokensEnd(t *testing.T) {
	k := tokensIn(t, storetest.Open(t, storetest.SQLite(t)))
	secret, _ := k.make("a", func(a *StoredToken) { a.Expires = noon.AddDate(0, 0, 10) })
	var log bytes.Buffer
	g, clock := k.gate(&log)
	g.remind(t.Context())
	if text := log.String(); !strings.Contains(text, "a token expires soon") || !strings.Contains(text, "days=9") {
		t.Error(text)
	}
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for range 50 {
				if _, err := g.Authenticate(t.Context(), "Bearer "+secret, "192.0.2.7"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	*clock = noon.AddDate(0, 0, 10)
	if got := holds(t, g, secret); got != `unauthenticated: the token "a" has expired` {
		t.Error(got)
	}
}
