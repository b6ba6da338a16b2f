package access

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	"scimbridge/bridge/store"
)

const (
	// storedAge is how old what is known of the store's tokens may be for one that is known, and so how long a revoked one is valid still.
	storedAge = time.Second
	// unknownAge is the same for one that is not known: it may have been made a moment ago.
	unknownAge = 200 * time.Millisecond
	// awayAge is how long the tokens that were known go on while the store cannot be asked: whoever would revoke one cannot either.
	awayAge = 5 * time.Minute
	// useAge is how exact it is when a token was used last.
	useAge = time.Minute
)

// stored is what the gate knows of the store's tokens: all of them, as of a moment ago. It asks the store once a second at the most, and
// for tokens that look like the store's alone.
type stored struct {
	tokens *Tokens
	now    func() time.Time
	log    *slog.Logger

	mu    sync.Mutex // held while the store is asked: who comes meanwhile has the same question
	known map[digest]*token
	read  time.Time // when that was so; zero: never
	uses  map[string]use
	told  map[string]bool // tokens that are not understood, by their ids
}

// use is when and from where a token was used last.
type use struct {
	at   time.Time
	from string
}

// find is the token of the digest. The digest of what a stranger sends is no better guess for being near one: a map may tell how near.
func (s *stored) find(ctx context.Context, d digest) (*token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, now := s.known[d], s.now()
	age := storedAge
	if t == nil {
		age = unknownAge
	}
	if s.read.IsZero() || now.Sub(s.read) >= age || now.Before(s.read) {
		if err := s.reread(ctx, now); err != nil && (s.read.IsZero() || now.Sub(s.read) >= awayAge || t == nil) {
			return nil, err
		}
		t = s.known[d]
	}
	switch {
	case t == nil:
		return nil, nobody(nil)
	case t.expired(now):
		return nil, nobody(fmt.Errorf("the token %q has expired", t.name))
	}
	return t, nil
}

func (s *stored) reread(ctx context.Context, now time.Time) error {
	known := map[digest]*token{}
	err := s.tokens.store.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
		clear(known)
		found, err := find(ctx, tx, "revoked = 0")
		for _, row := range found {
			t := &token{name: row.Name, role: row.Role, user: row.User, expires: row.Expires, digest: row.digest, id: row.ID}
			t.addresses = ParseAddresses(row.Addresses, func(int, string) { row.strange = true })
			if strange := row.asWritten(); strange == nil {
				known[row.digest] = t
			} else if !s.told[row.ID] {
				s.told[row.ID] = true
				s.log.Error(strange.Error())
			}
		}
		return err
	})
	if err == nil {
		s.known, s.read = known, now
	}
	return err
}

// used notes that a token was let in.
func (s *stored) used(t *token, from string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uses[t.id] = use{s.now(), from}
}

// keepUses writes down which tokens were used since the last time.
func (s *stored) keepUses(ctx context.Context) error {
	s.mu.Lock()
	uses := s.uses
	s.uses = map[string]use{}
	s.mu.Unlock()
	if len(uses) == 0 {
		return nil
	}
	err := s.tokens.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for id, u := range uses {
			_, err := tx.ExecContext(ctx, "UPDATE access_token SET used = $1, used_from = $2 WHERE id = $3 AND used < $1",
				store.Micros(u.at), u.from, id)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil { // another time
		s.mu.Lock()
		defer s.mu.Unlock()
		maps.Copy(uses, s.uses)
		s.uses = uses
	}
	return err
}

// all are the tokens as they were last read, which is now where the store can be asked.
func (s *stored) all(ctx context.Context) (list []token) {
	if s == nil {
		return nil
	}
	_, _ = s.find(ctx, digest{}) // which is no token's
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.known {
		list = append(list, *t)
	}
	return list
}

// isStored says whether credentials may be one of the store's tokens.
func isStored(credentials string) bool { return strings.HasPrefix(credentials, storedPrefix) }
