package draft

import (
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// A plan that stopped may leave references that it was to keep true. They are not turned back blindly, for somebody else may have renamed,
// or deleted, what they refer to, and that may be why the plan stopped. It is looked where the target is now:
//
//	anna was to be deleted; the group has let go of uid=anna; a newcomer has displaced anna:  the group gets uid=2834…anna
//	anna was to become mara; the group has got uid=mara; another rename did the same:         uid=mara stays
//	anna was to become mara; the group has got uid=mara; another has deleted anna:            uid=mara goes
//
// One thing shows nowhere: whoever took uid=anna out of a group that had let go of it already found nothing to do, and did not wait to see
// whether the delete comes off: each removal of who is no member would. Where the delete is refused, the group gets uid=anna back.

// kept is a reference that a plan was to keep true, and may have left otherwise.
type kept struct {
	Referrer               // as it was found
	id       string        // of the target
	t        *ldapmap.Type // of the target
	names    []string      // that the target had or was to have, and those that were written since
	given    []string      // those of them that the holder has by this write alone
	taken    bool          // the holder has lost one by this write
	tried    bool          // it may have been given the target's name since
}

// Stopped tells what to look at where the plan of the receipt stopped.
func (d *Draft) Stopped(r ldif.Receipt) Aftermath {
	a := Aftermath{t: d.t}
	if r.Err == nil {
		return a
	}
	passings := d.passings(r.Plan)
	for i, s := range r.Plan.Steps {
		k, known := keptBy(s, r.Plan, passings)
		if !known {
			continue
		}
		at := slices.IndexFunc(a.kept, func(o kept) bool { return o.id == k.id && o.among([]Referrer{k.Referrer}) })
		if at < 0 {
			at, a.kept = len(a.kept), append(a.kept, k)
		}
		a.kept[at].did(r.Steps[i])
	}
	a.kept = slices.DeleteFunc(a.kept, func(k kept) bool { return !k.taken && len(k.given) == 0 })
	return a
}

// keptBy is the reference that a step of the plan, which has these passings, keeps true.
func keptBy(s ldif.Step, p ldif.Plan, passings [][]passing) (k kept, known bool) {
	if s.Keeps.ID == "" {
		return k, false
	}
	for i, of := range passings {
		for _, name := range of {
			if p.Steps[i].Change.If.ID != s.Keeps.ID || name.gone.Value == "" || !concerns(s.Change, name) {
				continue
			}
			k = kept{id: s.Keeps.ID, t: name.t, names: []string{name.gone.Value}}
			if name.come.Value != "" {
				k.names = append(k.names, name.come.Value)
			}
			for _, search := range referrerSearches(name.t, name.gone) {
				for _, r := range search.by {
					if r.Attribute == s.Change.Mods[0].Name && r.IsOf(s.Before, name.t.Name) {
						k.Referrer = Referrer{r, s.Before, uidIn(s.Change, r, k.names)}
						return k, true
					}
				}
			}
		}
	}
	return k, false
}

// uidIn is the unique identifier behind the names in the change of a referrer.
func uidIn(c ldif.Change, by *ldapmap.Reference, names []string) string {
	for _, m := range c.Mods {
		for _, v := range m.Values {
			if name, uid := by.Cut(v); uid != "" && slices.Contains(names, name) {
				return uid
			}
		}
	}
	return ""
}

// concerns says that a change of a referrer is about one of the names. A plan may pass on several: the DN, and values.
func concerns(c ldif.Change, name passing) bool {
	return name.gone.Of == "" || slices.ContainsFunc(c.Mods, func(m ldif.Mod) bool {
		return slices.Contains(m.Values, name.gone.Value) || slices.Contains(m.Values, name.come.Value)
	})
}

// same says whether two values of the reference are one to the server.
func (k kept) same(a, b string) bool {
	return k.Reference.Calls(a).IsSame(k.t.Server, k.Reference.Calls(b))
}

// did notes what a step came to.
func (k *kept) did(s ldif.StepReceipt) {
	if s.State == ldif.NotSent || s.State == ldif.Refused {
		return
	}
	for _, m := range s.Sent.Mods {
		for _, v := range m.Values {
			held := slices.ContainsFunc(s.Sent.Mods, func(o ldif.Mod) bool {
				return o.Op != m.Op && o.Name == m.Name && slices.Contains(o.Values, v)
			})
			if held || !slices.ContainsFunc(k.names, func(n string) bool { return k.same(n, v) }) {
				continue // taken and given again, to see that it is there; or the placeholder
			}
			if m.Op == ldif.DeleteValues {
				k.taken = true
			}
			if m.Op == ldif.AddValues || s.State != ldif.Done { // what was taken may have been given back
				k.given = append(k.given, v)
			}
		}
	}
}

// holder is the entry as the look found it, nil where it has gone. One that is no resource, and does not refer to any of the names, shows
// in no look: it is taken to be where it was until it was tried there.
func (k kept) holder(s Seen) *ldif.Entry {
	for _, name := range k.names {
		for _, r := range s.Referrers[k.Reference.Calls(name)] {
			if k.among([]Referrer{r}) {
				return r.Entry
			}
		}
	}
	found, there := s.Targets.ByID(k.Referrer.id())
	if !there {
		if k.tried || k.Reference.Type.Map.TypeOf(k.Entry) != nil {
			return nil
		}
		return k.Entry
	}
	return at(k.Entry, found.DN)
}

// amends are the steps that put right what the look found, and what the reference is known by then.
func (k kept) amends(s Seen, placeholder bool) ([]ldif.Step, kept) {
	target, there := s.Targets.ByID(k.id)
	now := k.Reference.ValueOf(target)
	there = there && now != ""
	holder := k.holder(s)
	if holder == nil {
		return nil, k
	}
	k.Entry = holder
	refers := there && k.taken && len(k.given) == 0
	held := false // it has the target's name
	var gone, left []string
	for _, v := range k.names {
		name := k.Reference.Calls(v)
		given := slices.ContainsFunc(k.given, func(g string) bool { return k.Reference.Calls(g).IsSurelySame(k.t.Server, name) })
		owner, owned := s.owner(k.t.Server, name)
		switch {
		case !k.among(s.Referrers[name]):
		case owned && owner.ID == k.id:
			held = true
		case owned && !given: // it means the newcomer
		case given:
			gone, refers = append(gone, v), refers || there && k.taken
		default:
			left, refers = append(left, v), refers || there
		}
	}
	var steps []ldif.Step
	if refers && !held {
		k.given, k.tried = append(slices.Clip(k.given), now), true
		if !slices.Contains(k.names, now) {
			k.names = append(slices.Clip(k.names), now)
		}
		if len(left) == 0 { // in the place of what goes, if something does
			gone = append(gone, "")[:max(1, len(gone))]
			left, gone = gone[:1], gone[1:]
		}
	}
	for _, v := range left {
		steps = append(steps, k.step(v, now, placeholder))
	}
	for _, v := range gone {
		steps = append(steps, k.step(v, "", placeholder))
	}
	return steps, k
}
