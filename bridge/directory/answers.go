package directory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// reasons says what a result code means. A code that is not here is Failed.
var reasons = map[uint16]reason.Reason{
	ldap.LDAPResultTimeLimitExceeded:         reason.LimitExceeded,
	ldap.LDAPResultSizeLimitExceeded:         reason.LimitExceeded,
	ldap.LDAPResultAdminLimitExceeded:        reason.LimitExceeded,
	ldap.LDAPResultStrongAuthRequired:        reason.Refused,
	ldap.LDAPResultConfidentialityRequired:   reason.Refused,
	ldap.LDAPResultInsufficientAccessRights:  reason.Refused,
	ldap.LDAPResultUnwillingToPerform:        reason.Refused,
	ldap.LDAPResultNotAllowedOnNonLeaf:       reason.Refused,
	ldap.LDAPResultNoSuchAttribute:           reason.LostRace,
	ldap.LDAPResultAssertionFailed:           reason.LostRace,
	ldap.LDAPResultNoSuchObject:              reason.NoSuchObject,
	ldap.LDAPResultEntryAlreadyExists:        reason.Exists,
	ldap.LDAPResultUndefinedAttributeType:    reason.Invalid,
	ldap.LDAPResultInappropriateMatching:     reason.Invalid,
	ldap.LDAPResultConstraintViolation:       reason.Invalid,
	ldap.LDAPResultAttributeOrValueExists:    reason.Occupied,
	ldap.LDAPResultInvalidAttributeSyntax:    reason.Invalid,
	ldap.LDAPResultInvalidDNSyntax:           reason.Invalid,
	ldap.LDAPResultNamingViolation:           reason.Invalid,
	ldap.LDAPResultObjectClassViolation:      reason.Invalid,
	ldap.LDAPResultNotAllowedOnRDN:           reason.Invalid,
	ldap.LDAPResultObjectClassModsProhibited: reason.Invalid,
	ldap.LDAPResultAffectsMultipleDSAs:       reason.Invalid,
}

// Active Directory's codes (MS-ERREF §2.2) that say more than the result code.
const (
	adUserExists      = 0x524  // ERROR_USER_EXISTS: the sAMAccountName is in use
	adGroupExists     = 0x526  // ERROR_GROUP_EXISTS: likewise
	adAliasExists     = 0x563  // ERROR_ALIAS_EXISTS: likewise
	adPassword        = 0x52D  // ERROR_PASSWORD_RESTRICTION
	adConstraint      = 0x202F // ERROR_DS_CONSTRAINT_VIOLATION: Samba's answer to a userPrincipalName in use
	adSPNNotUnique    = 0x21C7 // ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST
	adNoParent        = 0x2089 // ERROR_DS_NO_PARENT_OBJECT: a move below a parent that is not there
	adUPNNotUnique    = 0x21C8 // ERROR_DS_UPN_VALUE_NOT_UNIQUE_IN_FOREST
	attrAccountName   = "sAMAccountName"
	attrPrincipalName = "userPrincipalName"
	attrServiceName   = "servicePrincipalName"
	attrPassword      = "unicodePwd"
)

// judge gives an answer its reason.
func judge(answer *ldap.Error, touched *ldif.Change) *Error {
	e := &Error{Reason: reasons[answer.ResultCode], Code: answer.ResultCode, Diagnostic: strings.Trim(answer.Err.Error(), " \r\n\t\x00")}
	if e.Reason == reason.None {
		e.Reason = reason.Failed
	}
	if touched != nil && (isReadOnly(answer) || isFull(answer)) {
		e.Reason = reason.Unwritable
	}
	if urls := referredTo(answer); len(urls) > 0 {
		e.Cause = fmt.Errorf("it refers to %s", strings.Join(urls, ", "))
	}
	if answer.MatchedDN != "" {
		e.Cause = fmt.Errorf("the deepest entry there is %q", answer.MatchedDN)
	}
	e.adCode = adCode(e.Diagnostic)
	if touched == nil {
		return e
	}
	names, secrets := attributesOf(touched)
	e.Attribute = atFault(e, names)
	e.refine(touched, names)
	for _, secret := range secrets {
		if secret != "" && repeats(e.Diagnostic, secret) {
			e.Diagnostic = ""
		}
	}
	return e
}

// repeats says whether a diagnostic holds a value, as it is, in other case, or as it stands in a filter.
func repeats(diagnostic, value string) bool {
	diagnostic = strings.ToLower(diagnostic)
	return strings.Contains(diagnostic, strings.ToLower(value)) ||
		strings.Contains(diagnostic, strings.ToLower(ldif.EscapeFilter(value)))
}

// takenDiagnostics are what servers call a value that another entry has and that no two may have, in a constraint violation's diagnostic;
// RFC 4511 has no result code for it.
var takenDiagnostics = []string{
	"non-unique attributes found", "some attributes not unique", // slapd's overlay unique
	"Another entry with the same attribute value already exists", // 389 Directory Server's attribute uniqueness plug-in
	"unique attribute conflict",                                  // OpenDJ
}

// refine reads what servers say beside the result code.
func (e *Error) refine(touched *ldif.Change, names []string) {
	taken := func(diagnostic string) bool { return strings.Contains(e.Diagnostic, diagnostic) }
	switch {
	case e.adCode == adPassword:
		e.Reason, e.Attribute = reason.Invalid, attrPassword
	case e.adCode == adNoParent:
		e.Reason = reason.NoSuchObject
	case touched.Kind == ldif.Delete && e.Reason == reason.Exists: // Samba's word for a group that is the primary one of accounts
		e.Reason = reason.Refused
	case e.Code == ldap.LDAPResultEntryAlreadyExists &&
		(e.adCode == adUserExists || e.adCode == adGroupExists || e.adCode == adAliasExists):
		e.Attribute = attrAccountName
	case e.Code != ldap.LDAPResultConstraintViolation:
	case slices.ContainsFunc(takenDiagnostics, taken):
		e.Reason = reason.Exists
	case e.adCode == adUPNNotUnique, e.adCode == adConstraint && ldif.Named(names, attrPrincipalName):
		e.Reason, e.Attribute = reason.Exists, attrPrincipalName
	case e.adCode == adSPNNotUnique:
		e.Reason, e.Attribute = reason.Exists, attrServiceName
	}
}

// atFault finds the attribute that an answer is about: the one that the diagnostic begins with (`mail: value #0 invalid per syntax`), the
// one that it gives in parentheses (`Att 20000 (member)`), of a constraint the only one that it mentions (`modify breaks constraint on l`,
// `non-unique attributes found with (|(mail=…))`), or the only one of the request.
func atFault(e *Error, names []string) string {
	if e.Reason != reason.Invalid && e.Reason != reason.Occupied && e.Reason != reason.Exists {
		return ""
	}
	candidates := []string{e.Diagnostic[:max(0, strings.Index(e.Diagnostic, ":"))]}
	for part := range strings.SplitSeq(e.Diagnostic, "(") {
		candidates = append(candidates, part[:max(0, strings.Index(part, ")"))])
	}
	for _, c := range candidates {
		if i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, c) }); i >= 0 {
			return names[i]
		}
	}
	if e.Code == ldap.LDAPResultConstraintViolation {
		if mentioned := mentions(e.Diagnostic, names); len(mentioned) == 1 {
			return mentioned[0]
		}
	}
	if len(names) == 1 && e.Reason != reason.Exists {
		return names[0]
	}
	return ""
}

// isOccupied says whether the refusal of a Modify names an attribute that takes one value and that it gives a value: RFC 4511 has no result
// code for that, slapd and Windows answer 19, 389 Directory Server 65.
func (e *Error) isOccupied(touched ldif.Change, schema *ldif.Subschema) bool {
	if touched.Kind != ldif.Modify ||
		e.Code != ldap.LDAPResultConstraintViolation && e.Code != ldap.LDAPResultObjectClassViolation || e.Reason != reason.Invalid {
		return false
	}
	return slices.ContainsFunc(touched.Mods, func(m ldif.Mod) bool {
		a := schema.Attribute(m.Name)
		return m.Op == ldif.AddValues && a != nil && a.SingleValue && len(mentions(e.Diagnostic, []string{m.Name})) > 0
	})
}

// mentions are those of the names that stand in a text as words.
func mentions(text string, names []string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool { return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	var mentioned []string
	for _, name := range names {
		if ldif.Named(words, name) {
			mentioned = append(mentioned, name)
		}
	}
	return mentioned
}

// adCode reads the eight hexadecimal digits and the colon that Active Directory's diagnostics begin with.
func adCode(diagnostic string) uint32 {
	if len(diagnostic) < 9 || diagnostic[8] != ':' {
		return 0
	}
	code, err := strconv.ParseUint(diagnostic[:8], 16, 32)
	if err != nil {
		return 0
	}
	return uint32(code)
}

// attributesOf returns the attributes that a change names, each once, and the values that must not be shown.
func attributesOf(c *ldif.Change) (names, secrets []string) {
	add := func(name string, values []string) {
		if !ldif.Named(names, name) {
			names = append(names, name)
		}
		if c.Secret(name) {
			secrets = append(secrets, values...)
		}
	}
	for _, a := range c.Entry {
		add(a.Name, a.Values)
	}
	for _, m := range c.Mods {
		add(m.Name, m.Values)
	}
	if rdn, err := ldif.ParseRDN(c.NewRDN); err == nil {
		for _, a := range rdn {
			add(a.Type, nil)
		}
	}
	return names, secrets
}
