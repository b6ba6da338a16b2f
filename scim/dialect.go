package scim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"scimbridge/scim/schema"
)

// This file is what clients send beyond the RFCs in bodies and attribute paths, and how it is understood: one function a quirk, each with where it was
// seen. A function that does not apply returns what it was given, and with Strict in the resource type none applies. Filters and PATCH
// operations have a file of this name of their own; nothing else under scim bends a rule.

// SplitPath takes an attribute path apart (schema.ResourceType.Split), with the URNs that clients misprint put right.
func SplitPath(rt *schema.ResourceType, path string) (urn, name, sub string) {
	return rt.Split(dottedURN(rt, knownURN(rt, path)))
}

// Resolve finds the attribute that (urn, name, sub) names, where clients mean it.
func Resolve(rt *schema.ResourceType, urn, name, sub string) (schema.Ref, bool) {
	if ref, ok := rt.Resolve(urn, name, sub); ok {
		return ref, true
	}
	if ref, ok := strayEnterprise(rt, urn, name, sub); ok {
		return ref, true
	}
	return aliasedSub(rt, urn, name, sub)
}

// knownURN puts right an URN at the start of a key or path. Microsoft's documentation prints the enterprise URN without its last colon
// ("…:2.0User"); SCIM 1.1 clients and OneLogin's templates use the 1.0 URNs.
func knownURN(rt *schema.ResourceType, path string) string {
	if rt.Strict {
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
func dottedURN(rt *schema.ResourceType, path string) string {
	if rt.Strict {
		return path
	}
	urns := []string{rt.Core.ID}
	for _, e := range rt.Extensions {
		urns = append(urns, e.Schema.ID)
	}
	for _, urn := range urns {
		if rest, ok := cutURN(path, urn); ok && strings.HasPrefix(rest, ".") {
			return path[:len(urn)] + ":" + rest[1:]
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
func strayEnterprise(rt *schema.ResourceType, urn, name, sub string) (schema.Ref, bool) {
	if rt.Strict || urn != "" || name == "" || rt.Core.Attribute(name) != nil {
		return schema.Ref{}, false
	}
	return rt.Resolve(schema.EnterpriseURN, name, sub)
}

// aliasedSub finds the sub-attribute behind another name of it (subAlias) in a path or a dotted key.
func aliasedSub(rt *schema.ResourceType, urn, name, sub string) (schema.Ref, bool) {
	if sub == "" {
		return schema.Ref{}, false
	}
	ref, ok := Resolve(rt, urn, name, "")
	if !ok || ref.Attr == nil {
		return schema.Ref{}, false
	}
	ref.Sub = subAlias(rt, ref.Attr, sub)
	return ref, ref.Sub != nil
}

// subAlias finds the sub-attribute behind another name of it: Entra's roles carry displayName for display (AppRoleAssignmentsComplex), and
// manager.managerId is SCIM 1.1's and OneLogin's name of manager.value.
func subAlias(rt *schema.ResourceType, a *schema.Attribute, name string) *schema.Attribute {
	switch {
	case rt.Strict:
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

// keyOf reads a member's name in a resource, or in the object of an extension. By RFC 7643 §2.1 and §3.3 it is an attribute's name, or in a resource an
// extension's URN. Clients also send paths: Entra's flag dialect has "name.givenName" and "urn:…:User:department" in operations without a
// path, admin-written templates have them in resources, and core attributes are seen in an object under their schema's URN.
func keyOf(rt *schema.ResourceType, within *schema.Schema, name string) (key, error) {
	path := name
	if within != nil && !strings.Contains(name, ":") {
		path = within.ID + ":" + name
	}
	k := key{text: path}
	k.urn, k.name, k.sub = SplitPath(rt, path)
	if !rt.Strict {
		return k, nil
	}
	known := strings.EqualFold(k.urn, rt.Core.ID) || rt.Extension(k.urn) != nil
	whole := k.name == "" && rt.Extension(k.urn) != nil
	switch {
	case within != nil && strings.ContainsAny(name, ":.["), within == nil && k.urn == "" && strings.ContainsAny(name, ".["),
		within == nil && known && !whole:
		return key{}, &Error{InvalidSyntax, fmt.Sprintf("%q is a path, where the name of an attribute or an extension's URN must stand", name)}
	}
	return k, nil
}

// CheckSchemas lets a resource's body leave `schemas` out, or leave an extension's URN out of it, as Entra does for custom ones, or name more, as Entra's
// "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group". By RFC 7643 §3 it names the core schema and each extension in use; what
// it names beyond the RFC's own schemas and the type's is then refused, for it cannot be kept.
func CheckSchemas(rt *schema.ResourceType, body Object) error {
	if !rt.Strict {
		return nil
	}
	if err := Announces(body, rt.Core.ID); err != nil {
		return err
	}
	for _, m := range body {
		if e := rt.Extension(m.Name); e != nil {
			if err := Announces(body, e.ID); err != nil {
				return err
			}
		}
	}
	list, _ := body.Get("schemas")
	for _, v := range list.([]any) {
		urn, _ := v.(string)
		switch {
		case strings.EqualFold(urn, rt.Core.ID), rt.Extension(urn) != nil:
		case strings.EqualFold(urn, schema.UserURN), strings.EqualFold(urn, schema.GroupURN), strings.EqualFold(urn, schema.EnterpriseURN):
		default:
			return &Error{InvalidSyntax, fmt.Sprintf("schemas names %q, which is no schema of a %s", urn, rt.Name)}
		}
	}
	return nil
}

// addressed takes the id of a reference that has an address alone from its end: {"$ref": "https://scim.example/v2/Users/7"}. RFC 7643 §4.2 has `value` for it.
func addressed(rt *schema.ResourceType, reference map[string]any) bool {
	address, _ := reference["$ref"].(string)
	id := address[strings.LastIndexByte(address, '/')+1:]
	if rt.Strict || id == "" {
		return false
	}
	reference["value"] = id
	return true
}

// Announces holds that a body's `schemas` is an array that has the URN (RFC 7643 §3, RFC 7644 §3.5.2, §3.7, §3.4.3). Only strict readers ask: `schemas`
// is missing in many a client's message, and OneLogin's and JumpCloud's have SCIM 1.0's.
func Announces(body Object, urn string) error {
	v, _ := body.Get("schemas")
	list, ok := v.([]any)
	if !ok {
		return &Error{InvalidSyntax, "schemas must be an array with " + urn}
	}
	for _, v := range list {
		if text, ok := v.(string); ok && strings.EqualFold(text, urn) {
			return nil
		}
	}
	return &Error{InvalidSyntax, "schemas lacks " + urn}
}

// unassigned says whether a value means "no value". By RFC 7643 §2.5 that is null and [], or what holds nothing else. Microsoft's validator
// also clears attributes with "" (its test SCIM_Null_Update) and Entra a manager with {"value":""}.
func unassigned(rt *schema.ResourceType, v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == "" && !rt.Strict
	case []any:
		for _, e := range v {
			if !unassigned(rt, e) {
				return false
			}
		}
		return true
	case Object:
		for _, m := range v {
			if !unassigned(rt, m.Value) {
				return false
			}
		}
		return true
	}
	return false
}

// unwrapped takes the one value out of an array that was sent for a singular attribute, as Microsoft's old client library does:
// "value":[{"$ref":null,"value":"X"}] (AzureAD-BYOA-Provisioning-Samples#22).
func unwrapped(rt *schema.ResourceType, v any) any {
	if list, ok := v.([]any); ok && len(list) == 1 && !rt.Strict {
		return list[0]
	}
	return v
}

// wrapped makes a list of a value that was sent bare for a multi-valued attribute: admin-written templates with one "emails":{…}.
func wrapped(rt *schema.ResourceType, v any) any {
	if _, ok := v.([]any); ok || rt.Strict {
		return v
	}
	return []any{v}
}

// ofPlain makes a complex value of a plain string: Entra sets manager with "value":"<id>" (Captain-P-Goldfish/SCIM-SDK#686), and Microsoft's
// Postman collection adds a member so (AzureAD/SCIMReferenceCode#24).
func ofPlain(rt *schema.ResourceType, a *schema.Attribute, v any) any {
	if s, ok := v.(string); ok && !rt.Strict && a.Sub("value") != nil {
		return Object{{"value", s}}
	}
	return v
}

// ofObject takes the plain value out of an object that was sent for a simple attribute ({"value":"X"}, as in unwrapped).
func ofObject(rt *schema.ResourceType, v any) any {
	if o, ok := v.(Object); ok && !rt.Strict {
		if inner, ok := o.Get("value"); ok {
			return inner
		}
	}
	return v
}

// ofRoleText opens a role that was sent as JSON inside the string of its value: Entra's default dialect,
// {"value":"{\"id\":\"…\",\"value\":\"Auditor\",\"displayName\":\"Auditor\"}"}.
func ofRoleText(rt *schema.ResourceType, a *schema.Attribute, o Object) Object {
	if rt.Strict || !strings.EqualFold(a.Name, "roles") {
		return o
	}
	for {
		v, _ := o.Get("value")
		s, ok := v.(string)
		if !ok || !strings.HasPrefix(s, "{") {
			return o
		}
		inner, err := Decode([]byte(s))
		if err != nil {
			return o
		}
		if _, ok := inner.Get("value"); !ok {
			return o
		}
		opened := Object{}
		for _, m := range o {
			if !strings.EqualFold(m.Name, "value") {
				opened = append(opened, m)
			}
		}
		for _, m := range inner {
			if !strings.EqualFold(m.Name, "id") { // the app role's id in Entra, no part of a SCIM role
				opened = append(opened, m)
			}
		}
		o = opened
	}
}

// ofBooleanText reads a Boolean from a string: Entra's default dialect sends "True" and "False" (scimmyjs/scimmy#51, #86).
func ofBooleanText(rt *schema.ResourceType, v any) any {
	if s, ok := v.(string); ok && !rt.Strict {
		switch {
		case strings.EqualFold(s, "true"):
			return true
		case strings.EqualFold(s, "false"):
			return false
		}
	}
	return v
}

// ofNumber gives the text of a number that was sent for a string: badge and employee numbers from admin-written templates (OneLogin).
func ofNumber(rt *schema.ResourceType, v any) any {
	if n, ok := v.(json.Number); ok && !rt.Strict {
		return n.String()
	}
	return v
}

// ofNumberText reads a number from a string: Entra's custom attributes are strings (custom extension attributes of a non-gallery app).
func ofNumberText(rt *schema.ResourceType, v any) any {
	if s, ok := v.(string); ok && !rt.Strict && isNumber(s) {
		return json.Number(s)
	}
	return v
}

// bracketless takes the value filter out of a name in the parameters attributes and excludedAttributes, which RFC 7644 §3.9 does not have there:
// `attributes=emails[type eq "work"]` in Microsoft's Postman collection is emails.
func bracketless(rt *schema.ResourceType, path string) string {
	open := strings.IndexByte(path, '[')
	if open < 0 || rt.Strict {
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

func isNumber(s string) bool {
	if s == "" || (s[0] != '-' && (s[0] < '0' || s[0] > '9')) || !json.Valid([]byte(s)) {
		return false
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}
