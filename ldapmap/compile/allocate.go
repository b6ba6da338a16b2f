package compile

import (
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// AllocateOptions is a range of numbers, of which each new entry gets one that nobody had before it.
type AllocateOptions struct {
	From int `koanf:"from" required:"true"` // the first number
	To   int `koanf:"to" required:"true"`   // the last one
	// the entry that holds the next number; it is made on first use
	Counter string `koanf:"counter" is:"dn" required:"true"`

	Attribute string `koanf:"attribute" is:"attribute" default:"serialNumber"` // of the counter: where the number stands
	// that the counter is made with: device, or none with another attribute, for then it is there already
	ObjectClasses []string `koanf:"objectClasses" is:"class"`
}

func (o AllocateOptions) isZero() bool {
	return o.From == 0 && o.To == 0 && o.Counter == "" && o.Attribute == "" && len(o.ObjectClasses) == 0
}

// What a counter is where the map does not say: RFC 4519 defines both, and every server has them.
const (
	counterClass     = "device"
	counterAttribute = "serialNumber"
)

// Numbers is a range of numbers, and the entry that counts them.
type Numbers struct {
	From, To  int
	DN        string
	Attribute string
	Classes   []string // none: the counter is not made
}

// sources is in how many ways the rule makes a value without a SCIM attribute.
func (r *Rule) sources() int {
	count := 0
	for _, set := range []bool{r.Options.Value != "", len(r.Options.Constant) > 0, !r.Options.Allocate.isZero()} {
		if set {
			count++
		}
	}
	return count
}

// allocate compiles which numbers new entries get.
func (c *compiler) allocate(r *Rule, at func(string) string) {
	o := r.Options.Allocate
	if o.isZero() {
		return
	}
	report := func(key, problem string) { c.report(at("allocate."+key), problem) }
	switch _, err := ldap.ParseDN(o.Counter); {
	case o.Counter == "":
		report("counter", "the DN of the entry that counts is missing; where the server allots numbers itself, as 389 Directory "+
			`Server's DNA plug-in does, no counter is needed: the line is {ldap: …, constant: "-1"}, with the plug-in's magic value`)
	case err != nil || !strings.Contains(o.Counter, ","):
		report("counter", fmt.Sprintf("%q is not the DN of an entry: for example cn=uidNext,ou=system,dc=example,dc=org", o.Counter))
	}
	if o.From < 1 {
		report("from", "the first number is 1 or more")
	}
	if o.To < o.From {
		report("to", fmt.Sprintf("the last number, %d, is below the first, %d", o.To, o.From))
	}
	if ldif.Secret(r.LDAP) {
		c.report(at("ldap"), r.LDAP+" holds passwords, and numbers are none")
	}
	r.Numbers = &Numbers{From: o.From, To: o.To, DN: o.Counter, Attribute: o.Attribute, Classes: o.ObjectClasses}
	if o.Attribute == "" {
		r.Numbers.Attribute = counterAttribute
		if len(o.ObjectClasses) == 0 {
			r.Numbers.Classes = []string{counterClass}
		}
	}
}

// Same says that both are counted by one entry.
func (n *Numbers) Same(other *Numbers) bool {
	return ldif.SameDN(n.DN, other.DN) && strings.EqualFold(n.Attribute, other.Attribute)
}

// rivals reports counters that two lines have different things to say of.
func (m *Map) rivals() (faults Faults) {
	first, at := []*Numbers{}, []string{}
	for i, t := range m.Types {
		for _, r := range t.Rules {
			if r.Numbers == nil {
				continue
			}
			path := fmt.Sprintf("[%d].attributes[%d].allocate", i, r.At)
			for n, other := range first {
				if r.Numbers.Same(other) && (r.Numbers.From != other.From || r.Numbers.To != other.To) {
					faults = append(faults, Fault{path, fmt.Sprintf("the counter %s counts from %d to %d under resources%s",
						r.Numbers.DN, other.From, other.To, at[n])})
					break
				}
			}
			first, at = append(first, r.Numbers), append(at, path)
		}
	}
	return faults
}
