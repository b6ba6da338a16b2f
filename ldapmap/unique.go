package ldapmap

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// ErrRound says that every candidate of this round is taken: ask Needs for the next.
var ErrRound = errors.New("every candidate is taken")

// Rounds is how many rounds of candidates there are: 0 tries the bare value and the numbers to 10, 1 those to 100, 2 those to 1,000.
const Rounds = 3

// claim is a value that a write needs for itself alone: of a unique SCIM attribute (taken: a conflict), of a computed attribute or of the
// RDN (taken: a number is appended).
type claim struct {
	rule  *rule    // nil: the RDN's alone
	value string   // stem, where it takes a number
	rdn   ldif.RDN // where the value names the entry too
}

func (c claim) takesNumber() bool { return c.rule == nil || c.rule.computed() }

// attribute is the LDAP attribute whose value is claimed.
func (c claim) attribute() string {
	if c.rule == nil {
		return c.rdn[0].Type
	}
	return c.rule.ldap
}

// settlement is how a write's claims came out.
type settlement struct {
	rdn, parent string // the new name; "" where it stays
	numbered    map[*rule]string
	displaced   []ldif.Step // what gives buried entries their tombstone names, before the write
}

// claims are the values that the write newly claims.
func (t *Type) claims(w Write) ([]claim, error) {
	login, _ := t.bury(w.Entry, w.After)
	before, after := w.Before.Clone(), w.After.Clone()
	if w.Entry != nil {
		t.withLogin(before, w.Entry)
	}
	if login != "" {
		after["userName"] = login
	}
	claims := t.uniqueClaims(w)
	for _, r := range t.rules {
		if !r.options.Unique || r.value == nil || w.Entry != nil && r.onCreate() && !renamesFree(before, after) {
			continue
		}
		now, err := t.evaluated(r.value, after)
		if err != nil {
			return nil, err
		}
		old := []string(nil)
		if w.Entry != nil {
			old, _ = t.evaluated(r.value, before)
		}
		if value := strings.Join(now, ""); value != "" && value != strings.Join(old, "") {
			claims = append(claims, claim{rule: r, value: value})
		}
	}
	rdn, err := t.claimedName(w, login)
	if err != nil || rdn == nil {
		return claims, err
	}
	for i, c := range claims {
		if c.takesNumber() && strings.EqualFold(c.rule.ldap, t.canonical(rdn[0].Type)) && c.value == rdn[0].Value {
			claims[i].rdn = rdn // the number is the name's too
			return claims, nil
		}
	}
	return append(claims, claim{value: rdn[0].Value, rdn: rdn}), nil
}

// claimedName is the RDN that the write claims among its siblings: a new one, or the entry's own in another place.
func (t *Type) claimedName(w Write, login string) (ldif.RDN, error) {
	rdn, parent, err := t.rename(w, login)
	if err != nil {
		return nil, err
	}
	if rdn == "" && parent != "" {
		own, at := ldif.SplitDN(w.Entry.DN)
		if !ldif.SameDN(at, parent) {
			rdn = own
		}
	}
	if rdn == "" {
		return nil, nil
	}
	parsed, err := ldif.ParseRDN(rdn)
	if err != nil || len(parsed) == 0 {
		return nil, badName(rdn)
	}
	return parsed, nil
}

// uniqueClaims are the claims of the unique SCIM attributes. A tombstone claims nothing: its name is nobody else's.
func (t *Type) uniqueClaims(w Write) []claim {
	_, tombstone := t.bury(w.Entry, w.After)
	var claims []claim
	for _, r := range t.uniqueRefs {
		if tombstone != "" && r == t.ruleFor("userName") {
			continue
		}
		old := texts(t.scimValues(r, w.Before))
		for _, value := range texts(t.scimValues(r, w.After)) {
			if value != "" && !t.among(r, old, value) {
				claims = append(claims, claim{rule: r, value: value})
			}
		}
	}
	return claims
}

func texts(values []any) []string {
	found := make([]string, 0, len(values))
	for _, value := range values {
		if v, err := text(value); err == nil {
			found = append(found, v)
		}
	}
	return found
}

// among says whether the value is among others, none of which may be equal to it: to the letter where the SCIM attribute is case exact, and else by
// whatever SCIM or the directory takes for equal.
func (t *Type) among(r *rule, others []string, value string) bool {
	for _, other := range others {
		if other == value || !(!r.computed() && r.caseExact()) && t.alike(r.ldap, other, value) {
			return true
		}
	}
	return false
}

// alike says whether SCIM or the directory takes two values for equal.
func (t *Type) alike(attribute, a, b string) bool {
	return strings.EqualFold(a, b) || ldif.Equal(t.server.Schema, attribute, a, b)
}

// filters ask who holds what the claim wants, candidates of the round included.
func (c claim) filters(t *Type, round int) []string {
	if !c.takesNumber() {
		filters := []string{equality(c.rule.ldap, c.value)}
		if t.tombstone != "" && c.rule == t.ruleFor("userName") {
			filters = append(filters, equality(t.tombstone, c.value))
		}
		return filters
	}
	var filters []string
	for _, value := range t.candidates(c, round) {
		filters = append(filters, equality(c.attribute(), value))
	}
	return filters
}

func equality(attribute, value string) string {
	return "(" + attribute + "=" + ldif.EscapeFilter(value) + ")"
}

// settleClaims holds the claims against the entries found.
func (t *Type) settleClaims(w Write, f Facts) (settlement, error) {
	claims, err := t.claims(w)
	if err != nil {
		return settlement{}, err
	}
	login, _ := t.bury(w.Entry, w.After)
	s := settlement{numbered: map[*rule]string{}}
	if s.rdn, s.parent, err = t.rename(w, login); err != nil {
		return s, err
	}
	var others []*ldif.Entry
	for _, e := range f.Found {
		if w.Entry == nil || t.ID(e) != t.ID(w.Entry) {
			others = append(others, e)
		}
	}
	for _, c := range claims { // those that a conflict may end come first
		if c.takesNumber() {
			err = t.number(c, s.asLeft(others, t.server.Schema), f.Round, w, &s)
		} else {
			err = t.clear(c, others, f, &s)
		}
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

// clear makes sure that nobody holds what the claim wants, or gives it up: a buried entry does.
func (t *Type) clear(c claim, others []*ldif.Entry, f Facts, s *settlement) error {
	for _, e := range others {
		switch t.holds(e, c) {
		case free:
		case buried:
			if s.displaces(e) {
				continue
			}
			steps, err := t.displace(e, f)
			if err != nil {
				return err
			}
			s.displaced = append(s.displaced, steps...)
		case taken:
			return t.conflict(fmt.Sprintf("%s %q", c.rule.scimPath(), c.value), e)
		}
	}
	return nil
}

// displaces says whether the entry is one of those that are displaced.
func (s *settlement) displaces(e *ldif.Entry) bool {
	for _, step := range s.displaced {
		if step.Before == e {
			return true
		}
	}
	return false
}

// asLeft are the entries as the displacements leave them: what those give up is free.
func (s *settlement) asLeft(entries []*ldif.Entry, schema *ldif.Subschema) []*ldif.Entry {
	left := slices.Clone(entries)
	for i, e := range entries {
		for _, step := range s.displaced {
			if step.Before == e {
				left[i] = ldif.Apply(left[i], step.Change, schema)
			}
		}
	}
	return left
}

// How an entry stands to a claim.
type standing int

const (
	free   standing = iota
	buried          // it holds the value beneath a tombstone, and gives it up
	taken
)

func (t *Type) holds(e *ldif.Entry, c claim) standing {
	held := t.among(c.rule, e.Values(c.rule.ldap), c.value)
	if !t.Holds(e) {
		if held && t.isKin(e) {
			return taken
		}
		return free
	}
	if c.rule == t.ruleFor("userName") {
		switch tomb := t.tombstoneOf(e); {
		case tomb == "":
		case strings.EqualFold(tomb, c.value):
			return taken
		case t.among(c.rule, []string{t.loginOf(e)}, c.value):
			return buried
		}
	}
	if held {
		return taken
	}
	return free
}

// isKin says that the entry has the structural class of this type, and would clash with it, though it lies outside the fence.
func (t *Type) isKin(e *ldif.Entry) bool {
	for _, class := range t.options.ObjectClasses {
		definition := t.server.Schema.Class(class)
		if definition == nil || definition.Kind != "STRUCTURAL" || strings.EqualFold(class, "top") {
			continue
		}
		for _, held := range e.Values("objectClass") {
			if t.server.Schema.IsA(held, class) {
				return true
			}
		}
	}
	return false
}

// conflict says who holds what is claimed, where the caller may know.
func (t *Type) conflict(claimed string, e *ldif.Entry) error {
	holder := "an entry that is not managed here"
	if owner := t.types.typeOf(e); owner != nil {
		holder = fmt.Sprintf("the %s with id %q", owner.Name, owner.ID(e))
	}
	return &scim.Error{Type: scim.Uniqueness, Detail: fmt.Sprintf("%s is taken by %s", claimed, holder)}
}

// ClaimFilter finds every entry of this type that shows a unique value which the write claims: the written one, and its rivals. It is "" where the
// write claims none.
func (t *Type) ClaimFilter(w Write) string {
	var filters []string
	for _, c := range t.uniqueClaims(w) {
		filters = append(filters, c.filters(t, 0)...)
	}
	if len(filters) == 0 {
		return ""
	}
	return and(t.scopeText, or(filters...))
}

// Rival says what e takes from the write, as a conflict; nil where it takes nothing.
func (t *Type) Rival(w Write, e *ldif.Entry) error {
	for _, c := range t.uniqueClaims(w) {
		if t.holds(e, c) == taken {
			return t.conflict(fmt.Sprintf("%s %q", c.rule.scimPath(), c.value), e)
		}
	}
	return nil
}
