package scim

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"scimbridge/scim/schema"
)

// unassigned says whether a value means "no value". By RFC 7643 §2.5 that is null and [], or what holds nothing else. Microsoft's validator
// also clears attributes with "" (its test SCIM_Null_Update) and Entra a manager with {"value":""}.
func (d Dialect) unassigned(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == "" && !d.Strict
	case []any:
		for _, e := range v {
			if !d.unassigned(e) {
				return false
			}
		}
		return true
	case Object:
		for _, m := range v {
			if !d.unassigned(m.Value) {
				return false
			}
		}
		return true
	}
	return false
}

// unwrapped takes the one value out of an array that was sent for a singular attribute, as Microsoft's old client library does:
// "value":[{"$ref":null,"value":"X"}] (AzureAD-BYOA-Provisioning-Samples#22).
func (d Dialect) unwrapped(v any) any {
	if list, ok := v.([]any); ok && len(list) == 1 && !d.Strict {
		return list[0]
	}
	return v
}

// wrapped makes a list of a value that was sent bare for a multi-valued attribute: admin-written templates with one "emails":{…}.
func (d Dialect) wrapped(v any) any {
	if _, ok := v.([]any); ok || d.Strict {
		return v
	}
	return []any{v}
}

// nullAmong says which element of an array is null. Admin-written templates have one for a source that is empty, and it is passed over: the
// values beside it stand, and [null] clears like []. But null is how an attribute says that it has no value (RFC 7643 §2.5), and no value
// of one (§2.4), so that a strict reader refuses it. References never pass it over (identified).
func (d Dialect) nullAmong(v any) (at int, found bool) {
	list, ok := v.([]any)
	if !ok || !d.Strict {
		return 0, false
	}
	at = slices.Index(list, nil)
	return at, at >= 0
}

// ofPlain makes a complex value of a plain string: Entra sets manager with "value":"<id>" (Captain-P-Goldfish/SCIM-SDK#686), and
// Microsoft's Postman collection adds a member so (AzureAD/SCIMReferenceCode#24).
func (d Dialect) ofPlain(a *schema.Attribute, v any) any {
	if s, ok := v.(string); ok && !d.Strict && a.Sub("value") != nil {
		return Object{{"value", s}}
	}
	return v
}

// ofObject takes the plain value out of an object that was sent for a simple attribute ({"value":"X"}, as in unwrapped).
func (d Dialect) ofObject(v any) any {
	if o, ok := v.(Object); ok && !d.Strict {
		if inner, ok := o.Get("value"); ok {
			return inner
		}
	}
	return v
}

// ofRoleText opens a role that was sent as JSON inside the string of its value: Entra's default dialect,
// {"value":"{\"id\":\"…\",\"value\":\"Auditor\",\"displayName\":\"Auditor\"}"}.
func (d Dialect) ofRoleText(a *schema.Attribute, o Object) Object {
	if d.Strict || !strings.EqualFold(a.Name, "roles") {
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
func (d Dialect) ofBooleanText(v any) any {
	if s, ok := v.(string); ok && !d.Strict {
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
func (d Dialect) ofNumber(v any) any {
	if n, ok := v.(json.Number); ok && !d.Strict {
		return n.String()
	}
	return v
}

// ofNumberText reads a number from a string: Entra's custom attributes are strings (custom extension attributes of a non-gallery app).
func (d Dialect) ofNumberText(v any) any {
	if s, ok := v.(string); ok && !d.Strict && isNumber(s) {
		return json.Number(s)
	}
	return v
}

// addressed takes the id of a reference that has an address alone from its end: {"$ref": "https://scim.example/v2/Users/7"}. RFC 7643 §4.2
// has `value` for it.
func (d Dialect) addressed(reference map[string]any) bool {
	address, _ := reference["$ref"].(string)
	id := address[strings.LastIndexByte(address, '/')+1:]
	if d.Strict || id == "" {
		return false
	}
	reference["value"] = id
	return true
}

func isNumber(s string) bool {
	if s == "" || (s[0] != '-' && (s[0] < '0' || s[0] > '9')) || !json.Valid([]byte(s)) {
		return false
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}
