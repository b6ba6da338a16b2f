package ldapmap

import (
	"regexp"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim/stringprep"
)

// Entra frees a deleted user's name by renaming it to the object id's 32 hex digits and the name. Such a userName over the
// current one is a tombstone: it is kept beside the entry's login, which stays, until the clean name is written back.
//
//	userName: mara@contoso.example                                  uid: mara@contoso.example
//	  soft delete: 283405f5aa11bb22cc33dd44ee55ff66mara@contoso.example
//	                                                                uid: mara@contoso.example, tombstone: 283405f5…mara@contoso.example
//	  restore: mara@contoso.example                                 uid: mara@contoso.example
var tombstonePrefix = regexp.MustCompile(`^[0-9a-fA-F]{32}`)

// IsTombstone says whether name is the tombstone form of login.
func IsTombstone(name, login string) bool {
	return login != "" && tombstonePrefix.MatchString(name) && stringprep.Equal(name[32:], login)
}

// LoginOf is the userName that the entry holds, beneath a tombstone or not.
func (t *Type) LoginOf(e *ldif.Entry) string {
	if t.Login == nil {
		return ""
	}
	return e.Value(t.Login.LDAP)
}

// TombstoneOf is the tombstone name that the entry carries, or "". The attribute may hold other things too, in entries that the
// bridge did not make: they are none.
func (t *Type) TombstoneOf(e *ldif.Entry) string {
	if t.Tombstone == "" {
		return ""
	}
	login := t.LoginOf(e)
	for _, v := range e.Values(t.Tombstone) {
		if IsTombstone(v, login) {
			return v
		}
	}
	return ""
}
