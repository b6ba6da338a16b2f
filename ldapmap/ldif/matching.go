package ldif

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/scim/stringprep"
)

// Equal says whether two values of an attribute are equal by its equality rule; by their octets where the schema gives it none.
// Values of an attribute that the schema does not know are compared as caseIgnoreMatch does. Texts are prepared as OpenLDAP prepares them:
// a server that does not compose letters (389 Directory Server, Active Directory) tells more of them apart.
func Equal(s *Subschema, attribute, a, b string) bool {
	return a == b || Key(s, attribute, a) == Key(s, attribute, b)
}

// Key returns the form of a value that is the same for all values equal to it by the attribute's equality rule: a key for maps. A value
// that the rule cannot read is its own key.
func Key(s *Subschema, attribute, value string) string {
	rule := s.rule(attribute, equality)
	if rule == nil {
		return value
	}
	key, ok := rule.normal(s, value)
	if !ok {
		return value
	}
	return key
}

// matchingRule is a family of matching rules (RFC 4517 §4.2) that prepare values alike: equality, ordering and substrings.
type matchingRule struct {
	// normal prepares a value; not ok says that the value is none of the rule's syntax.
	normal func(s *Subschema, value string) (string, bool)
	// compare orders prepared values; nil orders them by their octets.
	compare func(a, b string) int
	// piece prepares a part of a value for a substrings match; nil says that there is none for these values.
	piece func(part string, first, last bool) string
}

func (r *matchingRule) order(a, b string) int {
	if r.compare != nil {
		return r.compare(a, b)
	}
	return strings.Compare(a, b)
}

// purpose is which of an attribute type's three rules is meant.
type purpose int

const (
	equality purpose = iota
	ordering
	substrings
)

// rule returns the attribute's matching rule, nil where it has none. An attribute that the schema does not know matches as
// caseIgnoreMatch does.
func (s *Subschema) rule(attribute string, p purpose) *matchingRule {
	a := s.Attribute(attribute)
	if a == nil {
		return caseIgnore
	}
	return s.rules[a][p]
}

// rulesOf are the attribute's rules by purpose; in a schema without any rules the syntax decides.
func (s *Subschema) rulesOf(a *AttributeType) [3]*matchingRule {
	if !s.ruleless {
		return [...]*matchingRule{equality: ruleNamed(a.Equality), ordering: ruleNamed(a.Ordering), substrings: ruleNamed(a.Substring)}
	}
	r := syntaxRules[a.Syntax]
	if r == nil {
		r = caseIgnore
	}
	if r.piece == nil {
		return [...]*matchingRule{equality: r, ordering: r, substrings: nil}
	}
	return [...]*matchingRule{r, r, r}
}

// ruleNamed returns the rule behind a name or OID; one that is not known compares octets. No name is no rule.
func ruleNamed(name string) *matchingRule {
	if name == "" {
		return nil
	}
	if r := matchingRules[strings.ToLower(name)]; r != nil {
		return r
	}
	return octets
}

var (
	caseIgnore = &matchingRule{
		normal: func(_ *Subschema, v string) (string, bool) {
			return stringprep.Squeeze(stringprep.Lower(v), true, true), true
		},
		piece: func(p string, first, last bool) string { return stringprep.Squeeze(stringprep.Lower(p), first, last) },
	}
	caseExact = &matchingRule{
		normal: func(_ *Subschema, v string) (string, bool) {
			return stringprep.Squeeze(stringprep.Exact(v), true, true), true
		},
		piece: func(p string, first, last bool) string { return stringprep.Squeeze(stringprep.Exact(p), first, last) },
	}
	numeric = &matchingRule{
		normal: func(_ *Subschema, v string) (string, bool) { return strings.ReplaceAll(v, " ", ""), true },
		piece:  func(p string, _, _ bool) string { return strings.ReplaceAll(p, " ", "") },
	}
	telephone = &matchingRule{
		normal: func(_ *Subschema, v string) (string, bool) { return dial.Replace(strings.ToLower(v)), true },
		piece:  func(p string, _, _ bool) string { return dial.Replace(strings.ToLower(p)) },
	}
	octets = &matchingRule{
		normal: func(_ *Subschema, v string) (string, bool) { return v, true },
		piece:  func(p string, _, _ bool) string { return p },
	}
	integer           = &matchingRule{normal: normalInteger, compare: compareIntegers}
	boolean           = &matchingRule{normal: normalBoolean}
	distinguishedName = &matchingRule{} // see init
	uniqueMember      = &matchingRule{}
	generalizedTime   = &matchingRule{normal: normalTime}
	uuidRule          = &matchingRule{normal: normalUUID}
	objectIdentifier  = &matchingRule{normal: normalOID}
)

// A name's rule uses the rules of the attributes in it, itself among them.
func init() {
	distinguishedName.normal = normalName
	uniqueMember.normal = normalNameAndUID
}

// matchingRules are the rules by lower-case name and OID (RFC 4517 §4.2, RFC 4530, and Microsoft's bitwise ones, which filters
// treat apart).
var matchingRules = map[string]*matchingRule{
	"caseignorematch": caseIgnore, "2.5.13.2": caseIgnore,
	"caseignoreorderingmatch": caseIgnore, "2.5.13.3": caseIgnore,
	"caseignoresubstringsmatch": caseIgnore, "2.5.13.4": caseIgnore,
	"caseignoreia5match": caseIgnore, "1.3.6.1.4.1.1466.109.114.2": caseIgnore,
	"caseignoreia5substringsmatch": caseIgnore, "1.3.6.1.4.1.1466.109.114.3": caseIgnore,
	"caseignorelistmatch": caseIgnore, "2.5.13.11": caseIgnore,
	"caseignorelistsubstringsmatch": caseIgnore, "2.5.13.12": caseIgnore,
	"caseexactmatch": caseExact, "2.5.13.5": caseExact,
	"caseexactorderingmatch": caseExact, "2.5.13.6": caseExact,
	"caseexactsubstringsmatch": caseExact, "2.5.13.7": caseExact,
	"caseexactia5match": caseExact, "1.3.6.1.4.1.1466.109.114.1": caseExact,
	"caseexactia5substringsmatch": caseExact, "1.3.6.1.4.1.4203.1.2.1": caseExact,
	"numericstringmatch": numeric, "2.5.13.8": numeric,
	"numericstringorderingmatch": numeric, "2.5.13.9": numeric,
	"numericstringsubstringsmatch": numeric, "2.5.13.10": numeric,
	"telephonenumbermatch": telephone, "2.5.13.20": telephone,
	"telephonenumbersubstringsmatch": telephone, "2.5.13.21": telephone,
	"integermatch": integer, "2.5.13.14": integer,
	"integerorderingmatch": integer, "2.5.13.15": integer,
	"booleanmatch": boolean, "2.5.13.13": boolean,
	"distinguishednamematch": distinguishedName, "2.5.13.1": distinguishedName,
	"uniquemembermatch": uniqueMember, "2.5.13.23": uniqueMember,
	"generalizedtimematch": generalizedTime, "2.5.13.27": generalizedTime,
	"generalizedtimeorderingmatch": generalizedTime, "2.5.13.28": generalizedTime,
	"uuidmatch": uuidRule, "1.3.6.1.1.16.2": uuidRule,
	"uuidorderingmatch": uuidRule, "1.3.6.1.1.16.3": uuidRule,
	"octetstringmatch": octets, "2.5.13.17": octets,
	"octetstringorderingmatch": octets, "2.5.13.18": octets,
	"octetstringsubstringsmatch": octets, "2.5.13.19": octets,
	"objectidentifiermatch": objectIdentifier, "2.5.13.0": objectIdentifier,
}

// syntaxRules say how values match where the schema names no rules: Active Directory's syntaxes (MS-ADTS 3.1.1.2.2.2). Strings, those of
// syntaxes that are not here too, match ignoring case.
var syntaxRules = map[string]*matchingRule{
	"1.3.6.1.4.1.1466.115.121.1.12": distinguishedName,
	"1.3.6.1.4.1.1466.115.121.1.27": integer,
	"1.2.840.113556.1.4.906":        integer, // Large Integer
	"1.3.6.1.4.1.1466.115.121.1.7":  boolean,
	"1.3.6.1.4.1.1466.115.121.1.24": generalizedTime,
	"1.3.6.1.4.1.1466.115.121.1.53": generalizedTime, // UTC Time, shown as Generalized Time
	"1.3.6.1.4.1.1466.115.121.1.38": objectIdentifier,
	"1.3.6.1.4.1.1466.115.121.1.40": octets,
	"1.2.840.113556.1.4.907":        octets,    // NT Security Descriptor
	"1.2.840.113556.1.4.1362":       caseExact, // Case-sensitive String
}

// dial drops what does not count in a telephone number (RFC 4518 §2.6.3).
var dial = strings.NewReplacer(" ", "", "-", "")

// integerDigits bounds what is worth reading as a number: a certificate's serial number has 50 digits.
const integerDigits = 1000

func normalInteger(_ *Subschema, v string) (string, bool) {
	if digits := strings.TrimPrefix(v, "-"); len(digits) > integerDigits || digits == "" || strings.Trim(digits, "0123456789") != "" ||
		digits[0] == '0' && v != "0" {
		return "", false // RFC 4517 §3.3.16: no leading zeros, no plus sign
	}
	return v, true
}

func compareIntegers(a, b string) int {
	x, _ := new(big.Int).SetString(a, 10)
	y, _ := new(big.Int).SetString(b, 10)
	if x == nil || y == nil {
		return strings.Compare(a, b)
	}
	return x.Cmp(y)
}

func normalBoolean(_ *Subschema, v string) (string, bool) {
	v = strings.ToUpper(v)
	return v, v == "TRUE" || v == "FALSE"
}

func normalUUID(_ *Subschema, v string) (string, bool) {
	if len(v) != 36 {
		return "", false
	}
	for i := range len(v) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (v[i] == '-') || !dash && hexDigit(v[i]) < 0 {
			return "", false
		}
	}
	return strings.ToLower(v), true
}

// normalOID prepares an object identifier: a name that the schema knows is its OID.
func normalOID(s *Subschema, v string) (string, bool) {
	v = strings.TrimSpace(v)
	if c := s.Class(v); c != nil {
		return strings.ToLower(c.OID), true
	}
	if a := s.Attribute(v); a != nil {
		return strings.ToLower(a.OID), true
	}
	return strings.ToLower(v), v != ""
}

// normalName prepares a DN: attribute types by their first name, values by their equality rule, the parts of a multi-valued
// RDN in order.
func normalName(s *Subschema, v string) (string, bool) {
	if isPlain(v) && s.isPlainlyNamed(v) {
		return strings.ToLower(v), true
	}
	dn, err := ldap.ParseDN(v)
	if err != nil {
		return "", false
	}
	rdns := make([]string, len(dn.RDNs))
	for i, rdn := range dn.RDNs {
		parts := make([]string, len(rdn.Attributes))
		for j, a := range rdn.Attributes {
			value := a.Value
			if r := s.rule(a.Type, equality); r != nil && r != distinguishedName {
				if prepared, ok := r.normal(s, value); ok {
					value = prepared
				}
			}
			parts[j] = strings.ToLower(s.Canonical(a.Type)) + "=" + ldap.EscapeDN(value)
		}
		slices.Sort(parts)
		rdns[i] = strings.Join(parts, "+")
	}
	return strings.Join(rdns, ","), true
}

// isPlainlyNamed says that a plain DN gives every attribute by its first name, and that none of them tells the case of letters apart.
func (s *Subschema) isPlainlyNamed(dn string) bool {
	for rdn := range strings.SplitSeq(dn, ",") {
		name, _, _ := strings.Cut(rdn, "=")
		if s.rule(name, equality) != caseIgnore || !strings.EqualFold(s.Canonical(name), name) {
			return false
		}
	}
	return true
}

// normalNameAndUID prepares a DN with an optional bit string behind it (RFC 4517 §3.3.21).
func normalNameAndUID(s *Subschema, v string) (string, bool) {
	dn, uid := CutUID(v)
	name, ok := normalName(s, dn)
	return name + uid, ok
}

// normalTime prepares a Generalized Time: in UTC, to the nanosecond, so that the octets' order is the order in time.
func normalTime(_ *Subschema, v string) (string, bool) {
	t, ok := parseTime(v)
	return t.UTC().Format("20060102150405.000000000"), ok
}

// parseTime reads a Generalized Time (RFC 4517 §3.3.13): minutes and seconds may be missing, a fraction counts the last unit that
// is there, and the zone is Z or an offset.
func parseTime(v string) (time.Time, bool) {
	zone := strings.LastIndexAny(v, "Z+-")
	if zone < 0 {
		return time.Time{}, false
	}
	digits, fraction, fractional := strings.Cut(strings.Replace(v[:zone], ",", ".", 1), ".")
	layouts := map[int]string{10: "2006010215", 12: "200601021504", 14: "20060102150405"}
	units := map[int]time.Duration{10: time.Hour, 12: time.Minute, 14: time.Second}
	if fractional && (fraction == "" || len(fraction) > 9 || strings.Trim(fraction, "0123456789") != "") {
		return time.Time{}, false
	}
	offset := map[int]string{1: "Z07", 3: "Z07", 5: "Z0700"}[len(v)-zone]
	if layouts[len(digits)] == "" || offset == "" || (v[zone] == 'Z') != (len(v)-zone == 1) {
		return time.Time{}, false
	}
	leap := len(digits) == 14 && digits[12:] == "60" // a leap second: counted as the next one
	if leap {
		digits = digits[:12] + "59"
	}
	t, err := time.Parse(layouts[len(digits)]+offset, digits+v[zone:])
	if err != nil {
		return time.Time{}, false
	}
	if leap {
		t = t.Add(time.Second)
	}
	if fractional {
		part, _ := new(big.Int).SetString((fraction + "000000000")[:9], 10)
		t = t.Add(time.Duration(part.Int64() * int64(units[len(digits)]/time.Second)))
	}
	return t, true
}

// hexDigit returns the value of a hexadecimal digit, or -1.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
