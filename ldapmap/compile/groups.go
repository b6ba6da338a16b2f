package compile

import "fmt"

// GroupsOptions is how the `groups` of a User are served. The zero value: they are not.
type GroupsOptions struct {
	// which groups: those that hold the user, or those that hold these too
	Show string `koanf:"show" alone:"true" one:"direct transitive"`
	// LDAP attribute in which the server keeps, on a user, the DNs of his groups; left out: none is relied on
	Attribute string `koanf:"attribute" is:"attribute"`
}

func (c *compiler) groups(o Options) {
	if o.Groups == (GroupsOptions{}) {
		return
	}
	if o.Type != "User" {
		c.report("groups", "only a User has groups")
	}
	if o.Groups.Show != "direct" && o.Groups.Show != "transitive" {
		c.report("groups.show", fmt.Sprintf("%q is not known: direct and transitive are", o.Groups.Show))
	}
	for _, r := range c.t.Rules {
		if !r.Computed() && r.Ref.Extension == nil && r.Ref.Attr.Name == "groups" {
			c.report("groups", fmt.Sprintf("attributes[%d] maps groups already", r.At))
			break
		}
	}
}

// groupsOf reports groups of users where the map has no groups that hold members.
func (m *Map) groupsOf(t *Type, report func(path, problem string)) {
	groups := m.Type("Group")
	if t.Options.Groups != (GroupsOptions{}) && (groups == nil || len(groups.Options.Members) == 0) {
		report("groups", "needs a mapped Group with `members`")
	}
}
