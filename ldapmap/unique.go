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
	rule  *rule    // nil: the RDN
	value string   // stem, where it takes a number
	rdn   ldif.RDN // of the RDN claim
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
		if !r.options.Unique || r.value == nil || w.Entry != nil && r.onCreate() {
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
	rdn, _, err := t.rename(w, login)
	if err != nil || rdn == "" {
		return claims, err
	}
	parsed, err := ldif.ParseRDN(rdn)
	if err != nil || len(parsed) == 0 {
		return nil, badName(rdn)
	}
	return append(claims, claim{value: parsed[0].Value, rdn: parsed}), nil
}

// uniqueClaims are the claims of the unique SCIM attributes. A tombstone claims nothing: its name is nobody else's.
func (t *Type) uniqueClaims(w Write) []claim {
	_, tombstone := t.bury(w.Entry, w.After)
	var claims []claim
	for _, r := range t.uniqueRefs {
		value := first(t.scimValues(r, w.After))
		old := first(t.scimValues(r, w.Before))
		buried := tombstone != "" && r == t.ruleFor("userName")
		if value != "" && !strings.EqualFold(value, old) && !buried {
			claims = append(claims, claim{rule: r, value: value})
		}
	}
	return claims
}

func first(values []any) string {
	if len(values) == 0 {
		return ""
	}
	v, _ := text(values[0])
	return v
}

// rename tells the RDN and the parent that the DN expression gives, each only where it differs from what it gave before: an entry that the
// bridge did not name keeps its name until the name's source changes.
func (t *Type) rename(w Write, login string) (rdn, parent string, err error) {
	after := w.After.Clone()
	if login != "" {
		after["userName"] = login
	}
	dn, err := t.dn.eval(after, t.resource, t.Base)
	if err != nil && w.Entry == nil {
		return "", "", err
	}
	rdn, parent = ldif.SplitDN(dn)
	if w.Entry != nil {
		before := w.Before.Clone()
		t.withLogin(before, w.Entry)
		old, oldErr := t.dn.eval(before, t.resource, t.Base)
		switch {
		case err != nil && oldErr != nil:
			return "", "", nil // it had no such name, and has none now
		case err != nil:
			return "", "", err
		}
		oldRDN, oldParent := ldif.SplitDN(old)
		if rdn == oldRDN {
			rdn = ""
		}
		if parent == oldParent {
			parent = ""
		}
		if rdn == "" && parent == "" {
			return "", "", nil
		}
	}
	if rdn != "" {
		if parsed, err := ldif.ParseRDN(rdn); err != nil || len(parsed) == 0 || parsed[0].Value == "" {
			return "", "", badName(dn)
		}
	}
	if parent != "" && !ldif.Under(parent, t.Base) {
		return "", "", &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("the map would put the entry at %q, outside %q", dn, t.Base)}
	}
	return rdn, parent, nil
}

func badName(dn string) error {
	return &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("the entry cannot be named %q", dn)}
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

// candidates are the values that a claim may take in a round: the bare value, then numbered from 2.
func (t *Type) candidates(c claim, round int) []string {
	attribute := c.attribute()
	stem, limit := t.fit(attribute, c.value)
	if c.rule == nil && t.namedByUnique(attribute) {
		return []string{stem}
	}
	separator := ""
	if c.rule == nil {
		separator = " "
	}
	from, to := 1, 10
	for range round {
		from, to = to+1, to*10
	}
	var values []string
	for n := from; n <= to; n++ {
		if n == 1 {
			values = append(values, stem)
			continue
		}
		values = append(values, numbered(stem, separator, n, limit))
	}
	return values
}

// numbered appends a number, before an @ where the value has one, within the limit.
func numbered(stem, separator string, n, limit int) string {
	local, domain, isAddress := strings.Cut(stem, "@")
	suffix := fmt.Sprintf("%s%d", separator, n)
	if isAddress {
		suffix += "@" + domain
	}
	if limit > 0 {
		local = strings.TrimRight(truncate(local, max(0, limit-len([]rune(suffix)))), " ")
	}
	return local + suffix
}

// namedByUnique says that the attribute that names the entry shows a SCIM attribute which cannot take a number: it is unique, or has one value.
func (t *Type) namedByUnique(attribute string) bool {
	for _, r := range t.rules {
		if !r.computed() && strings.EqualFold(r.ldap, t.canonical(attribute)) && (t.isUnique(r) || r.single) {
			return true
		}
	}
	return false
}

// fit makes a value what Active Directory takes for the attribute ([MS-ADTS] §3.1.1.5.2.2, [MS-SAMR] §3.1.1.6), and tells the
// length that it allows; 0 is no limit known.
func (t *Type) fit(attribute, value string) (string, int) {
	if !t.isDirectory(ldif.ActiveDirectory) {
		return value, 0
	}
	switch limit := 64; strings.ToLower(attribute) {
	case "cn":
		return strings.TrimSpace(truncate(strings.TrimSpace(value), limit)), limit
	case "samaccountname":
		if t.Name == "User" {
			limit = 20
		} else {
			limit = 256
		}
		value = strings.Map(func(r rune) rune {
			if r < ' ' || strings.ContainsRune(`"/\[]:;|=,+*?<>@`, r) {
				return '_'
			}
			return r
		}, strings.TrimSpace(value))
		return strings.TrimRight(truncate(value, limit), ". "), limit
	}
	return value, 0
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
	others := f.Found
	if w.Entry != nil {
		others = nil
		for _, e := range f.Found {
			if t.ID(e) != t.ID(w.Entry) {
				others = append(others, e)
			}
		}
	}
	displaced := map[string]bool{}
	for _, c := range claims {
		if c.takesNumber() {
			if err := t.number(c, others, f.Round, w, &s); err != nil {
				return s, err
			}
			continue
		}
		for _, e := range others {
			switch t.holds(e, c) {
			case free:
			case buried:
				if !displaced[e.DN] {
					steps, err := t.displace(e, f)
					if err != nil {
						return s, err
					}
					s.displaced = append(s.displaced, steps...)
					displaced[e.DN] = true
				}
			case taken:
				return s, t.conflict(c, e)
			}
		}
	}
	return s, nil
}

// number picks the first candidate that nobody holds.
func (t *Type) number(c claim, others []*ldif.Entry, round int, w Write, s *settlement) error {
	leaving := func(e *ldif.Entry) bool { // a displaced entry's name is free by then
		return slices.ContainsFunc(s.displaced, func(step ldif.Step) bool {
			return step.Change.Kind == ldif.ModifyDN && step.Change.DN == e.DN
		})
	}
	candidates := t.candidates(c, round)
	for _, value := range candidates {
		if c.rule != nil {
			if !holdsValue(others, c.rule.ldap, value) {
				s.numbered[c.rule] = value
				return nil
			}
			continue
		}
		rdn := append(ldif.RDN{{Type: c.rdn[0].Type, Value: value}}, c.rdn[1:]...)
		parent := s.parent
		if parent == "" {
			_, parent = ldif.SplitDN(w.Entry.DN)
		}
		occupied := false
		for _, e := range others {
			occupied = occupied || ldif.SameDN(e.DN, rdn.String()+","+parent) && !leaving(e)
		}
		if !occupied || len(candidates) == 1 {
			s.rdn = rdn.String()
			return nil
		}
	}
	return ErrRound
}

func holdsValue(entries []*ldif.Entry, attribute, value string) bool {
	for _, e := range entries {
		for _, v := range e.Values(attribute) {
			if strings.EqualFold(v, value) {
				return true
			}
		}
	}
	return false
}

// How an entry stands to a claim.
type standing int

const (
	free   standing = iota
	buried          // it holds the value beneath a tombstone, and gives it up
	taken
)

func (t *Type) holds(e *ldif.Entry, c claim) standing {
	one := []*ldif.Entry{e}
	if t.Holds(e) {
		isName := t.tombstone != "" && c.rule == t.ruleFor("userName")
		switch tomb := t.tombstoneOf(e); {
		case isName && strings.EqualFold(tomb, c.value):
			return taken
		case isName && tomb != "" && strings.EqualFold(t.loginOf(e), c.value):
			return buried
		case holdsValue(one, c.rule.ldap, c.value):
			return taken
		}
		return free
	}
	if t.isKin(e) && holdsValue(one, c.rule.ldap, c.value) {
		return taken
	}
	return free
}

// isKin says that the entry has the structural class of this type, and would clash with it, though it lies outside the fence.
func (t *Type) isKin(e *ldif.Entry) bool {
	for _, class := range t.options.ObjectClasses {
		definition := t.server.Schema.Class(class)
		if definition != nil && definition.Kind == "STRUCTURAL" && !strings.EqualFold(class, "top") && holdsValue([]*ldif.Entry{e}, "objectClass", class) {
			return true
		}
	}
	return false
}

// conflict says who holds the value, where the caller may know.
func (t *Type) conflict(c claim, e *ldif.Entry) error {
	holder := fmt.Sprintf("the %s with id %q", t.Name, t.ID(e))
	if !t.Holds(e) {
		holder = "an entry that is not managed here"
	}
	return &scim.Error{Type: scim.Uniqueness, Detail: fmt.Sprintf("%s %q is taken by %s", c.rule.scimPath(), c.value, holder)}
}

// ClaimFilter finds every entry of this type that shows a unique value which the write claims: the written one, and its rivals.
func (t *Type) ClaimFilter(w Write) string {
	var filters []string
	for _, c := range t.uniqueClaims(w) {
		filters = append(filters, c.filters(t, 0)...)
	}
	return and(t.scopeText, or(filters...))
}

// Rival says what e takes from the write, as a conflict; nil where it takes nothing.
func (t *Type) Rival(w Write, e *ldif.Entry) error {
	for _, c := range t.uniqueClaims(w) {
		if t.holds(e, c) == taken {
			return t.conflict(c, e)
		}
	}
	return nil
}
