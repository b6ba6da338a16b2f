package ldapmap

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// How one comparison of a SCIM value becomes an LDAP filter that is no stricter: equality and substrings where the attribute has a matching rule that is at
// least as loose as SCIM's comparison, and else the attribute's mere presence.

// compareRule is an LDAP filter on the rule's attribute that cannot miss an entry whose SCIM value satisfies c.
func (t *Type) compareRule(r *rule, c *filter.Compare) string {
	f := t.assertion(r.ldap, r, c)
	if t.tombstone != "" && r == t.ruleFor("userName") {
		return or(f, t.assertion(t.tombstone, r, c))
	}
	return f
}

// assertion is the filter for one comparison with the values of an LDAP attribute.
func (t *Type) assertion(attribute string, r *rule, c *filter.Compare) string {
	equalityRule, substringRule := rulesOf(t.server, attribute)
	switch r.scimType() {
	case schema.Boolean:
		if v, ok := c.Value.(bool); ok && c.Op == filter.Equal && strings.EqualFold(equalityRule, "booleanMatch") {
			return equality(attribute, strings.ToUpper(strconv.FormatBool(v)))
		}
	case schema.Integer, schema.Decimal:
		number, _ := c.Value.(json.Number)
		if n, err := number.Int64(); err == nil && c.Op == filter.Equal && strings.EqualFold(equalityRule, "integerMatch") {
			return equality(attribute, strconv.FormatInt(n, 10))
		}
	case schema.String, schema.Reference:
		value, _ := c.Value.(string)
		if r.writeOnly() || !plain(value) {
			break
		}
		loose := func(rule string) bool { return ignoresCase(rule) || r.caseExact() && comparesText(rule) }
		return "(" + attribute + "=" + textAssertion(value, c.Op, !r.caseExact(), loose(equalityRule), loose(substringRule)) + ")"
	}
	return presence(attribute)
}

// textAssertion is the assertion value for a text, `*` for mere presence. ignoringCase says that SCIM does.
func textAssertion(value string, op filter.Op, ignoringCase, equals, contains bool) string {
	text := ldif.EscapeFilter(value)
	if ignoringCase {
		text = withoutOddLetters(value)
	}
	odd := ignoringCase && strings.Contains(text, "*") // an asterisk of the value's own is escaped
	// Spaces at the ends, and several in a row, count in SCIM and not in LDAP.
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

// plain says whether the value is one that every server reads as it stands: not empty once prepared (RFC 4518 drops control and format characters, and a
// telephone number's rule spaces and hyphens).
func plain(value string) bool {
	return strings.Trim(value, " -") != "" && !strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) })
}

// withoutOddLetters escapes the value, with an asterisk in the place of each letter that SCIM takes for equal to one that has another lower case: servers
// differ in what they make of the Greek ς and σ, or of the Kelvin sign.
func withoutOddLetters(value string) string {
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
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		if other < unicode.MaxASCII || unicode.ToLower(other) != unicode.ToLower(r) {
			return true
		}
	}
	return false
}

// rulesOf are the names of the attribute's equality and substrings rules, "" where it has none. Active Directory names no rules: there the syntax decides
// ([MS-ADTS] §3.1.1.2.2.2).
func rulesOf(server *ldif.Server, attribute string) (equality, substrings string) {
	definition := server.Schema.Attribute(attribute)
	if definition == nil {
		return "", ""
	}
	if server.Kind != ldif.ActiveDirectory || definition.Equality != "" {
		return definition.Equality, definition.Substring
	}
	switch definition.Syntax {
	case "1.3.6.1.4.1.1466.115.121.1.7":
		return "booleanMatch", ""
	case "1.3.6.1.4.1.1466.115.121.1.12":
		return "distinguishedNameMatch", ""
	case "1.3.6.1.4.1.1466.115.121.1.24", "1.3.6.1.4.1.1466.115.121.1.53":
		return "generalizedTimeMatch", ""
	case "1.3.6.1.4.1.1466.115.121.1.27", "1.2.840.113556.1.4.906":
		return "integerMatch", ""
	case "1.3.6.1.4.1.1466.115.121.1.38":
		return "objectIdentifierMatch", ""
	case "1.3.6.1.4.1.1466.115.121.1.40", "1.2.840.113556.1.4.907":
		return "octetStringMatch", ""
	case "1.2.840.113556.1.4.1362":
		return "caseExactMatch", "caseExactSubstringsMatch"
	}
	return "caseIgnoreMatch", "caseIgnoreSubstringsMatch"
}

// ignoresCase says whether the rule takes for equal at least the texts that differ in case only. A number has no case.
func ignoresCase(rule string) bool {
	rule = strings.ToLower(rule)
	for _, family := range []string{"caseignore", "telephonenumber", "numericstring", "integermatch", "booleanmatch"} {
		if strings.HasPrefix(rule, family) {
			return true
		}
	}
	return false
}

// comparesText says whether the rule finds at least a text that is the same to the letter.
func comparesText(rule string) bool {
	return ignoresCase(rule) || strings.HasPrefix(strings.ToLower(rule), "caseexact")
}

func (r *rule) caseExact() bool { return r.ref.Leaf().CaseExact }
