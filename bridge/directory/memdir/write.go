package memdir

import (
	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// writer is who writes, and on what terms.
type writer struct {
	dn         string
	root       bool
	assertion  *ldif.Filter // RFC 4528; nil asserts nothing
	permissive bool
	loading    bool // the starting content: operational attributes may come with it
}

// write carries out a change as a whole or not at all. It returns the entry before and after; there is none before an add and none after a
// delete.
func (t *tree) write(c ldif.Change, by writer) (before, after *record, failed *result) {
	n, err := t.schema.parseName(c.DN)
	if err != nil {
		return nil, nil, fail(ldap.LDAPResultInvalidDNSyntax, "invalid DN")
	}
	if !n.within(t.suffix) {
		return nil, nil, fail(ldap.LDAPResultUnwillingToPerform, "no global superior knowledge")
	}
	if by.dn == "" && c.Kind != ldif.Modify {
		return nil, nil, anonymous
	}
	t.Lock()
	defer t.Unlock()
	switch c.Kind {
	case ldif.Add:
		before, after, failed = t.add(n, c, by)
	case ldif.Modify:
		before, after, failed = t.modify(n, c, by)
	case ldif.ModifyDN:
		before, after, failed = t.modifyDN(n, c, by)
	default:
		before, after, failed = t.delete(n, by)
	}
	if failed == nil {
		t.stampTree()
		if t.written != nil {
			t.written(c)
		}
	}
	return before, after, failed
}

func (t *tree) add(n name, c ldif.Change, by writer) (before, after *record, failed *result) {
	if len(c.Entry) == 0 {
		return nil, nil, fail(ldap.LDAPResultProtocolError, "no attributes provided")
	}
	r := &record{Entry: ldif.Entry{DN: n.text}}
	for _, a := range c.Entry {
		check := t.schema.check
		if by.loading {
			check = t.schema.checkValues
		}
		m, failed := check(ldap.AddAttribute, a)
		switch {
		case failed != nil:
			return nil, nil, failed
		case len(a.Values) == 0:
			return nil, nil, fail(ldap.LDAPResultProtocolError, "no values for attribute type")
		case r.find(m.attribute.Name) >= 0:
			return nil, nil, fail(ldap.LDAPResultAttributeOrValueExists, "attribute '%s' provided more than once", m.attribute.Name)
		}
		r.put(m.attribute, m.keys)
	}
	if failed := t.schema.fillIn(r, n); failed != nil {
		return nil, nil, failed
	}
	if t.nodes[n.key] != nil {
		return nil, nil, &result{code: ldap.LDAPResultEntryAlreadyExists}
	}
	if n.key != t.suffix.key && t.nodes[n.parent.key] == nil {
		_, missing := t.find(*n.parent)
		return nil, nil, missing
	}
	if failed := t.assert(r, by); failed != nil {
		return nil, nil, failed
	}
	if !by.root {
		return nil, nil, fail(ldap.LDAPResultInsufficientAccessRights, "no write access to parent")
	}
	classes := r.Values("objectClass")
	if len(classes) > 0 {
		structural, failed := t.schema.structural(classes)
		if failed != nil {
			return nil, nil, failed
		}
		r.set(t.schema, "structuralObjectClass", structural)
	}
	if failed := t.schema.checkEntry(r, n); failed != nil {
		return nil, nil, failed
	}
	t.stampNew(r, by.dn)
	return nil, t.insert(n, r).record, nil
}

func (t *tree) modify(n name, c ldif.Change, by writer) (before, after *record, failed *result) {
	var mods []modification
	for _, m := range c.Mods {
		op := map[ldif.ModOp]uint64{
			ldif.AddValues: ldap.AddAttribute, ldif.DeleteValues: ldap.DeleteAttribute,
			ldif.ReplaceValues: ldap.ReplaceAttribute, incrementValues: ldap.IncrementAttribute,
		}[m.Op]
		checked, failed := t.schema.check(op, ldif.Attribute{Name: m.Name, Values: m.Values})
		if failed != nil {
			return nil, nil, failed
		}
		mods = append(mods, checked)
	}
	if by.dn == "" {
		return nil, nil, anonymous
	}
	at, failed := t.target(n, by, "")
	if failed != nil {
		return nil, nil, failed
	}
	r := at.record.clone()
	for _, m := range mods {
		if failed := r.modify(m, by.permissive); failed != nil {
			return nil, nil, failed
		}
	}
	if failed := t.schema.checkEntry(r, n); failed != nil {
		return nil, nil, failed
	}
	before = at.record
	t.stampChanged(r, by.dn)
	t.replace(at, r)
	return before, r, nil
}

func (t *tree) delete(n name, by writer) (before, after *record, failed *result) {
	at, failed := t.target(n, by, "no write access to parent")
	if failed != nil {
		return nil, nil, failed
	}
	if len(at.children) > 0 {
		return nil, nil, fail(ldap.LDAPResultNotAllowedOnNonLeaf, "subordinate objects must be deleted first")
	}
	t.clock.next(by.dn)
	t.remove(at)
	t.cleanReferences(map[string]name{n.key: {}})
	return at.record, nil, nil
}

func (t *tree) modifyDN(n name, c ldif.Change, by writer) (before, after *record, failed *result) {
	rdn, err := t.schema.parseRDN(c.NewRDN)
	if err != nil {
		return nil, nil, fail(ldap.LDAPResultInvalidDNSyntax, "invalid new RDN")
	}
	var superior *name
	if c.NewSuperior != "" {
		s, err := t.schema.parseName(c.NewSuperior)
		if err != nil {
			return nil, nil, fail(ldap.LDAPResultInvalidDNSyntax, "invalid newSuperior")
		}
		superior = &s
	}
	if n.key == t.suffix.key {
		return nil, nil, fail(ldap.LDAPResultAffectsMultipleDSAs, "cannot rename between DSAs")
	}
	at, failed := t.target(n, by, "no write access to parent's children")
	if failed != nil {
		return nil, nil, failed
	}
	if superior == nil {
		superior = n.parent
	}
	if failed := t.checkMove(n, *superior); failed != nil {
		return nil, nil, failed
	}
	to := rdn.below(*superior)
	if other := t.nodes[to.key]; other != nil && other != at {
		return nil, nil, &result{code: ldap.LDAPResultEntryAlreadyExists}
	}
	r := at.record.clone()
	if failed := t.renameAttributes(r, at.name, rdn, c.DeleteOldRDN); failed != nil {
		return nil, nil, failed
	}
	if failed := t.schema.checkEntry(r, to); failed != nil {
		return nil, nil, failed
	}
	before = at.record
	t.stampChanged(r, by.dn)
	t.replace(at, r)
	t.cleanReferences(t.move(at, to))
	return before, at.record, nil
}

// checkMove says why an entry cannot go below a superior.
func (t *tree) checkMove(n, superior name) *result {
	if !superior.within(t.suffix) {
		return fail(ldap.LDAPResultAffectsMultipleDSAs, "cannot rename between DSAs")
	}
	if t.nodes[superior.key] == nil {
		return fail(ldap.LDAPResultNoSuchObject, "new superior not found")
	}
	if superior.within(n) {
		return fail(ldap.LDAPResultUnwillingToPerform, "cannot place an entry below itself")
	}
	return nil
}

// renameAttributes takes the old RDN's values out of the entry where that is wanted, and puts the new RDN's in.
func (t *tree) renameAttributes(r *record, old, now name, deleteOld bool) *result {
	for _, a := range old.rdn {
		if !deleteOld {
			break
		}
		m, failed := t.schema.check(ldap.DeleteAttribute, ldif.Attribute{Name: a.Type, Values: []string{a.Value}})
		if failed == nil {
			failed = r.modify(m, false)
		}
		if failed != nil {
			return failed
		}
	}
	return t.schema.fillIn(r, now)
}

// fillIn adds the values of an RDN that the entry does not hold.
func (s *schema) fillIn(r *record, n name) *result {
	for _, a := range n.rdn {
		m, failed := s.check(ldap.AddAttribute, ldif.Attribute{Name: a.Type, Values: []string{a.Value}})
		if failed == nil {
			failed = r.modify(m, true)
		}
		if failed != nil {
			return failed
		}
	}
	return nil
}

var anonymous = fail(ldap.LDAPResultStrongAuthRequired, "modifications require authentication")

// target finds the entry of a write that is not an add, and holds the assertion and the rights against it.
func (t *tree) target(n name, by writer, refusal string) (*node, *result) {
	at, failed := t.find(n)
	if failed != nil {
		return nil, failed
	}
	if failed := t.assert(at.record, by); failed != nil {
		return nil, failed
	}
	if !by.root {
		return nil, fail(ldap.LDAPResultInsufficientAccessRights, "%s", refusal)
	}
	return at, nil
}

func (t *tree) assert(r *record, by writer) *result {
	if by.assertion != nil && !by.assertion.Matches(&r.Entry, t.schema.Subschema) {
		return &result{code: ldap.LDAPResultAssertionFailed}
	}
	return nil
}
