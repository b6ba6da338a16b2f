package ldapmap

import "slices"

// Bases are the DNs that entries of the type lie under, the one for new ones first.
func (t *Type) Bases() []string { return append([]string{t.Base}, t.More...) }

// Covers says whether the DN lies under a base of the type.
func (t *Type) Covers(dn string) bool {
	under := func(base string) bool { return t.Server.Under(dn, base) }
	return under(t.Base) || slices.ContainsFunc(t.More, under)
}

// IsBase says whether the DN is a base of the type itself.
func (t *Type) IsBase(dn string) bool {
	same := func(base string) bool { return t.Server.SameDN(dn, base) }
	return same(t.Base) || slices.ContainsFunc(t.More, same)
}
