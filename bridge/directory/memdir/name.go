package memdir

import (
	"errors"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// name is a distinguished name that the schema accepts.
type name struct {
	text   string     // as the server shows it
	key    string     // the same for all names that are equal
	rdn    []ldif.AVA // of the first RDN, canonical types
	parent *name      // nil above a single RDN
}

var errName = errors.New("invalid DN")

// parseName reads a DN. As with slapd its attribute types must be known and its values of their syntax.
func (s *schema) parseName(text string) (name, error) {
	parsed, err := ldap.ParseDN(text)
	if err != nil {
		return name{}, errName
	}
	n := &name{}
	for _, rdn := range slices.Backward(parsed.RDNs) {
		above := n
		n = &name{parent: above}
		var texts, keys []string
		for _, a := range rdn.Attributes {
			def := s.Attribute(a.Type)
			if def == nil {
				return name{}, errName
			}
			value, ok := s.pretty(def, a.Value)
			if !ok {
				return name{}, errName
			}
			canonical := s.Canonical(a.Type)
			n.rdn = append(n.rdn, ldif.AVA{Type: canonical, Value: value})
			texts = append(texts, canonical+"="+escapeValue(value))
			keys = append(keys, strings.ToLower(canonical)+"="+escapeValue(ldif.Key(s.Subschema, canonical, value)))
		}
		slices.Sort(keys)
		n.text, n.key = strings.Join(texts, "+"), strings.Join(keys, "+")
		if above.key != "" {
			n.text += "," + above.text
			n.key += "," + above.key
		} else {
			n.parent = nil
		}
	}
	return *n, nil
}

// parseRDN reads a DN of a single RDN.
func (s *schema) parseRDN(text string) (name, error) {
	n, err := s.parseName(text)
	if err != nil || len(n.rdn) == 0 || n.parent != nil {
		return name{}, errName
	}
	return n, nil
}

// below puts a single RDN under a parent.
func (n name) below(parent name) name {
	n.text += "," + parent.text
	n.key += "," + parent.key
	n.parent = &parent
	return n
}

// within says whether n is base or lies below it.
func (n name) within(base name) bool {
	for at := &n; at != nil; at = at.parent {
		if at.key == base.key {
			return true
		}
	}
	return false
}

// escapeValue escapes an RDN's value the way slapd shows it: in hexadecimal.
func escapeValue(v string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(v) {
		c := v[i]
		edge := c == ' ' && (i == 0 || i == len(v)-1) || c == '#' && i == 0
		if edge || c == 0 || strings.IndexByte(`,+"\<>;=`, c) >= 0 {
			b.Write([]byte{'\\', digits[c>>4], digits[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
