package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// DeleteOptions is what DELETE does.
type DeleteOptions struct {
	// delete; or block (the entry stays where it is), move (to a place of leavers) or strip (it stays, without what the map gave it): all
	// three block it, and take it out of what refers to it
	Mode   string        `koanf:"mode" one:"delete block move strip" default:"delete"`
	To     string        `koanf:"to" is:"dn"` // of move: the place of leavers
	Marker MarkerOptions `koanf:"marker"`     // of block and strip: the value that tells an entry for a leaver's
}

// MarkerOptions is a value that an entry has.
type MarkerOptions struct {
	Attribute string `koanf:"attribute" is:"attribute" required:"true"` // LDAP attribute that holds it
	Value     string `koanf:"value" required:"true"`                    // what stands there
}

// The ways to delete.
const (
	DeleteEntry = "delete"
	BlockEntry  = "block"
	MoveEntry   = "move"
	StripEntry  = "strip"
)

// leaving checks what DELETE is to do.
func (c *compiler) leaving(o Options) {
	d := o.Delete
	switch d.Mode {
	case "", DeleteEntry:
		if d.To != "" || d.Marker != (MarkerOptions{}) {
			c.report("delete.mode", "`to` goes with move, and `marker` with block and strip")
		}
		return
	case MoveEntry:
		if d.Marker != (MarkerOptions{}) {
			c.report("delete.marker", "move tells leavers by their place: `marker` goes with block and strip")
		}
		c.place(o.Base, d.To)
	case BlockEntry, StripEntry:
		if d.To != "" {
			c.report("delete.to", "`to` goes with move")
		}
		c.marker(d)
	default:
		c.report("delete.mode", fmt.Sprintf("%q is not a way to delete: delete, block, move and strip are", d.Mode))
		return
	}
	switch {
	case len(o.Active) > 0:
	case o.Type == "User":
		c.report("delete.mode", d.Mode+" blocks who leaves: `active` of the resource must say how")
	case d.Mode == BlockEntry:
		c.report("delete.mode", "there is nothing to block without `active`: move and strip are ways to delete a "+o.Type)
	}
}

// place checks where leavers go.
func (c *compiler) place(bases []string, to string) {
	_, err := ldap.ParseDN(to)
	within := slices.IndexFunc(bases, func(base string) bool { return ldif.Under(base, to) })
	switch {
	case to == "":
		c.report("delete.to", "move needs the DN of the place that it moves to")
	case err != nil:
		c.report("delete.to", fmt.Sprintf("%q is not a DN", to))
	case within >= 0:
		c.report("delete.to", fmt.Sprintf("%q is %q or above it: everybody would have left", to, bases[within]))
	case ldif.CommonBase(append(slices.Clone(bases), to)...) == "":
		c.report("delete.to", fmt.Sprintf("%q and %q have nothing in common: no entry can be moved so", to, bases[0]))
	}
}

// marker checks what tells leavers.
func (c *compiler) marker(d DeleteOptions) {
	switch m := d.Marker; {
	case m.Attribute == "" || m.Value == "":
		c.report("delete.marker", d.Mode+" needs an `attribute` and a `value` that tell leavers, "+
			"such as {attribute: employeeType, value: deleted}")
	case ldif.Secret(m.Attribute):
		c.report("delete.marker.attribute", m.Attribute+" holds passwords, and tells of nobody that he left")
	case slices.ContainsFunc(c.t.Rules, func(r *Rule) bool {
		return strings.EqualFold(r.LDAP, m.Attribute) && slices.Contains(r.Options.Constant, m.Value)
	}):
		c.report("delete.marker.value", fmt.Sprintf("every new entry has %s %s: nobody would be seen", m.Attribute, m.Value))
	}
}
