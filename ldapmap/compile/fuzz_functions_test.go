package compile

import (
	"testing"
	"unicode/utf8"

	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

// FuzzFunctions holds functions and forms against any text: none panics, what is text stays UTF-8, a name's value stays one, and what a
// form writes it reads.
func FuzzFunctions(f *testing.F) {
	for _, s := range []string{
		"", " ", "#x", "a,b+c=d\\", "x\x00y", "Søren Groß, Щукин", "0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999999-14:00",
		"data:;base64,", "data:image/png;base64,AA==", `a\24$b\5C`, "tel:", "UK", "XK", "276", "999", "-1", "9223372036854775806", "ẞǅİ",
		"00000101000000Z", "20260230250000.5+9999",
	} {
		f.Add(s, "@")
	}
	rt := fullResourceType(Options{Type: "User"})
	var all []*Expression
	for _, f1 := range functions {
		if f1.do == nil {
			continue
		}
		source := map[string]string{
			"regexp": `regexp(title, "(a|b)+")`, "substitute": `substitute(title, "(.)", nickName)`, "split": `split(title, nickName)`,
			"join":     `join([title, nickName], nickName)`,
			"truncate": `truncate(title, 3)`,
			"switch":   `switch(title, nickName, nickName, title)`,
			"before":   `before(title, nickName)`, "after": `after(title, nickName)`, "replace": `replace(title, nickName, title)`,
			"dateTime": `dateTime(title, "generalizedTime")`,
		}[f1.name()]
		if source == "" {
			source = f1.name() + "(title)"
		}
		e, err := newExpression(source, rt)
		if err != nil {
			f.Fatal(source, err)
		}
		all = append(all, e)
	}
	for _, source := range []string{`dateTime(title, "fileTime")`, `dateTime(title, "shadowDays")`} {
		e, err := newExpression(source, rt)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, e)
	}
	f.Fuzz(func(t *testing.T, value, other string) {
		if len(value) > 200 || len(other) > 50 || !utf8.ValidString(value) || !utf8.ValidString(other) {
			return
		}
		r := scim.Resource{"title": value, "nickName": other}
		for _, e := range all {
			texts, err := e.Values(r, rt, "dc=example")
			if err != nil {
				continue
			}
			for _, text := range texts {
				if !utf8.ValidString(text) {
					t.Errorf("%s of %q, %q is %q", e.text, value, other, text)
				}
				if e.text != "rdn(title)" {
					continue
				}
				rdn, err := ldif.ParseRDN("cn=" + text)
				if err != nil || len(rdn) != 1 || rdn[0].Value != value {
					t.Errorf("%q as a name is %q: %v %v", value, text, rdn, err)
				}
			}
		}
		for _, k := range kinds {
			k.Read(value)
			stored, err := k.Write(value)
			if err != nil || stored == "" {
				continue
			}
			shown, ok := k.Read(stored)
			if !ok { // is refused
				continue
			}
			again, err := k.Write(shown)
			if err != nil || again != stored {
				t.Errorf("%s: %q is written as %q, read as %q and written as %q, %v", k.Name, value, stored, shown, again, err)
			}
		}
	})
}
