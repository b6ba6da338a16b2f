package inspect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// Right is what the bridge's account may do below a base, as far as the server tells.
type Right struct {
	Key    string // of the base
	Base   string
	Type   string
	Class  string   // of new entries
	Makes  bool     // it may make entries
	Writes []string // attributes of an entry that the map writes, and it may not; nil: it may, or there is no entry to see it by
}

// asks is how a server says what the bridge's account may do: with an entry of the type, or none, whether it says so.
type asks map[ldif.Settings]func(*Right, *ldapmap.Type, *ldif.Entry) (bool, error)

// rights asks what the bridge's account may do.
func (l looker) rights() error {
	return l.rightsBy(asks{ldif.DirsrvSettings: l.dirsrvRights, ldif.DomainSettings: l.domainRights})
}

func (l looker) rightsBy(how asks) error {
	if !l.v.fits() || how[l.v.Server.Settings] == nil {
		return nil
	}
	ask := how[l.v.Server.Settings]
	for i, t := range l.v.Map.Types {
		for j, base := range t.Bases() {
			if p, known := l.v.place(base); known && !p.Exists {
				continue
			}
			filter := t.Scope()
			if p := l.v.Server.Privilege; p != nil { // which others may not write by whatever right
				filter = ldif.AllOf(filter, "(!"+ldif.Equality(p.Mark, "1")+")")
			}
			search := directory.Search{Base: base, Filter: filter, Attributes: []string{"objectClass"}}
			if l.v.Server.Settings == ldif.DomainSettings {
				search.Attributes = append(search.Attributes, "allowedAttributesEffective")
			}
			e, err := l.client.Sample(l.ctx, search)
			if err != nil {
				return err
			}
			r := Right{Key: resource(i, fmt.Sprintf("base[%d]", j)), Base: base, Type: t.Name, Class: structural(t)}
			shown, err := ask(&r, t, e)
			if err != nil {
				return err
			}
			if shown {
				l.v.Rights = append(l.v.Rights, r)
			}
			if shown && t.MakesUnits {
				unit := Right{Key: resource(i, "createParents"), Base: base, Type: t.Name, Class: ldapmap.UnitClass}
				shown, err := ask(&unit, t, nil)
				if err != nil {
					return err
				}
				if shown {
					l.v.Rights = append(l.v.Rights, unit)
				}
			}
		}
	}
	return nil
}

// structural is the structural class of new entries.
func structural(t *ldapmap.Type) string {
	for _, name := range slices.Backward(t.ObjectClasses) {
		if class := t.Server.Schema.Class(name); class != nil && class.Kind == "STRUCTURAL" {
			return name
		}
	}
	return t.ObjectClasses[0]
}

// written are the attributes that the map writes to an entry of the type, as far as its classes allow them yet: of others the server tells
// no rights.
func written(t *ldapmap.Type, e *ldif.Entry) (names []string) {
	add := func(name string) {
		bare, _, _ := strings.Cut(name, ";")
		allowed := t.Server.KeepsClasses || allowedBy(t.Server.Schema, e.Values("objectClass"), bare)
		if allowed && !t.Secret(bare) && !ldif.Named(names, bare) {
			names = append(names, bare)
		}
	}
	for _, a := range t.Attributes {
		add(a.Name)
	}
	for _, r := range t.Members {
		add(r.Attribute)
	}
	if slices.ContainsFunc(t.Attributes, func(a *ldapmap.Attribute) bool { return len(a.Classes) > 0 }) {
		add("objectClass") // of who is found without
	}
	return names
}

// dirsrvRights asks by the control GetEffectiveRights.
func (l looker) dirsrvRights(r *Right, t *ldapmap.Type, e *ldif.Entry) (shown bool, err error) {
	entry, of, shown, err := l.client.EffectiveRights(l.ctx, l.v.Account, r.Base, []string{"*@" + r.Class})
	if !shown || err != nil {
		return false, err
	}
	r.Makes = strings.Contains(entry, "a")
	var names []string
	switch {
	case r.Class == ldapmap.UnitClass:
	case e == nil: // as of one that might be
		e = &ldif.Entry{}
		e.Set("objectClass", r.Class)
		names = written(t, e)
	default:
		names = written(t, e)
		if _, of, shown, err = l.client.EffectiveRights(l.ctx, l.v.Account, e.DN, names); !shown {
			return true, err
		}
	}
	for _, name := range names {
		if letters, told := of[strings.ToLower(name)]; told && !strings.Contains(letters, "w") {
			r.Writes = append(r.Writes, name)
		}
	}
	return true, err
}

// changesAccess is the bit of sDRightsEffective that lets an account write access rules ([MS-ADTS] §3.1.1.4.5.4,
// DACL_SECURITY_INFORMATION).
const changesAccess = 4

// domainRights reads what a domain controller says of itself for whoever asks ([MS-ADTS] §3.1.1.4.5).
func (l looker) domainRights(r *Right, t *ldapmap.Type, e *ldif.Entry) (shown bool, err error) {
	found, err := l.client.Look(l.ctx, directory.Search{
		Base: r.Base, Scope: directory.BaseObject, Attributes: []string{"allowedChildClassesEffective", "sDRightsEffective"},
	})
	if err != nil || len(found) == 0 {
		return false, err
	}
	if of, _ := strconv.Atoi(found[0].Value("sDRightsEffective")); of&changesAccess != 0 {
		l.v.Settings.Above = "it may change the access rules of " + r.Base
	}
	r.Makes = ldif.Named(found[0].Values("allowedChildClassesEffective"), r.Class)
	if e == nil {
		return true, nil
	}
	may := e.Values("allowedAttributesEffective")
	for _, name := range written(t, e) {
		isNamed := strings.EqualFold(name, "cn") // a rename writes it
		if !ldif.Named(may, name) && !isNamed {
			r.Writes = append(r.Writes, name)
		}
	}
	return true, nil
}

// rights finds what the bridge's account lacks.
func rights(s Subject, v Survey) (all []Finding) {
	if !v.fits() || !v.met() {
		return nil
	}
	if v.Settings.Above != "" {
		all = append(all, Finding{
			Severity: Hint, Code: "administrator", Key: "directory.bind",
			What: "the bridge's account has more rights than it needs: " + v.Settings.Above,
			Why:  "who gets its password, or finds a way through the bridge, has the directory",
			Mend: "give the bridge an account of its own: scimbridge init writes the rights that it needs, and no others",
		})
	}
	if len(v.Rights) == 0 && v.Probed == nil {
		return append(all, Finding{
			Severity: Hint, Code: "unseen-rights", Key: "directory.bind", What: "what the bridge's account may write could not be seen",
			Why:  "a right that is missing shows at the first write",
			Mend: "have it tried: check --probe makes a user and a group, and takes them away again",
		})
	}
	if v.Probed == nil {
		all = append(all, withoutRights(v)...)
	}
	for _, r := range v.Rights {
		if !r.Makes {
			f := Finding{
				Severity: Error, Code: "may-not-create", Key: r.Key,
				What: fmt.Sprintf("the bridge's account may make no %s below %s", r.Class, r.Base), Why: "every create is refused with 403",
				Mend: "grant it that",
			}
			if v.Server.Settings == ldif.DirsrvSettings {
				f.Mend += " (while the server builds an index, nobody may)"
			}
			grant(&f, s, v, r, nil)
			all = append(all, f)
		}
		if len(r.Writes) > 0 {
			f := Finding{
				Severity: Error, Code: "may-not-write", Key: r.Key,
				What: fmt.Sprintf("the bridge's account may not write %s below %s", strings.Join(r.Writes, ", "), r.Base),
				Why:  "a change of these is refused with 403, and so is all that comes with it", Mend: "grant it that",
			}
			grant(&f, s, v, r, r.Writes)
			all = append(all, f)
		}
	}
	return all
}

// withoutRights tells of the bases for which rights could not be seen, where others show them.
func withoutRights(v Survey) (all []Finding) {
	for i, t := range v.Map.Types {
		for j, base := range t.Bases() {
			key := resource(i, fmt.Sprintf("base[%d]", j))
			place, known := v.place(base)
			if slices.ContainsFunc(v.Rights, func(r Right) bool { return r.Key == key }) || known && !place.Exists {
				continue
			}
			all = append(all, Finding{
				Severity: Hint, Code: "unseen-rights", Key: key,
				What: fmt.Sprintf("what the bridge's account may write below %s could not be seen: there is no %s yet", base, t.Name),
				Why:  "a right that is missing shows at the first write",
				Mend: "have it tried: check --probe makes a user and a group, and takes them away again",
			})
		}
	}
	return all
}

// grant says how the bridge's account is given the right to make entries, or to write attributes.
func grant(f *Finding, s Subject, v Survey, r Right, attributes []string) {
	needed := Grant{Key: r.Key, What: strings.ToLower(r.Type) + "s", Base: r.Base, Writes: attributes}
	if attributes == nil {
		needed.Makes = []string{r.Class}
	}
	for _, g := range Grants(s, v.Map) {
		if g.Base == r.Base && g.What == needed.What {
			needed.Classes = g.Classes
		}
	}
	v.granting([]Grant{needed}).into(f)
}

// grantType gives all rights that the map needs of a type.
func grantType(f *Finding, s Subject, v Survey, i int) {
	var needed []Grant
	for _, g := range Grants(s, v.Map) {
		if strings.HasPrefix(g.Key, resource(i, "")) {
			needed = append(needed, g)
		}
	}
	v.granting(needed).into(f)
}
