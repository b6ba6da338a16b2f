package ldapmap

import (
	"slices"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// standIns are the rules with `empty`, each behind those that its expression reads: whether an attribute is empty must be known before another is
// told from it. ok is false where they go in a circle. It notes which rules feed a stand-in.
func standIns(rules []*rule) (ordered []*rule, ok bool) {
	var waiting []*rule
	for _, r := range rules {
		r.feeds = slices.ContainsFunc(rules, func(other *rule) bool { return other.empty != nil && other.empty.reads(r) })
		if r.empty != nil {
			waiting = append(waiting, r)
		}
	}
	for len(waiting) > 0 {
		next := slices.IndexFunc(waiting, func(r *rule) bool {
			return !slices.ContainsFunc(waiting, func(other *rule) bool { return other != r && r.empty.reads(other) })
		})
		if next < 0 {
			return append(ordered, waiting...), false
		}
		ordered = append(ordered, waiting[next])
		waiting = slices.Delete(waiting, next, next+1)
	}
	return ordered, true
}

// showStandIns shows the attributes that have a stand-in: what stands in reads as absent. r shows everything else already.
func (t *Type) showStandIns(r scim.Resource, e *ldif.Entry, refs Refs) {
	for _, rule := range t.standIns {
		plain := r.Clone()
		t.withLogin(plain, e)
		standIn, err := rule.empty.eval(plain, t.resource, t.Base)
		values := slices.Clone(e.Values(rule.ldap))
		if err == nil && standIn != "" {
			values = slices.DeleteFunc(values, func(v string) bool { return v == standIn })
		}
		t.show(r, rule, values, refs)
	}
}

// withStandIns adds what stands in beside the values that show: it follows its source, too.
func (t *Type) withStandIns(r *rule, e *ldif.Entry, old, now []string, before, after scim.Resource) (withOld, withNow []string) {
	was, _ := t.evaluated(r.empty, before)
	is, _ := t.evaluated(r.empty, after)
	if len(was) == 0 || !slices.Contains(e.Values(r.ldap), was[0]) || slices.Contains(old, was[0]) {
		return old, now
	}
	if slices.Equal(was, is) {
		now = append(now, minus(is, now)...)
	}
	return append(old, was...), now
}
