package draft

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"scimbridge/ldapmap"
)

// needsChance says that something is drawn, for the new entry or with a class that it is given.
func (d *Draft) needsChance() bool {
	return slices.ContainsFunc(d.t.Rules, func(r *ldapmap.Rule) bool {
		return r.Value != nil && r.Value.Random() && (d.isCreate() && !d.withholds(r.LDAP) || d.comesWithClass(r.LDAP))
	})
}

// drawn are the values of a rule that draws them: from the write's chance, for each attribute its own.
func (d *Draft) drawn(r *ldapmap.Rule, f Facts) ([]string, error) {
	own := *r
	own.Value = r.Value.Drawn(sha256.Sum256(fmt.Appendf(f.Chance[:], "%d", r.At)))
	values, err := d.t.Generated(&own, d.after, nil)
	return d.t.Fitted(r, values), err
}

// deriveGiven derives what a rule gives that sees the resource before the change: its values take the place of what is there once that
// change, or what was, makes another of them. What is drawn is drawn by the plan.
//
//	value: previous.title    title Clerk -> Chief: Clerk; a change of something else: what it was
func (d *Draft) deriveGiven(r *ldapmap.Rule) error {
	if r.Value.Random() {
		return nil
	}
	over := func(resource, previous map[string]any) ([]string, error) {
		own := *r
		own.Value = r.Value.After(previous)
		return d.t.Generated(&own, resource, d.write.Entry)
	}
	held := d.write.Entry.Values(r.LDAP)
	g := generation{old: held, now: held}
	now, err := over(d.after, d.before)
	if d.isCreate() {
		d.generated[r] = generation{now: now}
		return err
	}
	still, _ := over(d.after, d.after)
	was, _ := over(d.before, d.before)
	if !slices.Equal(now, still) || !slices.Equal(was, still) {
		if err != nil {
			return err
		}
		g.now = now
	}
	d.generated[r] = g
	return nil
}
