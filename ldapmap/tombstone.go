package ldapmap

import (
	"regexp"
	"strings"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// Entra frees a deleted user's name by renaming it to the object id's 32 hex digits and the name. Such a userName over the current
// one is a tombstone: it is kept beside the entry's login, which stays, until the clean name is written back.
var tombstonePrefix = regexp.MustCompile(`^[0-9a-fA-F]{32}`)

// isTombstone says whether name is the tombstone form of login.
func isTombstone(name, login string) bool {
	return login != "" && tombstonePrefix.MatchString(name) && strings.EqualFold(name[32:], login)
}

// tombstoneOf is the tombstone name that the entry carries, or "". The attribute may hold other things too, in entries that the bridge did not make: they
// are none.
func (t *Type) tombstoneOf(e *ldif.Entry) string {
	if t.tombstone == "" {
		return ""
	}
	login := t.loginOf(e)
	for _, v := range e.Values(t.tombstone) {
		if isTombstone(v, login) {
			return v
		}
	}
	return ""
}

// loginOf is the userName that the entry holds beneath a tombstone.
func (t *Type) loginOf(e *ldif.Entry) string {
	r := t.ruleFor("userName")
	if r == nil {
		return ""
	}
	return e.Value(r.ldap)
}

// withLogin puts the entry's login into the resource in place of its tombstone name: what names, computed values and stand-ins are made of.
func (t *Type) withLogin(r scim.Resource, e *ldif.Entry) {
	if t.tombstoneOf(e) != "" {
		r["userName"] = t.loginOf(e)
	}
}

// bury tells what a change of userName means: the userName that names and computed values are made of, and the tombstone to keep ("" none).
func (t *Type) bury(e *ldif.Entry, after scim.Resource) (login, tombstone string) {
	name, _ := after["userName"].(string)
	if t.tombstone == "" || e == nil {
		return name, ""
	}
	if current := t.loginOf(e); isTombstone(name, current) {
		return current, name
	}
	return name, ""
}

// renamesFree says that a change of userName makes a tombstone name the entry's own, or takes it back: what else was made of the name once, at create, and
// is unique then follows. A domain holds `mara` as much as `mara@…`.
func renamesFree(before, after scim.Resource) bool {
	old, _ := before["userName"].(string)
	now, _ := after["userName"].(string)
	return isTombstone(now, old) || isTombstone(old, now)
}
