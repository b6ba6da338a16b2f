package ldapmap

import (
	"encoding/hex"
	"strings"

	"github.com/google/uuid"

	"scimbridge/ldapmap/ldif"
)

// ID is the entry's stable id in its usual text form: entryUUID, objectGUID, nsUniqueId.
func (t *Type) ID(e *ldif.Entry) string {
	v := e.Value(t.server.IDAttribute)
	if t.server.Kind == ldif.ActiveDirectory {
		return guidText(v)
	}
	return v
}

// idFilter is the LDAP filter for an id; false where the text is no id of this directory, and so nobody's.
func (t *Type) idFilter(id string) (string, bool) {
	switch t.server.Kind {
	case ldif.ActiveDirectory:
		raw, ok := guidBytes(id)
		return "(objectGUID=" + raw + ")", ok
	case ldif.DS389:
		return "(nsUniqueId=" + ldif.EscapeFilter(id) + ")", id != ""
	default:
		_, err := uuid.Parse(id)
		return "(entryUUID=" + id + ")", err == nil && len(id) == 36
	}
}

// guidText writes the 16 bytes of an objectGUID, whose first three fields are little-endian ([MS-DTYP] §2.3.4.2).
func guidText(raw string) string {
	if len(raw) != 16 {
		return ""
	}
	var u uuid.UUID
	copy(u[:], swapGUID([]byte(raw)))
	return u.String()
}

// guidBytes is the reverse, escaped for a filter.
func guidBytes(id string) (string, bool) {
	u, err := uuid.Parse(id)
	if err != nil || len(id) != 36 {
		return "", false
	}
	var b strings.Builder
	for _, octet := range swapGUID(u[:]) {
		b.WriteString(`\` + hex.EncodeToString([]byte{octet}))
	}
	return b.String(), true
}

func swapGUID(b []byte) []byte {
	return []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}

// IDFilter is the LDAP filter for the entry of this type with the id; false where the text is no id of this directory.
func (t *Type) IDFilter(id string) (string, bool) {
	f, ok := t.idFilter(id)
	return and(t.scopeText, f), ok
}

// IDsFilter is the LDAP filter for the entries of this type with these ids.
func (t *Type) IDsFilter(ids []string) string {
	filters := make([]string, 0, len(ids))
	for _, id := range ids {
		if f, ok := t.idFilter(id); ok {
			filters = append(filters, f)
		}
	}
	return and(t.scopeText, or(filters...))
}

// IDAttributes are the attributes that ID reads.
func (t *Type) IDAttributes() []string { return []string{t.server.IDAttribute} }
