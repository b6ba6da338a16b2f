package inspect

import (
	"fmt"
	"slices"

	"scimbridge/ldapmap/compile"
)

// typed are the attributes whose values Entra tells apart by their type, with the one by which it names a line.
var typed = map[string]string{"emails": "value", "phoneNumbers": "value", "addresses": "formatted"}

// entraTypes finds lines for all values of an attribute of which Entra sends one by its type: emails[type eq "work"].value. LDAP keeps no
// types, so the value that it sent is not there when it asks for it by that, and it sends it again with each cycle.
func entraTypes(s Subject) (all Findings) {
	for i, t := range s.Map.Types {
		for _, r := range t.Rules {
			if r.Computed() || r.Ref.Extension != nil || typed[r.Ref.Attr.Name] == "" || !r.Many() || hasWork(t, r.Ref.Attr.Name) {
				continue
			}
			path := fmt.Sprintf(`%s[type eq "work"].%s`, r.Ref.Attr.Name, r.Ref.Sub.Name)
			all = append(all, Finding{
				Severity: Warning, Code: "entra-type", Key: resource(i, fmt.Sprintf("attributes[%d].scim", r.At)),
				What: fmt.Sprintf("%s maps every value, without its type", r.Options.SCIM),
				Why:  fmt.Sprintf("Entra sends %s, does not find it again among values without types, and sends it with every cycle", path),
				Mend: "name the value by its type",
				Line: fmt.Sprintf("- {scim: '%s', ldap: %s}", path, r.LDAP),
			})
		}
	}
	return all
}

// entraOtherTypes finds emails that are mapped by types alone that Entra does not send.
func entraOtherTypes(s Subject) (all Findings) {
	for i, t := range s.Map.Types {
		var of []*compile.Rule
		for _, r := range t.Rules {
			if !r.Computed() && r.Ref.Extension == nil && r.Ref.Attr.Name == "emails" {
				of = append(of, r)
			}
		}
		byType := func(r *compile.Rule) bool {
			return slices.ContainsFunc(r.Slot, func(c compile.Clause) bool { return c.Attribute == "type" && c.Value != "work" })
		}
		if len(of) == 0 || slices.ContainsFunc(of, func(r *compile.Rule) bool { return !byType(r) }) {
			continue
		}
		all = append(all, Finding{
			Severity: Warning, Code: "entra-type", Key: resource(i, fmt.Sprintf("attributes[%d].scim", of[0].At)),
			What: "no line maps the email of the type work",
			Why:  `Entra sends emails[type eq "work"].value, which is dropped, and sent again with every cycle`,
			Mend: "name the type that Entra sends, or map both",
			Line: fmt.Sprintf(`- {scim: 'emails[type eq "work"].value', ldap: %s}`, of[0].LDAP),
		})
	}
	return all
}

// hasWork says that another line has the value of the type work.
func hasWork(t *compile.Type, attribute string) bool {
	return slices.ContainsFunc(t.Rules, func(r *compile.Rule) bool {
		isWork := func(c compile.Clause) bool { return c.Attribute == "type" && c.Value == "work" }
		return !r.Computed() && r.Ref.Attr.Name == attribute && slices.ContainsFunc(r.Slot, isWork)
	})
}

// entraMissing finds what Entra's standard requests send and the map has no place for.
func entraMissing(s Subject) (all Findings) {
	for i, t := range s.Map.Types {
		missing := func(severity Severity, code, what, why, line string) {
			all = append(all, Finding{
				Severity: severity, Code: code, Key: resource(i, "type"), What: what, Why: why, Mend: "add the line", Line: line,
			})
		}
		switch t.Name {
		case "User":
			if len(t.Active) == 0 {
				missing(Warning, "entra-active", "the map has no `active`: nobody can be disabled",
					"Entra disables whoever leaves by active: false; without a place for that it is dropped, and they go on",
					"active: {by: userAccountControl}   # or nsAccountLock, pwdAccountLockedTime, or an attribute of your own")
			}
			if t.ExternalID == nil {
				missing(Warning, "entra-external-id", "the map has no `externalId`",
					"Entra sends it of everybody, and what it does not find again it sends with every cycle",
					"- {scim: externalId, ldap: employeeNumber}   # any text attribute that nobody else writes")
			}
			if !maps(t, "emails") {
				missing(Hint, "entra-emails", "the map has no email", "Entra sends emails[type eq \"work\"].value of everybody",
					`- {scim: 'emails[type eq "work"].value', ldap: mail}`)
			}
			if t.Options.Tombstone == "" {
				missing(Hint, "entra-tombstone", "the map has no `tombstone`",
					"whom Entra deletes it renames first, to 32 hexadecimal digits and the name: that renames the entry",
					"tombstone: carLicense   # any text attribute that nobody else writes")
			}
		case "Group":
			if len(t.Options.Members) == 0 {
				missing(Warning, "entra-members", "the map has no `members`: groups are made, and nobody gets into them",
					"Entra sends the members of every group that is assigned", "members: {attribute: member}")
			}
			if t.ExternalID == nil {
				missing(Hint, "entra-external-id", "the map has no `externalId`",
					"Entra sends it of every group, and what it does not find again it sends with every cycle",
					"- {scim: externalId, ldap: description, prefix: 'scim:'}")
			}
		}
	}
	return all
}

// maps says that a line maps something of the SCIM attribute.
func maps(t *compile.Type, attribute string) bool {
	return slices.ContainsFunc(t.Rules, func(r *compile.Rule) bool { return !r.Computed() && r.Ref.Attr.Name == attribute })
}
