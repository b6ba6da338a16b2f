package inspect

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// shows says that the server shows what it keeps by itself.
func (v Survey) shows() bool {
	keeps := v.fits() && (v.Server.Settings == ldif.SlapdSettings || v.Server.Settings == ldif.DirsrvSettings)
	return keeps && v.Settings.Hidden == ""
}

// addOverlay is the LDIF that has slapd load an overlay's module and put the overlay over a database.
func (v Survey) addOverlay(d *Database, name, class string, settings ...string) string {
	text := ""
	if m := v.Settings.Modules; m != nil && !slices.ContainsFunc(m.Values("olcModuleLoad"), func(value string) bool {
		return strings.Contains(value, name)
	}) {
		text = fmt.Sprintf("dn: %s\nchangetype: modify\nadd: olcModuleLoad\nolcModuleLoad: %s\n\n", m.DN, name)
	}
	text += fmt.Sprintf("dn: olcOverlay=%s,%s\nchangetype: add\nobjectClass: olcOverlayConfig\nobjectClass: %s\nolcOverlay: %[1]s\n",
		name, d.DN, class)
	for _, line := range settings {
		text += line + "\n"
	}
	return text
}

// pluginOn is the LDIF that turns a plug-in on.
func pluginOn(dn string, settings ...string) string {
	text := fmt.Sprintf("dn: %s,%s\nchangetype: modify\nreplace: nsslapd-pluginEnabled\nnsslapd-pluginEnabled: on\n", dn, pluginPlace)
	for _, line := range settings {
		name, _, _ := strings.Cut(line, ":")
		text += fmt.Sprintf("-\nreplace: %s\n%s\n", name, line)
	}
	return text
}

const (
	memberOfPlugin = "cn=MemberOf Plugin"
	refintPlugin   = "cn=referential integrity postoperation"
	dnaPlugin      = "cn=Distributed Numeric Assignment Plugin"
	afterRestart   = " (a plug-in changes at a restart)"
)

// backlinks finds groups that are to be read from an attribute which nothing fills in, or not with them; and entries that cannot hold it.
func backlinks(_ Subject, v Survey) (all []Finding) {
	if !v.fits() {
		return nil
	}
	for i, t := range v.Map.Types {
		groups := v.Map.Type("Group")
		if t.Groups == nil || t.Groups.Attribute == "" || t.IsSame(t.Groups.Attribute, v.Server.Backlink) || groups == nil {
			continue
		}
		key := resource(i, "groups")
		if v.Settings.Hidden != "" {
			all = append(all, Finding{
				Severity: Hint, Code: "unseen-overlays", Key: key,
				What: fmt.Sprintf("whether the server keeps %s true could not be seen: %s", t.Groups.Attribute, v.Settings.Hidden),
				Why:  "where it does not, everybody is shown in groups that they left, or in none",
				Mend: "put somebody into a group, and look whether it shows",
			})
			continue
		}
		if !v.shows() {
			continue
		}
		for _, r := range groups.Members {
			if r.Of == "" {
				all = append(all, backlink(v, key, t, groups, r)...)
			}
		}
	}
	return append(all, classless(v)...)
}

// backlink finds that the members of groups are not told by the attribute.
func backlink(v Survey, key string, t, groups *ldapmap.Type, r *ldapmap.Reference) []Finding {
	f := Finding{
		Severity: Warning, Code: "memberof", Key: key, Line: "groups: direct",
		Why: "users show no groups, and a filter by groups finds nobody",
		Mend: "have the groups read from what they hold, or have the server keep it; members that are there by now show in it once they " +
			"are written again",
	}
	var other *Keeper
	isPlugin := v.Server.Settings == ldif.DirsrvSettings
	for _, k := range v.keepers(Backlinks, groups.Base) {
		switch {
		case !t.IsSame(k.Backlink, t.Groups.Attribute):
		case len(k.Attributes) == 0: // it tells no more
			return nil
		case k.looks(r.Attribute, v.Server.Schema) && (isPlugin || ldif.Named(groups.ObjectClasses, k.Class)):
			return nil
		default:
			other = &k
		}
	}
	f.What = fmt.Sprintf("groups are read from %s, which nothing fills in", t.Groups.Attribute)
	if other != nil {
		f.What = fmt.Sprintf("groups are read from %s, which is filled in from %s of %s, and not from %s of %s", t.Groups.Attribute,
			strings.Join(other.Attributes, ", "), other.of(), r.Attribute, structural(groups))
	}
	d := v.database(groups.Base)
	switch {
	case isPlugin:
		var attributes []string
		if other != nil {
			attributes = other.Attributes
		}
		f.LDIF = fmt.Sprintf("dn: %s,%s\nchangetype: modify\nreplace: nsslapd-pluginEnabled\nnsslapd-pluginEnabled: on\n-\n"+
			"replace: memberOfGroupAttr\n", memberOfPlugin, pluginPlace)
		for _, name := range append(slices.Clone(attributes), r.Attribute) {
			f.LDIF += "memberOfGroupAttr: " + name + "\n"
		}
		f.LDIF += "-\nreplace: memberOfAutoAddOC\nmemberOfAutoAddOC: nsMemberOf\n"
		f.Mend += afterRestart
		f.Command = load(v, "ldapmodify", "memberof.ldif")
	case other != nil && d != nil:
		f.LDIF = fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: olcMemberOfMemberAD\nolcMemberOfMemberAD: %s\n-\n"+
			"replace: olcMemberOfGroupOC\nolcMemberOfGroupOC: %s\n", other.DN, r.Attribute, structural(groups))
		f.Command = slapdLoad("memberof.ldif")
	case d != nil:
		settings := []string{"olcMemberOfGroupOC: " + structural(groups), "olcMemberOfMemberAD: " + r.Attribute}
		if !t.IsSame(t.Groups.Attribute, "memberOf") {
			settings = append(settings, "olcMemberOfMemberOfAD: "+t.Groups.Attribute)
		}
		f.LDIF = v.addOverlay(d, "memberof", "olcMemberOfConfig", settings...)
		f.Command = slapdLoad("memberof.ldif")
	}
	return []Finding{f}
}

func (k Keeper) of() string {
	if k.Class == "" {
		return "groups"
	}
	return k.Class
}

// classless finds that the plug-in that keeps memberOf would write it to entries that cannot hold it: then no member can be added.
func classless(v Survey) (all []Finding) {
	users, groups := v.Map.Type("User"), v.Map.Type("Group")
	if !v.shows() || v.Server.Settings != ldif.DirsrvSettings || users == nil || groups == nil {
		return nil
	}
	for _, k := range v.keepers(Backlinks, groups.Base) {
		if k.Class != "" && v.Server.Schema.Class(k.Class) != nil || users.Allows(users.ObjectClasses, k.Backlink) {
			continue
		}
		all = append(all, Finding{
			Severity: Error, Code: "memberof-class", Key: resource(typeAt(v, "User"), "objectClasses"),
			What:    fmt.Sprintf("the server writes %s to members, and their object classes do not allow it", k.Backlink),
			Why:     "no member comes into a group: the server refuses the group's change with 65",
			Mend:    "have the plug-in add a class that allows it" + afterRestart,
			LDIF:    fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: memberOfAutoAddOC\nmemberOfAutoAddOC: nsMemberOf\n", k.DN),
			Command: load(v, "ldapmodify", "memberof.ldif"),
		})
	}
	return all
}
