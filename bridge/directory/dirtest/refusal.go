package dirtest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// refusal is a result that Active Directory on Windows gives where Samba would do as asked, or would give another result. The diagnostics
// end in a line feed and a NUL, as they do on Windows; the DSID, a place in its source, differs from build to build.
//
// Not here, because Samba gives the same result: a move below a parent that does not exist answers 80 (other) on both
// (MS-ADTS §3.1.1.5.4.1.2, ERROR_DS_NO_PARENT_OBJECT).
type refusal struct {
	code       uint16
	diagnostic string
}

// change is what an Add, Modify or ModifyDN request asks for.
type change struct {
	operation ber.Tag
	dn        string
	set       map[string][]string // by lower-case attribute name: the values that an Add, or a Modify's add and replace, bring
	newRDN    string
	entry     func(attributes ...string) *ldap.Entry // the entry before the change; nil where there is none
}

// refuse returns what Windows would answer instead of doing what is asked, or nil.
func (s *guardSession) refuse(message *ber.Packet) *refusal {
	c, ok := readChange(message)
	if !ok {
		return nil
	}
	c.entry = func(attributes ...string) *ldap.Entry { return s.lookUp(c.dn, attributes...) }
	for _, rule := range []func(*change) *refusal{longCN, badAccountName, weakPassword, enabledWithoutPassword} {
		if no := rule(c); no != nil {
			return no
		}
	}
	return nil
}

// longCN: the schema's rangeUpper of cn is 64; Samba does not hold an RDN to it. Windows: ERROR_DS_RANGE_CONSTRAINT
// (MS-ADTS §3.1.1.3.1.2; its text: github.com/timmcmic/DLConversionV2 issue 132, error 8322).
func longCN(c *change) *refusal {
	name := c.newRDN
	if c.operation == ldap.ApplicationAddRequest {
		name, _ = ldif.SplitDN(c.dn)
	}
	rdn, err := ldap.ParseDN(name)
	if err != nil || len(rdn.RDNs) == 0 {
		return nil
	}
	for _, a := range rdn.RDNs[0].Attributes {
		if length := utf16Length(a.Value); strings.EqualFold(a.Type, "cn") && length > 64 {
			return &refusal{ldap.LDAPResultConstraintViolation, fmt.Sprintf("00002082: AtrErr: DSID-03151904, #1:\n"+
				"\t0: 00002082: DSID-03151904, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 3 (cn):len %d\n\n\x00", 2*length)}
		}
	}
	return nil
}

// badAccountName: MS-SAMR §3.1.1.6, the characters, and no more than 20 of them for a user. Windows: ERROR_INVALID_ACCOUNT_NAME as result
// 80 (support.microfocus.com/kb/doc.php?id=7017077, ldapwiki.com/wiki/SamAccountName). An @ is allowed.
func badAccountName(c *change) *refusal {
	for _, name := range c.set["samaccountname"] {
		if strings.ContainsAny(name, `"/\[]:;|=,+*?<>`) || strings.HasSuffix(name, ".") || strings.ContainsFunc(name, unicode.IsControl) ||
			utf16Length(name) > 20 && c.user() {
			return &refusal{ldap.LDAPResultOther, "00000523: SysErr: DSID-031A1202, problem 22 (Invalid argument), data 0\n\x00"}
		}
	}
	return nil
}

// weakPassword: the default domain policy, seven characters of three kinds. Samba answers 19, Windows 53 with the same
// ERROR_PASSWORD_RESTRICTION (github.com/cannatag/ldap3 issue 1157).
func weakPassword(c *change) *refusal {
	for _, value := range c.set["unicodepwd"] {
		if password, ok := unquote(value); ok && (len([]rune(password)) < 7 || kinds(password) < 3) {
			return passwordRestriction()
		}
	}
	return nil
}

// The bits of userAccountControl that matter here (MS-ADTS §2.2.16).
const (
	accountDisabled     = 0x2
	passwordNotRequired = 0x20
)

// enabledWithoutPassword: an account is enabled only once it has a password, unless it may go without. Samba lets it be
// (github.com/go-ldap/ldap issue 451; github.com/Adldap2/Adldap2 issue 737: 512 is refused, 544 not). An entry has no password
// if pwdLastSet is 0, which also holds for one whose user must change it: that account is refused here, and only here.
func enabledWithoutPassword(c *change) *refusal {
	controls := c.set["useraccountcontrol"]
	if len(controls) == 0 || len(c.set["unicodepwd"]) > 0 {
		return nil
	}
	bits, err := strconv.ParseInt(controls[len(controls)-1], 10, 64)
	if err != nil || bits&(accountDisabled|passwordNotRequired) != 0 || !c.user() {
		return nil
	}
	if c.operation == ldap.ApplicationModifyRequest {
		before := c.entry("pwdLastSet")
		if before == nil || before.GetAttributeValue("pwdLastSet") != "0" {
			return nil
		}
	}
	return passwordRestriction()
}

func passwordRestriction() *refusal {
	return &refusal{ldap.LDAPResultUnwillingToPerform, "0000052D: SvcErr: DSID-031A124C, problem 5003 (WILL_NOT_PERFORM), data 0\n\x00"}
}

// user says whether the entry is, or will be, a user.
func (c *change) user() bool {
	classes := c.set["objectclass"]
	if c.operation != ldap.ApplicationAddRequest {
		entry := c.entry("objectClass")
		if entry == nil {
			return false
		}
		classes = entry.GetAttributeValues("objectClass")
	}
	return ldif.Named(classes, "user")
}

// readChange reads an Add (RFC 4511 §4.7), Modify (§4.6) or ModifyDN (§4.9) request; ok is false for any other message, and for what is
// malformed, which is the server's to judge.
func readChange(message *ber.Packet) (c *change, ok bool) {
	if len(message.Children) < 2 || message.Children[1].ClassType != ber.ClassApplication || len(message.Children[1].Children) < 2 {
		return nil, false
	}
	operation := message.Children[1]
	c = &change{operation: operation.Tag, dn: octets(operation.Children[0]), set: map[string][]string{}}
	switch second := operation.Children[1]; operation.Tag {
	case ldap.ApplicationAddRequest:
		for _, attribute := range second.Children {
			c.bring(attribute)
		}
	case ldap.ApplicationModifyRequest:
		for _, mod := range second.Children {
			if len(mod.Children) == 2 && mod.Children[0].Value != int64(ldap.DeleteAttribute) {
				c.bring(mod.Children[1])
			}
		}
	case ldap.ApplicationModifyDNRequest:
		c.newRDN = octets(second)
	default:
		return nil, false
	}
	return c, true
}

// bring takes in a PartialAttribute: a description and a set of values.
func (c *change) bring(attribute *ber.Packet) {
	if len(attribute.Children) != 2 {
		return
	}
	name := strings.ToLower(octets(attribute.Children[0]))
	for _, value := range attribute.Children[1].Children {
		c.set[name] = append(c.set[name], octets(value))
	}
}

func octets(p *ber.Packet) string { return p.Data.String() }

func utf16Length(s string) int { return len(utf16.Encode([]rune(s))) }

// unquote decodes a unicodePwd value: the password between quotation marks, in UTF-16LE (MS-ADTS §3.1.1.3.1.5.1).
func unquote(value string) (password string, ok bool) {
	units := make([]uint16, len(value)/2)
	for i := range units {
		units[i] = uint16(value[2*i]) | uint16(value[2*i+1])<<8
	}
	text := string(utf16.Decode(units))
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return "", false
	}
	return text[1 : len(text)-1], true
}

// kinds counts the kinds of characters that a password mixes: capitals, small letters, digits, other letters, and the rest.
func kinds(password string) int {
	found := map[int]bool{}
	for _, r := range password {
		switch {
		case unicode.IsUpper(r):
			found[0] = true
		case unicode.IsLower(r):
			found[1] = true
		case unicode.IsDigit(r):
			found[2] = true
		case unicode.IsLetter(r):
			found[3] = true
		default:
			found[4] = true
		}
	}
	return len(found)
}
