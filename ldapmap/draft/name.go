package draft

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// name is where an entry is to stand; each part is "" where it stays.
type name struct{ rdn, parent string }

// named tells the name that the DN expression gives, each part only where it differs from what the expression gave before: an
// entry that the bridge did not name keeps its name until the name's source changes.
//
//	dn: '"uid=" + rdn(userName) + ",ou=" + rdn(department) + "," + base'
//	userName anna -> mara:              {rdn: "uid=mara"}, though the entry found is cn=Anna Lind,…
//	department Sales -> Ops:            {parent: "ou=Ops,…"}
//	soft delete, userName 2834…anna:    {}, since the login stays anna
func (d *Draft) named() (name, error) {
	t := d.t
	before, after := d.placedAs(), d.placedBy()
	if !d.comesBack() && (d.keepsName() || !t.DN.Distinguishes(before, after, t.Resource)) {
		return name{}, nil
	}
	dn, err := t.DN.Eval(after, t.Resource, t.Base)
	if err != nil && d.comesBack() {
		return name{}, err
	}
	var n name
	n.rdn, n.parent = ldif.SplitDN(dn)
	if !d.comesBack() {
		old, oldErr := t.DN.Eval(before, t.Resource, t.Base)
		switch {
		case err != nil && oldErr != nil:
			return name{}, nil // it had no such name, and has none now
		case err != nil:
			return name{}, err
		}
		oldRDN, oldParent := ldif.SplitDN(old)
		if n.rdn == oldRDN {
			n.rdn = ""
		}
		if n.parent == oldParent {
			n.parent = ""
		}
	}
	return n, d.possible(n, dn)
}

// keepsName says that the map does not rename the entry.
func (d *Draft) keepsName() bool { return d.t.Rename == compile.RenameNever }

// placedBy is the resource that tells where the entry is to stand: one that a POST links stays where it is, unless the map has a place for
// who is blocked.
func (d *Draft) placedBy() scim.Resource {
	if !d.write.Links {
		return d.after
	}
	same := maps.Clone(d.before)
	if active, told := d.after["active"]; told {
		same["active"] = active
	}
	return same
}

// placedAs is the resource that tells where the entry was to stand before. Where the request says of an account that is blocked, or active,
// that it is to be so, the place may be yet to follow: who is blocked is blocked first and moved then, and that may have stopped between.
//
//	dn: 'uid=…,' + (active ? "" : "ou=disabled,") + base
//	active true -> false:                             modify userAccountControl, modrdn to ou=disabled
//	active false again, and the entry is in base:     modrdn to ou=disabled
//	active false again, and it is in ou=disabled:     nothing
func (d *Draft) placedAs() scim.Resource {
	active, told := d.after["active"].(bool)
	if d.isCreate() || !told || d.before["active"] != active || !d.says("active") || !d.t.DN.ReadsActive() {
		return d.before
	}
	other := maps.Clone(d.before)
	other["active"] = !active
	dn, err := d.t.DN.Eval(other, d.t.Resource, d.t.Base)
	_, place := ldif.SplitDN(dn)
	if _, at := ldif.SplitDN(d.write.Entry.DN); err != nil || !d.t.Server.SameDN(at, place) {
		return d.before
	}
	return other
}

// mayRename says why the entry, which is to have another name, keeps the one that it has. Who gives a name up to a newcomer loses it.
func (d *Draft) mayRename(n *rename) error {
	if n == nil || d.displaced || d.revived || !d.keepsName() {
		return nil
	}
	for _, a := range n.old {
		if len(n.rdn.Values(a.Type)) == 0 || n.rdn.Values(a.Type)[0] != a.Value {
			path := d.t.Path(a.Type)
			detail := fmt.Sprintf("%s %q names the entry, and the map says that none is renamed", d.t.Canonical(a.Type), a.Value)
			return &scim.Error{Type: scim.Mutability, Detail: detail, Attribute: path}
		}
	}
	return nil
}

// was is the RDN that the DN expression gave before.
func (d *Draft) was() ldif.RDN {
	dn, _ := d.t.DN.Eval(d.before, d.t.Resource, d.t.Base)
	text, _ := ldif.SplitDN(dn)
	rdn, _ := ldif.ParseRDN(text)
	return rdn
}

// possible says why the entry cannot be named so.
func (d *Draft) possible(n name, dn string) error {
	if (d.comesBack() || n.parent != "") && !d.t.Covers(n.parent) {
		detail := fmt.Sprintf("the map would put the entry at %q, which is not under %s", dn, quoted(d.t.Bases()))
		return &scim.Error{Type: scim.InvalidValue, Detail: detail}
	}
	if n.rdn == "" {
		return nil
	}
	rdn, err := ldif.ParseRDN(n.rdn)
	if err != nil || len(rdn) == 0 || slices.ContainsFunc(rdn, func(a ldif.AVA) bool { return a.Value == "" }) {
		return badName(dn)
	}
	if longest := d.t.Server.LongestRDN; longest > 0 && len(n.rdn) > longest {
		detail := fmt.Sprintf("the entry would be named %q, longer than the %d octets that the directory takes", n.rdn, longest)
		return &scim.Error{Type: scim.InvalidValue, Detail: detail}
	}
	return nil
}

// tellApart notes of a rename that only the case of letters tells from none whether it is one to the server: whether the entry is there by
// its new name already. It returns the names, as far as the facts do not tell.
//
//	uid=anna becomes uid=Anna:          one name to every server, nobody is asked
//	uid=ibrahim becomes uid=İbrahim:    two to 389 Directory Server, and groups that hold the first must be given the second
func (d *Draft) tellApart(p ldif.Plan, f Facts) (asked []string) {
	for i := range p.Steps {
		c := &p.Steps[i].Change
		if c.Kind != ldif.ModifyDN || !d.t.Server.MayTellApart(c.DN, c.NewDN()) {
			continue
		}
		there, told := f.Places[c.NewDN()]
		if !told {
			asked = append(asked, c.NewDN())
		}
		c.Apart = told && !there
	}
	return asked
}

// claimedRDN is the RDN that the write claims among its siblings: a new one, or the entry's own in another place; nil where it claims none.
func (d *Draft) claimedRDN() ldif.RDN {
	text := d.name.rdn
	if text == "" && d.name.parent != "" {
		if own, at := ldif.SplitDN(d.write.Entry.DN); !d.t.Server.SameDN(at, d.name.parent) {
			text = own
		}
	}
	rdn, err := ldif.ParseRDN(text)
	if err != nil {
		return nil // the entry's own, which the directory took
	}
	return rdn
}

// expectedDN is the DN that the write takes if its first choice of a name is free; "" where it takes none.
func (d *Draft) expectedDN() string {
	for _, c := range d.claims {
		if len(c.rdn) == 0 {
			continue
		}
		parent := d.name.parent
		if parent == "" {
			_, parent = ldif.SplitDN(d.write.Entry.DN)
		}
		if candidates := c.candidates(d.t, 0); len(candidates) > 0 {
			return c.named(candidates[0]).String() + "," + parent
		}
	}
	return ""
}

// quoted are the bases as a detail names them.
func quoted(bases []string) string {
	texts := make([]string, len(bases))
	for i, base := range bases {
		texts[i] = strconv.Quote(base)
	}
	return strings.Join(texts, " or ")
}

func badName(dn string) error {
	return &scim.Error{Type: scim.InvalidValue, Detail: fmt.Sprintf("dn: the entry cannot be named %q", dn)}
}

// fitRDN fits an RDN's first value, unless that shows a SCIM attribute as it is.
func fitRDN(t *ldapmap.Type, text string) string {
	rdn, err := ldif.ParseRDN(text)
	if err != nil || len(rdn) == 0 || namedByUnique(t, rdn[0].Type) {
		return text
	}
	rdn[0].Value, _ = t.Fit(rdn[0].Type, rdn[0].Value)
	return rdn.String()
}
