package bridge

import (
	"context"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/scim/schema"
)

// withGroups adds to refs the groups of the entries, where the map serves them and wants names them: a search for each level of groups in
// groups, for all entries together.
func (b *Bridge) withGroups(
	ctx context.Context, t *ldapmap.Type, wants func(schema.Ref) bool, refs ldapmap.Refs, entries ...*ldif.Entry,
) (ldapmap.Refs, error) {
	if !servesGroups(t, wants) || len(entries) == 0 {
		return refs, nil
	}
	names, name := read.Naming(t.Map)
	climb := t.Groups.Climb(entries)
	for {
		levels := climb.Searches(names)
		if len(levels) == 0 {
			return refs.With(climb.Groups()), nil
		}
		var searches []directory.Search
		for _, l := range levels {
			searches = append(searches, directory.Search{
				Base: l.Base, More: l.More, Filter: l.Filter, Attributes: l.Attributes, Values: l.Values,
			})
		}
		found, err := b.directory.SearchAll(ctx, searches)
		if err != nil {
			return refs, err
		}
		climb.Found(found, name)
	}
}

// servesGroups says that the map serves groups of the type's entries, and wants names them.
func servesGroups(t *ldapmap.Type, wants func(schema.Ref) bool) bool {
	return t.Groups != nil && wants != nil && wants(t.Groups.SCIM)
}

// lacksGroups says that the entry was not read with what its groups are found by.
func lacksGroups(t *ldapmap.Type, wants func(schema.Ref) bool, e *ldif.Entry) bool {
	if !servesGroups(t, wants) {
		return false
	}
	for _, name := range t.Groups.Sources() {
		if !e.Saw(name) {
			return true
		}
	}
	return false
}

// withHolders adds to refs what a filter on members must know that no filter of the directory's tells: which groups hold them with a unique
// identifier behind the DN.
func (b *Bridge) withHolders(ctx context.Context, t *ldapmap.Type, refs ldapmap.Refs) (ldapmap.Refs, error) {
	s, attributes, needed := t.Holders()
	if !needed {
		return refs, nil
	}
	found, err := b.directory.Search(ctx, directory.Search{Base: s.Base, More: s.More, Filter: s.Filter, Attributes: attributes})
	if err != nil {
		return refs, err
	}
	return refs.WithHolders(t, found), nil
}

// withBelow adds to refs what a filter must know of the groups with the ids: which groups are in them.
func (b *Bridge) withBelow(ctx context.Context, t *ldapmap.Type, ids []string, refs ldapmap.Refs) (ldapmap.Refs, error) {
	if t.Groups == nil {
		return refs, nil
	}
	for _, id := range ids {
		group, known := refs.ByID(id)
		s, needed := t.Groups.Below(group)
		if !known || !needed {
			continue
		}
		attributes := []string{t.Server.IDAttribute, t.Groups.Primary.SID}
		found, err := b.directory.Search(ctx, directory.Search{Base: s.Base, More: s.More, Filter: s.Filter, Attributes: attributes})
		if err != nil {
			return refs, err
		}
		refs = refs.WithBelow(group, t.Groups.Primary, found)
	}
	return refs, nil
}
