package bridge

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"sync"
	"time"

	"scimbridge/bridge/reason"
)

// A group of more members than one LDAP request takes stands without some of them when the directory goes away in the middle, and cannot be
// taken back then. Nothing in the directory tells it from a whole one, and so whoever asks for its name is told of a conflict, but for the
// one whose request made it: the copy of the bridge that made it remembers its id, and the same request again completes it.
const (
	unfinishedLife = 24 * time.Hour // a client that is told of a failure may come back with its next cycle
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

type remnant struct {
	id string
	at time.Time
}

func newUnfinished(now func() time.Time) *unfinished {
	return &unfinished{now: now, made: map[asked]remnant{}}
}

// note remembers what a POST left ("": nothing), in place of the oldest where there are too many.
func (u *unfinished) note(a asked, id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.made, a)
	maps.DeleteFunc(u.made, func(_ asked, r remnant) bool { return u.now().Sub(r.at) > unfinishedLife })
	if id == "" {
		return
	}
	if len(u.made) >= unfinishedMax {
		var oldest asked
		for a, r := range u.made {
			if known, ok := u.made[oldest]; !ok || r.at.Before(known.at) {
				oldest = a
			}
		}
		delete(u.made, oldest)
	}
	u.made[a] = remnant{id, u.now()}
}

// left is the id of what the same POST left before; "": nothing.
func (u *unfinished) left(a asked) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if r := u.made[a]; u.now().Sub(r.at) <= unfinishedLife {
		return r.id
	}
	return ""
}

// make runs the creation, or completes what an earlier one of the same left.
func (c *creation) make(ctx context.Context, body []byte) (*Result, error) {
	a := asked{typ: c.typ.Name, caller: c.call.Caller, body: sha256.Sum256(body)}
	if id := c.unfinished.left(a); id != "" {
		result, err := c.complete(ctx, id)
		gone := errors.Is(err, errNotFound)
		if err == nil || gone {
			c.unfinished.note(a, "")
		}
		if !gone {
			return result, err
		}
	}
	past, result, err := c.run(ctx, c)
	if id := past.left(); err != nil && id != "" {
		c.unfinished.note(a, id)
		detail := "some of the members are missing, and the same request again completes it; " + Explain(err).Detail
		err = &reason.Error{Reason: reasonOf(err), Detail: detail, Cause: err}
	}
	return result, err
}
