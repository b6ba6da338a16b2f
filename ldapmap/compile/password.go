package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// InitialOptions is what the password of a new account is made of for which the client sends none: at random, and known to nobody.
type InitialOptions struct {
	Length  int      `koanf:"length" required:"true"`                 // in characters, 12 to 64
	Classes []string `koanf:"classes" one:"lower upper digit symbol"` // of which there is one each; left out: all
}

// Password is what a random password is made of.
type Password struct {
	Length  int
	Classes []string
}

// DefaultPassword meets any rule for what a password must hold that a directory is likely to have.
var DefaultPassword = Password{Length: 32, Classes: []string{"lower", "upper", "digit", "symbol"}}

// characters are those of a class. No symbol is one that a directory, a shell or a person reads as something else.
var characters = map[string]string{
	"lower": "abcdefghijklmnopqrstuvwxyz", "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "digit": "0123456789", "symbol": "!#%*+-.=?@_~",
}

// The lengths of a random password: shorter ones can be guessed, longer ones are cut by some servers' hashes.
const shortest, longest = 12, 64

// Alphabet is what the password's characters are among.
func (p *Password) Alphabet() string {
	var all strings.Builder
	for _, class := range p.Classes {
		all.WriteString(characters[class])
	}
	return all.String()
}

// Allows says whether the text has a character of each class.
func (p *Password) Allows(text string) bool {
	return !slices.ContainsFunc(p.Classes, func(class string) bool { return !strings.ContainsAny(text, characters[class]) })
}

// initial compiles what new accounts have for a password.
func (c *compiler) initial(r *Rule, at func(string) string) {
	o := r.Options.Initial
	if o.Length == 0 && len(o.Classes) == 0 {
		return
	}
	if !r.WriteOnly() {
		c.report(at("initial"), "goes with the line of the password: {scim: password, …}")
	}
	if o.Length < shortest || o.Length > longest {
		c.report(at("initial.length"), fmt.Sprintf("a random password has %d to %d characters", shortest, longest))
	}
	for i, class := range o.Classes {
		if characters[class] == "" {
			known := slices.Sorted(maps.Keys(characters))
			c.report(at(fmt.Sprintf("initial.classes[%d]", i)), fmt.Sprintf("%q is none of %s", class, strings.Join(known, ", ")))
		}
	}
	r.Initial = &Password{Length: o.Length, Classes: o.Classes}
	if len(o.Classes) == 0 {
		r.Initial.Classes = DefaultPassword.Classes
	}
}

// PasswordModify is the By of a password that the directory is told by an operation of its own, and not as an attribute's value.
const PasswordModify = "password-modify"

// by checks how a password is set.
func (c *compiler) by(r *Rule, at func(string) string) {
	switch by := r.Options.By; {
	case by == "":
	case by != PasswordModify:
		const problem = "%q is not known: %s is, or nothing where the password is written as an attribute"
		c.report(at("by"), fmt.Sprintf(problem, by, PasswordModify))
	case !r.WriteOnly():
		c.report(at("by"), "goes with the line of the password: {scim: password, …}")
	case strings.EqualFold(r.LDAP, "unicodePwd"):
		c.report(at("by"), "unicodePwd is written as an attribute alone")
	}
}

// keepsLock refuses an operation that takes away what blocks: it can assert nothing, so whoever is blocked meanwhile would be let in.
func (c *compiler) keepsLock(a Activation) {
	for _, r := range c.t.Rules {
		if a.ClearedByPassword && r.Options.By == PasswordModify {
			const problem = "takes away %s, by which accounts are blocked: leave it out, or block by another attribute"
			c.report(fmt.Sprintf("attributes[%d].by", r.At), fmt.Sprintf(problem, a.Attribute))
		}
	}
}

// isFixed says that the expression gives every resource the same.
func (e *Expression) isFixed() bool {
	return e != nil && !slices.ContainsFunc(e.sees, func(s sight) bool { return s.name != "base" })
}
