package bridge

import (
	"context"

	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
	"scimbridge/scim/patch"
)

// linking is the intent of a POST that means an entry which is there already: what the POST names is added to it.
type linking struct {
	update
	correlation draft.Correlation
	found       *ldif.Entry   // as the keys found it; nil: it is to be looked at anew
	resource    scim.Resource // of the POST, without its members
	members     []string
}

func (l *linking) look(ctx context.Context, past history) (s seen, err error) {
	if s.entry = l.found; s.entry == nil {
		s.entry, s.refs, err = l.findWith(ctx, l.typ, l.id, l.ids, l.whole)
	} else {
		s.refs, err = l.refs(ctx, l.typ, nil, l.ids, read.References(l.typ, s.entry, nil), read.PrimaryGroups(l.typ, s.entry, nil))
	}
	l.found = nil
	if err != nil {
		return s, err
	}
	if _, ours := past.changed(l.id); !ours && len(l.correlation.Meant([]*ldif.Entry{s.entry})) == 0 {
		return s, errNotFound
	}
	s.before = read.Resource(l.typ, s.entry, s.refs)
	return s, nil
}

func (l *linking) want(ctx context.Context, s seen) (draft.Write, error) {
	ops := patch.Adding(l.resource, s.before, l.typ.Resource)
	after, err := ops.Apply(ctx, s.before, l.typ.Resource, l.dialect)
	if err != nil {
		return draft.Write{}, err
	}
	members := draft.Members{Add: draft.Delta(draft.MemberIDs(l.typ, s.before), l.members).Add}
	w := l.change(s, after, members, ops)
	w.Exactly, w.Links = false, true
	return w, nil
}

// finish tells of a conflict where there was nothing to do: the same POST has done it.
func (l *linking) finish(ctx context.Context, done attempt) (*Result, error) {
	if done.receipt.Plan.Empty() {
		return nil, l.correlation.Linked(done.entry)
	}
	return l.update.finish(ctx, done)
}
