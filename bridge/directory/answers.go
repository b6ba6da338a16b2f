package directory

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// judge gives an answer its reason.
func judge(answer *ldap.Error, touched *ldif.Change) *Error {
	says, known := results[answer.ResultCode]
	if !known {
		says.reason = reason.Failed
	}
	e := &Error{Reason: says.reason, Code: answer.ResultCode, Advice: says.advice}
	e.Diagnostic = strings.Trim(answer.Err.Error(), " \r\n\t\x00")
	if touched != nil && (isReadOnly(answer) || isFull(answer)) {
		e.Reason = reason.Unwritable
	}
	if answer.MatchedDN != "" {
		e.Cause = fmt.Errorf("the deepest entry there is %q", answer.MatchedDN)
	}
	if urls := referredTo(answer); len(urls) > 0 {
		e.Cause = fmt.Errorf("it refers to %s", strings.Join(urls, ", "))
	}
	e.adCode = adCode(e.Diagnostic)
	if touched == nil {
		if e.Code == ldap.LDAPResultInvalidDNSyntax {
			e.Advice = "the server cannot read the DN that it is asked about"
		}
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
	says := adCodes[e.adCode]
	switch {
	case e.Reason == reason.Unwritable:
	case touched.Kind == ldif.Delete && e.Reason == reason.Exists: // Samba's word for a group that is the primary one of accounts
		e.Reason = reason.Refused
	case e.Code == ldap.LDAPResultConstraintViolation && slices.ContainsFunc(takenDiagnostics, taken):
		e.Reason = reason.Exists
	case e.Code == ldap.LDAPResultConstraintViolation && e.adCode == adConstraint && ldif.Named(names, attrPrincipalName):
		e.Reason, e.Attribute, e.Advice = reason.Exists, attrPrincipalName, adCodes[adNotUnique].advice // Samba
	default:
		if says.reason != reason.None {
			e.Reason = says.reason
		}
		e.Attribute, e.Advice = cmp.Or(says.attribute, e.Attribute), cmp.Or(says.advice, e.Advice)
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
			for _, v := range values { // unicodePwd has a password in quotes, two octets a character: a server may say it as it is
				secrets = append(secrets, v, strings.Trim(strings.ReplaceAll(v, "\x00", ""), `"`))
			}
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
