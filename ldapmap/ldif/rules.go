package ldif

import "strings"

// Rules are the names of the attribute's equality and substrings rules, "" where it has none. A server that names no rules at all
// matches by syntax ([MS-ADTS] §3.1.1.2.2.2).
func (s *Subschema) Rules(attribute string) (equality, substrings string) {
	definition := s.Attribute(attribute)
	switch {
	case definition == nil:
		return "", ""
	case !s.ruleless || definition.Equality != "":
		return definition.Equality, definition.Substring
	}
	switch definition.Syntax {
	case "1.3.6.1.4.1.1466.115.121.1.7":
		return "booleanMatch", ""
	case SyntaxDN:
		return "distinguishedNameMatch", ""
	case SyntaxGeneralizedTime, "1.3.6.1.4.1.1466.115.121.1.53":
		return "generalizedTimeMatch", ""
	case SyntaxInteger, "1.2.840.113556.1.4.906":
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

// Syntaxes by which values are told apart (RFC 4517 §3.3).
const (
	SyntaxDN              = "1.3.6.1.4.1.1466.115.121.1.12"
	SyntaxDirectoryString = "1.3.6.1.4.1.1466.115.121.1.15"
	SyntaxGeneralizedTime = "1.3.6.1.4.1.1466.115.121.1.24"
	SyntaxInteger         = "1.3.6.1.4.1.1466.115.121.1.27"
	SyntaxNameAndUID      = "1.3.6.1.4.1.1466.115.121.1.34"
	SyntaxJPEG            = "1.3.6.1.4.1.1466.115.121.1.28"
	SyntaxOctetString     = "1.3.6.1.4.1.1466.115.121.1.40"
	SyntaxPostalAddress   = "1.3.6.1.4.1.1466.115.121.1.41"
	SyntaxLargeInteger    = "1.2.840.113556.1.4.906" // Active Directory's
)

// binarySyntaxes are those whose values travel with the option binary alone (RFC 4523 §2): Certificate, Certificate List, Certificate Pair
// and Supported Algorithm.
var binarySyntaxes = []string{
	"1.3.6.1.4.1.1466.115.121.1.8", "1.3.6.1.4.1.1466.115.121.1.9", "1.3.6.1.4.1.1466.115.121.1.10", "1.3.6.1.4.1.1466.115.121.1.49",
}

// IgnoresCase says whether the rule takes for equal at least the texts that differ in case only. A number has no case.
func IgnoresCase(rule string) bool {
	rule = strings.ToLower(rule)
	for _, family := range []string{"caseignore", "telephonenumber", "numericstring", "integermatch", "booleanmatch"} {
		if strings.HasPrefix(rule, family) {
			return true
		}
	}
	return false
}

// ComparesText says whether the rule finds at least a text that is the same to the letter.
func ComparesText(rule string) bool {
	return IgnoresCase(rule) || strings.HasPrefix(strings.ToLower(rule), "caseexact")
}

// ComparesDNs says whether the rule compares values as distinguished names.
func ComparesDNs(rule string) bool {
	return strings.EqualFold(rule, "distinguishedNameMatch") || strings.EqualFold(rule, "uniqueMemberMatch")
}
