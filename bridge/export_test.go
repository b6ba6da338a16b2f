package bridge

import (
	"context"
	"time"
)

// LookUp and Inherits are lookUp and inherits for the tests.
var (
	LookUp   = (*Bridge).lookUp
	Inherits = (*Bridge).inherits
)

// DeleteInPanic is Delete with a panic between the intent and the first change.
func DeleteInPanic(ctx context.Context, b *Bridge, c Call, typ, id string) (*Result, error) {
	r, err := b.begin(ctx, c, "delete", typ, View{})
	if err != nil {
		return nil, err
	}
	r.accounts(nil)
	return r.write(ctx, panicking{&deletion{request: r, id: id}})
}

type panicking struct{ *deletion }

func (panicking) reads() []string { panic("the map is nil") }

// CountFor has counts of resources end after a time.
func CountFor(d time.Duration) { counting = d }

// LooksLater has a bridge look once more so long after what no answer came for.
func LooksLater(b *Bridge, later time.Duration) { b.owed.later = later }
