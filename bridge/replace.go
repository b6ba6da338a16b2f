package bridge

import (
	"context"

	"scimbridge/ldapmap/draft"
	"scimbridge/scim"
)

// Replace puts a resource in the place of the one there is (RFC 7644 §3.5.1): readOnly attributes are ignored, readWrite ones that are
// left out are cleared. What is left out and stays: active, passwords, immutable attributes, and a group's members, which [] clears. It
// never creates.
func (b *Bridge) Replace(ctx context.Context, c Call, typ, id string, body []byte, v View) (*Result, error) {
	r, err := b.begin(ctx, c, "replace", typ, v)
	if err != nil {
		return nil, err
	}
	r.foresees(id)
	object, err := scim.Decode(body)
	if err != nil {
		return nil, err
	}
	sent, dropped, err := r.resourceIn(object)
	if err != nil {
		return nil, err
	}
	if err := scim.CheckRequired(sent, r.typ.Resource); err != nil {
		return nil, err
	}
	r.shown.SpecifyAll(sent)
	p := &replacing{update: update{request: r, id: id, whole: r.typ.HasMembers() && mentionsMembers(object)}, sent: sent}
	p.members = draft.TakeMembers(r.typ, sent)
	p.ids = append(draft.ResourceIDs(r.typ, sent), p.members...)
	r.accounts(body)
	result, err := r.write(ctx, p)
	return r.answered(ctx, result.dropping(dropped), err)
}

// replacing is the intent of a PUT.
type replacing struct {
	update
	sent    scim.Resource // without its members
	members []string
}

func (p *replacing) want(_ context.Context, s seen) (draft.Write, error) {
	after := p.sent.Clone()
	if err := keep(after, s.before, p.typ.Resource); err != nil {
		return draft.Write{}, err
	}
	var members draft.Members
	if p.whole {
		members = draft.Replaced(p.typ, s.entry, s.refs, draft.MemberIDs(p.typ, s.before), p.members)
	}
	return p.change(s, after, members, replaced{p.whole, p.sent["active"] != nil}), nil
}
