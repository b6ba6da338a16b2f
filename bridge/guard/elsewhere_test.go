package guard

import (
	"context"
	"errors"
	"testing"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// Of an entry elsewhere nothing is written but the references that follow what the plan does.
func TestElsewhere(t *testing.T) {
	m, s := testMap(t)
	m.Elsewhere = ldapmap.Elsewhere{
		Server: s,
		Bases:  []string{"ou=apps,dc=example"},
		References: []*ldapmap.Reference{
			{Type: &ldapmap.Type{Server: s, Map: m}, Attribute: "member", Many: true, Placeholder: "cn=no-member"},
		},
	}
	const maraDN, noorDN, wikiDN = "uid=mara,ou=people,dc=example", "uid=noor,ou=people,dc=example", "cn=wiki,ou=apps,dc=example"
	const outside = "the entry is outside what the map covers"
	mara, wiki := entry(maraDN, "objectClass", "user", "uid", "mara"), entry(wikiDN, "objectClass", "group", "cn", "wiki")
	board := entry("cn=board,ou=closed,ou=apps,dc=example", "objectClass", "group")
	deletion := ldif.Step{Before: mara, Change: ldif.Change{Kind: ldif.Delete, DN: maraDN}}
	renamed := rename(mara, maraDN, "uid=noor", "")
	// keeping is a step that keeps a reference to the entry with the id true.
	keeping := func(id string, op ldif.ModOp, value string) ldif.Step {
		step := modify(wiki, wikiDN, op, "member", value)
		step.Keeps.ID = id
		return step
	}
	marked := deletion
	marked.Change.If.ID = "1"
	newcomer := add(entry(noorDN, "objectClass", "user", "uid", "noor"))
	for name, c := range map[string]struct {
		want  string
		steps []ldif.Step
	}{
		"a deletion": {"", []ldif.Step{
			modify(wiki, wikiDN, ldif.DeleteValues, "member", "UID=mara, ou=people,dc=example"), deletion,
		}},
		"the placeholder":   {"", []ldif.Step{modify(wiki, wikiDN, ldif.AddValues, "member", "cn=no-member"), deletion}},
		"a newcomer's name": {"", []ldif.Step{modify(wiki, wikiDN, ldif.DeleteValues, "member", noorDN), newcomer}},
		"a rename": {"", []ldif.Step{
			modify(wiki, wikiDN, ldif.AddValues, "member", noorDN), renamed, modify(wiki, wikiDN, ldif.DeleteValues, "member", maraDN),
		}},
		"another's name":          {outside, []ldif.Step{modify(wiki, wikiDN, ldif.DeleteValues, "member", noorDN), deletion}},
		"every name":              {outside, []ldif.Step{modify(wiki, wikiDN, ldif.DeleteValues, "member"), deletion}},
		"other names":             {outside, []ldif.Step{modify(wiki, wikiDN, ldif.ReplaceValues, "member", maraDN), deletion}},
		"a name without a rename": {outside, []ldif.Step{modify(wiki, wikiDN, ldif.AddValues, "member", noorDN), deletion}},
		"a name from elsewhere": {outside, []ldif.Step{
			modify(wiki, wikiDN, ldif.AddValues, "member", "cn=x,dc=example"), renamed,
		}},
		"a name that another gave":       {"", []ldif.Step{marked, keeping("1", ldif.AddValues, noorDN)}},
		"a name that another took":       {"", []ldif.Step{marked, keeping("1", ldif.DeleteValues, noorDN)}},
		"a refused deletion":             {"", []ldif.Step{marked, keeping("1", ldif.AddValues, maraDN)}},
		"a name for the sake of another": {outside, []ldif.Step{marked, keeping("2", ldif.AddValues, noorDN)}},
		"a kept name from elsewhere":     {outside, []ldif.Step{marked, keeping("1", ldif.AddValues, "cn=x,dc=example")}},
		"another attribute":              {outside, []ldif.Step{modify(wiki, wikiDN, ldif.DeleteValues, "mail", maraDN), deletion}},
		"the entry":                      {outside, []ldif.Step{{Before: wiki, Change: ldif.Change{Kind: ldif.Delete, DN: wikiDN}}}},
		"its name":                       {outside, []ldif.Step{rename(wiki, wikiDN, "cn=other", "")}},
		"another place": {outside, []ldif.Step{
			modify(entry("cn=x,ou=else,dc=example"), "cn=x,ou=else,dc=example", ldif.DeleteValues, "member", maraDN), deletion,
		}},
		"the protected": {"the entry is protected by the configuration, under guard.protected: ou=closed,ou=apps,dc=example", []ldif.Step{
			modify(board, board.DN, ldif.DeleteValues, "member", maraDN), deletion,
		}},
		"nothing else": {outside, []ldif.Step{modify(wiki, wikiDN, ldif.DeleteValues, "member", maraDN)}},
	} {
		g := New(Options{Protected: []string{"ou=closed,ou=apps,dc=example"}}, as(), nil)
		err := g.Judge(context.Background(), m, s, ldif.Plan{Steps: c.steps})
		why := ""
		if refusal, ok := errors.AsType[*Refusal](err); ok {
			why = refusal.Why
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if why != c.want {
			t.Errorf("%s: %q, want %q", name, why, c.want)
		}
	}
}
