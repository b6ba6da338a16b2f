package draft

import (
	"slices"
	"strconv"

	"scimbridge/ldapmap"
)

// Allotted are the facts with the number that was taken from a counter.
func (f Facts) Allotted(c *ldapmap.Counter, number int) Facts {
	numbers := map[*ldapmap.Counter]int{c: number}
	for known, n := range f.Numbers {
		numbers[known] = n
	}
	f.Numbers = numbers
	return f
}

// allots says that a new entry, or one that is given the class for it, gets a number by the rule: no other line of the map gives the
// attribute a value.
func (d *Draft) allots(r *ldapmap.Rule, f Facts) bool {
	if r.Counter == nil || !d.comesWithClass(r.LDAP) && (!d.isCreate() || d.withholds(r.LDAP)) {
		return false
	}
	return !slices.ContainsFunc(d.t.Rules, func(other *ldapmap.Rule) bool {
		if other.Counter != nil || !d.t.IsSame(other.LDAP, r.LDAP) {
			return false
		}
		values, _ := d.now(other, f)
		return len(values) > 0
	})
}

// allotted is what the rule allots a new entry: until one is taken, the first of the range stands for it. Lines with one counter get one
// number, as a user's uidNumber and gidNumber.
func (f Facts) allotted(r *ldapmap.Rule) string {
	n, taken := f.Numbers[r.Counter]
	if !taken {
		n = r.Counter.From
	}
	return strconv.Itoa(n)
}

// unnumbered are the counters that a number is yet to be taken from.
func (d *Draft) unnumbered(f Facts) (counters []*ldapmap.Counter) {
	for _, r := range d.t.Rules {
		if d.write.Undo != nil || !d.allots(r, f) {
			continue
		}
		if _, taken := f.Numbers[r.Counter]; !taken && !slices.Contains(counters, r.Counter) {
			counters = append(counters, r.Counter)
		}
	}
	return counters
}
