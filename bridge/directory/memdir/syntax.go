package memdir

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"scimbridge/ldapmap/ldif"
)

// Syntaxes (RFC 4517 §3.3) that are treated apart.
const (
	syntaxDN      = "1.3.6.1.4.1.1466.115.121.1.12"
	syntaxNameUID = "1.3.6.1.4.1.1466.115.121.1.34"
	syntaxOID     = "1.3.6.1.4.1.1466.115.121.1.38"
)

// syntaxChecks say whether a value is of a syntax, as strictly as slapd. A syntax that is not here takes any octets.
var syntaxChecks = map[string]func(v string) bool{
	"1.3.6.1.1.16.1":                isUUID.MatchString,
	"1.3.6.1.4.1.1466.115.121.1.6":  isBitString.MatchString,
	"1.3.6.1.4.1.1466.115.121.1.7":  isBoolean.MatchString,
	"1.3.6.1.4.1.1466.115.121.1.11": countryString,
	"1.3.6.1.4.1.1466.115.121.1.15": directoryString,
	"1.3.6.1.4.1.1466.115.121.1.22": facsimile,
	"1.3.6.1.4.1.1466.115.121.1.24": isGeneralizedTime.MatchString,
	"1.3.6.1.4.1.1466.115.121.1.26": isIA5String.MatchString,
	"1.3.6.1.4.1.1466.115.121.1.27": isInteger.MatchString,
	"1.3.6.1.4.1.1466.115.121.1.36": isNumericString.MatchString,
	"1.3.6.1.4.1.1466.115.121.1.41": directoryString, // Postal Address
	"1.3.6.1.4.1.1466.115.121.1.44": printableString,
	"1.3.6.1.4.1.1466.115.121.1.50": printableString, // Telephone Number
}

var (
	isUUID            = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	isBitString       = regexp.MustCompile(`^'[01]*'B$`)
	isBoolean         = regexp.MustCompile(`^(TRUE|FALSE)$`)
	isGeneralizedTime = regexp.MustCompile(
		`^\d{4}(0\d|1[0-2])([0-2]\d|3[01])([01]\d|2[0-3])([0-5]\d([0-5]\d|60)?)?([.,]\d+)?(Z|[+-]\d\d(\d\d)?)$`)
	isIA5String     = regexp.MustCompile(`^[\x00-\x7f]*$`)
	isInteger       = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)
	isNumericString = regexp.MustCompile(`^[0-9 ]+$`)
	isPrintable     = regexp.MustCompile(`^[A-Za-z0-9'()+,\-./:? =]+$`)
)

func directoryString(v string) bool { return v != "" && utf8.ValidString(v) }

func printableString(v string) bool { return isPrintable.MatchString(v) }

func countryString(v string) bool { return len(v) == 2 && printableString(v) }

// facsimile checks a number and its parameters, with a dollar sign between.
func facsimile(v string) bool {
	for part := range strings.SplitSeq(v, "$") {
		if !printableString(part) {
			return false
		}
	}
	return true
}

// pretty checks a value against its attribute's syntax and returns it as the server stores it: DNs lose their spaces and get
// canonical names, all else stays.
func (s *schema) pretty(a *ldif.AttributeType, value string) (string, bool) {
	switch a.Syntax {
	case syntaxDN:
		n, err := s.parseName(value)
		return n.text, err == nil
	case syntaxNameUID:
		dn, uid := value, ""
		if i := strings.LastIndexByte(value, '#'); i >= 0 && strings.HasSuffix(value, "'B") {
			dn, uid = value[:i], value[i:]
		}
		n, err := s.parseName(dn)
		return n.text + uid, err == nil
	case syntaxOID:
		if s.Attribute("objectClass") == a || s.Attribute("structuralObjectClass") == a {
			return value, s.Class(value) != nil
		}
	}
	check := syntaxChecks[a.Syntax]
	return value, check == nil || check(value)
}
