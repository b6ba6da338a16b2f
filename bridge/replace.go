package bridge

import (
	"context"

	"scimbridge/ldapmap"
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
	sent, _, err := scim.Parse(body, r.typ.ResourceType())
	if err != nil {
		return nil, err
	}
	if err := scim.CheckRequired(sent, r.typ.ResourceType()); err != nil {
		return nil, err
	}
	r.shown.SpecifyAll(sent)
	said, err := mentionsMembers(body)
	if err != nil {
		return nil, err
	}
	p := &replacing{update: update{request: r, id: id, whole: r.typ.HasMembers() && said}, members: r.typ.TakeMembers(sent), sent: sent}
	p.ids = append(r.typ.ResourceIDs(sent), p.members...)
	return r.write(ctx, p)
}

// replacing is the intent of a PUT.
type replacing struct {
	update
	sent    scim.Resource // without its members
	members []string
}

func (p *replacing) want(s seen) (ldapmap.Write, error) {
	after := p.sent.Clone()
	if err := keep(after, s.before, p.typ.ResourceType()); err != nil {
		return ldapmap.Write{}, err
	}
	var members ldapmap.Members
	if p.whole {
		members = ldapmap.Delta(p.typ.TakeMembers(s.before.Clone()), p.members)
	}
	return p.change(s, after, members), nil
}
