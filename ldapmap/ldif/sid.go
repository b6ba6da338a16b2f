package ldif

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// SID is a security identifier in its octets ([MS-DTYP] §2.4.2.2): a revision, the number of sub-authorities, six octets of the authority,
// and four, little-endian, for each sub-authority. The last one is the id within the domain.
type SID string

// BuiltinDomain is S-1-5-32, the domain of the groups that are the same everywhere.
const BuiltinDomain SID = "\x01\x01\x00\x00\x00\x00\x00\x05\x20\x00\x00\x00"

func (s SID) isWhole() bool { return len(s) > 8 && len(s) == 8+4*int(s[1]) }

// Member is the SID of what has the id in the domain; "" where s is no SID.
func (s SID) Member(id uint32) SID {
	if !s.isWhole() {
		return ""
	}
	return s[:1] + SID([]byte{s[1] + 1}) + s[2:] + SID(binary.LittleEndian.AppendUint32(nil, id))
}

// Domain is the SID of the domain; "" where s is none within a domain.
func (s SID) Domain() SID {
	if !s.isWhole() || s[1] < 2 {
		return ""
	}
	return s[:1] + SID([]byte{s[1] - 1}) + s[2:len(s)-4]
}

// ID is the id within the domain; 0 where s is no SID.
func (s SID) ID() uint32 {
	if !s.isWhole() {
		return 0
	}
	return binary.LittleEndian.Uint32([]byte(s[len(s)-4:]))
}

// Equality is the filter for what has the SID in the attribute.
func (s SID) Equality(attribute string) string {
	return "(" + attribute + "=" + escapeOctets(string(s)) + ")"
}

// String is the usual text form.
func (s SID) String() string {
	if !s.isWhole() {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "S-%d-%d", s[0], binary.BigEndian.Uint64([]byte("\x00\x00"+s[2:8])))
	for at := 8; at < len(s); at += 4 {
		fmt.Fprintf(&text, "-%d", binary.LittleEndian.Uint32([]byte(s[at:at+4])))
	}
	return text.String()
}
