package bridge

import (
	"context"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// update is what the intents of PATCH and PUT have in common: the entry is read, and shown as the change left it.
type update struct {
	*request
	id     string
	ids    []string // of other resources, that the change names
	whole  bool     // the members must be read to know what is to change
	silent bool     // the answer has no body
}

// look reads the entry. What it shows holds the members where the update needs the whole list.
func (u *update) look(ctx context.Context, past history) (s seen, err error) {
	wants := func(schema.Ref) bool { return true }
	if !u.whole {
		wants = nil
	}
	if s.entry, s.refs, err = u.findWith(ctx, u.typ, u.id, u.ids, wants); err == nil {
		err = u.checkMatch(s.entry, past)
	}
	if err != nil {
		return s, err
	}
	s.before = read.Resource(u.typ, s.entry, s.refs)
	return s, nil
}

// change is the write that makes after of what look saw. named says which attributes the client spoke of.
func (u *update) change(s seen, after scim.Resource, members draft.Members, named func(schema.Ref) bool) draft.Write {
	before := s.before.Clone()
	draft.TakeMembers(u.typ, before)
	draft.TakeMembers(u.typ, after)
	return draft.Write{Entry: s.entry, Before: before, After: after, Members: members, Exactly: u.call.exactly(), Named: named}
}

func (u *update) reads() []string {
	wants := u.shown.Wants
	if u.silent {
		wants = func(schema.Ref) bool { return false }
	}
	return read.Attributes(u.typ, wants)
}

// finish shows the resource as the directory showed it after the write, or reads it.
func (u *update) finish(ctx context.Context, done attempt) (*Result, error) {
	e := done.left(u.typ)
	if u.silent {
		result := &Result{Location: u.location(u.call, u.typ.Resource, u.id)}
		if e != nil {
			result.Version = etag(u.typ, e)
		}
		return result, nil
	}
	if e == nil || u.typ.HasMembers() && !u.whole && u.shown.Wants(u.typ.MemberRef()) {
		var err error
		if e, err = u.find(ctx, u.typ, u.id, u.shown.Wants); err != nil {
			return nil, err
		}
	}
	if u.typ.HasMembers() {
		return u.present(ctx, e)
	}
	return u.show(u.call, u.typ, e, done.refs, u.shown), nil
}
