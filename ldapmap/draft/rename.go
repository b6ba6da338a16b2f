package draft

import (
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/read"
	"scimbridge/scim"
)

// rename is a ModifyDN that is to come.
//
//	uid=anna,ou=people   userName anna -> mara, uid mapped:   newrdn uid=mara, deleteoldrdn 1; the Modify leaves uid alone
//	cn=Anna Lind,ou=people  (found), userName is in uid:      newrdn uid=mara, deleteoldrdn 0: nobody said that the cn goes
//	uid=anna,ou=people   department -> Ops:                   newrdn uid=anna, newsuperior ou=Ops,ou=people, deleteoldrdn 0
type rename struct {
	rdn, old  ldif.RDN
	was       ldif.RDN // what the map's DN gave before
	superior  string   // "" where the parent stays
	deleteOld bool
	after     []ldif.Mod // what can only be written under the new name
}

// entryRDN is the RDN that the entry has.
func entryRDN(e *ldif.Entry) (ldif.RDN, error) {
	text, _ := ldif.SplitDN(e.DN)
	rdn, err := ldif.ParseRDN(text)
	if err != nil {
		return nil, badName(e.DN)
	}
	return rdn, nil
}

// rename works out whether the entry, which has the old RDN, is renamed, and takes the values that ModifyDN itself removes and adds out of
// the modifications. was tells the RDN that the map's DN gave before.
func (d *difference) rename(old ldif.RDN, to name, was func() ldif.RDN) (_ *rename, err error) {
	n := &rename{old: old, superior: to.parent, deleteOld: true}
	if to.rdn == "" {
		n.rdn, err = d.follow(old)
	} else if n.rdn, err = ldif.ParseRDN(to.rdn); err != nil {
		err = badName(to.rdn)
	}
	if err != nil {
		return nil, err
	}
	if err := d.showable(n.rdn); err != nil {
		return nil, err
	}
	if _, parent := ldif.SplitDN(d.entry.DN); d.t.Server.SameDN(n.superior, parent) {
		n.superior = ""
	}
	if n.superior == "" && sameRDN(n.rdn, old) {
		for _, a := range d.attributes {
			a.putBack(d.trailing(a, old))
		}
		return nil, nil
	}
	n.was = was()
	d.leaveRDNValues(n)
	return n, nil
}

// awaits says that the attribute is written behind the rename: the DN is made of it, and until then it shows what it showed. Where the plan
// stops before that, whoever sends the request again finds there that the entry is to have another name.
//
//	cn=anna, made of userName, in userPrincipalName:       modrdn cn=mara; modify userPrincipalName
//	uid=anna, of userName anna@x; uid: anna, anna@x:       modify uid: anna@x -> mara@x; modrdn uid=mara, by which mara shows
func (d *Draft) awaits(attribute string, n *rename, diff *difference) bool {
	return slices.ContainsFunc(d.t.Rules, func(r *ldapmap.Rule) bool {
		if !d.t.IsSame(r.LDAP, attribute) || !d.t.DN.Reads(&r.Rule) {
			return false
		}
		renamed := ldif.Apply(diff.entry, n.step(diff, ldif.Condition{}).Change, d.t.Server.Schema)
		was, is := read.Resource(d.t, diff.entry, diff.refs), read.Resource(d.t, renamed, diff.refs)
		return scim.SameValue(was.Get(r.Ref), is.Get(r.Ref))
	})
}

// sameRDN says whether two RDNs are the same to the letter, but for the case of the types.
func sameRDN(a, b ldif.RDN) bool {
	return slices.EqualFunc(a, b, func(x, y ldif.AVA) bool { return strings.EqualFold(x.Type, y.Type) && x.Value == y.Value })
}

// leaveRDNValues leaves to the ModifyDN what it does by itself: it adds the values of the new RDN, and removes those of the old one
// unless the map still gives one of them, or the old one is of a kind that the map does not name, or another name of the same entry.
func (d *difference) leaveRDNValues(n *rename) {
	old := n.old
	if sameRDN(n.rdn, old) && !d.t.Server.RenameDropsName { // a move: the values need not leave, and keep their places
		n.deleteOld = false
	}
	for _, a := range old {
		at := d.find(a.Type)
		goes := at != nil && d.holds(at.Name, at.removed, a.Value)
		stays := at != nil && d.holds(at.Name, at.now, a.Value)
		another := at != nil && slices.ContainsFunc(at.Shows, d.t.IsUnique) && !d.inRDN(n.was, a)
		if !d.inRDN(n.rdn, a) && (stays || !goes && (another || len(n.rdn.Values(a.Type)) == 0)) {
			n.deleteOld = false
		}
	}
	for _, at := range d.attributes {
		oldValues, newValues := d.valuesOf(old, at.Name), d.valuesOf(n.rdn, at.Name)
		isOld := func(v string) bool { return d.holds(at.Name, oldValues, v) }
		isNew := func(v string) bool { return d.holds(at.Name, newValues, v) }
		trailing := slices.DeleteFunc(d.trailing(at, n.rdn), isOld)
		var late, anew []string // the old name's values, and the same spelled otherwise
		if !n.deleteOld {
			stays := func(v string) bool { return !isOld(v) || isNew(v) }
			late, anew = slices.DeleteFunc(slices.Clone(at.removed), stays), slices.DeleteFunc(slices.Clone(at.added), stays)
		}
		if slices.ContainsFunc(at.added, isNew) || len(anew) > 0 { // which come at the end
			late, anew = append(late, trailing...), append(anew, trailing...)
		} else {
			at.putBack(trailing)
		}
		n.after = append(n.after, swap(at.Name, late, anew)...)
		isKept := func(v string) bool { return slices.Contains(newValues, v) } // it was there before, and becomes the name
		at.removed = slices.DeleteFunc(at.removed, func(v string) bool { return isOld(v) || isKept(v) })
		at.added = minus(at.added, anew)
		bare := len(at.removed) > 0 && len(minus(d.entry.Values(at.Name), at.removed)) == 0 && !d.late(at.Name)
		if !bare { // its classes may not allow the entry to be without the attribute until it has the name
			at.added = slices.DeleteFunc(at.added, isNew)
		}
	}
}

// follow gives the RDN whose values follow a change of the attribute that names the entry: such a value cannot be taken away by a Modify.
func (d *difference) follow(old ldif.RDN) (ldif.RDN, error) {
	now := slices.Clone(old)
	for i, a := range now {
		at := d.find(a.Type)
		if at == nil || !d.holds(at.Name, at.removed, a.Value) {
			continue
		}
		if len(at.added) == 0 {
			return nil, &scim.Error{Type: scim.Mutability, Detail: at.Name + " names the entry and cannot be cleared"}
		}
		now[i].Value = at.added[0]
	}
	return now, nil
}

// inRDN says whether the RDN holds the value.
func (d *difference) inRDN(rdn ldif.RDN, a ldif.AVA) bool {
	return d.holds(a.Type, d.valuesOf(rdn, d.t.Canonical(a.Type)), a.Value)
}

// valuesOf are the values that the RDN holds of an attribute, by whichever of its names.
func (d *difference) valuesOf(rdn ldif.RDN, name string) []string {
	var values []string
	for _, a := range rdn {
		if strings.EqualFold(d.t.Canonical(a.Type), name) {
			values = append(values, a.Value)
		}
	}
	return values
}

// step makes the ModifyDN with its inverse. The inverse removes the new RDN's values, unless the entry held one of them before.
func (n *rename) step(d *difference, condition ldif.Condition) ldif.Step {
	e := d.entry
	text, parent := ldif.SplitDN(e.DN)
	if n.superior == "" {
		parent = ""
	}
	held := slices.ContainsFunc(n.rdn, func(a ldif.AVA) bool {
		values := e.Values(d.t.Canonical(a.Type))
		if at := d.find(a.Type); at != nil {
			values = slices.Concat(minus(values, at.removed), at.added)
		}
		return d.holds(a.Type, values, a.Value) && !d.inRDN(n.old, a)
	})
	change := ldif.Change{
		Kind: ldif.ModifyDN, DN: e.DN, NewRDN: n.rdn.String(), DeleteOldRDN: n.deleteOld, NewSuperior: n.superior, If: condition,
	}
	inverse := &ldif.Change{
		Kind: ldif.ModifyDN, DN: change.NewDN(), NewRDN: text, NewSuperior: parent,
		DeleteOldRDN: !held && (n.deleteOld || !sameRDN(n.rdn, n.old)),
		If:           ldif.Condition{ID: condition.ID},
	}
	return ldif.Step{Change: change, Inverse: inverse, Before: e}
}
