package patch

import (
	"strings"

	"scimbridge/scim/filter"
)

// Members is what a PATCH does to a group's members, as a delta; the last word on each member wins.
type Members struct {
	Add    []string // ids
	Remove []string // ids
	// Replace says that the list becomes exactly Add (replace, or a remove without a filter or values): the present members must be read
	// once.
	Replace bool
}

// SplitMembers takes the operations on the multi-valued complex attribute named (Group members) out of ops and folds them into a delta. ok
// is false where an operation cannot be said as a delta (a filter on something other than `value eq` or `or`s of it); ops are then
// unchanged and the members must be read.
func SplitMembers(ops []Op, attribute string) (rest []Op, delta Members, ok bool) {
	d := folding{last: map[string]word{}}
	for _, op := range ops {
		ref := op.Path.Attr.Ref
		if ref.Extension != nil || ref.Attr == nil || !strings.EqualFold(ref.Attr.Name, attribute) {
			rest = append(rest, op)
			continue
		}
		if !d.fold(op) {
			return ops, Members{}, false
		}
	}
	return rest, d.members(), true
}

// folding keeps the last word on each member, and the order in which the words fell.
type folding struct {
	replace bool
	said    []string // ids in order, with repetitions; those that the last word does not hold are passed over
	last    map[string]word
}

type word struct {
	add bool
	at  int // its place in said
}

func (d *folding) say(add bool, ids []string) {
	for _, id := range ids {
		if w, ok := d.last[id]; ok && w.add == add {
			continue // it is in its place already
		}
		d.last[id] = word{add, len(d.said)}
		d.said = append(d.said, id)
	}
}

func (d *folding) fold(op Op) bool {
	switch {
	case op.Path.Attr.Ref.Sub != nil:
		return false
	case op.Path.Filter == nil && op.Kind == Remove:
		*d = folding{replace: true, last: map[string]word{}}
		return true
	case op.Path.Filter == nil:
		ids, ok := idsOf(op.Value)
		if !ok {
			return false
		}
		if op.Kind == Replace { // what came before it does not count
			*d = folding{replace: true, last: map[string]word{}}
		}
		d.say(true, ids)
		return true
	case op.Kind == Remove:
		ids, ok := selectedIDs(op.Path.Filter)
		if ok {
			d.say(false, ids)
		}
		return ok
	}
	return false
}

func (d *folding) members() Members {
	m := Members{Replace: d.replace}
	for i, id := range d.said {
		switch w := d.last[id]; {
		case w.at != i:
		case w.add:
			m.Add = append(m.Add, id)
		case !d.replace:
			m.Remove = append(m.Remove, id)
		}
	}
	return m
}

// idsOf returns the `value` of each element.
func idsOf(value any) ([]string, bool) {
	list, ok := value.([]any)
	if !ok {
		return nil, false
	}
	var ids []string
	for _, v := range list {
		c, _ := v.(map[string]any)
		id, ok := c["value"].(string)
		if !ok {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, true
}

// selectedIDs returns the ids of `value eq "a" or value eq "b"`.
func selectedIDs(f filter.Expr) ([]string, bool) {
	clauses, ok := filter.Alternatives(f)
	if !ok {
		return nil, false
	}
	var ids []string
	for _, c := range clauses {
		id, ok := c.Value.(string)
		if !ok || c.Path.Ref.Sub == nil || c.Path.Ref.Sub.Name != "value" {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, true
}
