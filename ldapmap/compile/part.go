package compile

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// Several lines may share one LDAP attribute, each with a part of its values: those with a prefix, which SCIM does not see, or those that
// an expression tells.
//
//	{scim: 'phoneNumbers[type eq "work"].value', ldap: telephoneNumber, where: 'value startsWith "+41"'}
//	{scim: 'emails[type eq "work"].value', ldap: proxyAddresses, prefix: 'SMTP:'}

// IsRestBeside says that the rule takes of a multi-valued attribute what the other, which has one of its values, does not.
//
//	{scim: 'emails[primary eq true].value', ldap: proxyAddresses, prefix: 'SMTP:'}
//	{scim: emails.value, ldap: proxyAddresses, prefix: 'smtp:'}
func (r *Rule) IsRestBeside(other *Rule) bool {
	return r.IsPart() && r.Many() && other.IsPart() && len(other.Slot) > 0 && other.Ref == r.Ref && strings.EqualFold(other.LDAP, r.LDAP)
}

// part makes of the form of a line that of its part of the attribute's values.
func (c *compiler) part(r *Rule, at func(key string) string) {
	o := r.Options
	if o.Prefix == "" && o.Where == "" {
		return
	}
	if o.Reference != "" || o.Empty != "" || r.WriteOnly() || len(o.Also) > 0 {
		c.report(at("scim"), "`prefix` and `where` go with neither `reference`, `empty` and `also`, nor with a password")
		return
	}
	whole := r.Form
	if whole == nil && kindNamed("text").Of(r.SCIMType()) {
		whole = kindNamed("text")
	}
	if whole == nil {
		c.report(at("scim"), fmt.Sprintf("%s is of type %s, and parts are of texts", o.SCIM, r.SCIMType()))
		return
	}
	var where *vm.Program
	if o.Where != "" {
		result, err := check(o.Where, types.Map{"value": types.String}, nil)
		if err == nil && !takes("true or false", kindOf(result)) {
			err = misuse("it says whether a value is the line's, and this is " + kindOf(result))
		}
		if err == nil {
			where, err = expr.Compile(o.Where, append([]expr.Option{expr.Env(types.Map{"value": types.Any})}, grammar(false)...)...)
		}
		if err != nil {
			c.report(at("where"), firstLine(err))
			return
		}
	}
	is := func(stored string) bool {
		if where == nil {
			return true
		}
		is, err := expr.Run(where, map[string]any{"value": stored})
		return err == nil && is == true
	}
	earlier := c.earlierParts(r)
	r.Form = &Form{
		Name: whole.Name,
		write: func(value any) (string, error) {
			stored, err := whole.write(value)
			if err != nil || stored == "" {
				return "", err
			}
			if stored = o.Prefix + stored; !is(stored) {
				return "", misuse(fmt.Sprintf("%q would not be read again: the map says where %s", stored, o.Where))
			}
			if of := partOf(earlier, stored); of != nil {
				return "", misuse(fmt.Sprintf("%q would be read as %s", stored, of.Options.SCIM))
			}
			return stored, nil
		},
		read: func(stored string) (any, error) {
			rest, begins := strings.CutPrefix(stored, o.Prefix)
			if !begins || !is(stored) || partOf(earlier, stored) != nil {
				return nil, nil
			}
			return whole.read(rest)
		},
	}
}

// earlierParts are the rules of the lines before that have a part of the same attribute.
func (c *compiler) earlierParts(r *Rule) (earlier []*Rule) {
	for _, other := range c.t.Rules {
		if other.IsPart() && other.Form != nil && strings.EqualFold(other.LDAP, r.LDAP) {
			earlier = append(earlier, other)
		}
	}
	return earlier
}

// partOf is the first of the rules that a value is the part of: it is nobody's besides. nil: it is of none.
func partOf(rules []*Rule, stored string) *Rule {
	for _, r := range rules {
		if _, ok := r.Form.Read(stored); ok {
			return r
		}
	}
	return nil
}

// besidesPart says whether two owners share an attribute: each with a part of its own.
func (o Owned) besidesPart(other Owned) bool {
	switch {
	case !o.IsPart || !other.IsPart:
		return false
	case o.Prefix == "" || other.Prefix == "": // told apart by expressions
		return true
	}
	return !strings.HasPrefix(o.Prefix, other.Prefix) && !strings.HasPrefix(other.Prefix, o.Prefix)
}
