package draft

import (
	"cmp"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// Members is a change of a group's members, as ids.
type Members struct{ Add, Remove []string }

// Delta is the change that turns the members present into those wanted.
func Delta(present, wanted []string) Members {
	return Members{Add: without(wanted, present), Remove: without(present, wanted)}
}

// Replaced is the change that leaves the entry with the members wanted alone, of those present. Where several attributes hold them, one
// that an attribute lacks is added to it.
func Replaced(t *ldapmap.Type, e *ldif.Entry, refs ldapmap.Refs, present, wanted []string) Members {
	m := Delta(present, wanted)
	if len(t.Members) < 2 {
		return m
	}
	stay := without(present, m.Remove)
	for _, r := range t.Members {
		var held []string
		for _, v := range e.Values(r.Attribute) {
			if target, ok := r.Target(v, refs); ok {
				held = append(held, target.ID)
			}
		}
		for _, target := range r.PrimaryMembers(e, refs) {
			held = append(held, target.ID)
		}
		for _, id := range without(stay, held) {
			if len(r.Values(id, refs)) > 0 {
				m.Add = append(m.Add, id)
			}
		}
	}
	return m
}

// without are the ids of a that b lacks, each once. An id's case does not count.
func without(a, b []string) []string {
	known := make(map[string]bool, len(b))
	for _, id := range b {
		known[strings.ToLower(id)] = true
	}
	var rest []string
	for _, id := range a {
		if folded := strings.ToLower(id); !known[folded] {
			known[folded] = true
			rest = append(rest, id)
		}
	}
	return rest
}

// memberChange is a change of members as the values that come and go, by each attribute that holds them.
type memberChange struct {
	references []*ldapmap.Reference
	add        [][]string // by the place of the reference
	remove     [][]string
	added      []string // one value of each member, as the effects name it
	removed    []string
}

// members resolves the write's members, each once. A member to add must exist, and have a name that one of the attributes takes; one to
// remove that does not exist is gone already.
func (d *Draft) members(f Facts) (m memberChange, err error) {
	if !d.t.HasMembers() {
		return m, nil
	}
	all := d.t.Members
	m = memberChange{references: all, add: make([][]string, len(all)), remove: make([][]string, len(all))}
	for _, id := range without(d.write.Members.Add, nil) {
		var fault error
		told := ""
		for i, r := range all {
			v, err := r.Value(id, nil, f.Refs)
			if err != nil {
				fault = cmp.Or(fault, err)
				continue
			}
			m.add[i], told = append(m.add[i], v), cmp.Or(told, v)
		}
		if told == "" {
			return m, fault
		}
		m.added = append(m.added, told)
	}
	for _, id := range without(d.write.Members.Remove, nil) {
		told := ""
		for i, r := range all {
			for _, v := range r.Values(id, f.Refs) {
				m.remove[i], told = append(m.remove[i], v), cmp.Or(told, v)
			}
		}
		if told != "" {
			m.removed = append(m.removed, told)
		}
	}
	for i, r := range all {
		strays := d.nobodys(r, f)
		m.remove[i], m.removed = append(m.remove[i], strays...), append(m.removed, strays...)
	}
	return m, nil
}

// mods are value-level modifications, those of each request together: small enough for one, and a success where it is so already.
// placeholder keeps a group that loses members valid.
func (m memberChange) mods(placeholder bool) (requests [][]ldif.Mod) {
	if len(m.references) == 0 {
		return nil
	}
	most := 0
	for i := range m.references {
		most = max(most, len(m.add[i])+len(m.remove[i]))
	}
	size := chunk(most) / len(m.references)
	var first []ldif.Mod
	for i, r := range m.references {
		if len(m.remove[i]) > 0 && placeholder && r.Placeholder != "" {
			first = append(first, r.Mod(ldif.AddValues, r.Placeholder))
		}
	}
	if len(first) > 0 {
		requests = append(requests, first)
	}
	in := func(mod func(*ldapmap.Reference, ...string) ldif.Mod, values [][]string) {
		for from, more := 0, true; more; from += size {
			var together []ldif.Mod
			more = false
			for i, r := range m.references {
				if part := values[i][min(from, len(values[i])):min(from+size, len(values[i]))]; len(part) > 0 {
					together, more = append(together, mod(r, part...)), true
				}
			}
			if more {
				requests = append(requests, together)
			}
		}
	}
	in((*ldapmap.Reference).Added, m.add)
	in((*ldapmap.Reference).Removed, m.remove)
	return requests
}

// chunk is how many of n values one Modify names. Of very many it takes more: a server writes the whole entry at each.
func chunk(n int) int { return min(max(ldapmap.Chunk, n/20), 4*ldapmap.Chunk) }

func (m memberChange) effects(dn, id string) []ldif.Effect {
	var effects []ldif.Effect
	if len(m.added) > 0 {
		effects = append(effects, ldif.Effect{Kind: ldif.MembersAdded, DN: dn, ID: id, Values: m.added})
	}
	if len(m.removed) > 0 {
		effects = append(effects, ldif.Effect{Kind: ldif.MembersRemoved, DN: dn, ID: id, Values: m.removed})
	}
	return effects
}
