package compile

import (
	"fmt"
	"strings"
)

// shared finds the line that a line shares its one value with: userName and an email that both stand in `mail`.
func (c *compiler) shared() {
	for _, r := range c.t.Rules {
		o := r.Options
		if o.Shares == "" {
			continue
		}
		path := fmt.Sprintf("attributes[%d].shares", r.At)
		with := c.t.RuleFor(o.Shares)
		switch {
		case r.Computed():
			c.report(path, "`shares` goes with `scim`")
		case with == nil:
			c.report(path, o.Shares+" is not mapped")
		case with == r || with.Options.Shares != "":
			c.report(path, o.Shares+" shares the value itself: name a line that has it")
		case !strings.EqualFold(with.LDAP, r.LDAP):
			c.report(path, fmt.Sprintf("%s stands in %s, and this line in %s", o.Shares, with.LDAP, r.LDAP))
		case with.Ref.Attr.MultiValued || r.Many():
			c.report(path, "each of the two has one value: that which is named is no part of a multi-valued attribute")
		case r.Form != nil || with.Form != nil || o.Reference != "" || with.Options.Reference != "" || r.WriteOnly():
			c.report(path, "a value that is shared stands as it is: it is no reference or password, "+
				"without `as`, `value`, `prefix` and `where`")
		case o.Empty != "" || o.Choose != "" || len(o.Also) > 0 || with.Options.Empty != "":
			c.report(path, "`empty` goes with neither, and `choose` and `also` with the line that is named")
		default:
			r.Shares = with
		}
	}
}
