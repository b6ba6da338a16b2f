package ldapmap

import (
	"slices"
	"strings"
	"unicode/utf16"

	"scimbridge/ldapmap/ldif"
)

// PasswordValue is a password in the form that the attribute takes: unicodePwd has it in quotes, UTF-16LE ([MS-ADTS] §3.1.1.3.1.5).
func PasswordValue(attribute, password string) string {
	if !strings.EqualFold(attribute, "unicodePwd") {
		return password
	}
	var b []byte
	for _, unit := range utf16.Encode([]rune(`"` + password + `"`)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return string(b)
}

// heldAgainst are the attributes that a password is held against: by 389 Directory Server, and the last two by Active Directory.
var heldAgainst = []string{"uid", "cn", "sn", "givenName", "ou", "mail", "displayName", "sAMAccountName"}

// PasswordFor is the first of random passwords that holds nothing of the entry's names, or the first where each does. 389 Directory Server
// refuses three characters of one in a row, in either case, Active Directory a part of such a length.
func (t *Type) PasswordFor(e *ldif.Entry, passwords []string) string {
	const part = 3
	var held []string
	for _, name := range heldAgainst {
		held = append(held, e.Values(t.Canonical(name))...)
	}
	known := strings.ToLower(strings.Join(held, "\n"))
	isApart := func(password string) bool {
		for n := range len(password) - part + 1 {
			if strings.Contains(known, strings.ToLower(password[n:n+part])) {
				return false
			}
		}
		return true
	}
	return passwords[max(slices.IndexFunc(passwords, isApart), 0)]
}
