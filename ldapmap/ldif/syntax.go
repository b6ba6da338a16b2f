package ldif

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// syntaxChecks say whether a value is of a syntax, as strictly as slapd. A syntax (RFC 4517 §3.3) that is not here takes
// any octets.
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

// Takes says whether a value is of the attribute's syntax, as far as that can be told: of a name nothing is.
func (a *AttributeType) Takes(value string) bool {
	check := syntaxChecks[a.Syntax]
	return check == nil || check(value)
}
