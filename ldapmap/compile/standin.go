package compile

import "slices"

// standIns are the rules with `empty`, each behind those that its expression reads: whether an attribute is empty must be known
// before another is told from it. ok is false where they go in a circle. It notes which rules feed a stand-in.
func standIns(rules []*Rule) (ordered []*Rule, ok bool) {
	var waiting []*Rule
	for _, r := range rules {
		r.Feeds = slices.ContainsFunc(rules, func(other *Rule) bool { return other.Empty != nil && other.Empty.Reads(r) })
		if r.Empty != nil {
			waiting = append(waiting, r)
		}
	}
	for len(waiting) > 0 {
		next := slices.IndexFunc(waiting, func(r *Rule) bool {
			return !slices.ContainsFunc(waiting, func(other *Rule) bool { return other != r && r.Empty.Reads(other) })
		})
		if next < 0 {
			return append(ordered, waiting...), false
		}
		ordered = append(ordered, waiting[next])
		waiting = slices.Delete(waiting, next, next+1)
	}
	return ordered, true
}
