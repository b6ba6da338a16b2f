package draft

import (
	"maps"
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// A POST of the name of a leaver whose entry was kept gives him that entry again: it is changed to what the POST says, as a PUT would, and
// is active unless that says otherwise. Whoever else takes the name, by a rename, has the leaver make room. One with a tombstone is not
// meant by its clean name: he makes room too.

// revival drafts what makes a resource of a leaver's entry again, in the place of the create.
func (d *Draft) revival(e *ldif.Entry) (*Draft, error) {
	w := d.write
	w.Entry, w.Before, w.Said = e, WithoutMembers(d.t, read.Resource(d.t, e, ldapmap.Refs{})), everything{}
	w.After = w.After.Clone()
	if _, said := w.After["active"]; !said && len(d.t.Active) > 0 {
		w.After["active"] = true
	}
	r := &Draft{t: d.t, write: w, revived: true, before: maps.Clone(w.Before), after: maps.Clone(w.After)}
	r.uncover()
	r.suspend()
	if err := r.derive(); err != nil {
		return nil, err
	}
	r.claims = r.claimed()
	return r, nil
}

// Revives says that the write makes a resource of a leaver's entry again.
func (d *Draft) Revives() bool { return d.revived }

// Entry is the entry that the write is about, nil of a create.
func (d *Draft) Entry() *ldif.Entry { return d.write.Entry }

// everything is said by a request that tells all that the resource is to be.
type everything struct{}

func (everything) Names(schema.Ref) bool { return true }
func (everything) Whole(schema.Ref) bool { return true }

// comesBack says that the entry is to stand where the map puts a new one.
func (d *Draft) comesBack() bool {
	return d.isCreate() || d.revived && d.t.Leaving.Mode == compile.MoveEntry
}

// lacks says that an entry that is given back, suspended no more, or given a class has not got what the map computes.
func (d *Draft) lacks(r *ldapmap.Rule) bool {
	return r.Computed() && (d.revived && !r.OnCreate() && !d.withholds(r.LDAP) || d.regains(r) || d.comesWithClass(r.LDAP)) &&
		len(d.write.Entry.Values(r.LDAP)) == 0
}

// withoutMembersBack has a group that is a leaver's again, because a step was refused, without the members that it was given.
func withoutMembersBack(t *ldapmap.Type, steps []ldif.Step) []ldif.Step {
	for i, s := range steps {
		gives := func(m ldif.Mod) bool { return m.Op == ldif.AddValues && m.Settled }
		if len(t.Members) == 0 || !slices.ContainsFunc(s.Change.Mods, gives) {
			continue
		}
		back := ldif.Change{Kind: ldif.Modify, DN: s.Change.DN, If: ldif.Condition{ID: s.Change.If.ID}}
		if s.Inverse != nil {
			back = *s.Inverse
		}
		none := noMembers(t)
		for n := range none {
			none[n].Settled = false // it had none before, whatever this step itself gave it
		}
		back.Mods = slices.Concat(none, back.Mods)
		steps[i].Inverse = &back
	}
	return steps
}

// unmarked are the values that told the entry for a leaver's.
func (d *Draft) unmarked(diff *difference) {
	if marks := d.t.Marks(d.write.Entry); d.revived && len(marks) > 0 {
		diff.values(d.t.Leaving.Marker.Type, marks, nil)
	}
}

// departed is the name that a leaver makes room by: the one that he had behind the digits of his id, as Entra does it; "" of one that has
// such a name.
func departed(t *ldapmap.Type, e *ldif.Entry, name string) string {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return r
		}
		return -1
	}, t.ID(e))
	const enough = 32
	return (digits + strings.Repeat("0", enough))[:enough] + name
}

// vacating drafts what has a leaver without a tombstone give up the name that another takes.
func vacating(t *ldapmap.Type, e *ldif.Entry, shown scim.Resource) (*Draft, error) {
	ref := t.Named().Ref
	held := t.Told(t.Named(), e)
	if len(held) == 0 {
		return displacement(t, e, shown)
	}
	d := &Draft{t: t, write: Write{Entry: e, Before: shown, After: shown}, displaced: true}
	d.before, d.after = shown.Clone(), shown.Clone()
	d.before.Set(ref, held[0])
	d.after.Set(ref, departed(t, e, held[0]))
	if err := d.derive(); err != nil {
		return nil, err
	}
	d.name.rdn = fitRDN(t, d.name.rdn)
	return d, nil
}
