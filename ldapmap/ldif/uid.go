package ldif

import "strings"

// CutUID cuts a value of the syntax Name And Optional UID (RFC 4517 §3.3.21) behind the DN. uid is "" where nothing stands there.
//
//	uid=anna,dc=example#'0101'B   is   uid=anna,dc=example   and   #'0101'B
func CutUID(value string) (dn, uid string) {
	at := strings.LastIndexByte(value, '#')
	if at < 0 {
		return value, ""
	}
	bits, opened := strings.CutPrefix(value[at:], "#'")
	bits, closed := strings.CutSuffix(bits, "'B")
	if !opened || !closed || strings.Trim(bits, "01") != "" {
		return value, ""
	}
	return value[:at], value[at:]
}

// In is a modification that goes ByDN as one that names values, of an entry that holds these. normal is what DNs have in common that are
// one. What is there with a unique identifier is not added, and each value of a DN is deleted; one that is not there stands as it is, for
// the server to judge.
//
//	held: uid=anna#'0101'B, uid=bo      add uid=anna, uid=cy     add uid=cy
//	held: uid=anna#'0101'B, uid=anna    delete uid=anna          delete uid=anna#'0101'B, uid=anna
func (m Mod) In(held []string, normal func(dn string) string) Mod {
	key := func(value string) string {
		dn, _ := CutUID(value)
		return normal(dn)
	}
	wanted := map[string]bool{}
	for _, v := range m.Values {
		wanted[key(v)] = true
	}
	there := map[string][]string{}
	for _, v := range held {
		if k := key(v); wanted[k] {
			there[k] = append(there[k], v)
		}
	}
	var values []string
	for _, v := range m.Values {
		k := key(v)
		switch found := there[k]; {
		case !wanted[k]: // by another value of the same DN
		case len(found) == 0:
			values = append(values, v)
		case m.Op == DeleteValues:
			values = append(values, found...)
		}
		wanted[k] = false
	}
	m.Values, m.ByDN = values, false
	return m
}
