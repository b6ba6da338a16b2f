package draft

import (
	"fmt"
	"slices"

	"scimbridge/ldapmap"
	"scimbridge/scim"
)

// apart refuses values of an attribute's parts that are one to the directory: one of them would be lost.
//
//	emails[type eq "work"] and [type eq "home"] are mara@x:    SMTP:mara@x and smtp:mara@x differ in case alone
func apart(t *ldapmap.Type, at *ldapmap.Attribute, values []string) error {
	if !hasParts(at) {
		return nil
	}
	values = minus(values, nil)
	lost := minus(values, t.Distinct(at.Name, values))
	if len(lost) == 0 {
		return nil
	}
	path := ""
	for _, r := range at.Rules {
		if r.IsPart() && len(r.Own(lost)) > 0 {
			path = r.Path()
		}
	}
	detail := fmt.Sprintf("%s: the directory takes %q and another value of %s for one", path, lost[0], at.Name)
	return &scim.Error{Type: scim.InvalidValue, Detail: detail, Attribute: path}
}

func hasParts(at *ldapmap.Attribute) bool {
	return slices.ContainsFunc(at.Rules, func(r *ldapmap.Rule) bool { return r.IsPart() })
}

// partsApart does so for a new entry.
func (d *Draft) partsApart(f Facts) error {
	for _, at := range d.t.Attributes {
		if !hasParts(at) {
			continue
		}
		var values []string
		for _, r := range at.Rules {
			now, err := d.now(r, f)
			if err != nil {
				return err
			}
			values = append(values, now...)
		}
		if err := apart(d.t, at, values); err != nil {
			return err
		}
	}
	return nil
}
