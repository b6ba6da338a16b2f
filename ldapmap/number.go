package ldapmap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// rename tells the RDN and the parent that the DN expression gives, each only where it differs from what it gave before: an entry that the
// bridge did not name keeps its name until the name's source changes. login is the userName that the name is made of.
func (t *Type) rename(w Write, login string) (rdn, parent string, err error) {
	after := w.After.Clone()
	if login != "" {
		after["userName"] = login
	}
	dn, err := t.dn.eval(after, t.resource, t.Base)
	if err != nil && w.Entry == nil {
		return "", "", err
	}
	rdn, parent = ldif.SplitDN(dn)
	if w.Entry != nil {
		before := w.Before.Clone()
		t.withLogin(before, w.Entry)
		old, oldErr := t.dn.eval(before, t.resource, t.Base)
		switch {
		case err != nil && oldErr != nil:
			return "", "", nil // it had no such name, and has none now
		case err != nil:
			return "", "", err
		}
		oldRDN, oldParent := ldif.SplitDN(old)
		if rdn == oldRDN {
			rdn = ""
		}
		if parent == oldParent {
			parent = ""
		}
	}
	if (w.Entry == nil || parent != "") && !ldif.Under(parent, t.Base) {
		detail := fmt.Sprintf("the map would put the entry at %q, which is not under %q", dn, t.Base)
		return "", "", &scim.Error{Type: scim.InvalidValue, Detail: detail}
	}
	if rdn != "" {
		if parsed, err := ldif.ParseRDN(rdn); err != nil || len(parsed) == 0 || slices.ContainsFunc(parsed, func(a ldif.AVA) bool { return a.Value == "" }) {
			return "", "", badName(dn)
		}
		if t.isDirectory(ldif.OpenLDAP) && len(rdn) > longestRDN {
			detail := fmt.Sprintf("the entry would be named %q, longer than the %d octets that the directory takes", rdn, longestRDN)
			return "", "", &scim.Error{Type: scim.InvalidValue, Detail: detail}
		}
	}
	return rdn, parent, nil
}

// longestRDN is the longest RDN that OpenLDAP's mdb stores, in octets: it stands twice in a key of 511. A longer one ends in result 80, which tells nothing.
const longestRDN = 245

func badName(dn string) error {
	return &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("the entry cannot be named %q", dn)}
}

// number picks the first candidate that nobody holds.
func (t *Type) number(c claim, others []*ldif.Entry, round int, w Write, s *settlement) error {
	candidates := t.candidates(c, round)
	if len(candidates) == 0 {
		return badName(c.value)
	}
	for _, value := range candidates {
		if c.rule != nil && holdsValue(t, others, c.rule.ldap, value) {
			continue
		}
		if c.rdn != nil {
			rdn := append(ldif.RDN{{Type: c.rdn[0].Type, Value: value}}, c.rdn[1:]...)
			if occupant := t.occupant(rdn, others, w, s); occupant != nil {
				if len(candidates) == 1 {
					return t.conflict(fmt.Sprintf("the name %q", rdn.String()), occupant)
				}
				continue
			}
			s.rdn = rdn.String()
		}
		if c.rule != nil {
			s.numbered[c.rule] = value
		}
		return nil
	}
	return ErrRound
}

// occupant is the entry that has the RDN where the write would put it.
func (t *Type) occupant(rdn ldif.RDN, others []*ldif.Entry, w Write, s *settlement) *ldif.Entry {
	parent := s.parent
	if parent == "" {
		_, parent = ldif.SplitDN(w.Entry.DN)
	}
	dn := rdn.String() + "," + parent
	for _, e := range others {
		if ldif.SameDN(e.DN, dn) {
			return e
		}
	}
	return nil
}

func holdsValue(t *Type, entries []*ldif.Entry, attribute, value string) bool {
	return slices.ContainsFunc(entries, func(e *ldif.Entry) bool {
		return slices.ContainsFunc(e.Values(attribute), func(v string) bool { return t.alike(attribute, v, value) })
	})
}

// candidates are the values that a claim may take up to a round: the bare value, then numbered from 2. A name that shows a SCIM attribute which cannot
// take a number has one; what is nothing that the directory takes has none.
func (t *Type) candidates(c claim, round int) []string {
	attribute := c.attribute()
	if c.rule == nil && t.namedByUnique(attribute) {
		return []string{c.value}
	}
	stem, limit := t.fit(attribute, c.value)
	if stem == "" {
		return nil
	}
	values := []string{stem}
	last := 10
	for range round {
		last *= 10
	}
	for n := 2; n <= last; n++ {
		values = append(values, numbered(stem, separator(c.rule, stem), n, limit))
	}
	return values
}

// separator stands between a name and its number: `Mara Lind 2`, but `mara2@contoso.example`, and `mara2` for an account's name.
func separator(r *rule, stem string) string {
	if r != nil || strings.Contains(stem, "@") {
		return ""
	}
	return " "
}

// numbered appends a number, before an @ where the value has one, within the limit (0: none).
func numbered(stem, separator string, n, limit int) string {
	local, domain, isAddress := strings.Cut(stem, "@")
	suffix := separator + strconv.Itoa(n)
	if isAddress {
		suffix += "@" + domain
	}
	if limit > 0 {
		local = strings.TrimRight(truncate(local, max(0, limit-len([]rune(suffix)))), " ")
	}
	return local + suffix
}

// withNumbers are the entry's values of a computed attribute that its expression's earlier result stands for: it, or it with a number.
func (t *Type) withNumbers(r *rule, old []string, e *ldif.Entry) []string {
	var held []string
	for _, stem := range old {
		_, limit := t.fit(r.ldap, stem)
		for _, v := range e.Values(r.ldap) {
			if t.alike(r.ldap, v, stem) || isNumbered(v, stem, limit) {
				held = append(held, v)
			}
		}
	}
	return held
}

// isNumbered says whether v is the stem with a number.
func isNumbered(v, stem string, limit int) bool {
	local, _, _ := strings.Cut(v, "@")
	digits := local[len(strings.TrimRight(local, "0123456789")):]
	for i := range digits { // the stem may end in digits of its own
		if n, err := strconv.Atoi(digits[i:]); err == nil && n > 1 && strings.EqualFold(numbered(stem, "", n, limit), v) {
			return true
		}
	}
	return false
}

// namedByUnique says that the attribute that names the entry shows a SCIM attribute which cannot take a number: it is unique, or has one value.
func (t *Type) namedByUnique(attribute string) bool {
	return slices.ContainsFunc(t.rules, func(r *rule) bool {
		return !r.computed() && strings.EqualFold(r.ldap, t.canonical(attribute)) && (t.isUnique(r) || r.single)
	})
}

// fitRDN fits an RDN's first value.
func (t *Type) fitRDN(rdn string) string {
	parsed, err := ldif.ParseRDN(rdn)
	if err != nil || len(parsed) == 0 || t.namedByUnique(parsed[0].Type) {
		return rdn
	}
	parsed[0].Value, _ = t.fit(parsed[0].Type, parsed[0].Value)
	return parsed.String()
}

// fit makes a value what Active Directory takes for the attribute ([MS-ADTS] §3.1.1.5.2.2, [MS-SAMR] §3.1.1.6), and tells the
// length that it allows; 0 is no limit known.
func (t *Type) fit(attribute, value string) (string, int) {
	if !t.isDirectory(ldif.ActiveDirectory) {
		return value, 0
	}
	switch limit := 64; strings.ToLower(attribute) {
	case "cn":
		return strings.TrimSpace(truncate(strings.TrimSpace(value), limit)), limit
	case "samaccountname":
		if t.Name == "User" {
			limit = 20
		} else {
			limit = 256
		}
		value = strings.Map(func(r rune) rune {
			if r < ' ' || strings.ContainsRune(`"/\[]:;|=,+*?<>@`, r) {
				return '_'
			}
			return r
		}, strings.TrimSpace(value))
		return strings.TrimRight(truncate(value, limit), ". "), limit
	}
	return value, 0
}
