package inspect

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// numbers finds what is to be filled in by the plug-in that allots numbers, and is not; and what both the bridge and it allot.
func numbers(_ Subject, v Survey) (all []Finding) {
	if !v.shows() || v.Server.Settings != ldif.DirsrvSettings {
		return nil
	}
	for i, t := range v.Map.Types {
		keepers := v.keepers(Numbers, t.Base)
		for _, r := range t.Rules {
			definition := v.Server.Schema.Attribute(r.LDAP)
			isMagic := len(r.Options.Constant) == 1 && definition != nil && definition.Syntax == ldif.SyntaxInteger &&
				strings.HasPrefix(r.Options.Constant[0], "-")
			at := slices.IndexFunc(keepers, func(k Keeper) bool { return k.looks(r.LDAP, v.Server.Schema) })
			key := resource(i, fmt.Sprintf("attributes[%d].constant", r.At))
			switch {
			case r.Numbers != nil && at >= 0:
				all = append(all, Finding{
					Severity: Warning, Code: "numbers-twice", Key: boundKey(i, r),
					What: fmt.Sprintf("both the map and the server's plug-in (%s) allot %s", keepers[at].DN, r.LDAP),
					Why:  "each counts by itself: two entries may get one number",
					Mend: "leave it to one of them", Line: fmt.Sprintf("- {ldap: %s, constant: '%s'}", r.LDAP, keepers[at].Magic),
					LDIF:    fmt.Sprintf("dn: %s\nchangetype: delete\n", keepers[at].DN),
					Command: load(v, "ldapmodify", "numbers.ldif"),
				})
			case isMagic && at < 0:
				all = append(all, Finding{
					Severity: Error, Code: "numbers", Key: key,
					What: fmt.Sprintf("every new entry has %s: %s, and no plug-in of the server puts a number in its place", r.LDAP,
						r.Options.Constant[0]),
					Why:  "all have one number, as if they were one account",
					Mend: "have the plug-in do it, from the first number that is free" + afterRestart,
					LDIF: pluginOn(dnaPlugin) + fmt.Sprintf("\ndn: cn=%[1]s,%[2]s,%[3]s\nchangetype: add\n"+
						"objectClass: extensibleObject\ncn: %[1]s\ndnaType: %[1]s\ndnaMagicRegen: %[4]s\n"+
						"dnaFilter: (objectClass=%[5]s)\ndnaScope: %[6]s\ndnaNextValue: 100000\ndnaMaxValue: 199999\n",
						r.LDAP, dnaPlugin, pluginPlace, r.Options.Constant[0], structural(t), v.Server.Context(t.Base)),
					Command: load(v, "ldapmodify", "numbers.ldif"),
				})
			case isMagic && keepers[at].Magic != r.Options.Constant[0]:
				all = append(all, Finding{
					Severity: Error, Code: "numbers", Key: key,
					What: fmt.Sprintf("every new entry has %s: %s, and the server's plug-in puts a number in the place of %s", r.LDAP,
						r.Options.Constant[0], keepers[at].Magic),
					Why:  "all have one number, as if they were one account",
					Mend: "say the value that the plug-in waits for",
					Line: fmt.Sprintf("- {ldap: %s, constant: '%s'}", r.LDAP, keepers[at].Magic),
				})
			}
		}
	}
	return all
}

// asciiOnly tells of plug-ins that refuse what a client may send, or lock whom SCIM shows as active.
func asciiOnly(_ Subject, v Survey) (all []Finding) {
	if !v.shows() {
		return nil
	}
	for i, t := range v.Map.Types {
		for _, k := range v.keepers(ASCII, t.Base) {
			if r := t.Login; r != nil && k.looks(r.LDAP, v.Server.Schema) {
				all = append(all, Finding{
					Severity: Hint, Code: "ascii-only", Key: boundKey(i, r),
					What:    fmt.Sprintf("the server takes no letters beyond ASCII in %s (7-bit check)", strings.Join(k.Attributes, ", ")),
					Why:     "who is called märta@… is refused with 400",
					Mend:    "where names are so, turn the plug-in off" + afterRestart,
					LDIF:    fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: nsslapd-pluginEnabled\nnsslapd-pluginEnabled: off\n", k.DN),
					Command: load(v, "ldapmodify", "ascii.ldif"),
				})
			}
		}
		if len(t.Active) > 0 && len(v.keepers(Expires, t.Base)) > 0 {
			all = append(all, Finding{
				Severity: Hint, Code: "account-policy", Key: resource(i, "active"),
				What:    "the server locks who has not logged in for long (Account Policy), and SCIM shows them as active all the same",
				Why:     "they cannot bind, and no client sees why, nor lets them in again",
				Mend:    "know it; who is locked so is let in by a new lastLoginTime",
				Command: search(v, "cn=config,cn=Account Policy Plugin,"+pluginPlace, "(objectClass=*)"),
			})
		}
	}
	return all
}
