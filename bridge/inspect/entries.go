package inspect

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
	scimschema "scimbridge/scim/schema"
)

// sample is a resource of the type: with all that the map has a place for, or only with what every client sends.
func sample(t *ldapmap.Type, whole bool) scim.Resource {
	r := scim.Resource{}
	for _, rule := range t.Rules {
		if rule.Computed() || !whole && rule != t.Login && !t.IsUnique(rule) && !rule.Ref.Leaf().Required {
			continue
		}
		if value := sampleValue(rule); value != nil {
			r = t.Setting(rule, r, value)
		}
	}
	return r
}

func sampleValue(rule *ldapmap.Rule) any {
	if len(rule.Options.Samples) > 0 {
		return rule.Options.Samples[0]
	}
	switch rule.SCIMType() {
	case scimschema.String:
		return "sample"
	case scimschema.Boolean:
		return true
	}
	return nil
}

// rdnOf are the types that name new entries, and whether that could be found out.
func rdnOf(t *ldapmap.Type, r scim.Resource) (types []string, ok bool) {
	dn, err := t.DN.Eval(r, t.Resource, t.Base)
	if err != nil {
		return nil, false
	}
	text, _ := ldif.SplitDN(dn)
	rdn, err := ldif.ParseRDN(text)
	if err != nil {
		return nil, false
	}
	for _, a := range rdn {
		types = append(types, a.Type)
	}
	return types, len(types) > 0
}

// naming finds attributes that name entries and may not.
func naming(_ Subject, v Survey) (all []Finding) {
	if !v.fits() {
		return nil
	}
	for i, t := range v.Map.Types {
		if t.DN == nil {
			continue
		}
		names, _ := rdnOf(t, sample(t, true))
		for _, name := range names {
			f := Finding{Severity: Error, Code: "rdn", Key: resource(i, "dn"), Why: "no entry could be made"}
			definition := v.Server.Schema.Attribute(name)
			switch {
			case definition == nil:
				f.What = fmt.Sprintf("entries are to be named by %s, which is not in the directory's schema", name)
				f.Mend = "name them by what the classes allow, as uid or cn"
			case definition.Operational || definition.NoUserMod:
				f.What = fmt.Sprintf("entries are to be named by %s, which the server writes itself", name)
				f.Mend = "name them by what the classes allow, as uid or cn"
			case !v.Server.KeepsClasses && !allowedBy(v.Server.Schema, t.ObjectClasses, name):
				f.What = fmt.Sprintf("entries are to be named by %s, and none of their object classes allows it", name)
				f.Mend = "name them by what the classes allow, or add a class that allows it"
				if classes := auxiliaries(v.Server.Schema, name); len(classes) > 0 {
					f.Line = fmt.Sprintf("objectClasses: [%s]", strings.Join(append(slices.Clone(t.ObjectClasses), classes[0]), ", "))
				}
			default:
				continue
			}
			all = append(all, f)
		}
	}
	return all
}

// demanded finds what the object classes demand and the map does not give every new entry.
func demanded(_ Subject, v Survey) (all []Finding) {
	if !v.fits() {
		return nil
	}
	for i, t := range v.Map.Types {
		least := sample(t, false)
		var names []string
		if t.DN != nil {
			names, _ = rdnOf(t, least)
		}
		for _, must := range v.Server.Schema.Must(t.ObjectClasses...) {
			definition := v.Server.Schema.Attribute(must)
			if strings.EqualFold(must, "objectClass") || definition == nil || definition.Operational || definition.NoUserMod ||
				v.Server.IsOwn(must) || v.Server.GivesAtBirth(must) || isNamed(t, names, must) {
				continue
			}
			if f, lacks := lacking(i, t, must, least); lacks {
				all = append(all, f)
			}
		}
	}
	return all
}

func isNamed(t *ldapmap.Type, names []string, attribute string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return t.IsSame(name, attribute) })
}

// lacking says whether a new entry with no more than the least would be without what its classes demand.
func lacking(i int, t *ldapmap.Type, must string, least scim.Resource) (f Finding, lacks bool) {
	gives := func(r *ldapmap.Rule) bool {
		switch {
		case r.IsConstant(), r.Counter != nil, r.Numbers != nil, r.Initial != nil, r.Empty != nil:
			return true
		case r.Computed():
			values, err := t.Generated(r, least, nil)
			return err != nil || len(values) > 0 // what cannot be tried is given the benefit of the doubt
		}
		return r == t.Login || t.IsUnique(r) || r.Options.Define.Required
	}
	var may []*ldapmap.Rule
	for _, r := range t.Rules {
		if !t.IsSame(r.LDAP, must) {
			continue
		}
		if gives(r) {
			return f, false
		}
		may = append(may, r)
	}
	isActive := func(a ldapmap.Activation) bool {
		return t.IsSame(a.Attribute, must) && (a.Initial != 0 || a.Unblocked != "")
	}
	isMembers := func(r *ldapmap.Reference) bool { return t.IsSame(r.Attribute, must) && r.Placeholder != "" }
	if slices.ContainsFunc(t.Active, isActive) || slices.ContainsFunc(t.Members, isMembers) || t.IsSame(t.BornWith(), must) {
		return f, false
	}
	stands := map[string]string{"User": "userName", "Group": "displayName"}[t.Name]
	if len(may) > 0 {
		r := may[0]
		f = Finding{
			Severity: Warning, Code: "may-be-missing", Key: boundKey(i, r),
			What: fmt.Sprintf("the object classes demand %s, and %s need not be sent", must, r.Path()),
			Why:  "whoever is sent without it is refused with 400, or their entry by the server",
			Mend: "say what stands in where it is not sent",
		}
		if !r.Computed() && stands != "" {
			f.Line = fmt.Sprintf("- {scim: %s, ldap: %s, empty: %s}", quoted(r.Options.SCIM), r.LDAP, stands)
		}
		return f, true
	}
	f = Finding{
		Severity: Error, Code: "must", Key: resource(i, "objectClasses"),
		What: fmt.Sprintf("the object classes demand %s, and the map gives it to no entry", must),
		Why:  "the server refuses every new entry", Mend: "add a line that gives it",
	}
	if stands != "" {
		f.Line = fmt.Sprintf("- {ldap: %s, value: %s}", must, stands)
	}
	return f, true
}

// quoted is a value as a YAML flow mapping takes it.
func quoted(text string) string {
	if strings.ContainsAny(text, `[]{},:#"`) {
		return "'" + text + "'"
	}
	return text
}

// values finds lines for all values of an attribute that go into one that has one.
func values(_ Subject, v Survey) (all []Finding) {
	if !v.fits() {
		return nil
	}
	for i, t := range v.Map.Types {
		for _, r := range t.Rules {
			if r.Computed() || !r.Many() || !r.Single {
				continue
			}
			all = append(all, Finding{
				Severity: Warning, Code: "single-valued", Key: boundKey(i, r),
				What: fmt.Sprintf("%s has several values, and %s takes one", r.Path(), r.LDAP),
				Why:  "of what a client sends one value is kept, and the others are dropped",
				Mend: "name the value that is meant, or an attribute that takes several",
				Line: fmt.Sprintf(`- {scim: '%s[type eq "work"].%s', ldap: %s}`, r.Ref.Attr.Name, leaf(r), r.LDAP),
			})
		}
	}
	return all
}

func leaf(r *ldapmap.Rule) string {
	if r.Ref.Sub != nil {
		return r.Ref.Sub.Name
	}
	return "value"
}

// narrow are the syntaxes that take less than text (RFC 4517), in words.
var narrow = map[string]string{
	ldif.SyntaxInteger:                "integers",
	ldif.SyntaxGeneralizedTime:        "times (20260102120000Z)",
	ldif.SyntaxLargeInteger:           "large integers",
	"1.3.6.1.4.1.1466.115.121.1.7":    "TRUE and FALSE",
	"1.3.6.1.4.1.1466.115.121.1.36":   "digits and spaces",
	"1.3.6.1.4.1.1466.115.121.1.11":   "country codes of two letters",
	"1.3.6.1.4.1.1466.115.121.1.38":   "object identifiers",
	"1.3.6.1.1.16.1":                  "UUIDs",
	"1.3.6.1.4.1.1466.115.121.1.6":    "bit strings ('0101'B)",
	"1.3.6.1.4.1.1466.115.121.1.14":   "delivery methods",
	"1.3.6.1.4.1.1466.115.121.1.8":    "certificates",
	"1.3.6.1.4.1.1466.115.121.1.51":   "teletex terminal identifiers",
	"1.3.6.1.4.1.1466.115.121.1.52":   "telex numbers",
	"1.3.6.1.4.1.1466.115.121.1.28.1": "images",
}

// fitting are the SCIM types whose values a narrow syntax takes as they are.
var fitting = map[string][]scimschema.Type{
	ldif.SyntaxInteger:              {scimschema.Integer},
	ldif.SyntaxLargeInteger:         {scimschema.Integer},
	ldif.SyntaxGeneralizedTime:      {scimschema.DateTime},
	"1.3.6.1.4.1.1466.115.121.1.7":  {scimschema.Boolean},
	"1.3.6.1.4.1.1466.115.121.1.36": {scimschema.Integer},
	"1.3.6.1.4.1.1466.115.121.1.8":  {scimschema.Binary},
}

// syntaxes finds text that goes into attributes which do not take any text.
func syntaxes(_ Subject, v Survey) (all []Finding) {
	if !v.fits() {
		return nil
	}
	for i, t := range v.Map.Types {
		for _, r := range t.Rules {
			definition := v.Server.Schema.Attribute(r.LDAP)
			if r.Computed() || r.Form != nil || r.Value != nil || r.Options.Reference != "" || definition == nil {
				continue
			}
			takes, isNarrow := narrow[definition.Syntax]
			if !isNarrow || slices.Contains(fitting[definition.Syntax], r.SCIMType()) {
				continue
			}
			all = append(all, Finding{
				Severity: Warning, Code: "syntax", Key: boundKey(i, r),
				What: fmt.Sprintf("%s is a %s, and %s takes %s alone", r.Path(), r.SCIMType(), r.LDAP, takes),
				Why:  "what is no such value is refused, with the whole request",
				Mend: "name an attribute that takes text, or say how a value stands there (`value` and `read`, or `as`)",
				Line: fmt.Sprintf("- {scim: %s, ldap: %s, value: '…', read: '…'}", quoted(r.Options.SCIM), r.LDAP),
			})
		}
	}
	return all
}
