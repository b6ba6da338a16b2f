package inspect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// references finds references that the configuration leaves to the server, and the server does not keep.
func references(_ Subject, v Survey) (all []Finding) {
	if !v.fits() {
		return nil
	}
	const key = "directory.keepsReferences"
	told := v.Server.KeepsReferences && !v.Server.Kind.Traits().KeepsReferences
	if told && v.Settings.Hidden != "" {
		all = append(all, Finding{
			Severity: Hint, Code: "unseen-overlays", Key: key,
			What: "whether the server keeps references true, as the configuration says, could not be seen: " + v.Settings.Hidden,
			Why:  "where it does not, whoever gets the DN of somebody who left gets the memberships too",
			Mend: "delete somebody who is in a group, and look whether the group shows it",
			Line: "keepsReferences: false",
		})
	}
	if !v.shows() {
		return all
	}
	for _, t := range v.Map.Types {
		for _, r := range t.References {
			if r.Of != "" {
				continue
			}
			keepers, kept := v.keepers(Integrity, t.Base), false
			for _, k := range keepers {
				if !k.looks(r.Attribute, v.Server.Schema) {
					continue
				}
				kept = true
				if told && k.Later {
					all = append(all, keptLater(key, v, k))
				}
				isDemanded := ldif.Named(v.Server.Schema.Must(t.ObjectClasses...), r.Attribute)
				if v.Server.Settings == ldif.SlapdSettings && k.Nothing == "" && isDemanded {
					all = append(all, leavesLast(t, r, k))
				}
			}
			if !told || kept {
				continue
			}
			f := Finding{
				Severity: Error, Code: "references", Key: key,
				What: fmt.Sprintf("the configuration says that the server keeps references true, and it does not keep %s", r.Attribute),
				Why:  "whoever gets the DN of somebody who left gets the memberships too",
				Mend: "have the bridge do it, or the server", Line: "keepsReferences: false",
			}
			keep(&f, v, t, r, keepers)
			all = append(all, f)
		}
	}
	return all
}

func keptLater(key string, v Survey, k Keeper) Finding {
	f := Finding{
		Severity: Warning, Code: "references-later", Key: key,
		What: "the server keeps references true a while later, and the configuration has the bridge rely on it",
		Why:  "whoever gets the DN of somebody who left meanwhile gets the memberships too",
		Mend: "have the bridge do it", Line: "keepsReferences: false",
	}
	if v.Server.Settings == ldif.DirsrvSettings { // refint of slapd cannot otherwise
		f.Mend += ", or the server within the operation" + afterRestart
		f.LDIF = fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: referint-update-delay\nreferint-update-delay: 0\n", k.DN)
		f.Command = load(v, "ldapmodify", "refint.ldif")
	}
	return f
}

func leavesLast(t *ldapmap.Type, r *ldapmap.Reference, k Keeper) Finding {
	return Finding{
		Severity: Hint, Code: "refint-nothing", Key: resource(slices.Index(t.Map.Types, t), "members"),
		What: fmt.Sprintf("the overlay refint takes who is deleted out of %s, and leaves the last one there", r.Attribute),
		Why:  "a group that has nobody else, and was not made by the bridge, goes on naming who is gone",
		Mend: "name what stands in for the last",
		LDIF: fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: olcRefintNothing\nolcRefintNothing: %s\n", k.DN,
			cmp.Or(r.Placeholder, ldapmap.DefaultPlaceholder)),
		Command: slapdLoad("refint.ldif"),
	}
}

// keep says how the server is told to keep the reference.
func keep(f *Finding, v Survey, t *ldapmap.Type, r *ldapmap.Reference, there []Keeper) {
	switch {
	case v.Server.Settings == ldif.DirsrvSettings:
		attributes := []string{r.Attribute}
		for _, k := range there {
			attributes = append(k.Attributes, attributes...)
		}
		f.LDIF = pluginOn(refintPlugin) + "-\nreplace: referint-membership-attr\nreferint-membership-attr: " +
			strings.Join(attributes, "\nreferint-membership-attr: ") + "\n"
		f.Mend += afterRestart
		f.Command = load(v, "ldapmodify", "refint.ldif")
		return
	case len(there) > 0:
		f.LDIF = fmt.Sprintf("dn: %s\nchangetype: modify\nadd: olcRefintAttribute\nolcRefintAttribute: %s\n", there[0].DN, r.Attribute)
	case v.database(t.Base) != nil:
		f.LDIF = v.addOverlay(v.database(t.Base), "refint", "olcRefintConfig", "olcRefintAttribute: "+r.Attribute,
			"olcRefintNothing: "+cmp.Or(r.Placeholder, ldapmap.DefaultPlaceholder))
	}
	f.Command = slapdLoad("refint.ldif")
}
