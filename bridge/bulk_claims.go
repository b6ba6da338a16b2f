package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/patch"
	"scimbridge/scim/stringprep"
)

// claims tells what an operation of a bulk request does to the unique values of a type: a POST claims those that it names. What a PUT, or a
// PATCH that touches one, frees is known to the directory alone. A DELETE frees too: it is in order with all else (deletesAmongOthers).
// What cannot be read claims nothing, since it comes to nothing.
func (b *Bridge) claims(ctx context.Context) func(scim.BulkOperation) scim.Claims {
	m, _, unknown := b.world(ctx) // then nothing can be done
	return func(op scim.BulkOperation) scim.Claims {
		rt, _, fault := b.target(op.Path)
		body, err := json.Marshal(op.Data)
		if errors.Join(unknown, fault, err) != nil {
			return scim.Claims{}
		}
		t := m.Type(rt.Name)
		switch op.Method {
		case http.MethodPost:
			r, _, _ := scim.Parse(body, t.Resource, b.dialect)
			return scim.Claims{Type: t.Name, Values: uniqueValues(t, r)}
		case http.MethodPut:
			return scim.Claims{Type: t.Name, Frees: true}
		case http.MethodPatch:
			ops, _, _ := patch.Parse(body, t.Resource, b.dialect)
			return scim.Claims{Type: t.Name, Frees: slices.ContainsFunc(ops, func(op patch.Op) bool { return touchesUnique(t, op) })}
		}
		return scim.Claims{}
	}
}

// uniqueValues are the unique values that a resource has, each with its attribute, as SCIM and the directory compare it.
func uniqueValues(t *ldapmap.Type, r scim.Resource) []string {
	var values []string
	for _, rule := range t.Unique {
		for _, value := range t.SCIMValues(rule, r) {
			if text, err := compile.Text(value); err == nil {
				values = append(values, fmt.Sprintf("%s %s", rule.LDAP, ldif.Key(t.Server.Schema, rule.LDAP, stringprep.Key(text))))
			}
		}
	}
	return values
}

// touchesUnique says that an operation is about an attribute that has unique values, or an extension with one.
func touchesUnique(t *ldapmap.Type, op patch.Op) bool {
	ref := op.Path.Attr.Ref
	return slices.ContainsFunc(t.Unique, func(rule *ldapmap.Rule) bool {
		return rule.Ref.Extension == ref.Extension && (ref.Attr == nil || rule.Ref.Attr == ref.Attr)
	})
}
