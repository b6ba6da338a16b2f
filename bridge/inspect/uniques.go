package inspect

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// sameValues are those that the map gives to many entries, with the keys that say so.
func sameValues(i int, t *ldapmap.Type) (all []struct{ key, attribute, value string }) {
	add := func(key, attribute, value string) {
		if attribute != "" && value != "" {
			all = append(all, struct{ key, attribute, value string }{key, attribute, value})
		}
	}
	for _, r := range t.Rules {
		for _, value := range r.Options.Constant {
			add(resource(i, fmt.Sprintf("attributes[%d].constant", r.At)), r.LDAP, value)
		}
	}
	for _, r := range t.Members {
		add(resource(i, "members"), r.Attribute, r.Placeholder)
	}
	if t.Leaving != nil {
		add(resource(i, "delete.marker"), t.Leaving.Marker.Type, t.Leaving.Marker.Value)
	}
	for _, a := range t.Active {
		add(resource(i, "active"), a.Attribute, a.Blocked)
		add(resource(i, "active"), a.Attribute, a.Unblocked)
	}
	return all
}

// uniques finds values that the server lets one entry have and the map gives to many, and those of which only the server knows that.
func uniques(_ Subject, v Survey) (all []Finding) {
	if !v.shows() {
		return nil
	}
	for i, t := range v.Map.Types {
		for _, k := range v.keepers(Uniques, t.Base) {
			for _, gives := range sameValues(i, t) {
				if len(k.Attributes) > 0 && !k.looks(gives.attribute, v.Server.Schema) {
					continue
				}
				f := Finding{
					Severity: Error, Code: "unique-broken", Key: gives.key,
					What: fmt.Sprintf("the server lets no two entries share a value of %s, and the map gives %q to many", gives.attribute,
						gives.value),
					Why: "the second that gets it is refused with 409", Mend: "name another attribute, or have the server allow it",
				}
				k.without(&f, v, gives.attribute)
				all = append(all, f)
			}
			for _, name := range k.Attributes {
				r := t.Giver(name)
				if r == nil || t.IsUnique(r) || r == t.ExternalID || r.With != nil {
					continue
				}
				f := Finding{
					Severity: Hint, Code: "unique", Key: boundKey(i, r),
					What: fmt.Sprintf("the server lets no two entries share a value of %s, and the map does not say so", r.LDAP),
					Why:  "who shares it is refused with 409 at the write, by the server's words and not by who has it",
					Mend: "know it",
				}
				if len(r.Slot) == 0 && !r.Many() {
					f.Mend, f.Line = "say it, and the answer names who has the value", fmt.Sprintf("unique: [%s]", quoted(r.Path()))
				}
				all = append(all, f)
			}
		}
		for _, k := range v.keepers(Restricts, t.Base) {
			all = append(all, restricted(v, i, t, k)...)
		}
	}
	return all
}

// dropped is the change that has slapd do without the setting.
func (k Keeper) dropped() string {
	name, _, _ := strings.Cut(k.Setting, ": ")
	return fmt.Sprintf("dn: %s\nchangetype: modify\ndelete: %s\n%s\n", k.DN, name, k.Setting)
}

// without says how the server is told not to hold an attribute's values unique any more.
func (k Keeper) without(f *Finding, v Survey, attribute string) {
	if v.Server.Settings == ldif.DirsrvSettings {
		f.LDIF = fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: nsslapd-pluginEnabled\nnsslapd-pluginEnabled: off\n", k.DN)
		if len(k.Attributes) > 1 {
			f.LDIF = fmt.Sprintf("dn: %s\nchangetype: modify\ndelete: uniqueness-attribute-name\n"+
				"uniqueness-attribute-name: %s\n", k.DN, attribute)
		}
		f.Mend += afterRestart
		f.Command = load(v, "ldapmodify", "unique.ldif")
		return
	}
	f.LDIF = k.dropped()
	isIt := func(other string) bool { return strings.EqualFold(other, attribute) }
	if others := slices.DeleteFunc(slices.Clone(k.Attributes), isIt); len(others) > 0 {
		name, value, _ := strings.Cut(k.Setting, ": ")
		less := strings.Replace(value, "?"+strings.Join(k.Attributes, ","), "?"+strings.Join(others, ","), 1)
		f.LDIF += fmt.Sprintf("-\nadd: %s\n%[1]s: %s\n", name, less)
	}
	f.Command = slapdLoad("unique.ldif")
}

// restricted finds what the overlay constraint refuses of what the map writes.
func restricted(v Survey, i int, t *ldapmap.Type, k Keeper) (all []Finding) {
	refuses := func(key, what string) {
		all = append(all, Finding{
			Severity: Error, Code: "constraint", Key: key, What: what, Why: "the server refuses the entry (19, constraint violation)",
			Mend: "name another attribute, or have the server allow it", LDIF: k.dropped(), Command: slapdLoad("constraint.ldif"),
		})
	}
	kind, rest, _ := strings.Cut(k.Allows, " ")
	switch kind {
	case "count":
		n, _ := strconv.Atoi(strings.Fields(rest)[0])
		for _, r := range t.Rules {
			if !r.Computed() && r.Many() && n == 1 && k.looks(r.LDAP, v.Server.Schema) {
				refuses(boundKey(i, r), fmt.Sprintf("%s has several values, and the server takes one of %s", r.Path(), r.LDAP))
			}
		}
	case "regex":
		pattern, err := regexp.CompilePOSIX(strings.Fields(rest)[0])
		for _, gives := range sameValues(i, t) {
			if err == nil && k.looks(gives.attribute, v.Server.Schema) && !pattern.MatchString(gives.value) {
				const what = "the map gives %q to %s, and the server takes what matches %s"
				refuses(gives.key, fmt.Sprintf(what, gives.value, gives.attribute, pattern))
			}
		}
	}
	return all
}
