package compile

import (
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// IsValue says that a member is a value of one of its attributes, rather than its DN.
func (o MembersOptions) IsValue() bool { return o.Form == "value" }

// MembersPath is the key path of an item of `members`.
func MembersPath(i int) string { return fmt.Sprintf("members[%d]", i) }

func (c *compiler) members(o Options) {
	if len(o.Members) > 0 && o.Type != "Group" {
		c.report("members", "only a Group has members")
	}
	for i, members := range o.Members {
		report := func(key, problem string) { c.report(MembersPath(i)+"."+key, problem) }
		if members.Attribute == "" {
			report("attribute", "the LDAP attribute is missing")
		}
		switch {
		case members.Form != "" && members.Form != "dn" && members.Form != "value":
			report("form", fmt.Sprintf("%q is not known: dn and value are", members.Form))
		case members.IsValue() && members.Of == "":
			report("of", "the LDAP attribute of a User is missing that the values are of, such as uid")
		case !members.IsValue() && members.Of != "":
			report("of", "goes with `form: value`: a DN is of no attribute")
		case strings.Contains(members.Of, ";"):
			report("of", "values with options name nobody")
		}
		if members.Suffixes && members.IsValue() {
			report("suffixes", "goes with DNs: nothing else has a unique identifier behind it")
		}
		if members.Placeholder != "" && !members.IsValue() {
			if _, err := ldap.ParseDN(members.Placeholder); err != nil {
				report("placeholder", fmt.Sprintf("%q is not a DN", members.Placeholder))
			}
		}
	}
}
