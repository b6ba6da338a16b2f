package bridge

import (
	"context"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
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
	if s.entry, s.refs, err = u.findWith(ctx, u.typ, u.id, u.ids, u.whole); err == nil {
		err = u.checkMatch(s.entry, past)
	}
	if err == nil {
		s.before = read.Resource(u.typ, s.entry, s.refs)
	}
	return s, err
}

// change is the write that makes after of what look saw.
func (u *update) change(s seen, after scim.Resource, members draft.Members, said draft.Said) draft.Write {
	before, after := draft.WithoutMembers(u.typ, s.before), draft.WithoutMembers(u.typ, after)
	return draft.Write{Entry: s.entry, Before: before, After: after, Members: members, Exactly: u.call.exactly(), Said: said}
}

func (u *update) reads() []string {
	if u.silent {
		return versionAttributes(u.typ)
	}
	return read.Attributes(u.typ, u.shown.Wants)
}

// finish shows the resource as the directory showed it after the write, or reads it.
func (u *update) finish(ctx context.Context, done attempt) (result *Result, err error) {
	e := done.left(u.typ)
	if u.silent {
		return &Result{Location: u.location(u.call, u.typ.Resource, u.id), Version: versionAlone(u.typ, e)}, nil
	}
	if e == nil || u.typ.HasMembers() && !u.whole && u.shown.Wants(u.typ.MemberRef()) || lacksGroups(u.typ, u.shown.Wants, e) {
		if e, err = u.find(ctx, u.typ, u.id, u.shown.Wants); err != nil {
			return nil, err
		}
	}
	if u.typ.HasMembers() {
		return u.present(ctx, e)
	}
	return u.presentWith(ctx, e, done.refs)
}
