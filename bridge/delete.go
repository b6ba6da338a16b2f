package bridge

import (
	"context"
	"errors"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/read"
)

// Delete removes a resource (RFC 7644 §3.6), and first takes it out of what refers to it where the directory does not.
func (b *Bridge) Delete(ctx context.Context, c Call, typ, id string) (*Result, error) {
	r, err := b.begin(ctx, c, "delete", typ, View{})
	if err != nil {
		return nil, err
	}
	r.foresees(id)
	r.accounts(nil)
	result, err := r.write(ctx, &deletion{request: r, id: id})
	if errors.Is(err, errGone) {
		gone := Explain(err)
		result, err = &Result{DN: gone.DN, Name: gone.Name}, nil
	}
	return r.answered(ctx, result, err)
}

// errGone says that what is to be deleted was there, and is no longer: an attempt whose outcome was unknown did it, or another client.
var errGone = errors.New("gone already")

// deletion is the intent of a DELETE.
type deletion struct {
	*request
	id string
}

func (d *deletion) look(ctx context.Context, past history) (s seen, err error) {
	s.entry, err = d.findToDelete(ctx, d.id)
	if errors.Is(err, errNotFound) && len(past) > 0 {
		return s, errGone
	}
	if err == nil {
		err = d.checkMatch(s.entry, past)
	}
	return s, err
}

func (d *deletion) want(_ context.Context, s seen) (draft.Write, error) {
	return draft.Write{Entry: s.entry, Before: read.Resource(d.typ, s.entry, s.refs), Exactly: d.call.exactly()}, nil
}

func (d *deletion) reads() []string { return d.readsOfLeavers() }

func (d *deletion) finish(context.Context, attempt) (*Result, error) { return &Result{}, nil }
