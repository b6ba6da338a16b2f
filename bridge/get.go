package bridge

import (
	"context"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
)

// Get reads one resource (RFC 7644 §3.4.1): one search, and one more for the references that are shown.
func (b *Bridge) Get(ctx context.Context, c Call, typ, id string, v View) (*Result, error) {
	m, t, _, err := b.typed(ctx, typ)
	if err != nil {
		return nil, err
	}
	p, err := scim.NewProjection(t.Resource, b.dialect, v.Attributes, v.Excluded)
	if err != nil {
		return nil, err
	}
	e, err := b.find(ctx, t, id, p.Wants)
	if err != nil {
		return nil, err
	}
	if version := etag(t, e); c.IfNoneMatch != "" && named(c.IfNoneMatch, version) {
		return nil, &notModified{version}
	}
	return b.present(ctx, c, m, t, e, p)
}

// present resolves the references that are shown of an entry, and shows it.
func (b *Bridge) present(ctx context.Context, c Call, m *ldapmap.Map, t *ldapmap.Type, e *ldif.Entry, p *scim.Projection) (*Result, error) {
	refs, err := b.refs(ctx, m, nil, read.References(t, e, p.Wants))
	if err != nil {
		return nil, err
	}
	return b.show(c, t, e, refs, p), nil
}
