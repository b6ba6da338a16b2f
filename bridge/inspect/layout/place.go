package layout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// most is the share of entries that makes a rule of what they have; the rest are exceptions.
const most = 0.95

// isMost says that so many of all are nearly all.
func isMost(n, all int) bool { return all > 0 && float64(n) >= most*float64(all) }

// place is where entries of a kind stand, and what of them stands there.
type place struct {
	base    string
	entries []*ldif.Entry
	why     string
}

// placeOf finds where the entries stand: in one branch of the tree, below what their places there have in common.
func (s Sight) placeOf(what string, entries []*ldif.Entry, chosen string, names []string, ask Undecided) (p place, err error) {
	under := func(base string) []*ldif.Entry {
		return slices.DeleteFunc(slices.Clone(entries), func(e *ldif.Entry) bool { return !s.Server.Under(e.DN, base) || e.DN == base })
	}
	if chosen != "" {
		if contexts := s.Server.Contexts; len(contexts) > 0 && s.Server.Context(chosen) == "" {
			const elsewhere = "%s: the server holds %s, and nothing of this DN: name a place below that"
			return p, fmt.Errorf(elsewhere, chosen, strings.Join(contexts, " | "))
		}
		p = place{base: chosen, entries: under(chosen), why: "as was said"}
		return p, nil
	}
	if len(entries) == 0 {
		return s.placeFor(what, names)
	}
	branches := map[string][]*ldif.Entry{}
	for _, e := range entries {
		at := s.branch(e.DN)
		branches[at] = append(branches[at], e)
	}
	order := make([]string, 0, len(branches))
	for at := range branches {
		order = append(order, at)
	}
	slices.SortFunc(order, func(a, b string) int {
		return cmp.Or(len(branches[b])-len(branches[a]), strings.Compare(a, b))
	})
	first := branches[order[0]]
	if !isMost(len(first), len(entries)) {
		ask.What = fmt.Sprintf("%s stand in %d places, and new ones in one (others can be listed behind it as `base`): which is it",
			strings.ToUpper(what[:1])+what[1:], len(order))
		for _, at := range order {
			base := s.common(branches[at])
			ask.Options = append(ask.Options, Option{base, fmt.Sprintf("%d of them", len(branches[at]))})
		}
		return p, &ask
	}
	p = place{base: s.common(first), entries: first, why: fmt.Sprintf("%s stand here, %d of %d", what, len(first), len(entries))}
	if len(first) < len(entries) {
		p.why += ": the bridge will not see the others"
	}
	return p, nil
}

// placeFor is where entries are to stand of which there are none.
func (s Sight) placeFor(what string, names []string) (place, error) {
	var found string
	for _, name := range names {
		for _, dn := range s.Units {
			rdn, err := ldif.ParseRDN(dn)
			isIt := err == nil && len(rdn) == 1 && strings.EqualFold(rdn[0].Value, name)
			if isIt && (found == "" || len(dn) < len(found)) {
				found = dn
			}
		}
		if found != "" {
			return place{base: found, why: fmt.Sprintf("there are no %s yet, and the unit is called so", what)}, nil
		}
	}
	if len(s.Bases) == 0 {
		return place{}, fmt.Errorf("the directory names no place in which %s may stand: say where", what)
	}
	rdn := "ou=" + names[0]
	if attribute, _, _ := strings.Cut(s.Bases[0], "="); attribute == strings.ToUpper(attribute) {
		rdn = "OU=" + strings.ToUpper(names[0][:1]) + names[0][1:]
	}
	return place{base: rdn + "," + s.Bases[0], why: fmt.Sprintf("there are no %s, and no place for them: it is to be made", what)}, nil
}

// branch is the ancestor of an entry right below where was looked, or that itself.
func (s Sight) branch(dn string) string {
	context := s.Server.Context(dn)
	for _, base := range s.Bases {
		if s.Server.Under(dn, base) {
			context = base
		}
	}
	_, at := ldif.SplitDN(dn)
	for at != "" && !s.Server.SameDN(at, context) {
		_, up := ldif.SplitDN(at)
		if up == "" || s.Server.SameDN(up, context) {
			return at
		}
		at = up
	}
	return context
}

// common is what the places of entries have in common.
func (s Sight) common(entries []*ldif.Entry) string {
	var parents []string
	for _, e := range entries {
		_, parent := ldif.SplitDN(e.DN)
		parents = append(parents, parent)
	}
	return ldif.CommonBase(parents...)
}

// tally counts texts.
type tally map[string]int

// top is the one that comes most, and how often.
func (t tally) top() (text string, n int) {
	for _, key := range t.keys() {
		if t[key] > n {
			text, n = key, t[key]
		}
	}
	return text, n
}

func (t tally) keys() []string {
	keys := make([]string, 0, len(t))
	for key := range t {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// count is how many entries there are of which something is so.
func count(entries []*ldif.Entry, is func(*ldif.Entry) bool) (n int) {
	for _, e := range entries {
		if is(e) {
			n++
		}
	}
	return n
}

// has says of entries whether they have a value of the attribute.
func has(name string) func(*ldif.Entry) bool {
	return func(e *ldif.Entry) bool { return e.Value(name) != "" }
}
