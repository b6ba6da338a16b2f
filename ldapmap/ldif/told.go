package ldif

import (
	"cmp"
	"slices"
	"strings"
)

// Told is what the configuration tells of a directory: of one that no row of the table knows, or where it is set up otherwise.
type Told struct {
	ID              string // attribute: Traits.IDAttribute
	IDForm          string // text (default), uuid, octets or guid: how the id stands in it
	EntryDN         string // attribute that finds an entry by its DN in a filter
	Version         string // attribute that changes with each write of the entry
	Created         string // attribute, a GeneralizedTime
	Modified        string // so
	Blocked         string // attribute that keeps an account from binding however the server is set up
	KeepsReferences bool   // the server itself keeps member and the like true
}

// idForms are the forms of an id by their names in the configuration.
var idForms = map[string]IDForm{"text": AnyText, "uuid": UUIDText, "guid": GUIDOctets, "octets": UUIDOctets}

// Check reports what is wrong by key path.
func (o Told) Check(report func(path, problem string)) {
	switch _, known := idForms[o.IDForm]; {
	case o.IDForm == "":
	case !known:
		report("idForm", "is how an id stands in its attribute: text, uuid, octets (16, shown as a UUID) or guid (16, as Active "+
			"Directory's)")
	case o.ID == "":
		report("idForm", "goes with `id`, the attribute that holds it")
	}
	for _, key := range o.keys() {
		if strings.ContainsAny(key.Attribute, ";, ") || Secret(key.Attribute) {
			report(key.Key, key.Attribute+" is not the name of an attribute that tells such a thing")
		}
	}
}

// ToldAttribute is an attribute that the configuration names, and its key.
type ToldAttribute struct{ Key, Attribute string }

// keys are the attributes told.
func (o Told) keys() []ToldAttribute {
	all := []ToldAttribute{
		{"id", o.ID},
		{"entryDN", o.EntryDN},
		{"version", o.Version},
		{"created", o.Created},
		{"modified", o.Modified},
		{"blocked", o.Blocked},
	}
	return slices.DeleteFunc(all, func(a ToldAttribute) bool { return a.Attribute == "" })
}

// Tells says that the configuration names the attribute of the key.
func (t *Traits) Tells(key string) bool {
	return slices.ContainsFunc(t.Told, func(a ToldAttribute) bool { return a.Key == key })
}

// With are the traits with what the configuration tells in the place of the table.
func (t *Traits) With(o Told) *Traits {
	if o == (Told{}) {
		return t
	}
	told := *t
	told.Told = o.keys()
	if o.ID != "" {
		told.IDAttribute, told.IDForm, told.NamesByID = o.ID, idForms[cmp.Or(o.IDForm, "text")], false
	}
	if o.Version != "" && o.Version != t.VersionAttribute {
		told.VersionAttribute, told.VersionForm = o.Version, VersionDigest
	}
	told.DNAttribute = cmp.Or(o.EntryDN, t.DNAttribute)
	told.CreatedAttribute, told.ModifiedAttribute = cmp.Or(o.Created, t.CreatedAttribute), cmp.Or(o.Modified, t.ModifiedAttribute)
	told.Blocks = cmp.Or(o.Blocked, t.Blocks)
	told.KeepsReferences = t.KeepsReferences || o.KeepsReferences
	return &told
}
