package draft

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/stringprep"
)

// claim is a value that a write needs for itself alone: of a unique SCIM attribute (taken: a conflict), of a computed attribute or of the
// RDN (taken: a number is appended).
type claim struct {
	rule  *ldapmap.Rule // nil: the RDN's alone
	value string        // stem, where it takes a number
	held  string        // the LDAP value that it is, where that is another
	rdn   ldif.RDN      // where the value names the entry too
}

func (c claim) takesNumber() bool { return c.rule == nil || c.rule.Computed() }

// attribute is the LDAP attribute whose value is claimed.
func (c claim) attribute() string {
	if c.rule == nil {
		return c.rdn[0].Type
	}
	return c.rule.LDAP
}

// named is the RDN with another first value.
func (c claim) named(value string) ldif.RDN {
	return append(ldif.RDN{{Type: c.rdn[0].Type, Value: value}}, c.rdn[1:]...)
}

// claimed are the values that the write newly claims; those that may end in a conflict come first.
func (d *Draft) claimed() []claim {
	claims := d.uniqueClaims()
	for _, r := range d.t.Rules {
		g, ok := d.generated[r]
		if value := strings.Join(g.now, ""); ok && r.Options.Unique && value != "" && value != strings.Join(g.old, "") {
			claims = append(claims, claim{rule: r, value: value})
		}
	}
	rdn := d.claimedRDN()
	if len(rdn) == 0 {
		return claims
	}
	for i, c := range claims {
		if c.takesNumber() && d.t.IsSame(c.rule.LDAP, rdn[0].Type) && c.value == rdn[0].Value {
			claims[i].rdn = rdn // the number is the name's too
			return claims
		}
	}
	return append(claims, claim{value: rdn[0].Value, rdn: rdn})
}

// uniqueClaims are the claims of the unique SCIM attributes. A tombstone claims nothing: its name is nobody else's. A clean name
// written back is claimed.
func (d *Draft) uniqueClaims() []claim {
	var claims []claim
	for _, r := range d.t.Unique {
		before := d.before
		if r == d.t.Login {
			if d.tombstone != "" {
				continue
			}
			before = d.write.Before // the tombstone name that it shows, if it does
		}
		if d.revived {
			before = nil // nobody may have it beside whom it is given back
		}
		old := texts(d.t.SCIMValues(r, before))
		for _, value := range texts(d.t.SCIMValues(r, d.after)) {
			if value != "" && !among(d.t, r, old, value) {
				claims = append(claims, claim{rule: r, value: value, held: held(r, value)})
			}
		}
	}
	return claims
}

// held is how the directory holds the value of a unique SCIM attribute.
func held(r *ldapmap.Rule, value string) string {
	if r.Form != nil {
		if v, err := r.Form.Write(value); err == nil { // what cannot be written is refused where it is
			return v
		}
	}
	return value
}

func texts(values []any) []string {
	found := make([]string, 0, len(values))
	for _, value := range values {
		if v, err := compile.Text(value); err == nil {
			found = append(found, v)
		}
	}
	return found
}

// filters ask who holds what the claim wants, candidates of the round included.
func (c claim) filters(t *ldapmap.Type, round int) []string {
	if !c.takesNumber() {
		var filters []string
		spellings := c.spellings(c.held)
		for _, spelling := range spellings {
			filters = append(filters, ldif.Equality(c.rule.LDAP, spelling))
		}
		if t.Tombstone != "" && c.rule == t.Login {
			if c.held != c.value {
				spellings = c.spellings(c.value)
			}
			for _, spelling := range spellings {
				filters = append(filters, ldif.Equality(t.Tombstone, spelling))
			}
		}
		return filters
	}
	var filters []string
	for _, value := range c.candidates(t, round) {
		filters = append(filters, ldif.Equality(c.attribute(), value))
	}
	return filters
}

// spellings are the forms in which another entry may hold the value of a unique SCIM attribute.
func (c claim) spellings(value string) []string {
	if c.rule.CaseExact() {
		return []string{value}
	}
	return stringprep.Spellings(value)
}

// standing is how an entry stands to a claim.
type standing int

const (
	free        standing = iota
	left                 // it is a leaver's, and holds the value: a create is given the entry, and to any other write it gives the value up
	softDeleted          // it holds the value beneath a tombstone, and gives it up
	taken
)

// standingOf is how the entry stands to a claim of a unique SCIM attribute.
func (c claim) standingOf(t *ldapmap.Type, e *ldif.Entry) standing {
	held := among(t, c.rule, c.rule.Own(e.Values(c.rule.LDAP)), c.held)
	if t.HasLeft(e) {
		return c.standingOfLeaver(t, e, held)
	}
	if !t.Holds(e) {
		if held && (t.IsOfClass(e) || t.Covers(e.DN) && !isAnothers(t, e)) {
			return taken
		}
		return free
	}
	if c.rule == t.Login {
		switch tombstone := t.TombstoneOf(e); {
		case tombstone == "":
		case stringprep.Equal(tombstone, c.value):
			return taken
		case among(t, c.rule, []string{t.LoginOf(e)}, c.value):
			return softDeleted
		}
	}
	if held {
		return taken
	}
	return free
}

// standingOfLeaver is how the entry of a leaver stands to it. What else than his name he holds he does not hold against anybody.
func (c claim) standingOfLeaver(t *ldapmap.Type, e *ldif.Entry, held bool) standing {
	switch tombstone := t.TombstoneOf(e); {
	case c.rule != t.Named():
		return free
	case tombstone != "" && stringprep.Equal(tombstone, c.value):
		return left
	case tombstone != "" && held:
		return softDeleted
	case held:
		return left
	}
	return free
}

// isAnothers says that an entry is what another mapped type is for: a person may be called what a group is called.
func isAnothers(t *ldapmap.Type, e *ldif.Entry) bool {
	return slices.ContainsFunc(t.Map.Types, func(other *ldapmap.Type) bool { return other != t && other.IsOfClass(e) })
}

// among says whether the value is among the others: to the letter, but for spaces at the end, where the SCIM attribute is case exact, and
// else by whatever SCIM or the directory takes for equal.
func among(t *ldapmap.Type, r *ldapmap.Rule, others []string, value string) bool {
	exactly := !r.Computed() && r.CaseExact()
	return slices.ContainsFunc(others, func(other string) bool {
		same := strings.TrimRight(other, " ") == strings.TrimRight(value, " ")
		return same || !exactly && alike(t, r.LDAP, other, value)
	})
}

// alike says whether SCIM or the directory takes two values for equal.
func alike(t *ldapmap.Type, attribute, a, b string) bool {
	return stringprep.Equal(a, b) || ldif.Equal(t.Server.Schema, attribute, a, b)
}

func (c claim) conflict(t *ldapmap.Type, e *ldif.Entry) error {
	return conflict(t.Map, fmt.Sprintf("%s %q", c.rule.Path(), c.value), c.rule.Path(), e)
}

// ClaimFilter finds every entry of the type that shows a unique value which the write claims: the written one, and its rivals. It
// is "" where the write claims none.
func (d *Draft) ClaimFilter() string {
	var filters []string
	for _, c := range d.claims {
		if !c.takesNumber() {
			filters = append(filters, c.filters(d.t, 0)...)
		}
	}
	if len(filters) == 0 {
		return ""
	}
	return ldif.AllOf(ldif.AnyOf(filters...), d.t.Scope())
}

// Rival says what e takes from the write, as a conflict; nil where it takes nothing.
func (d *Draft) Rival(e *ldif.Entry) error {
	for _, c := range d.claims {
		if !c.takesNumber() && c.standingOf(d.t, e) == taken {
			return c.conflict(d.t, e)
		}
	}
	return nil
}
