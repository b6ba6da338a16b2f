package compile

import (
	"fmt"
	"regexp"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// copies are the rules of the further attributes that a line's value is written to. They are computed: nothing is read of them.
func (c *compiler) copies(r *Rule, at func(string) string) (copies []*Rule) {
	if len(r.Options.Also) > 0 && !r.Computed() && (r.WriteOnly() || r.Options.Reference != "") {
		c.report(at("also"), "a password and a reference have one attribute")
		return nil
	}
	if r.Computed() {
		return nil // reported already
	}
	names := []string{r.LDAP}
	for _, name := range r.Options.Also {
		if problem := options(name); problem != "" {
			c.report(at("also"), problem)
		}
		if ldif.Named(names, name) {
			c.report(at("also"), name+" is named twice")
		}
		names = append(names, name)
		o := AttributeOptions{LDAP: name, On: r.Options.On, Max: r.Options.Max}
		copies = append(copies, &Rule{At: r.At, Options: o, LDAP: name, Copies: r})
	}
	return copies
}

// option is one of an attribute description (RFC 4512 §2.5.2).
var option = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// options says what is wrong with those of an LDAP attribute; "": nothing.
func options(name string) string {
	_, all, optioned := strings.Cut(name, ";")
	for o := range strings.SplitSeq(all, ";") {
		if optioned && !option.MatchString(o) {
			return fmt.Sprintf("%q has an option that is none: lang-de is one", name)
		}
	}
	return ""
}
