package ldapmap

import (
	"regexp"
	"slices"

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

const tombstoneLength = 32 // of the prefix

// IsTombstone says whether name is the tombstone form of login.
func IsTombstone(name, login string) bool {
	return login != "" && tombstonePrefix.MatchString(name) && stringprep.Equal(name[tombstoneLength:], login)
}

// IsTombstoneName says whether the name is one that a soft-deleted user may have for good.
func IsTombstoneName(name string) bool {
	return IsTombstone(name, name[min(len(name), tombstoneLength):])
}

// LoginOf is the userName that the entry holds, beneath a tombstone or not.
func (t *Type) LoginOf(e *ldif.Entry) string {
	login, _ := t.names(e)
	return login
}

// TombstoneOf is the tombstone name that the entry carries, or "". The attribute may hold other things too, in entries that the
// bridge did not make: they are none.
func (t *Type) TombstoneOf(e *ldif.Entry) string {
	_, tombstone := t.names(e)
	return tombstone
}

// IsLeaver says that an entry was soft-deleted: it carries a tombstone name, or has become one where the map keeps none.
func (t *Type) IsLeaver(e *ldif.Entry) bool {
	if t.TombstoneOf(e) != "" {
		return true
	}
	return t.Login != nil && slices.ContainsFunc(e.Values(t.Login.LDAP), IsTombstoneName)
}

// names are the entry's userName and the tombstone name over it: of several userNames the one that the tombstone is of, else the one that
// shows.
func (t *Type) names(e *ldif.Entry) (login, tombstone string) {
	if t.Login == nil {
		return "", ""
	}
	held := t.Told(t.Login, e)
	if t.Tombstone != "" {
		for _, v := range e.Values(t.Tombstone) {
			for _, name := range held {
				if IsTombstone(v, name) {
					return name, v
				}
			}
		}
	}
	if len(held) == 0 {
		return "", ""
	}
	return held[0], ""
}

// Told are the texts that the entry holds of what the rule maps, as SCIM has them, first the one that shows.
func (t *Type) Told(rule *Rule, e *ldif.Entry) []string {
	held := t.Held(rule, e)
	if rule.Form == nil {
		return held
	}
	var told []string
	for _, v := range held {
		if text, ok := rule.Form.Read(v); ok {
			told = append(told, text.(string))
		}
	}
	return told
}
