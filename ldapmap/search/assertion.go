package search

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
	"scimbridge/scim/stringprep"
)

// How one comparison of a SCIM value becomes an LDAP filter that is no stricter: equality and substrings where the attribute has
// a matching rule that is at least as loose as SCIM's comparison, and else the attribute's mere presence.

// compareRule is an LDAP filter on the rule's attribute that cannot miss an entry whose SCIM value satisfies c.
func (x *translator) compareRule(r *ldapmap.Rule, c *filter.Compare) string {
	f := x.assertion(r.LDAP, r, c)
	if x.Tombstone != "" && r == x.Login {
		return ldif.AnyOf(f, x.assertion(x.Tombstone, r, c))
	}
	return f
}

// assertion is the filter for one comparison with the values of an LDAP attribute.
func (x *translator) assertion(attribute string, r *ldapmap.Rule, c *filter.Compare) string {
	equalityRule, substringRule := x.Server.Schema.Rules(attribute)
	if r.Form != nil && attribute != x.Tombstone {
		return formAssertion(attribute, equalityRule, r, c)
	}
	switch r.SCIMType() {
	case schema.Boolean:
		if v, ok := c.Value.(bool); ok && c.Op == filter.Equal && strings.EqualFold(equalityRule, "booleanMatch") {
			return ldif.Equality(attribute, strings.ToUpper(strconv.FormatBool(v)))
		}
	case schema.Integer, schema.Decimal:
		number, _ := c.Value.(json.Number)
		if n, err := number.Int64(); err == nil && c.Op == filter.Equal && strings.EqualFold(equalityRule, "integerMatch") {
			return ldif.Equality(attribute, strconv.FormatInt(n, 10))
		}
	case schema.String, schema.Reference:
		value, _ := c.Value.(string)
		if r.WriteOnly() || !plain(value) {
			break
		}
		loose := func(rule string) bool { return ldif.IgnoresCase(rule) || r.CaseExact() && ldif.ComparesText(rule) }
		var alternatives []string
		for _, spelling := range spellingsOf(value, r) {
			text := textAssertion(spelling, c.Op, !r.CaseExact(), loose(equalityRule), loose(substringRule))
			if f := "(" + attribute + "=" + text + ")"; !slices.Contains(alternatives, f) {
				alternatives = append(alternatives, f)
			}
		}
		return ldif.AnyOf(alternatives...)
	}
	return ldif.Presence(attribute)
}

// formAssertion is the filter for one comparison with values in a form of their own: equality with what is written for the value.
func formAssertion(attribute, rule string, r *ldapmap.Rule, c *filter.Compare) string {
	asked := r.Form.Asked(c.Value, r.CaseExact())
	if c.Op != filter.Equal || rule == "" || len(asked) == 0 {
		return ldif.Presence(attribute)
	}
	var alternatives []string
	for _, value := range asked {
		for _, spelling := range spellingsOf(value, r) {
			text := ldif.EscapeFilter(spelling)
			if ldif.ComparesText(rule) {
				if !plain(spelling) {
					return ldif.Presence(attribute)
				}
				text = textAssertion(spelling, c.Op, !r.CaseExact(), ldif.IgnoresCase(rule) || r.CaseExact(), false)
			}
			f := "(" + attribute + "=" + text + ")"
			asked := func(other string) bool { return f == other || ldif.IgnoresCase(rule) && strings.EqualFold(f, other) }
			if !slices.ContainsFunc(alternatives, asked) {
				alternatives = append(alternatives, f)
			}
		}
	}
	return ldif.AnyOf(alternatives...)
}

// spellingsOf are the forms in which the value may stand that SCIM takes for equal.
func spellingsOf(value string, r *ldapmap.Rule) []string {
	if r.CaseExact() {
		return []string{value}
	}
	return stringprep.Spellings(value)
}

// textAssertion is the assertion value for a text, `*` for mere presence. ignoringCase says that SCIM does.
func textAssertion(value string, op filter.Op, ignoringCase, equals, contains bool) string {
	text := ldif.EscapeFilter(value)
	if ignoringCase {
		text = withoutOddLetters(value)
	}
	odd := ignoringCase && strings.Contains(text, "*") // an asterisk of the value's own is escaped
	// Servers differ in what they make of spaces at the ends of a part, and of several in a row.
	contains = contains && strings.TrimSpace(value) == value && !strings.Contains(value, "  ")
	switch {
	case op == filter.Equal && equals && !odd:
	case op == filter.Equal && contains:
	case op == filter.Contains && contains:
		text = "*" + text + "*"
	case op == filter.StartsWith && contains:
		text += "*"
	case op == filter.EndsWith && contains:
		text = "*" + text
	default:
		return "*"
	}
	for strings.Contains(text, "**") {
		text = strings.ReplaceAll(text, "**", "*")
	}
	return text
}

// plain says whether the value is one that every server reads as it stands: not empty once prepared (RFC 4518 drops control and
// format characters, and a telephone number's rule spaces and hyphens).
func plain(value string) bool {
	value = stringprep.Exact(value)
	dropped := func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
	return strings.Trim(value, " -") != "" && !strings.ContainsFunc(value, dropped)
}

// withoutOddLetters escapes the value, with an asterisk in the place of each letter that SCIM takes for equal to one that has
// another lower case: servers differ in what they make of the Greek ς and σ, or of the Kelvin sign. One in ASCII stands as it is: nobody
// would find `mask` by an index for the sake of `maſk`.
func withoutOddLetters(value string) string {
	if !strings.ContainsFunc(value, isOddLetter) {
		return ldif.EscapeFilter(value)
	}
	var b strings.Builder
	for _, r := range value {
		if isOddLetter(r) {
			b.WriteByte('*')
		} else {
			b.WriteString(ldif.EscapeFilter(string(r)))
		}
	}
	return strings.NewReplacer(" *", "*", "* ", "*").Replace(b.String())
}

func isOddLetter(r rune) bool {
	if r < unicode.MaxASCII {
		return false
	}
	if unicode.ToLower(r) < unicode.MaxASCII || stringprep.Lower(string(r)) != stringprep.Fold(string(r)) {
		return true
	}
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		if other < unicode.MaxASCII || unicode.ToLower(other) != unicode.ToLower(r) {
			return true
		}
	}
	return false
}
