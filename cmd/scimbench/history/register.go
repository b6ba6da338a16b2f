package history

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// act is what one request may do to one register (a user's title, whether somebody is in a group): within its time, at once.
type act struct {
	start, end time.Duration
	must       bool // it was done; else it may have been
	// do is the state behind it; false: it cannot have happened in this state.
	do  func(state string) (string, bool)
	by  *Event // nil: the look at the directory
	say string
}

// verdict is whether acts can be put into an order.
type verdict int

const (
	possible verdict = iota
	impossible
	undecided // it would take too long to tell
)

// patience bounds how many states of a register are looked at.
const patience = 200_000

// ordered looks for an order of the acts, each between its start and its end, in which all that must have happened can have (Wing and Gong,
// with Lowe's memory of what was tried).
func ordered(initial string, acts []act) verdict {
	acts = slices.Clone(acts)
	slices.SortStableFunc(acts, func(a, b act) int { return cmp.Compare(a.start, b.start) })
	s := &search{acts: acts, tried: map[string]bool{}, used: make([]byte, len(acts))}
	for i := range s.used {
		s.used[i] = '-'
	}
	switch {
	case s.from(initial, math.MinInt64):
		return possible
	case len(s.tried) >= patience:
		return undecided
	}
	return impossible
}

type search struct {
	acts  []act
	used  []byte
	tried map[string]bool
}

// from says whether the acts that are left can follow a state, where the last of those that were used began at a time.
func (s *search) from(state string, last time.Duration) bool {
	deadline, left := time.Duration(math.MaxInt64), false
	for i, a := range s.acts {
		if s.used[i] == '-' && a.must {
			left = true
			deadline = min(deadline, a.end)
		}
	}
	if !left {
		return true
	}
	var key strings.Builder
	key.Write(s.used)
	key.WriteString(state)
	if s.tried[key.String()] || len(s.tried) >= patience {
		return false
	}
	s.tried[key.String()] = true
	for _, must := range []bool{true, false} {
		for i, a := range s.acts {
			if a.start > deadline {
				break
			}
			if s.used[i] != '-' || a.must != must || a.end < last {
				continue
			}
			next, can := a.do(state)
			if !can || !must && next == state {
				continue
			}
			s.used[i] = '+'
			if s.from(next, max(last, a.start)) {
				return true
			}
			s.used[i] = '-'
		}
	}
	return false
}
