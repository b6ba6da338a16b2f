package bridge

import (
	"testing"

	"scimbridge/bridge/journal"
	"scimbridge/ldapmap/ldif"
)

// TestTookOut: of what others have on record of a group, who asks whether somebody is in it, or passes a name on, takes nobody out, nor
// does who did so before, or for a while, or did before somebody put him in again.
func TestTookOut(t *testing.T) {
	server := &ldif.Server{Traits: ldif.OpenLDAP.Traits()}
	change := func(mods ...ldif.Mod) ldif.Change {
		return ldif.Change{Kind: ldif.Modify, DN: "cn=g", If: ldif.Condition{ID: "g"}, Mods: mods}
	}
	add := func(value string) ldif.Mod {
		return ldif.Mod{Op: ldif.AddValues, Name: "member", Values: []string{value}}
	}
	remove := func(value string) ldif.Mod {
		return ldif.Mod{Op: ldif.DeleteValues, Name: "member", Values: []string{value}}
	}
	otherwise := change(add("placeholder"), remove("mara"))
	late := ldif.Step{Change: change(remove("anna"))}
	late.Change.Else = &otherwise
	removal := journal.Other{Change: change(remove("anna"))}
	of := func(id string, o journal.Other) journal.Other {
		o.Change.If.ID = id
		return o
	}
	left := func(version string, sure bool) journal.Other {
		e := &ldif.Entry{Attributes: []ldif.Attribute{{Name: server.VersionAttribute, Values: []string{version}}}}
		return journal.Other{Change: removal.Change, Sure: sure, Left: e}
	}
	for name, c := range map[string]struct {
		others []journal.Other
		want   bool
	}{
		"nobody":               {nil, false},
		"somebody":             {[]journal.Other{removal}, true},
		"and leaves another":   {[]journal.Other{{Change: change(add("placeholder"), remove("anna"))}}, true},
		"of another group":     {[]journal.Other{of("h", removal)}, false},
		"somebody else":        {[]journal.Other{{Change: change(remove("noor"))}}, false},
		"the end of a rename":  {[]journal.Other{{Change: removal.Change, Keeps: ldif.Keeps{ID: "u", Late: true}}}, false},
		"a swap":               {[]journal.Other{{Change: change(add("mara"), remove("anna"))}}, false},
		"asks":                 {[]journal.Other{{Change: change(remove("anna"), add("anna"))}}, false},
		"asks behind somebody": {[]journal.Other{removal, {Change: change(remove("anna"), add("anna"))}}, true},
		"put in again":         {[]journal.Other{removal, {Change: change(add("anna"))}}, false},
		"and out again":        {[]journal.Other{removal, {Change: change(add("anna"))}, removal}, true},
		"taken back":           {[]journal.Other{{Change: removal.Change, TakenBack: true}}, false},
		"before":               {[]journal.Other{left("2", true)}, false},
		"before, it seems":     {[]journal.Other{left("2", false)}, true},
		"since":                {[]journal.Other{left("3", true)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tookOut(server, late, "2", c.others); got != c.want {
				t.Errorf("%t", got)
			}
		})
	}
}
