package compile

import (
	"fmt"
	"slices"
	"strings"

	"scimbridge/ldapmap/ldif"
)

// SuspensionOptions is what becomes of an entry beside its being blocked, or soft-deleted, for as long as it is.
type SuspensionOptions struct {
	Clear       []string     `koanf:"clear" is:"attribute"` // LDAP attributes that he loses
	LeaveGroups bool         `koanf:"leaveGroups"`          // he is taken out of the groups
	Set         []SetOptions `koanf:"set"`                  // values that he gets, and loses when he is let in again: one or a list
}

// SetOptions is a value that an entry gets, and loses again.
type SetOptions struct {
	Attribute string `koanf:"attribute" is:"attribute" required:"true"` // LDAP attribute that gets it
	Value     string `koanf:"value" required:"true"`                    // what it gets
}

func (o SuspensionOptions) isZero() bool { return len(o.Clear)+len(o.Set) == 0 && !o.LeaveGroups }

// KeyedSuspension is one with the key that it stands under.
type KeyedSuspension struct {
	Key string
	SuspensionOptions
}

// Suspensions are those of the options.
func (o Options) Suspensions() []KeyedSuspension {
	return []KeyedSuspension{{"onBlock", o.OnBlock}, {"onTombstone", o.OnTombstone}}
}

// suspensions checks what becomes of who is blocked or soft-deleted.
func (c *compiler) suspensions(o Options) {
	if !o.OnBlock.isZero() && len(o.Active) == 0 {
		c.report("onBlock", "nobody is blocked without `active`")
	}
	if !o.OnTombstone.isZero() && o.Tombstone == "" {
		c.report("onTombstone", "goes with `tombstone`: without it a rename is a rename, whatever the name")
	}
	for _, s := range o.Suspensions() {
		for i, v := range s.Set {
			if v.Attribute == "" || v.Value == "" {
				const problem = "needs an `attribute` and a `value`, such as {attribute: employeeType, value: left}"
				c.report(fmt.Sprintf("%s.set[%d]", s.Key, i), problem)
			}
		}
	}
	c.t.CheckSuspensions(strings.EqualFold, c.report)
}

// CheckSuspensions reports what suspensions name and cannot clear or set. same says whether two names are of one attribute.
func (t *Type) CheckSuspensions(same func(a, b string) bool, report func(path, problem string)) {
	for _, s := range t.Options.Suspensions() {
		for i, name := range s.Clear {
			if why := t.keeps(name, same); why != "" {
				report(fmt.Sprintf("%s.clear[%d]", s.Key, i), strings.TrimSpace(name+" "+why))
			}
		}
		for i, v := range s.Set {
			path := fmt.Sprintf("%s.set[%d].attribute", s.Key, i)
			why := t.fills(v.Attribute, same)
			for _, other := range s.Set[:i] {
				if same(other.Attribute, v.Attribute) {
					why = "is set twice"
				}
			}
			for _, other := range t.Options.Suspensions() {
				for _, name := range other.Clear {
					if same(name, v.Attribute) {
						why = "is cleared too"
					}
				}
			}
			if why != "" && v.Attribute != "" {
				report(path, v.Attribute+" "+why)
			}
		}
	}
}

// leavable reports who is to leave groups where none are mapped.
func (m *Map) leavable(t *Type, report func(path, problem string)) {
	hasMembers := func(t *Type) bool { return len(t.Options.Members) > 0 }
	for _, s := range t.Options.Suspensions() {
		if s.LeaveGroups && !slices.ContainsFunc(m.Types, hasMembers) {
			report(s.Key+".leaveGroups", "no groups with members are mapped: there are none to leave")
		}
	}
}

// keeps says why an entry cannot be without the attribute, or "".
func (t *Type) keeps(name string, same func(a, b string) bool) string {
	switch {
	case name == "":
		return "is no attribute"
	case same(name, "objectClass"):
		return "says what the entry is"
	case ldif.Secret(name):
		return "is a password: it opens nothing while the account is blocked, and nobody could give it back"
	}
	for _, o := range t.owned() {
		if same(o.Attribute, name) && !strings.HasPrefix(o.Path, "attributes[") {
			return "holds " + o.Holds
		}
	}
	for _, r := range t.Rules {
		if !same(r.LDAP, name) {
			continue
		}
		switch {
		case r.Options.SCIM != "" && (strings.EqualFold(r.Options.SCIM, "userName") || strings.EqualFold(r.Options.Shares, "userName")):
			return "holds the login: nobody would know whose the account is"
		case r == t.ExternalID && len(t.Match) > 0:
			return "says whose the entry is: `match` would give it to another"
		case t.decides(r):
			return "decides under `objectClasses` which classes entries have"
		case r.Numbers != nil:
			return "holds a number that is the entry's own for ever"
		case t.DN != nil && t.DN.Reads(r):
			return "is what `dn` names entries by, or places them"
		}
	}
	return ""
}

// fills says what has the attribute, which then nothing else may set, or "".
func (t *Type) fills(name string, same func(a, b string) bool) string {
	switch {
	case same(name, "objectClass"):
		return "says what the entry is"
	case ldif.Secret(name):
		return "is a password"
	}
	for _, r := range t.Rules {
		if same(r.LDAP, name) {
			return fmt.Sprintf("is filled under attributes[%d] already", r.At)
		}
	}
	for _, o := range t.owned() {
		if same(o.Attribute, name) {
			return "holds " + o.Holds
		}
	}
	return ""
}
