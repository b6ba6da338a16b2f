package ldif

import (
	"strings"

	"github.com/go-ldap/ldap/v3"
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

// NormalDN returns a form of the DN that is equal for DNs that differ in case, spacing and escapes only: a key for maps. What is no DN
// comes back in lower case.
func NormalDN(dn string) string {
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return strings.ToLower(strings.TrimSpace(dn))
	}
	return strings.ToLower(parsed.String())
}

// SameDN says whether two DNs name the same entry, ignoring case, spacing and escapes.
func SameDN(a, b string) bool { return a == b || NormalDN(a) == NormalDN(b) }

// Under says whether dn is base or lies below it.
func Under(dn, base string) bool {
	child, err := ldap.ParseDN(dn)
	if err != nil {
		return false
	}
	top, err := ldap.ParseDN(base)
	if err != nil {
		return false
	}
	return top.EqualFold(child) || top.AncestorOfFold(child)
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

// EscapeRDN escapes an attribute value for a DN (RFC 4514 §2.4). The equals sign, which need not be escaped, is: Samba refuses it bare.
func EscapeRDN(value string) string { return strings.ReplaceAll(ldap.EscapeDN(value), "=", `\=`) }

// EscapeFilter escapes an assertion value for a filter (RFC 4515 §3).
func EscapeFilter(value string) string { return ldap.EscapeFilter(value) }
