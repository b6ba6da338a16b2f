package draft

import (
	"fmt"
	"slices"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// superiors are the DNs that the plan puts something below, besides the type's bases: those that are missing and that the plan makes, the
// uppermost first, and those of which the facts do not tell. One that is missing, and that nothing makes, is found out before anything is
// written: the directory would refuse the plan in its middle. That is the client's fault, 400, and not 503: what it sent leads nowhere, and
// would tomorrow.
func (d *Draft) superiors(p ldif.Plan, f Facts) (missing []ldif.Change, asked []string, err error) {
	for _, s := range p.Steps {
		place := s.Change.NewSuperior
		if s.Change.Kind == ldif.Add {
			_, place = ldif.SplitDN(s.Change.DN)
		}
		for place != "" && !d.t.IsBase(place) {
			there, told := f.Places[place]
			if !told {
				asked = append(asked, place)
			}
			if there || !told {
				break
			}
			unit, makes := d.t.Unit(place)
			if !makes {
				return nil, nil, d.nowhere(place)
			}
			missing = append(missing, unit)
			_, place = ldif.SplitDN(place)
		}
	}
	slices.Reverse(missing)
	return missing, asked, nil
}

func (d *Draft) nowhere(place string) error {
	detail := fmt.Sprintf("the map puts the entry below %q, which does not exist in the directory", place)
	if d.t.MakesUnits {
		detail += ", and only organizational units (ou=…) are made"
	}
	return &scim.Error{Type: scim.InvalidValue, Detail: detail}
}

// withPlaces puts what makes the missing places ahead of the plan: where the directory lets the bridge make none, nothing else is written.
// They are not taken back, for others may stand in them by then.
func withPlaces(p ldif.Plan, missing []ldif.Change) ldif.Plan {
	for _, unit := range slices.Backward(missing) {
		p.Steps = slices.Insert(p.Steps, 0, ldif.Step{Change: unit})
		p.Effects = slices.Insert(p.Effects, 0, ldif.Effect{Kind: ldif.PlaceMade, DN: unit.DN})
	}
	return p
}
