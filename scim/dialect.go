package scim

import (
	"encoding/json"
	"strconv"
	"strings"

	"scimbridge/scim/schema"
)

// This file is what clients send beyond the RFCs and how it is understood: one function a quirk, each with where it was seen. Nothing else
// in the package bends a rule. A function that does not apply returns what it was given.

// SplitPath takes an attribute path apart (schema.ResourceType.Split), with the URNs that clients misprint put right.
func SplitPath(rt *schema.ResourceType, path string) (urn, name, sub string) {
	return rt.Split(knownURN(rt, path))
}

// Resolve finds the attribute that (urn, name, sub) names, where clients mean it.
func Resolve(rt *schema.ResourceType, urn, name, sub string) (schema.Ref, bool) {
	if ref, ok := rt.Resolve(urn, name, sub); ok {
		return ref, true
	}
	if urn == "" {
		if ref, ok := strayEnterprise(rt, name, sub); ok {
			return ref, true
		}
	}
	return aliasedSub(rt, urn, name, sub)
}

// knownURN puts right an URN at the start of a key or path. Microsoft's documentation prints the enterprise URN without its last colon
// ("…:2.0User"); SCIM 1.1 clients and OneLogin's templates use the 1.0 URNs.
func knownURN(rt *schema.ResourceType, path string) string {
	for _, urn := range []struct{ as, means string }{
		{"urn:ietf:params:scim:schemas:extension:enterprise:2.0User", schema.EnterpriseURN},
		{"urn:scim:schemas:extension:enterprise:1.0", schema.EnterpriseURN},
		{"urn:scim:schemas:core:1.0", rt.Core.ID},
	} {
		n := len(urn.as)
		if len(path) >= n && strings.EqualFold(path[:n], urn.as) && (len(path) == n || path[n] == ':' || path[n] == '.') {
			return urn.means + path[n:]
		}
	}
	return path
}

// strayEnterprise finds an attribute of the enterprise extension that is named without its URN: department and manager at the top level of
// Microsoft's sample create, "path":"manager" and `manager eq "id"` in its documentation. Of other extensions it would be a guess: what
// they call title need not be the title.
func strayEnterprise(rt *schema.ResourceType, name, sub string) (schema.Ref, bool) {
	if name == "" || rt.Core.Attribute(name) != nil {
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
	ref.Sub = subAlias(ref.Attr, sub)
	return ref, ref.Sub != nil
}

// subAlias finds the sub-attribute behind another name of it: Entra's roles carry displayName for display (AppRoleAssignmentsComplex), and
// manager.managerId is SCIM 1.1's and OneLogin's name of manager.value.
func subAlias(a *schema.Attribute, name string) *schema.Attribute {
	switch {
	case strings.EqualFold(name, "displayName"):
		return a.Sub("display")
	case strings.EqualFold(name, "managerId"):
		return a.Sub("value")
	}
	return nil
}

// Unassigned says whether a value means "no value": null, "", [], {} and what holds nothing else, such as {"value":""}. Entra's validators
// clear attributes with "" and null; Okta returns what it read, nulls included.
func Unassigned(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		for _, e := range v {
			if !Unassigned(e) {
				return false
			}
		}
		return true
	case Object:
		for _, m := range v {
			if !Unassigned(m.Value) {
				return false
			}
		}
		return true
	}
	return false
}

// unwrapped takes the one value out of an array that was sent for a singular attribute, as Microsoft's old client library does:
// "value":[{"$ref":null,"value":"X"}].
func unwrapped(v any) any {
	if list, ok := v.([]any); ok && len(list) == 1 {
		return list[0]
	}
	return v
}

// wrapped makes a list of a value that was sent bare for a multi-valued attribute: Microsoft's Postman collection adds a member with
// "value":"<id>" (AzureAD/SCIMReferenceCode#24).
func wrapped(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// ofPlain makes a complex value of a plain string: Entra sets manager with "value":"<id>" (Captain-P-Goldfish/SCIM-SDK#686).
func ofPlain(a *schema.Attribute, v any) any {
	if s, ok := v.(string); ok && a.Sub("value") != nil {
		return Object{{"value", s}}
	}
	return v
}

// ofObject takes the plain value out of an object that was sent for a simple attribute ({"value":"X"}, as in unwrapped).
func ofObject(v any) any {
	if o, ok := v.(Object); ok {
		if inner, ok := o.Get("value"); ok {
			return inner
		}
	}
	return v
}

// ofRoleText opens a role that was sent as JSON inside the string of its value: Entra's default dialect,
// {"value":"{\"id\":\"…\",\"value\":\"Auditor\",\"displayName\":\"Auditor\"}"}.
func ofRoleText(a *schema.Attribute, o Object) Object {
	if !strings.EqualFold(a.Name, "roles") {
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
func ofBooleanText(v any) any {
	if s, ok := v.(string); ok {
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
func ofNumber(v any) any {
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	return v
}

// ofNumberText reads a number from a string: Entra's custom attributes are strings (custom extension attributes of a non-gallery app).
func ofNumberText(v any) any {
	if s, ok := v.(string); ok && isNumber(s) {
		return json.Number(s)
	}
	return v
}

func isNumber(s string) bool {
	if s == "" || (s[0] != '-' && (s[0] < '0' || s[0] > '9')) || !json.Valid([]byte(s)) {
		return false
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}
