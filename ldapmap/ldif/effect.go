package ldif

import (
	"fmt"
	"strings"
)

// EffectKind is what a plan does to an entry, in the field's own word.
type EffectKind string

// The kinds of effect.
const (
	Created        EffectKind = "created"
	Enabled        EffectKind = "enabled"
	Blocked        EffectKind = "blocked"
	Changed        EffectKind = "changed" // of what no other kind tells
	Renamed        EffectKind = "renamed" // another RDN
	Moved          EffectKind = "moved"   // another parent
	Deleted        EffectKind = "deleted"
	SoftDeleted    EffectKind = "soft-deleted" // given a tombstone name
	Revived        EffectKind = "revived"      // given its clean name back after a soft delete
	PasswordSet    EffectKind = "password set" // by the client or, at birth, at random
	MembersAdded   EffectKind = "members added"
	MembersRemoved EffectKind = "members removed"
)

// Effect is one thing that a plan does to one entry.
type Effect struct {
	Kind   EffectKind
	DN     string   // of the entry, as it was read; of a new one, as it is made
	ID     string   // of the entry, "" for a new one
	Values []string // members, as the change names them
}

// String is the effect in words: `renamed uid=mara,…`, `members added 3 cn=Night Shift,…`.
func (e Effect) String() string {
	if e.Kind == MembersAdded || e.Kind == MembersRemoved {
		return fmt.Sprintf("%s %d %s", e.Kind, len(e.Values), e.DN)
	}
	return fmt.Sprintf("%s %s", e.Kind, e.DN)
}

// Words are the plan's effects, in order, as a log shows them; of a new name both: `renamed uid=mara,… to uid=maria,…`.
func (p Plan) Words() string {
	words := make([]string, len(p.Effects))
	for i, e := range p.Effects {
		words[i] = e.String()
		for _, s := range p.Steps {
			if (e.Kind == Renamed || e.Kind == Moved) && s.Change.Kind == ModifyDN && SameDN(s.Change.DN, e.DN) {
				words[i] += " to " + s.Change.NewDN()
			}
		}
	}
	return strings.Join(words, "; ")
}
