package draft

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
)

// rounds is how many rounds of candidates there are: the first tries the bare value and the numbers to 10, the next those to 100,
// the last those to 1,000.
const rounds = 3

// errTaken says that every candidate of a round is taken.
var errTaken = errors.New("every candidate is taken")

// number picks the first candidate that nobody holds.
func (d *Draft) number(c claim, others []*ldif.Entry, round int, a *allotment) error {
	candidates := c.candidates(d.t, round)
	if len(candidates) == 0 {
		return badName(c.value)
	}
	for _, value := range candidates {
		if c.rule != nil && holdsValue(d.t, others, c.rule.LDAP, value) {
			continue
		}
		if c.rdn != nil {
			rdn := c.named(value)
			if occupant := d.occupant(rdn, others, a.parent); occupant != nil {
				if len(candidates) == 1 {
					return conflict(d.t.Map, fmt.Sprintf("the name %q", rdn.String()), "", occupant)
				}
				continue
			}
			a.rdn = rdn.String()
		}
		if c.rule != nil {
			a.numbered[c.rule] = value
		}
		return nil
	}
	return errTaken
}

// occupant is the entry that has the RDN where the write would put it.
func (d *Draft) occupant(rdn ldif.RDN, others []*ldif.Entry, parent string) *ldif.Entry {
	if parent == "" {
		_, parent = ldif.SplitDN(d.write.Entry.DN)
	}
	dn := rdn.String() + "," + parent
	for _, e := range others {
		if d.t.Server.SameDN(e.DN, dn) {
			return e
		}
	}
	return nil
}

func holdsValue(t *ldapmap.Type, entries []*ldif.Entry, attribute, value string) bool {
	return slices.ContainsFunc(entries, func(e *ldif.Entry) bool {
		return slices.ContainsFunc(e.Values(attribute), func(v string) bool { return alike(t, attribute, v, value) })
	})
}

// candidates are the values that a claim may take up to a round: the bare value, then numbered from 2. A name that shows a SCIM
// attribute which cannot take a number has one; what is nothing that the directory takes has none.
func (c claim) candidates(t *ldapmap.Type, round int) []string {
	attribute := c.attribute()
	if c.rule == nil && namedByUnique(t, attribute) {
		return []string{c.value}
	}
	stem, limit := t.Fit(attribute, c.value)
	if stem == "" {
		return nil
	}
	values := []string{stem}
	last := 10
	for range round {
		last *= 10
	}
	first, isNumber := integer(t, attribute, stem)
	for n := 2; n <= last; n++ {
		if isNumber {
			values = append(values, strconv.Itoa(first+n-1))
		} else {
			values = append(values, numbered(stem, separator(c.rule, stem), n, limit))
		}
	}
	return values
}

// integer reads the value of an attribute that holds integers: the next one is one more, not one with a digit behind it.
func integer(t *ldapmap.Type, attribute, value string) (int, bool) {
	definition := t.Server.Schema.Attribute(attribute)
	if definition == nil || definition.Syntax != ldif.SyntaxInteger {
		return 0, false
	}
	n, err := strconv.Atoi(value)
	return n, err == nil
}

// separator stands between a name and its number: `Mara Lind 2`, but `mara2@contoso.example`, and `mara2` for an account's name.
func separator(r *ldapmap.Rule, stem string) string {
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
		local = strings.TrimRight(compile.Truncate(local, max(0, limit-len([]rune(suffix)))), " ")
	}
	return local + suffix
}

// withNumbers are the entry's values of a computed attribute that its expression's earlier result stands for: it, or it with a number.
func withNumbers(t *ldapmap.Type, r *ldapmap.Rule, old []string, e *ldif.Entry) []string {
	var held []string
	for _, stem := range old {
		_, limit := t.Fit(r.LDAP, stem)
		first, isNumber := integer(t, r.LDAP, stem)
		for _, v := range e.Values(r.LDAP) {
			n, _ := strconv.Atoi(v)
			if alike(t, r.LDAP, v, stem) || isNumber && n > first && n < first+1_000 || !isNumber && isNumbered(v, stem, limit) {
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

// namedByUnique says that the attribute that names the entry shows a SCIM attribute which cannot take a number: it is unique, or
// has one value.
func namedByUnique(t *ldapmap.Type, attribute string) bool {
	return slices.ContainsFunc(t.Rules, func(r *ldapmap.Rule) bool {
		return !r.Computed() && t.IsSame(r.LDAP, attribute) && (t.IsUnique(r) || r.Single)
	})
}
