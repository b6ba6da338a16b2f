package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store"
	"scimbridge/ldapmap/ldif"
)

// effectFlag is an effect on the command line; the empty one is any.
type effectFlag struct{ ldif.EffectKind }

// UnmarshalText reads it.
func (f *effectFlag) UnmarshalText(text []byte) (err error) {
	f.EffectKind, err = word(text, ldif.EffectKinds)
	return err
}

// resultFlag is an outcome on the command line; the empty one is any.
type resultFlag struct{ journal.Outcome }

// UnmarshalText reads it.
func (f *resultFlag) UnmarshalText(text []byte) (err error) {
	f.Outcome, err = word(text, journal.Outcomes)
	return err
}

// word reads one of the known words as it may stand on a command line: members-removed, or "members removed".
func word[T ~string](text []byte, known []T) (T, error) {
	same := func(s string) string {
		return strings.ToLower(strings.NewReplacer("-", "", " ", "", "_", "").Replace(s))
	}
	var shown []string
	for _, k := range known {
		if same(string(k)) == same(string(text)) {
			return k, nil
		}
		shown = append(shown, strings.ReplaceAll(string(k), " ", "-"))
	}
	return "", fmt.Errorf("%q is none of %s", text, strings.Join(shown, ", "))
}

// operationFlag is an operation on the command line; the empty one is any.
type operationFlag string

// UnmarshalText reads it.
func (f *operationFlag) UnmarshalText(text []byte) error {
	name, err := word(text, journal.Operations)
	*f = operationFlag(name)
	return err
}

// typeOf is a type on the command line as the map has it. A type that only a map before this one had is as it is written; of one that no
// record is of, it is a fault.
func typeOf(ctx context.Context, s *store.Store, typ string, mapped []string) (string, error) {
	if typ == "" {
		return "", nil
	}
	name, unknown := word([]byte(typ), append(slices.Clone(mapped), "token")) // which Act tells of
	if unknown == nil {
		return name, nil
	}
	known := false
	err := journal.Find(ctx, s, journal.Query{Type: typ, Limit: 1}, func(journal.Account) error {
		known = true
		return nil
	})
	if err == nil && !known {
		err = misuse{fmt.Errorf("--type: no record is of that type: %w", unknown)}
	}
	return typ, err
}

// timeFlag is a moment on the command line.
type timeFlag struct {
	at  time.Time
	day bool          // it is a day, and at its begin
	ago time.Duration // before now; 0: it is none
}

// layouts are how a time may be written; list prints the last.
var layouts = []string{
	time.RFC3339, "2006-01-02T15:04", "2006-01-02T15:04:05",
	"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z",
}

// UnmarshalText reads it.
func (f *timeFlag) UnmarshalText(text []byte) (err error) {
	s := string(text)
	if f.at, err = time.Parse(time.DateOnly, s); err == nil {
		f.day = true
		return nil
	}
	for _, layout := range layouts {
		if f.at, err = time.Parse(layout, s); err == nil {
			return nil
		}
	}
	if f.ago, err = length(s); err != nil {
		return fmt.Errorf("%q is no time, as 2026-11-27, 2026-11-27T14:30:00Z or 2h (ago): 30m, 2h, 7d, 2w", s)
	}
	return nil
}

// lengthFlag is a length of time on the command line; the empty one is none.
type lengthFlag struct{ time.Duration }

// UnmarshalText reads it.
func (f *lengthFlag) UnmarshalText(text []byte) (err error) {
	if f.Duration, err = length(string(text)); err != nil {
		return fmt.Errorf("%q is no length of time, as 30m, 2h, 7d or 2w", text)
	}
	return nil
}

// length reads a duration, which may be in days (d) or weeks (w).
func length(text string) (time.Duration, error) {
	for unit, is := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, has := strings.CutSuffix(text, unit); has {
			n, err := strconv.ParseUint(number, 10, 16)
			if n == 0 && err == nil {
				err = strconv.ErrRange
			}
			return time.Duration(n) * is, err
		}
	}
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = strconv.ErrRange
	}
	return d, err
}

// from is the moment, of a day its begin; the zero time of an empty flag.
func (f timeFlag) from(now time.Time) time.Time {
	if f.ago > 0 {
		return now.Add(-f.ago)
	}
	return f.at
}

// to is the moment, of a day its end; the zero time of an empty flag.
func (f timeFlag) to(now time.Time) time.Time {
	if f.day {
		return f.at.AddDate(0, 0, 1)
	}
	return f.from(now)
}
