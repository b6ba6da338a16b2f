package ldif

import (
	"fmt"
	"slices"
	"strings"
)

// EffectKind is what a plan does to an entry, in the field's own word.
type EffectKind string

// The kinds of effect.
const (
	Created        EffectKind = "created"
	Linked         EffectKind = "linked" // found by a POST, which becomes its owner
	Enabled        EffectKind = "enabled"
	Blocked        EffectKind = "blocked"
	Changed        EffectKind = "changed" // of what no other kind tells
	Renamed        EffectKind = "renamed" // another RDN
	Moved          EffectKind = "moved"   // another parent
	Deleted        EffectKind = "deleted"
	SoftDeleted    EffectKind = "soft-deleted" // given a tombstone name
	Revived        EffectKind = "revived"      // given its clean name back after a soft delete, or a resource again after a delete
	PasswordSet    EffectKind = "password set" // by the client or, at birth, at random
	Restored       EffectKind = "restored"     // a deleted entry, there again as it was
	MembersAdded   EffectKind = "members added"
	MembersRemoved EffectKind = "members removed"
	PlaceMade      EffectKind = "place made" // an organizational unit, for the entry to stand in
)

// EffectKinds are all of them.
var EffectKinds = []EffectKind{
	Created, Linked, Enabled, Blocked, Changed, Renamed, Moved, Deleted, SoftDeleted, Revived, PasswordSet, MembersAdded, MembersRemoved,
	PlaceMade, Restored,
}

// Word is the kind as the configuration and messages to programs name it: membersAdded, softDeleted.
func (k EffectKind) Word() string {
	first, second, two := strings.Cut(strings.ReplaceAll(string(k), "-", " "), " ")
	if two {
		second = strings.ToUpper(second[:1]) + second[1:]
	}
	return first + second
}

// Effect is one thing that a plan does to one entry.
type Effect struct {
	Kind EffectKind
	DN   string // of the entry, as it was read; of a new one, as it is made
	ID   string // of the entry, "" for a new one
	// Attributes are the LDAP attributes by which a Modify does it; nil: any.
	Attributes []string
	Values     []string // members, as the change names them; of a soft delete the tombstone name
}

// String is the effect in words: `renamed uid=mara,…`, `members added 3 cn=Night Shift,…`.
func (e Effect) String() string {
	if e.isOfMembers() {
		return fmt.Sprintf("%s %d %s", e.Kind, len(e.Values), e.DN)
	}
	return fmt.Sprintf("%s %s", e.Kind, e.DN)
}

func (e Effect) isOfMembers() bool { return e.Kind == MembersAdded || e.Kind == MembersRemoved }

// Words are the plan's effects, in order, as a log shows them: no values but names.
//
//	renamed uid=mara,… to uid=maria,…; changed uid=maria,… (title, mail)
//	members added 2 cn=Night Shift,… (uid=anna,… | uid=bo,…)
//	soft-deleted uid=anna,… (283405f5…anna)
func (p Plan) Words() string {
	changes := make([]Change, len(p.Steps))
	for i, s := range p.Steps {
		changes[i] = s.Change
	}
	return words(p.Effects, changes)
}

// Words are those of the plan's effects that came about and stand; "": nothing was changed.
func (r Receipt) Words() string {
	changes := make([]Change, len(r.Steps))
	for i, s := range r.Steps {
		if s.Changed() {
			changes[i] = s.Sent
		}
	}
	return words(r.Plan.Effects, changes)
}

// Standing are the plan's effects that came about and stand, or may: what no answer came for is among them. Of members they hold those
// alone that were changed.
func (r Receipt) Standing() (effects []Effect) {
	var changes []Change
	for _, s := range r.Steps {
		if s.Changed() || s.State == Unknown {
			changes = append(changes, s.Sent)
		}
	}
	byEntry := ofEntries(changes)
	for _, e := range r.Plan.Effects {
		if done, what := e.among(byEntry[NormalDN(e.DN)]); done {
			effects = append(effects, what)
		}
	}
	return effects
}

// ofEntries are the changes of each entry, by the normal form of the DN that it was read by.
func ofEntries(changes []Change) map[string][]Change {
	byEntry := map[string][]Change{}
	renamed := map[string]string{} // that DN, by the one that a rename gave
	for _, c := range changes {
		dn := NormalDN(c.DN)
		if first, ok := renamed[dn]; ok {
			dn = first
		}
		if c.Kind == ModifyDN {
			renamed[NormalDN(c.NewDN())] = dn
		}
		byEntry[dn] = append(byEntry[dn], c)
	}
	return byEntry
}

// words are the effects as far as the changes have them, each under the name that the entry has when it comes about.
func words(effects []Effect, changes []Change) string {
	byEntry := ofEntries(changes)
	names := map[string]string{} // that the entries have so far, where it is another
	var all []string
	for _, e := range effects {
		was := NormalDN(e.DN)
		about, text := e.among(byEntry[was])
		if !about {
			continue
		}
		if name := names[was]; name != "" {
			text.DN = name
		}
		said := text.String()
		for _, c := range byEntry[was] {
			if (e.Kind == Renamed || e.Kind == Moved) && c.Kind == ModifyDN {
				said, names[was] = fmt.Sprintf("%s %s to %s", e.Kind, e.DN, c.NewDN()), c.NewDN()
			}
		}
		all = append(all, said+text.named())
	}
	return strings.Join(all, "; ")
}

// among says whether some of the changes of the entry do the effect, and what of it.
func (e Effect) among(changes []Change) (done bool, what Effect) {
	what = e
	what.Attributes, what.Values = nil, nil
	wanted := set(e.Values)
	note := func(op ModOp, name string, values []string) {
		switch {
		case e.isOfMembers():
			for _, v := range values {
				sole := len(e.Values) == 1 && len(wanted) == 1 && mayBeSame(v, e.Values[0]) // of a leaver, as the group spells it
				if (wanted[v] || sole) && (op == AddValues) == (e.Kind == MembersAdded) {
					delete(wanted, v) // once
					if sole {
						clear(wanted)
					}
					what.Values = append(what.Values, v)
				}
			}
			done = done || len(what.Values) > 0
		case len(e.Attributes) > 0 && !slices.Contains(e.Attributes, name):
		case e.Kind == Changed && (Secret(name) || slices.Contains(what.Attributes, name)):
			done = true
		default:
			done, what.Values = true, e.Values
			what.Attributes = append(what.Attributes, name)
		}
	}
	for _, c := range changes {
		if c.Leaves && e.Kind == Deleted {
			done = true
			continue
		}
		switch {
		case c.Kind == Add && e.isOfMembers():
			for _, a := range c.Entry {
				note(AddValues, a.Name, a.Values)
			}
		case c.Kind == Add:
			done = true
		case c.Kind == ModifyDN:
			done = done || e.Kind == Renamed || e.Kind == Moved || e.Kind == Changed && e.Attributes == nil // taken back
		case c.Kind == Delete:
			done = done || e.Kind == Deleted
		case e.Kind != Renamed && e.Kind != Moved && e.Kind != Deleted && e.Kind != Created && e.Kind != Restored:
			for _, m := range c.Mods {
				note(m.Op, m.Name, m.Values)
			}
		}
	}
	return done, what
}

// few is how many members are named.
const few = 5

// named names, in brackets, what the effect is of.
func (e Effect) named() string {
	list, between := e.Values, " | "
	switch {
	case e.Kind == Changed:
		list, between = e.Attributes, ", "
	case e.Kind != SoftDeleted && !e.isOfMembers():
		return ""
	}
	more := ""
	if e.Kind != Changed && len(list) > few {
		list, more = list[:few], between+"…"
	}
	if len(list) == 0 {
		return ""
	}
	return " (" + strings.Join(list, between) + more + ")"
}

func set(values []string) map[string]bool {
	s := make(map[string]bool, len(values))
	for _, v := range values {
		s[v] = true
	}
	return s
}
