package compile

import (
	"fmt"
	"slices"

	"scimbridge/scim/schema"
)

// MatchOptions is a key by which a request finds an entry that was there before: in the configuration one text where only `scim` is given.
type MatchOptions struct {
	SCIM string `koanf:"scim" alone:"true" is:"scim" required:"true"` // SCIM attribute, as the map names it
	In   string `koanf:"in" is:"scim"`                                // the one that an entry holds its value in; left out: the same
}

// Key is a key as compiled: the value that a request has of one SCIM attribute is looked for where the map keeps another, or the same.
type Key struct{ Of, In *Rule }

// match compiles the keys. Without an externalId nobody could tell whose an entry is: whoever asked for a name would be given its account.
func (c *compiler) match(o Options) {
	for i, m := range o.Match {
		of := c.keyRule(fmt.Sprintf("match[%d].scim", i), m.SCIM)
		in := of
		if m.In != "" {
			in = c.keyRule(fmt.Sprintf("match[%d].in", i), m.In)
		}
		switch key := (Key{of, in}); {
		case of == nil || in == nil:
		case m.In != "" && in == of:
			c.report(fmt.Sprintf("match[%d].in", i), m.SCIM+" itself is meant where `in` is left out")
		case slices.Contains(c.t.Match, key):
			c.report(fmt.Sprintf("match[%d].scim", i), m.SCIM+" is listed twice")
		default:
			c.t.Match = append(c.t.Match, key)
		}
	}
	c.t.ExternalID = c.t.RuleFor("externalId")
	switch {
	case len(o.Match) == 0:
	case c.t.ExternalID == nil:
		c.report("match", "externalId is not mapped, and it alone tells whose an entry is: "+
			"map it to an attribute that the entries have free")
	case c.t.ExternalID.OnCreate():
		c.report("match", "externalId is written to what is found, and the map writes it `on: create` alone")
	}
}

// keyRule is the rule of an attribute that entries can be told by, or nil.
func (c *compiler) keyRule(path, name string) *Rule {
	r := c.t.RuleFor(name)
	if r == nil {
		var mapped []string
		for _, other := range c.t.Rules {
			if !other.Computed() {
				mapped = append(mapped, other.Options.SCIM)
			}
		}
		c.report(path, fmt.Sprintf("%q is not mapped%s", name, DidYouMean(name, mapped)))
		return nil
	}
	switch typ := r.SCIMType(); {
	case r.WriteOnly():
		c.report(path, name+" is a password, and tells nobody apart")
	case r.Options.Reference != "":
		c.report(path, name+" refers to another resource: a key is a text or an integer of the entry's own")
	case typ != schema.String && typ != schema.Integer:
		c.report(path, fmt.Sprintf("%s is of type %s: a key is a text or an integer", name, typ))
	default:
		return r
	}
	return nil
}
