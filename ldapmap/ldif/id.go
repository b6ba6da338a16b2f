package ldif

import (
	"encoding/hex"
	"strings"

	"github.com/google/uuid"
)

// ID is the entry's stable id in its usual text form; "" where the entry shows none.
func (t *Traits) ID(e *Entry) string {
	v := e.Value(t.IDAttribute)
	switch t.IDForm {
	case GUIDOctets:
		return guidText(v)
	case UUIDOctets:
		u, _ := uuid.FromBytes([]byte(v))
		if u == uuid.Nil {
			return ""
		}
		return u.String()
	}
	return v
}

// IDFilter is the filter for the entry with the id; false where the text is no id of this server, and so nobody's.
func (t *Traits) IDFilter(id string) (string, bool) {
	assertion := id
	_, err := uuid.Parse(id)
	isUUID := err == nil && len(id) == 36
	switch t.IDForm {
	case UUIDText:
		if !isUUID {
			return "", false
		}
	case AnyText:
		if id == "" {
			return "", false
		}
		assertion = EscapeFilter(id)
	case GUIDOctets, UUIDOctets:
		if !isUUID {
			return "", false
		}
		assertion = escapeOctets(t.IDValue(id))
	}
	return "(" + t.IDAttribute + "=" + assertion + ")", true
}

const byIDPrefix, byIDSuffix = "<GUID=", ">"

// ByID names an entry by its id, which no rename changes, where the server takes that for a DN; else by its DN.
func (t *Traits) ByID(id, dn string) string {
	if t.NamesByID && id != "" {
		return byIDPrefix + strings.ToLower(id) + byIDSuffix
	}
	return dn
}

// IDNamed reads what ByID wrote; false where the text is a DN.
func (t *Traits) IDNamed(text string) (id string, ok bool) {
	inner, prefixed := strings.CutPrefix(text, byIDPrefix)
	id, closed := strings.CutSuffix(inner, byIDSuffix)
	return id, t.NamesByID && prefixed && closed
}

// IDValue is the value of the id attribute on the entry with the id.
func (t *Traits) IDValue(id string) string {
	u, err := uuid.Parse(id)
	switch {
	case err != nil:
		return id
	case t.IDForm == GUIDOctets:
		return string(swapGUID(u[:]))
	case t.IDForm == UUIDOctets:
		return string(u[:])
	}
	return id
}

// escapeOctets writes octets as a filter's assertion value, each escaped (RFC 4515 §3).
func escapeOctets(raw string) string {
	var b strings.Builder
	for i := range len(raw) {
		b.WriteString(`\` + hex.EncodeToString([]byte{raw[i]}))
	}
	return b.String()
}

func guidText(raw string) string {
	if len(raw) != 16 {
		return ""
	}
	var u uuid.UUID
	copy(u[:], swapGUID([]byte(raw)))
	return u.String()
}

func swapGUID(b []byte) []byte {
	return []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}
