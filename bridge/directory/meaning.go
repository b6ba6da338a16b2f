package directory

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
)

// meaning is what a code that a server answers with says: the reason that it is, the attribute at fault, and what it means and what to do,
// for the client and the operator. Its text is never made of what was sent.
type meaning struct {
	reason    reason.Reason // None: the result code's
	attribute string        // ""; the diagnostic or the request tells
	advice    string        // "": the reason's detail and the server's own words do
}

const (
	wantsTLS   = "the server wants an encrypted connection: directory.urls with ldaps://, or directory.tls.startTLS"
	lacksRight = "the bridge's account lacks the right: the server's access rules must grant it"
)

// results are the result codes of RFC 4511. A code that is not here is Failed.
var results = map[uint16]meaning{
	ldap.LDAPResultTimeLimitExceeded: {
		reason.LimitExceeded, "", "the server's limit of time: what is searched by must be indexed, or the limit raised",
	},
	ldap.LDAPResultSizeLimitExceeded: {
		reason.LimitExceeded, "", "the server's limit of entries: it must be raised for the bridge's account",
	},
	ldap.LDAPResultAdminLimitExceeded: {
		reason.LimitExceeded, "", "an administrator's limit: what is searched by must be indexed, or the limit raised",
	},
	ldap.LDAPResultStrongAuthRequired:       {reason.Refused, "", wantsTLS},
	ldap.LDAPResultConfidentialityRequired:  {reason.Refused, "", wantsTLS},
	ldap.LDAPResultInsufficientAccessRights: {reason.Refused, "", lacksRight},
	ldap.LDAPResultUnwillingToPerform:       {reason.Refused, "", "a setting or policy of the server forbids it: its log says more"},
	ldap.LDAPResultNotAllowedOnNonLeaf:      {reason.Refused, "", "there are entries below it, which must go first"},
	ldap.LDAPResultNoSuchAttribute:          {reason: reason.LostRace},
	ldap.LDAPResultAssertionFailed:          {reason: reason.LostRace},
	ldap.LDAPResultNoSuchObject:             {reason: reason.NoSuchObject},
	ldap.LDAPResultEntryAlreadyExists:       {reason: reason.Exists},
	ldap.LDAPResultUndefinedAttributeType:   {reason.Invalid, "", "the server's schema lacks the attribute"},
	ldap.LDAPResultInappropriateMatching:    {reason: reason.Invalid},
	ldap.LDAPResultConstraintViolation:      {reason: reason.Invalid},
	ldap.LDAPResultAttributeOrValueExists:   {reason: reason.Occupied},
	ldap.LDAPResultInvalidAttributeSyntax:   {reason: reason.Invalid},
	ldap.LDAPResultInvalidDNSyntax:          {reason.Invalid, "", "the server cannot read the DN that the map makes (`dn`)"},
	ldap.LDAPResultNamingViolation:          {reason.Invalid, "", "no such entry may stand there, or be named so (`dn`, `objectClasses`)"},
	ldap.LDAPResultObjectClassViolation:     {reason: reason.Invalid},
	ldap.LDAPResultNotAllowedOnRDN:          {reason.Invalid, "", "the value names the entry: a change of what `dn` is made of renames it"},
	ldap.LDAPResultObjectClassModsProhibited: {
		reason.Invalid, "", "the server does not change the structural class of an entry that is there",
	},
	ldap.LDAPResultAffectsMultipleDSAs: {reason.Invalid, "", "the server does not move an entry into another database"},
	ldap.LDAPResultOther:               {reason.Failed, "", "the server's log says more"},
}

const (
	attrAccountName   = "sAMAccountName"
	attrPrincipalName = "userPrincipalName"
	attrServiceName   = "servicePrincipalName"
	attrPassword      = "unicodePwd"
)

// Active Directory's codes that more than their row depends on.
const (
	adConstraint = 0x202F
	adNotUnique  = 0x21C8
)

// adCodes are Active Directory's codes, which its diagnostics begin with ([MS-ERREF] §2.2), and which say more than the result code.
var adCodes = map[uint32]meaning{
	0x0005: {reason.Refused, "", "access is denied: " + lacksRight + " (delegated for the OU, and not taken back by AdminSDHolder)"},
	0x001F: {reason.None, "", "a password is taken over an encrypted connection alone: ldaps://, or directory.tls.startTLS"},
	0x0056: {reason.Invalid, attrPassword, "the old password is another one, or the new one was used before"},
	0x0524: {reason.Exists, attrAccountName, "an account of the domain has this sAMAccountName"},
	0x0526: {reason.Exists, attrAccountName, "a group of the domain has this sAMAccountName"},
	0x052D: {
		reason.Invalid, attrPassword, "the domain's policy does not take the password: it is too short, too simple, or was used before",
	},
	0x0561: {reason.None, "", "the group has no such member"},
	0x0562: {reason.None, "", "the group has the member already"},
	0x0563: {reason.Exists, attrAccountName, "a local group of the domain has this sAMAccountName"},

	0x200A: {reason.None, "", "the value is no longer there: another client was quicker"},
	0x200B: {reason.Invalid, "", "a value is longer, or of another form, than the attribute takes (rangeUpper in the schema)"},
	0x200C: {reason.Invalid, "", "the domain's schema lacks the attribute"},
	0x200D: {reason.None, "", "the value, or another one of an attribute that takes one, is there already"},
	0x2010: {reason.Failed, "", "the domain controller has no relative ids for new accounts: it must reach the RID master"},
	0x2011: {reason.Failed, "", "the domain has no relative ids for new accounts any more"},
	0x2013: {reason.Failed, "", "the domain controller cannot get relative ids for new accounts: it must reach the RID master"},
	0x2014: {reason.Invalid, "", "the object class does not allow an attribute, or demands one more"},
	0x2015: {reason.Refused, "", "there are entries below it, which must go first"},
	0x2016: {reason.Invalid, "", "the value names the entry: a change of what `dn` is made of renames it"},
	0x2028: {reason.Refused, "", wantsTLS},

	adConstraint: {reason.Invalid, "", "a rule of the domain does not take the value"},
	0x2030:       {reason.NoSuchObject, "", "there is no such entry, or the bridge's account may not see it"},
	0x2035:       {reason.Refused, "", "the domain controller does not do that for anybody, or not over this connection"},
	0x2071:       {reason.Exists, "", "an entry of this name or sAMAccountName is there, perhaps hidden from the bridge's account"},
	0x2077:       {reason.None, "", "the attribute is the system's own, or is not changed in this way"},
	0x207C:       {reason.Invalid, "", "the object class demands an attribute that is missing"},
	0x207D:       {reason.Invalid, "", "the object class does not allow the attribute"},
	0x2081:       {reason.None, "", "the attribute takes one value"},
	0x2082:       {reason.Invalid, "", "the value is too short, too long, too small or too large (rangeLower, rangeUpper in the schema)"},
	0x2083:       {reason.None, "", "the value is there already"},
	0x2085:       {reason.None, "", "the value is no longer there: another client was quicker"},
	0x2089:       {reason.NoSuchObject, "", "the place that the entry is to move to is not there"},
	0x208C:       {reason.Refused, "", "there are entries below it, which must go first"},
	0x208D:       {reason.NoSuchObject, "", "there is no such entry, or the bridge's account may not see it"},
	0x208F:       {reason.Invalid, "", "the domain controller cannot read the DN that the map makes (`dn`)"},
	0x2098:       {reason.Refused, "", lacksRight + " (delegated for the OU, and not taken back by AdminSDHolder)"},
	0x21C7:       {reason.Exists, attrServiceName, "an account of the forest has this servicePrincipalName"},
	adNotUnique:  {reason.Exists, attrPrincipalName, "an account of the forest has this userPrincipalName"},
}

// bindCodes are what Active Directory says of a bind that it refuses, behind `data` in the diagnostic.
var bindCodes = map[uint64]string{
	0x525:           "there is no such account: " + accountForms,
	adWrongPassword: "the password is wrong, or there is no such account: " + accountForms,
	0x52F:           "a restriction of the account forbids it, such as the group Protected Users",
	0x530:           "the account may not log on at this time (logonHours)",
	0x531:           "the account may not log on from this machine (userWorkstations)",
	0x532:           "the account's password has expired: it needs a new one, best one that does not expire",
	0x533:           "the account is disabled",
	0x568:           "the account is in too many groups",
	0x701:           "the account has expired (accountExpires)",
	0x773:           "the account's password must be changed before it is used: whoever made the account left that set",
	0x775:           "the account is locked out, by binds with a wrong password: it must be unlocked",
}

const accountForms = "directory.bind.dn is its DN, which begins with the full name and not with the login, or the login at the domain, " +
	"as scimbridge@corp.example"

// adWrongPassword is the one that counts towards a lockout.
const adWrongPassword = 0x52E

var bindData = regexp.MustCompile(`\bdata ([0-9a-fA-F]{1,8})\b`)

// bindCode is what Active Directory says of a bind that it refuses; 0: nothing.
func bindCode(err error) uint64 {
	answer, ok := asAnswer(err)
	if !ok || answer.ResultCode != ldap.LDAPResultInvalidCredentials {
		return 0
	}
	found := bindData.FindStringSubmatch(answer.Err.Error())
	if found == nil {
		return 0
	}
	code, _ := strconv.ParseUint(found[1], 16, 64) // it is hexadecimal
	return code
}

// bindAdvice says what the refusal of a bind means, "" where the server's own words have to do.
func bindAdvice(err error) string {
	answer, ok := asAnswer(err)
	if !ok {
		return ""
	}
	if code := bindCode(err); code != 0 {
		return bindCodes[code]
	}
	switch {
	case answer.ResultCode == ldap.LDAPResultInvalidCredentials && answer.Err.Error() == "": // by design servers say no more
		return "the password is wrong, there is no such account, or it may not bind"
	case answer.ResultCode == ldap.LDAPResultInvalidDNSyntax: // nobody's map makes that one
		return "the account's name is no DN"
	}
	return results[answer.ResultCode].advice
}

// discreet is the error of a bind without what the server says, where that holds the password. Its meaning stays.
func discreet(err error, password string) error {
	answer, ok := asAnswer(err)
	if !ok || password == "" || !repeats(answer.Err.Error(), password) {
		return err
	}
	kept := *answer
	kept.Err = errors.New("what the server says of it holds the password")
	if code := bindCode(err); code != 0 {
		kept.Err = fmt.Errorf("data %x, and %w", code, kept.Err)
	}
	return &kept
}

// refusedBind is the error of a bind with what it means.
func refusedBind(err error) error {
	if advice := bindAdvice(err); advice != "" {
		return fmt.Errorf("%w (%s)", err, advice)
	}
	return err
}
