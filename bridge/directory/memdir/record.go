package memdir

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// record is an entry with its values' keys. A record that is in the tree never changes: a write makes a new one, which shares
// with the old what stayed.
type record struct {
	ldif.Entry
	keys [][]string // parallel to Attributes and their Values
}

func (r *record) clone() *record {
	return &record{ldif.Entry{DN: r.DN, Attributes: slices.Clone(r.Attributes)}, slices.Clone(r.keys)}
}

// find returns the index of an attribute description, or -1.
func (r *record) find(name string) int {
	return slices.IndexFunc(r.Attributes, func(a ldif.Attribute) bool { return strings.EqualFold(a.Name, name) })
}

// put replaces an attribute, keeping its place; no values removes it.
func (r *record) put(a ldif.Attribute, keys []string) {
	i := r.find(a.Name)
	switch {
	case len(a.Values) == 0 && i < 0:
	case len(a.Values) == 0:
		r.Attributes = slices.Delete(r.Attributes, i, i+1)
		r.keys = slices.Delete(r.keys, i, i+1)
	case i < 0:
		r.Attributes = append(r.Attributes, a)
		r.keys = append(r.keys, keys)
	default:
		r.Attributes[i], r.keys[i] = a, keys
	}
}

// set replaces an operational attribute of one value, which is known to be good.
func (r *record) set(s *schema, name, value string) {
	r.put(ldif.Attribute{Name: name, Values: []string{value}}, []string{ldif.Key(s.Subschema, name, value)})
}

// modification is one change of an attribute, checked against the schema.
type modification struct {
	op        uint64 // RFC 4511 §4.6, ldap.AddAttribute and so on
	attribute ldif.Attribute
	keys      []string
	def       *ldif.AttributeType
}

// check makes a modification of what a client sent: the attribute known and the client's to change, its values of its syntax and each once.
func (s *schema) check(op uint64, a ldif.Attribute) (modification, *result) {
	if def := s.Attribute(a.Name); def != nil && def.NoUserMod {
		return modification{}, fail(ldap.LDAPResultConstraintViolation, "%s: no user modification allowed", s.Canonical(a.Name))
	}
	return s.checkValues(op, a)
}

func (s *schema) checkValues(op uint64, a ldif.Attribute) (modification, *result) {
	def := s.Attribute(a.Name)
	if def == nil {
		return modification{}, fail(ldap.LDAPResultUndefinedAttributeType, "%s: attribute type undefined", a.Name)
	}
	m := modification{op: op, attribute: ldif.Attribute{Name: s.Canonical(a.Name)}, def: def}
	shown := m.attribute.Name
	for i, value := range a.Values {
		pretty, ok := s.pretty(def, value)
		if !ok {
			return modification{}, fail(ldap.LDAPResultInvalidAttributeSyntax, "%s: value #%d invalid per syntax", shown, i)
		}
		m.attribute.Values = append(m.attribute.Values, pretty)
		m.keys = append(m.keys, ldif.Key(s.Subschema, shown, pretty))
	}
	if len(a.Values) > 1 && def.SingleValue {
		return modification{}, fail(ldap.LDAPResultConstraintViolation, "%s: multiple values provided", shown)
	}
	first := make(map[string]int, len(m.keys))
	for i, key := range m.keys {
		if j, twice := first[key]; twice {
			return modification{}, fail(ldap.LDAPResultAttributeOrValueExists, "%s: value #%d provided more than once", shown, j)
		}
		first[key] = i
	}
	return m, nil
}

// modify carries out one modification on a record of the caller's own. With permissive, adding a value that is there, or deleting
// an attribute that is not, is success; deleting a value that is not there fails all the same, as with slapd.
func (r *record) modify(m modification, permissive bool) *result {
	switch m.op {
	case ldap.AddAttribute:
		return r.addValues(m, permissive)
	case ldap.DeleteAttribute:
		return r.deleteValues(m, permissive)
	case ldap.ReplaceAttribute:
		r.put(ldif.Attribute{Name: m.attribute.Name}, nil) // the attribute goes to the entry's end, as with slapd
		r.put(m.attribute, m.keys)
		return nil
	default:
		return r.increment(m)
	}
}

func (r *record) addValues(m modification, permissive bool) *result {
	i := r.find(m.attribute.Name)
	if i < 0 {
		r.put(m.attribute, m.keys)
		return nil
	}
	if m.def.Equality == "" {
		return fail(ldap.LDAPResultInappropriateMatching, "modify/add: %s: no equality matching rule", m.attribute.Name)
	}
	values, keys := slices.Clone(r.Attributes[i].Values), slices.Clone(r.keys[i])
	there := positions(keys)
	for j, value := range m.attribute.Values {
		if _, ok := there[m.keys[j]]; ok {
			if permissive {
				continue
			}
			return fail(ldap.LDAPResultAttributeOrValueExists, "modify/add: %s: value #%d already exists", m.attribute.Name, j)
		}
		values, keys = append(values, value), append(keys, m.keys[j])
	}
	r.put(ldif.Attribute{Name: r.Attributes[i].Name, Values: values}, keys)
	return nil
}

func (r *record) deleteValues(m modification, permissive bool) *result {
	i := r.find(m.attribute.Name)
	if len(m.attribute.Values) > 0 && m.def.Equality == "" {
		return fail(ldap.LDAPResultInappropriateMatching, "modify/delete: %s: no equality matching rule", m.attribute.Name)
	}
	if i < 0 && permissive && len(m.attribute.Values) == 0 {
		return nil
	}
	if i < 0 {
		return fail(ldap.LDAPResultNoSuchAttribute, "modify/delete: %s: no such attribute", m.attribute.Name)
	}
	if len(m.attribute.Values) == 0 {
		r.put(m.attribute, nil)
		return nil
	}
	there := positions(r.keys[i])
	gone := make(map[int]bool, len(m.keys))
	for _, key := range m.keys {
		at, ok := there[key]
		if !ok && permissive {
			return &result{code: ldap.LDAPResultNoSuchAttribute}
		}
		if !ok {
			return fail(ldap.LDAPResultNoSuchAttribute, "modify/delete: %s: no such value", m.attribute.Name)
		}
		gone[at] = true
	}
	var values, keys []string
	for j, value := range r.Attributes[i].Values {
		if !gone[j] {
			values, keys = append(values, value), append(keys, r.keys[i][j])
		}
	}
	r.put(ldif.Attribute{Name: r.Attributes[i].Name, Values: values}, keys)
	return nil
}

// positions says where each key stands.
func positions(keys []string) map[string]int {
	at := make(map[string]int, len(keys))
	for i, key := range keys {
		at[key] = i
	}
	return at
}

// increment adds the modification's value to every value of an integer attribute (RFC 4525).
func (r *record) increment(m modification) *result {
	i := r.find(m.attribute.Name)
	if i < 0 {
		return fail(ldap.LDAPResultNoSuchAttribute, "modify/increment: %s: no such attribute", m.attribute.Name)
	}
	if len(m.attribute.Values) != 1 {
		return fail(ldap.LDAPResultProtocolError, "modify/increment: %s: one value wanted", m.attribute.Name)
	}
	by, err := strconv.Atoi(m.attribute.Values[0])
	if err != nil {
		return fail(ldap.LDAPResultConstraintViolation, "modify/increment: %s: invalid increment", m.attribute.Name)
	}
	values := slices.Clone(r.Attributes[i].Values)
	for j, value := range values {
		number, err := strconv.Atoi(value)
		if err != nil {
			return fail(ldap.LDAPResultConstraintViolation, "modify/increment: %s: not an integer", m.attribute.Name)
		}
		values[j] = strconv.Itoa(number + by)
	}
	r.put(ldif.Attribute{Name: r.Attributes[i].Name, Values: values}, values)
	return nil
}
