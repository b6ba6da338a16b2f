package ldif

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/scim/stringprep"
)

// SplitDN cuts a DN after its first RDN, both parts as they are written (RFC 4514).
func SplitDN(dn string) (rdn, parent string) {
	quoted := false
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case ',', ';':
			if !quoted {
				return dn[:i], strings.TrimLeft(dn[i+1:], " ")
			}
		}
	}
	return dn, ""
}

// NormalDN returns a form of the DN that is equal for DNs that differ only in case, spaces that do not count, escapes, or the
// order within an RDN: a key for maps. What is no DN comes back in lower case. Letters are not composed:
// Server.NormalDN does so where the server takes two such DNs for one.
func NormalDN(dn string) string {
	if isPlain(dn) {
		return strings.ToLower(dn)
	}
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return strings.ToLower(strings.TrimSpace(dn))
	}
	return strings.Join(normalRDNs(parsed), ",")
}

func normalRDNs(dn *ldap.DN) []string {
	rdns := make([]string, len(dn.RDNs))
	for i, rdn := range dn.RDNs {
		parts := make([]string, len(rdn.Attributes))
		for j, a := range rdn.Attributes {
			parts[j] = strings.ToLower(a.Type) + "=" + EscapeRDN(stringprep.Squeeze(strings.ToLower(a.Value), true, true))
		}
		slices.Sort(parts)
		rdns[i] = strings.Join(parts, "+")
	}
	return rdns
}

// SameDN says whether two DNs name the same entry, ignoring what NormalDN ignores.
func SameDN(a, b string) bool {
	switch {
	case a == b:
		return true
	case isPlain(a) && isPlain(b):
		return strings.EqualFold(a, b)
	}
	return NormalDN(a) == NormalDN(b)
}

// mayBeSame says whether two DNs are one name to some server, which composes letters.
func mayBeSame(a, b string) bool {
	name, ok := normalName(nil, a)
	other, isDN := normalName(nil, b)
	return SameDN(a, b) || ok && isDN && name == other
}

// isPlain says that a DN is written in the one form that NormalDN gives it, but for the case: in ASCII, with nothing escaped, no space that
// does not count and no RDN of several values. Most are, and need not be parsed to be compared.
func isPlain(dn string) bool {
	const (
		typ = iota // in an attribute type
		begins
		value
	)
	state, length := typ, 0
	for i := 0; i < len(dn); i++ {
		switch c := dn[i]; {
		case c == ',':
			if state != value || dn[i-1] == ' ' {
				return false
			}
			state, length = typ, 0
		case c == '=':
			if state != typ || length == 0 {
				return false
			}
			state = begins
		case state == typ:
			if !('a' <= c|0x20 && c|0x20 <= 'z' || length > 0 && ('0' <= c && c <= '9' || c == '-')) {
				return false
			}
			length++
		case c < ' ', c > '~', c == '"', c == '+', c == ';', c == '<', c == '>', c == '\\', c == '#':
			return false
		case c == ' ' && (state == begins || dn[i-1] == ' '):
			return false
		default:
			state = value
		}
	}
	return state == value && dn[len(dn)-1] != ' '
}

// Under says whether dn is base or lies below it. The empty base is above everything; what is no DN is nowhere.
func Under(dn, base string) bool {
	if isPlain(dn) && isPlain(base) {
		above := len(dn) - len(base)
		return above >= 0 && strings.EqualFold(dn[above:], base) && (above == 0 || dn[above-1] == ',')
	}
	child, err := ldap.ParseDN(dn)
	if err != nil {
		return false
	}
	top, err := ldap.ParseDN(base)
	if err != nil || len(top.RDNs) > len(child.RDNs) {
		return false
	}
	return slices.Equal(normalRDNs(child)[len(child.RDNs)-len(top.RDNs):], normalRDNs(top))
}

// CommonBase returns the deepest DN that every base is, or lies below; "" where they share none.
func CommonBase(bases ...string) string {
	if len(bases) == 0 {
		return ""
	}
	for base := bases[0]; base != ""; _, base = SplitDN(base) {
		shared := true
		for _, other := range bases[1:] {
			shared = shared && Under(other, base)
		}
		if shared {
			return base
		}
	}
	return ""
}

// RDN is one relative DN: attribute types with their values, unescaped.
type RDN []AVA

// AVA is an attribute type and value of an RDN.
type AVA struct{ Type, Value string }

// ParseRDN reads the first RDN of a DN, or an RDN alone.
func ParseRDN(text string) (RDN, error) {
	parsed, err := ldap.ParseDN(text)
	if err != nil {
		return nil, err
	}
	var rdn RDN
	if len(parsed.RDNs) > 0 {
		for _, a := range parsed.RDNs[0].Attributes {
			rdn = append(rdn, AVA{a.Type, a.Value})
		}
	}
	return rdn, nil
}

// String returns the RDN's text, escaped.
func (r RDN) String() string {
	parts := make([]string, len(r))
	for i, a := range r {
		parts[i] = a.Type + "=" + EscapeRDN(a.Value)
	}
	return strings.Join(parts, "+")
}

// Values returns the values that the RDN holds of an attribute.
func (r RDN) Values(name string) []string {
	var values []string
	for _, a := range r {
		if strings.EqualFold(a.Type, name) {
			values = append(values, a.Value)
		}
	}
	return values
}

// EscapeRDN escapes an attribute value for a DN (RFC 4514 §2.4). The equals sign, which need not be escaped, is: Samba refuses it
// bare. So are octets that are not UTF-8.
func EscapeRDN(value string) string {
	var b strings.Builder
	for i := 0; i < len(value); {
		r, width := utf8.DecodeRuneInString(value[i:])
		switch edge := i == 0 || i+width == len(value); {
		case r == 0 || r == utf8.RuneError && width == 1:
			fmt.Fprintf(&b, `\%02x`, value[i])
		case strings.ContainsRune(`"+,;<=>\`, r), r == ' ' && edge, r == '#' && i == 0:
			b.WriteByte('\\')
			fallthrough
		default:
			b.WriteString(value[i : i+width])
		}
		i += width
	}
	return b.String()
}

// EscapeFilter escapes an assertion value for a filter (RFC 4515 §3).
func EscapeFilter(value string) string { return ldap.EscapeFilter(value) }
