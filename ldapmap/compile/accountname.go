package compile

import (
	"slices"
	"strings"
)

// accountNames are what accounts and groups are called where the server wants a name besides the RDN and the map gives none: it
// would make up one that nobody recognises.
var accountNames = map[string]string{"User": `truncate(before(userName, "@"), 20)`, "Group": "displayName"}

// AccountName is a rule for the attribute of such a name; nil where the map has one, or nothing to make it of.
func (t *Type) AccountName(attribute string) *Rule {
	source := accountNames[t.Name]
	if attribute == "" || source == "" || slices.ContainsFunc(t.Rules, func(r *Rule) bool { return strings.EqualFold(r.LDAP, attribute) }) {
		return nil
	}
	value, err := newExpression(source, t.Resource)
	if err != nil {
		return nil // the attribute is not mapped, and Compile has said so
	}
	return &Rule{
		At: len(t.Options.Attributes), LDAP: attribute, Value: value,
		Options: AttributeOptions{LDAP: attribute, Value: source, On: "create", Unique: true},
	}
}
