package draft

import (
	"maps"
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/scim"
)

// newest is after with room for what a change adds to a slot that is taken: the element that was there gives way, and hands on what the
// new one does not say.
//
//	emails[type eq "work"] is mapped; before: {work, mara@x, primary}, after: {work, mara@x, primary}, {work, lind@x}
//	it is to be:                      {work, lind@x, primary}
func newest(t *ldapmap.Type, before, after scim.Resource) scim.Resource {
	cloned := false
	for _, rule := range t.Rules {
		if !rule.HasOnePlace() {
			continue
		}
		owner := rule.Ref.Owner()
		old, _ := before.Get(owner).([]any)
		now, _ := after.Get(owner).([]any)
		if slices.EqualFunc(old, now, scim.SameValue) {
			continue
		}
		inSlot := func(e any) bool { element, ok := e.(map[string]any); return ok && ldapmap.Fits(element, rule.Slot) }
		was := func(e any) bool {
			return inSlot(e) && slices.ContainsFunc(old, func(o any) bool { return scim.SameValue(o, e) })
		}
		isNew := func(e any) bool { return inSlot(e) && !was(e) }
		i := slices.IndexFunc(now, func(e any) bool { return isNew(e) && e.(map[string]any)["primary"] == true })
		if i < 0 {
			i = slices.IndexFunc(now, isNew)
		}
		if i < 0 {
			continue
		}
		if !cloned {
			after, cloned = after.Clone(), true
			now = after.Get(owner).([]any)
		}
		added := now[i].(map[string]any)
		for _, e := range now {
			if was(e) {
				kept := maps.Clone(e.(map[string]any))
				maps.Copy(kept, added)
				maps.Copy(added, kept)
			}
		}
		after.Set(owner, slices.DeleteFunc(now, was))
	}
	return after
}
