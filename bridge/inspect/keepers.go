package inspect

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap/ldif"
)

// Keeper is what a server does to entries by itself: an overlay of slapd, a plug-in of 389 Directory Server. Those that are off are none.
type Keeper struct {
	Does     Does
	DN       string // of its settings
	Database string // DN of the database that it is for; "": every one

	Attributes []string // that it looks at; of Uniques none: all
	Backlink   string   // that it keeps
	Class      string   // of the groups that it looks at; of the plug-in, the class that it adds to who gets the backlink
	Bases      []string // below which it holds; none: everywhere
	Nothing    string   // stands in for the last value that it takes away
	Later      bool     // not within the operation
	Magic      string   // value in the place of which it puts a number
	Allows     string   // what it takes: count 1, regex ^[a-z]+$
	Setting    string   // as it stands there: attribute: value
}

// Does is what a keeper does.
type Does int

// What keepers do.
const (
	Backlinks Does = iota // it keeps memberOf
	Integrity             // it takes deleted and renamed DNs out of what refers to them
	Uniques               // it refuses a value that another entry has
	Restricts             // it refuses values by their form or number
	Numbers               // it allots numbers
	ASCII                 // it refuses letters beyond ASCII
	Expires               // it locks who has not logged in for long
)

// keepers are those that do so at a place.
func (v Survey) keepers(does Does, base string) (found []Keeper) {
	d := v.database(base)
	for _, k := range v.Settings.Keepers {
		own := k.Database == "" || d != nil && strings.EqualFold(d.DN, k.Database)
		holds := func(at string) bool { return v.Server.Under(base, at) || v.Server.Under(at, base) }
		if k.Does == does && own && (len(k.Bases) == 0 || slices.ContainsFunc(k.Bases, holds)) {
			found = append(found, k)
		}
	}
	return found
}

// Looks says that the keeper looks at an attribute.
func (k Keeper) looks(attribute string, schema *ldif.Subschema) bool {
	return slices.ContainsFunc(k.Attributes, func(name string) bool {
		return strings.EqualFold(schema.Canonical(name), schema.Canonical(attribute))
	})
}

// overlaySettings are the attributes of slapd's overlays that tell what they keep.
var overlaySettings = []string{
	"olcMemberOfMemberAD", "olcMemberOfMemberOfAD", "olcMemberOfGroupOC", "olcRefintAttribute", "olcRefintNothing", "olcUniqueURI",
	"olcConstraintAttribute", "olcDynListAttrSet", "olcDlAttrSet", "olcModuleLoad",
}

// slapdKeepers reads slapd's overlays.
func slapdKeepers(overlays []*ldif.Entry) (all []Keeper) {
	for _, o := range overlays {
		name := strings.ToLower(o.Value("olcOverlay"))
		name = name[strings.Index(name, "}")+1:]
		k := Keeper{DN: o.DN, Database: above(o.DN)}
		if strings.Contains(strings.ToLower(k.Database), "frontend") {
			k.Database = ""
		}
		switch name {
		case "memberof":
			k.Does, k.Class = Backlinks, cmp.Or(o.Value("olcMemberOfGroupOC"), "groupOfNames")
			k.Attributes = []string{cmp.Or(o.Value("olcMemberOfMemberAD"), "member")}
			k.Backlink = cmp.Or(o.Value("olcMemberOfMemberOfAD"), "memberOf")
			all = append(all, k)
		case "dynlist":
			for _, set := range append(o.Values("olcDynListAttrSet"), o.Values("olcDlAttrSet")...) {
				if _, link, ok := strings.Cut(set, "+"); ok { // groupOfURLs memberURL member+memberOf@groupOfNames
					k.Does = Backlinks
					k.Backlink, k.Class, _ = strings.Cut(link, "@")
					all = append(all, k)
				}
			}
		case "refint":
			k.Does, k.Nothing, k.Later = Integrity, o.Value("olcRefintNothing"), true // a task of its own, begun as the answer goes out
			for _, value := range o.Values("olcRefintAttribute") {
				k.Attributes = append(k.Attributes, strings.Fields(value)...)
			}
			all = append(all, k)
		case "unique":
			for _, value := range o.Values("olcUniqueURI") {
				for field := range strings.FieldsSeq(value) {
					if own, ok := uniqueBy(field); ok {
						own.DN, own.Database, own.Setting = k.DN, k.Database, "olcUniqueURI: "+value
						all = append(all, own)
					}
				}
			}
		case "constraint":
			for _, value := range o.Values("olcConstraintAttribute") {
				_, rest, _ := strings.Cut(value, "}") // {0}mail count 1
				fields := strings.Fields(cmp.Or(rest, value))
				if len(fields) > 2 {
					k.Does, k.Setting = Restricts, "olcConstraintAttribute: "+value
					k.Attributes, k.Allows = strings.Split(fields[0], ","), strings.Join(fields[1:], " ")
					all = append(all, k)
				}
			}
		}
	}
	return all
}

// uniqueBy reads a URI of the overlay unique: ldap:///ou=people,dc=example,dc=org?mail,uid?sub?(objectClass=person).
func uniqueBy(text string) (k Keeper, ok bool) {
	rest, ok := strings.CutPrefix(text, "ldap:///")
	if !ok {
		return k, false
	}
	parts := strings.Split(rest, "?")
	k.Does = Uniques
	if base, err := url.PathUnescape(parts[0]); err == nil && base != "" {
		k.Bases = []string{base}
	}
	if len(parts) > 1 && parts[1] != "" {
		k.Attributes = strings.Split(parts[1], ",")
	}
	return k, true
}

const pluginPlace = "cn=plugins,cn=config"

// dirsrvKeepers reads the plug-ins of 389 Directory Server.
func (l looker) dirsrvKeepers() error {
	does := map[string]Does{
		"memberof_postop_init": Backlinks, "referint_postop_init": Integrity, "nsuniqueattr_init": Uniques, "ns7bitattr_init": ASCII,
		"dna_init": Numbers, "acct_policy_init": Expires,
	}
	found, err := l.client.Look(l.ctx, directory.Search{
		Base: pluginPlace, Filter: "(|(nsslapd-pluginInitfunc=*)(dnaType=*))", Attributes: []string{
			"nsslapd-pluginInitfunc", "nsslapd-pluginEnabled", "memberOfGroupAttr", "memberOfAttr", "memberOfAutoAddOC",
			"referint-membership-attr", "referint-update-delay", "uniqueness-attribute-name", "uniqueness-subtrees",
			"nsslapd-pluginarg0", "nsslapd-pluginarg1", "nsslapd-pluginarg2", "nsslapd-pluginarg3", "dnaType", "dnaMagicRegen", "dnaScope",
		},
	})
	if err != nil {
		return err
	}
	set := &l.v.Settings
	allots := false
	for _, e := range found {
		isIt := strings.EqualFold(e.Value("nsslapd-pluginInitfunc"), "dna_init")
		allots = allots || isIt && strings.EqualFold(e.Value("nsslapd-pluginEnabled"), "on")
	}
	for _, e := range found {
		own, known := does[strings.ToLower(e.Value("nsslapd-pluginInitfunc"))]
		k := Keeper{Does: own, DN: e.DN}
		switch {
		case len(e.Values("dnaType")) > 0 && allots:
			k.Does, k.Attributes, k.Magic, k.Bases = Numbers, e.Values("dnaType"), e.Value("dnaMagicRegen"), e.Values("dnaScope")
		case !known || own == Numbers || !strings.EqualFold(e.Value("nsslapd-pluginEnabled"), "on"):
			continue
		case own == Backlinks:
			k.Attributes, k.Class = e.Values("memberOfGroupAttr"), e.Value("memberOfAutoAddOC")
			k.Backlink = cmp.Or(e.Value("memberOfAttr"), "memberOf")
		case own == Integrity:
			k.Attributes, k.Later = e.Values("referint-membership-attr"), cmp.Or(e.Value("referint-update-delay"), "0") != "0"
		case own == Uniques:
			k.Attributes, k.Bases = e.Values("uniqueness-attribute-name"), e.Values("uniqueness-subtrees")
		case own == ASCII:
			for _, name := range []string{"nsslapd-pluginarg0", "nsslapd-pluginarg1", "nsslapd-pluginarg2", "nsslapd-pluginarg3"} {
				if value := e.Value(name); value == "," {
					break
				} else if value != "" {
					k.Attributes = append(k.Attributes, value)
				}
			}
		}
		set.Keepers = append(set.Keepers, k)
	}
	return nil
}
