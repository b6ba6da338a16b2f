package compile

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// ClassOptions is an object class of new entries: in the configuration one text where all of them have it.
type ClassOptions struct {
	Class string `koanf:"class" alone:"true" is:"class" required:"true"` // the object class
	When  string `koanf:"when" is:"expression"`                          // whether a resource's entry has it; left out: it always has
}

// Condition is an object class that the entries of some resources have.
type Condition struct {
	At    int // its place in the configuration
	Class string
	When  *Expression
}

// classes compiles the object classes of new entries.
func (c *compiler) classes(o Options, compile func(path, source string) *Expression) {
	for i, class := range o.ObjectClasses {
		at := func(key string) string { return fmt.Sprintf("objectClasses[%d].%s", i, key) }
		same := func(other ClassOptions) bool { return strings.EqualFold(other.Class, class.Class) }
		switch {
		case class.Class == "":
			c.report(at("class"), "the object class is missing")
		case slices.ContainsFunc(o.ObjectClasses[:i], same):
			c.report(at("class"), class.Class+" is listed twice")
		}
		if class.When == "" {
			c.t.Classes = append(c.t.Classes, class.Class)
			continue
		}
		when := compile(at("when"), class.When)
		if when == nil {
			continue
		}
		c.t.Conditions = append(c.t.Conditions, Condition{i, class.Class, when})
		switch {
		case when.Random() || when.IsOfPrevious():
			c.report(at("when"), "a class"+alone)
		case when.Secret:
			c.report(at("when"), "the classes of an entry are shown, and a password must not be")
		case when.result != "true or false" && when.result != "anything":
			c.report(at("when"), fmt.Sprintf("is %s, and whether entries have the class is true or false", when.result))
		case when.isFixed():
			c.report(at("when"), "is the same for every resource: a class that all have goes without `when`")
		}
	}
	if len(c.t.Classes) == 0 && len(o.ObjectClasses) > 0 {
		c.report("objectClasses", "at least the structural object class is needed, without `when`")
	}
}

// Holds says whether the resource's entry has the class. What is not assigned is not so.
func (c Condition) Holds(r scim.Resource, rt *schema.ResourceType, base string) (bool, error) {
	value, seen, err := c.When.run(r, rt, base)
	holds, isBool := value.(bool)
	if err == nil && value != nil && !isBool {
		err = misuse(briefly(value) + " is neither true nor false")
	}
	return holds, c.When.failed(err, seen)
}

// decides says that an entry's classes depend on what the rule maps.
func (t *Type) decides(r *Rule) bool {
	return slices.ContainsFunc(t.Conditions, func(c Condition) bool { return c.When.Reads(r) })
}
