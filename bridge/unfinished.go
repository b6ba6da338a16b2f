package bridge

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"
)

// A group of more members than one LDAP request takes stands without some of them when the directory goes away in the middle, and cannot be
// taken back then. Nothing in the directory tells it from a whole one, and so whoever asks for its name is told of a conflict, but for the
// one whose request made it: the copy of the bridge that made it remembers its id and how many members it had, and the same request again
// completes it, as long as nobody has changed it.
const (
	unfinishedLife = time.Hour // a client that is told of a failure comes back with its next cycle
	unfinishedMax  = 1000
)

// unfinished are the ids of the entries that were made in part, by what was asked for.
type unfinished struct {
	now func() time.Time

	mu   sync.Mutex
	made map[asked]remnant
}

// asked is a POST.
type asked struct {
	typ, caller string
	body        [sha256.Size]byte
}

// remnant is an entry that was made in part: with so many of its members, the first ones of the request, and maybe the next.
type remnant struct {
	id      string
	members int
	at      time.Time
}

func newUnfinished(now func() time.Time) *unfinished {
	return &unfinished{now: now, made: map[asked]remnant{}}
}

// note remembers what a POST left, in place of the oldest where there are too many.
func (u *unfinished) note(a asked, id string, members int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.made, a)
	maps.DeleteFunc(u.made, func(_ asked, r remnant) bool { return u.now().Sub(r.at) > unfinishedLife })
	if len(u.made) >= unfinishedMax {
		var oldest asked
		for a, r := range u.made {
			if known, ok := u.made[oldest]; !ok || r.at.Before(known.at) {
				oldest = a
			}
		}
		delete(u.made, oldest)
	}
	u.made[a] = remnant{id, members, u.now()}
}

// forget is called when an entry is complete, or another request has changed it.
func (u *unfinished) forget(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.DeleteFunc(u.made, func(_ asked, r remnant) bool { return r.id == id })
}

// left is what the same POST left before; without an id: nothing.
func (u *unfinished) left(a asked) remnant {
	u.mu.Lock()
	defer u.mu.Unlock()
	if r := u.made[a]; u.now().Sub(r.at) <= unfinishedLife {
		return r
	}
	return remnant{}
}

// runOrComplete runs the creation, or completes what an earlier one of the same left.
func (c *creation) runOrComplete(ctx context.Context, body []byte) (*Result, error) {
	a := asked{typ: c.typ.Name, caller: c.call.Caller, body: sha256.Sum256(body)}
	if r := c.unfinished.left(a); r.id != "" {
		result, err := c.complete(ctx, r)
		changed := errors.Is(err, errNotFound)
		if (err == nil || changed) && c.foreseen == nil {
			c.unfinished.forget(r.id)
		}
		if !changed {
			return result, err
		}
	}
	past, result, err := c.run(ctx, c)
	if err == nil || !c.typ.HasMembers() {
		return result, err
	}
	id, members := past.left(c.typ.Members[0])
	if id == "" || c.foreseen != nil {
		return nil, err
	}
	c.unfinished.note(a, id, members)
	const part = "%d of the %d members are as asked; here the same request again completes it, and elsewhere a PATCH of the group"
	return nil, prefixed(err, fmt.Sprintf(part, members, len(c.members)))
}
