package inspect

import (
	"crypto/rand"
	"slices"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// slapdRights has slapd refuse changes of an entry that nobody can make: what it says tells whether the account might. It looks at rights
// first. To move an entry takes the rights that it takes to make one there.
func (l looker) slapdRights(r *Right, t *ldapmap.Type, e *ldif.Entry) (shown bool, err error) {
	if e == nil || t.IsBase(e.DN) {
		return false, nil
	}
	rdn, _ := ldif.SplitDN(e.DN)
	nowhere := "ou=" + probeName + strings.ToLower(rand.Text()) + "," + r.Base
	verdict, err := l.client.Try(l.ctx, ldif.Change{Kind: ldif.ModifyDN, DN: e.DN, NewRDN: rdn, NewSuperior: nowhere})
	if err != nil || verdict == directory.Untold {
		return false, err
	}
	r.Makes = verdict == directory.Allowed
	names := written(t, e)
	found, err := l.client.Look(l.ctx, directory.Search{Base: e.DN, Scope: directory.BaseObject, Attributes: names})
	if err != nil || len(found) == 0 {
		return true, err
	}
	for _, name := range names {
		value := absent(t, name)
		if value == "" || slices.Contains(found[0].Values(name), value) {
			continue
		}
		verdict, err := l.client.Try(l.ctx, ldif.Change{Kind: ldif.Modify, DN: e.DN, Mods: []ldif.Mod{
			{Op: ldif.DeleteValues, Name: name, Values: []string{value}},
		}})
		if err != nil {
			return true, err
		}
		if verdict == directory.Denied {
			r.Writes = append(r.Writes, name)
		}
	}
	return true, nil
}

// absent is a value of the attribute that no entry has; "": its syntax is too narrow for one.
func absent(t *ldapmap.Type, attribute string) string {
	definition := t.Server.Schema.Attribute(attribute)
	if definition == nil {
		return ""
	}
	name := probeName + strings.ToLower(rand.Text())
	if strings.EqualFold(attribute, "objectClass") {
		return "country" // which no user is, nor group
	}
	switch takes, isNarrow := narrow[definition.Syntax]; {
	case definition.Syntax == ldif.SyntaxDN || definition.Syntax == ldif.SyntaxNameAndUID:
		return "cn=" + name
	case definition.Syntax == ldif.SyntaxInteger:
		return "-987654321"
	case isNarrow && takes != "":
		return ""
	}
	return name
}
