package draft

import (
	"slices"
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

// memberChange is a change of members as the values that come and go.
type memberChange struct{ add, remove []string }

// members resolves the write's members, each once. A member to add must exist; one to remove that does not is gone already.
func (d *Draft) members(f Facts) (m memberChange, err error) {
	if !d.t.HasMembers() {
		return m, nil
	}
	for _, id := range without(d.write.Members.Add, nil) {
		v, err := d.t.Members.Value(id, nil, f.Refs)
		if err != nil {
			return m, err
		}
		m.add = append(m.add, v)
	}
	for _, id := range without(d.write.Members.Remove, nil) {
		if v, err := d.t.Members.Value(id, nil, f.Refs); err == nil {
			m.remove = append(m.remove, v)
		}
	}
	m.remove = append(m.remove, d.nobodys(d.t.Members, f)...)
	return m, nil
}

// mods are value-level modifications, each small enough for one request and a success where it is so already. placeholder keeps a
// group that loses members valid.
func (m memberChange) mods(t *ldapmap.Type, placeholder bool) []ldif.Mod {
	var mods []ldif.Mod
	if len(m.remove) > 0 && placeholder && t.Members.Placeholder != "" {
		mods = append(mods, t.Members.Mod(ldif.AddValues, t.Members.Placeholder))
	}
	size := chunk(len(m.add) + len(m.remove))
	for part := range slices.Chunk(m.add, size) {
		mods = append(mods, t.Members.Mod(ldif.AddValues, part...))
	}
	for part := range slices.Chunk(m.remove, size) {
		mods = append(mods, t.Members.Mod(ldif.DeleteValues, part...))
	}
	return mods
}

// chunk is how many of n values one Modify names. Of very many it takes more: a server writes the whole entry at each.
func chunk(n int) int { return min(max(ldapmap.Chunk, n/20), 4*ldapmap.Chunk) }

func (m memberChange) effects(dn, id string) []ldif.Effect {
	var effects []ldif.Effect
	if len(m.add) > 0 {
		effects = append(effects, ldif.Effect{Kind: ldif.MembersAdded, DN: dn, ID: id, Values: m.add})
	}
	if len(m.remove) > 0 {
		effects = append(effects, ldif.Effect{Kind: ldif.MembersRemoved, DN: dn, ID: id, Values: m.remove})
	}
	return effects
}
