package scim

import (
	"fmt"
	"strings"

	"scimbridge/scim/schema"
)

// Dialect says how what clients send is read. Its methods here are what they send beyond the RFCs in bodies and attribute paths, and how it
// is understood: one method a quirk, each with where it was seen, which returns what it was given where it does not apply. Those on values
// are in dialect_value.go; filters and PATCH operations have a file of this name of their own; nothing else under scim bends a rule.
type Dialect struct {
	Strict bool   // hold clients to the RFCs: no quirk applies, and what is sent beyond them is refused
	Limits Limits // of what one request may hold, in every dialect
}

// SplitPath takes an attribute path apart (schema.ResourceType.Split), with the URNs that clients misprint put right.
func (d Dialect) SplitPath(rt *schema.ResourceType, path string) (urn, name, sub string) {
	return rt.Split(d.dottedURN(rt, d.knownURN(rt, path)))
}

// Resolve finds the attribute that (urn, name, sub) names, where clients mean it.
func (d Dialect) Resolve(rt *schema.ResourceType, urn, name, sub string) (schema.Ref, bool) {
	if ref, ok := rt.Resolve(urn, name, sub); ok {
		return ref, true
	}
	if ref, ok := d.strayEnterprise(rt, urn, name, sub); ok {
		return ref, true
	}
	return d.aliasedSub(rt, urn, name, sub)
}

// knownURN puts right an URN at the start of a key or path. Microsoft's documentation prints the enterprise URN without its last colon
// ("…:2.0User"); SCIM 1.1 clients and OneLogin's templates use the 1.0 URNs.
func (d Dialect) knownURN(rt *schema.ResourceType, path string) string {
	if d.Strict {
		return path
	}
	for _, urn := range []struct{ as, means string }{
		{"urn:ietf:params:scim:schemas:extension:enterprise:2.0User", schema.EnterpriseURN},
		{"urn:scim:schemas:extension:enterprise:1.0", schema.EnterpriseURN},
		{"urn:scim:schemas:core:1.0", rt.Core.ID},
	} {
		if rest, ok := cutURN(path, urn.as); ok {
			return urn.means + rest
		}
	}
	return path
}

// dottedURN puts right a dot in place of the colon after an URN, "…:enterprise:2.0:User.manager": Entra's old customappsso jobs and
// Microsoft's inbound Postman collection.
func (d Dialect) dottedURN(rt *schema.ResourceType, path string) string {
	if d.Strict {
		return path
	}
	dotted := func(urn string) bool {
		rest, ok := cutURN(path, urn)
		return ok && strings.HasPrefix(rest, ".")
	}
	if urn := rt.Core.ID; dotted(urn) {
		return path[:len(urn)] + ":" + path[len(urn)+1:]
	}
	for _, e := range rt.Extensions {
		if urn := e.Schema.ID; dotted(urn) {
			return path[:len(urn)] + ":" + path[len(urn)+1:]
		}
	}
	return path
}

// cutURN takes an URN off the start of a path, ignoring case. What is left is empty or begins with a colon or a dot.
func cutURN(path, urn string) (rest string, ok bool) {
	n := len(urn)
	if len(path) < n || !strings.EqualFold(path[:n], urn) {
		return "", false
	}
	rest = path[n:]
	return rest, rest == "" || rest[0] == ':' || rest[0] == '.'
}

// strayEnterprise finds an attribute of the enterprise extension that is named without its URN: department and manager at the top level of
// Microsoft's sample create, "path":"manager" and `manager eq "id"` in its documentation. Of other extensions it would be a guess: what
// they call title need not be the title.
func (d Dialect) strayEnterprise(rt *schema.ResourceType, urn, name, sub string) (schema.Ref, bool) {
	if d.Strict || urn != "" || name == "" || rt.Core.Attribute(name) != nil {
		return schema.Ref{}, false
	}
	return rt.Resolve(schema.EnterpriseURN, name, sub)
}

// aliasedSub finds the sub-attribute behind another name of it (subAlias) in a path or a dotted key.
func (d Dialect) aliasedSub(rt *schema.ResourceType, urn, name, sub string) (schema.Ref, bool) {
	if sub == "" {
		return schema.Ref{}, false
	}
	ref, ok := d.Resolve(rt, urn, name, "")
	if !ok || ref.Attr == nil {
		return schema.Ref{}, false
	}
	ref.Sub = d.subAlias(ref.Attr, sub)
	return ref, ref.Sub != nil
}

// subAlias finds the sub-attribute behind another name of it: Entra's roles carry displayName for display (AppRoleAssignmentsComplex), and
// manager.managerId is SCIM 1.1's and OneLogin's name of manager.value.
func (d Dialect) subAlias(a *schema.Attribute, name string) *schema.Attribute {
	switch {
	case d.Strict:
	case strings.EqualFold(name, "displayName"):
		return a.Sub("display")
	case strings.EqualFold(name, "managerId"):
		return a.Sub("value")
	}
	return nil
}

// key is a member's name in a JSON object, taken apart.
type key struct {
	text           string // as a path
	urn, name, sub string
}

// keyOf reads a member's name in a resource, or in the object of an extension. By RFC 7643 §2.1 and §3.3 it is an attribute's name, or in a
// resource an extension's URN. Clients also send paths: Entra's flag dialect has "name.givenName" and "urn:…:User:department" in operations
// without a path, admin-written templates have them in resources, and core attributes are seen in an object under their schema's URN.
func (d Dialect) keyOf(rt *schema.ResourceType, within *schema.Schema, name string) (key, error) {
	path := name
	if within != nil && !strings.Contains(name, ":") {
		path = within.ID + ":" + name
	}
	k := key{text: path}
	k.urn, k.name, k.sub = d.SplitPath(rt, path)
	if !d.Strict {
		return k, nil
	}
	known := strings.EqualFold(k.urn, rt.Core.ID) || rt.Extension(k.urn) != nil
	whole := k.name == "" && rt.Extension(k.urn) != nil
	switch {
	case within != nil && strings.ContainsAny(name, ":.["), within == nil && k.urn == "" && strings.ContainsAny(name, ".["),
		within == nil && known && !whole:
		detail := "%q is a path, where the name of an attribute or an extension's URN must stand"
		return key{}, &Error{Type: InvalidSyntax, Detail: fmt.Sprintf(detail, name)}
	}
	return k, nil
}

// checkSchemas lets a resource's body leave `schemas` out, or leave an extension's URN out of it, as Entra does for custom ones, or name
// more, as Entra's "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group". By RFC 7643 §3 it names the core schema and
// each extension in use; what it names beyond the RFC's own schemas and the type's is then refused, for it cannot be kept.
func (d Dialect) checkSchemas(rt *schema.ResourceType, body Object) error {
	if !d.Strict {
		return nil
	}
	if err := d.Announces(body, rt.Core.ID); err != nil {
		return err
	}
	for _, e := range rt.Extensions {
		if _, used := body.Get(e.Schema.ID); !used {
			continue
		}
		if err := d.Announces(body, e.Schema.ID); err != nil {
			return err
		}
	}
	list, _ := body.Get("schemas")
	for _, v := range list.([]any) {
		urn, _ := v.(string)
		switch {
		case strings.EqualFold(urn, rt.Core.ID), rt.Extension(urn) != nil:
		case strings.EqualFold(urn, schema.UserURN), strings.EqualFold(urn, schema.GroupURN), strings.EqualFold(urn, schema.EnterpriseURN):
		default:
			return &Error{Type: InvalidSyntax, Detail: fmt.Sprintf("schemas names %q, which is no schema of a %s", urn, rt.Name)}
		}
	}
	return nil
}

// Announces lets a body leave an URN out of its `schemas`, or all of `schemas`: it is missing in many a client's message, and OneLogin's
// and JumpCloud's have SCIM 1.0's. By the RFCs it is an array that has the URN (RFC 7643 §3, RFC 7644 §3.5.2, §3.7, §3.4.3).
func (d Dialect) Announces(body Object, urn string) error {
	if !d.Strict {
		return nil
	}
	v, _ := body.Get("schemas")
	list, ok := v.([]any)
	if !ok {
		return &Error{Type: InvalidSyntax, Detail: "schemas must be an array with " + urn}
	}
	for _, v := range list {
		if text, ok := v.(string); ok && strings.EqualFold(text, urn) {
			return nil
		}
	}
	return &Error{Type: InvalidSyntax, Detail: "schemas lacks " + urn}
}

// noBulkOperations takes a bulk request whose Operations are empty, which asks for nothing: RFC 7644 §3.7 has one or more.
func (d Dialect) noBulkOperations() bool { return !d.Strict }

// bracketless takes the value filter out of a name in the parameters attributes and excludedAttributes, which RFC 7644 §3.9 does not have
// there: `attributes=emails[type eq "work"]` in Microsoft's Postman collection is emails.
func (d Dialect) bracketless(path string) string {
	open := strings.IndexByte(path, '[')
	if open < 0 || d.Strict {
		return path
	}
	quoted := false
	for i := open + 1; i < len(path); i++ {
		switch {
		case path[i] == '"':
			quoted = !quoted
		case path[i] == ']' && !quoted:
			return path[:open] + path[i+1:]
		}
	}
	return path[:open] // a bracket that never closed
}
