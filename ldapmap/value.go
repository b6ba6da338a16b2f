package ldapmap

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	"scimbridge/scim/schema"
	"scimbridge/scim/stringprep"
)

// Values are the LDAP values that the rule gives a resource whose entry is named by rdn. entry is the one that holds it already, nil for
// a new one: a reference that it holds keeps its spelling.
func (t *Type) Values(rule *Rule, r scim.Resource, entry *ldif.Entry, rdn string, refs Refs) ([]string, error) {
	switch {
	case rule.With != nil:
		return nil, nil // the other writes it
	case rule.IsConstant():
		return rule.Options.Constant, nil
	case rule.Numbers != nil:
		return nil, nil // which nobody knows before it is taken
	case rule.Computed():
		values, err := t.Generated(rule, r, entry)
		return t.Fitted(rule, values), err
	}
	var values []string
	for _, value := range t.SCIMValues(rule, r) {
		v, err := t.ldapValue(rule, value, entry, refs)
		if err != nil {
			return nil, err
		}
		if limit := rule.Options.Max; limit > 0 && len(v) > limit {
			detail := fmt.Sprintf("%s: %d octets are more than the %d that the map allows", rule.Path(), len(v), limit)
			return nil, &scim.Error{Type: scim.InvalidValue, Detail: detail, Attribute: rule.Path()}
		}
		values = append(values, v)
	}
	values = t.Distinct(rule.LDAP, values)
	switch {
	case rule.Empty == nil:
		return values, nil
	case len(values) == 0:
		return t.Evaluated(rule.Empty, r)
	}
	standIn := t.StandIn(rule, r, rdn)
	for i, v := range values {
		values[i] = standIn.Stored(v)
	}
	return values, nil
}

// Distinct are the values that the directory tells apart: it refuses one twice.
func (t *Type) Distinct(attribute string, values []string) []string {
	if len(values) < 2 {
		return values
	}
	distinct := make([]string, 0, len(values))
	given := make(map[string]bool, len(values)) // a group has many members
	for _, v := range values {
		if key := ldif.Key(t.Server.Schema, attribute, v); !given[key] {
			given[key] = true
			distinct = append(distinct, v)
		}
	}
	return distinct
}

// Evaluated is an expression's result over a resource, as values.
func (t *Type) Evaluated(e *compile.Expression, r scim.Resource) ([]string, error) {
	v, err := e.Eval(r, t.Resource, t.Base)
	if err != nil || v == "" {
		return nil, err
	}
	return []string{v}, nil
}

// Generates says that the rule's values are made of the resource, and not read.
func (r *Rule) Generates() bool { return r.Value != nil || r.Source != nil }

// Generated are the values that such a rule makes of a resource; entry is the one that it is of, nil for a new one.
func (t *Type) Generated(rule *Rule, r scim.Resource, entry *ldif.Entry) (values []string, err error) {
	if rule.Source != nil {
		return t.Values(rule.Source, r, entry, "", Refs{})
	}
	values, err = rule.Value.Values(r, t.Resource, t.Base)
	if len(values) > 1 && (rule.Single || rule.Options.Unique) {
		detail := fmt.Sprintf("the map gives %s %d values, and it takes one", rule.LDAP, len(values))
		return nil, &scim.Error{Type: scim.InvalidValue, Detail: detail}
	}
	return values, err
}

// TellsApart says whether such a rule sees a difference between two resources; where it sees none, it gives both the same.
func (t *Type) TellsApart(rule *Rule, a, b scim.Resource) bool {
	if rule.Source != nil {
		return !slices.EqualFunc(t.SCIMValues(rule.Source, a), t.SCIMValues(rule.Source, b), scim.SameValue)
	}
	return rule.Value.Distinguishes(a, b, t.Resource)
}

// Fitted are computed values as the server takes them.
func (t *Type) Fitted(rule *Rule, values []string) []string {
	fitted := make([]string, len(values))
	for i, v := range values {
		fitted[i], _ = t.Fit(rule.LDAP, v)
	}
	return t.Distinct(rule.LDAP, fitted)
}

// Fit makes a value what the server takes for the attribute of an entry of this type, and tells how many characters it allows; 0
// is no limit known.
func (t *Type) Fit(attribute, value string) (fitted string, limit int) {
	return t.Server.Fit(attribute, t.ObjectClasses, value)
}

// ldapValue turns one SCIM value into the rule's LDAP value.
func (t *Type) ldapValue(rule *Rule, value any, entry *ldif.Entry, refs Refs) (string, error) {
	if rule.Form != nil {
		return t.formed(rule, value, entry)
	}
	if b, ok := value.(bool); ok {
		return strings.ToUpper(fmt.Sprint(b)), nil
	}
	v, err := compile.Text(value)
	if err != nil {
		return "", &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("%s: %v", rule.Path(), err), Attribute: rule.Path()}
	}
	switch {
	case rule.Reference != nil:
		return rule.Reference.Value(v, entry.Values(rule.LDAP), refs)
	case rule.WriteOnly():
		return PasswordValue(rule.LDAP, v), nil
	}
	switch rule.SCIMType() {
	case schema.Binary:
		raw, err := base64.StdEncoding.DecodeString(v)
		if err != nil {
			return "", &scim.Error{Type: scim.InvalidValue, Detail: rule.Path() + " is not base64", Attribute: rule.Path()}
		}
		return string(raw), nil
	case schema.DateTime:
		at, err := time.Parse(time.RFC3339Nano, v)
		definition := t.Server.Schema.Attribute(rule.LDAP)
		if err == nil && definition != nil && definition.Syntax == ldif.SyntaxGeneralizedTime {
			return at.Format("20060102150405.999999999Z0700"), nil
		}
	}
	return v, nil
}

// formed is the LDAP value of a SCIM value in the rule's form. One that the entry holds already in a form of its own keeps it.
func (t *Type) formed(rule *Rule, value any, entry *ldif.Entry) (string, error) {
	for _, v := range entry.Values(rule.LDAP) {
		if shown, ok := rule.Form.Read(v); ok && shown == value {
			return v, nil
		}
	}
	v, err := rule.Form.Write(value)
	if err == nil && v == "" {
		err = errors.New("the map writes nothing for it")
	}
	switch shown, ok := rule.Form.Read(v); {
	case err != nil:
	case !ok: // nobody could clear it
		err = errors.New("the map reads nothing of what it writes for it")
	case t.IsUnique(rule) && !same(rule, shown, value):
		err = fmt.Errorf("%q would be read as %q", value, shown) // it names somebody else
	}
	if err != nil {
		return "", &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("%s: %v", rule.Path(), err), Attribute: rule.Path()}
	}
	return v, nil
}

// same says whether SCIM takes two values for one.
func same(rule *Rule, a, b any) bool {
	x, isText := a.(string)
	y, also := b.(string)
	return a == b || isText && also && !rule.CaseExact() && stringprep.Equal(x, y)
}

// SCIMValue turns one LDAP value into the attribute's SCIM value; false where it cannot be shown.
func (t *Type) SCIMValue(rule *Rule, v string, refs Refs) (any, bool) {
	if rule.Reference != nil {
		target, ok := rule.Reference.Target(v, refs)
		return target.ID, ok
	}
	if rule.Form != nil {
		return rule.Form.Read(v)
	}
	switch rule.SCIMType() {
	case schema.Boolean:
		return strings.EqualFold(v, "TRUE"), true
	case schema.Integer, schema.Decimal:
		n := json.Number(v)
		_, err := n.Float64()
		return n, err == nil && json.Valid([]byte(v))
	case schema.Binary:
		return base64.StdEncoding.EncodeToString([]byte(v)), true
	case schema.DateTime:
		if at, err := ParseTime(v); err == nil {
			return at.Format(time.RFC3339Nano), true
		}
	}
	return v, true
}

// ParseTime reads a GeneralizedTime (RFC 4517 §3.3.13) with seconds, as servers write it.
func ParseTime(v string) (time.Time, error) {
	v = strings.Replace(v, ",", ".", 1)
	at, err := time.Parse("20060102150405Z0700", v)
	if err != nil {
		at, err = time.Parse("20060102150405.999999999Z0700", v)
	}
	return at, err
}
