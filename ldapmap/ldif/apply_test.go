package ldif

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestApply(t *testing.T) {
	s := mustParse(t, openLDAP.attributes, openLDAP.classes)
	e := &Entry{DN: "cn=Ann,dc=example", Attributes: []Attribute{
		{"cn", []string{"Ann", "B"}}, {"externalId", []string{"a", "A"}}, {"facsimileTelephoneNumber", []string{"1"}},
	}}
	for _, c := range []struct {
		name   string
		change Change
		want   *Entry
	}{
		{"add", Change{Kind: Add, DN: "cn=x", Entry: e.Attributes}, &Entry{DN: "cn=x", Attributes: e.Attributes}},
		{"delete", Change{Kind: Delete, DN: e.DN}, nil},
		{
			"values",
			Change{Kind: Modify, Mods: []Mod{
				{Op: DeleteValues, Name: "commonName", Values: []string{"b"}},
				{Op: DeleteValues, Name: "cn", Values: []string{"b"}},
				{Op: AddValues, Name: "cn", Values: []string{"ANN", "C"}},
				{Op: DeleteValues, Name: "externalId", Values: []string{"a"}},
				{Op: ReplaceValues, Name: "facsimileTelephoneNumber", Values: []string{"2", "3"}},
				{Op: AddValues, Name: "sn", Values: []string{"x"}},
			}},
			&Entry{DN: e.DN, Attributes: []Attribute{
				{"cn", []string{"Ann", "C"}},
				{"externalId", []string{"A"}},
				{"facsimileTelephoneNumber", []string{"2", "3"}},
				{"sn", []string{"x"}},
			}},
		},
		{
			"whole attributes",
			Change{Kind: Modify, Mods: []Mod{{Op: DeleteValues, Name: "cn"}, {Op: ReplaceValues, Name: "externalId"}}},
			&Entry{DN: e.DN, Attributes: []Attribute{{"facsimileTelephoneNumber", []string{"1"}}}},
		},
		{
			"rename",
			Change{Kind: ModifyDN, DN: e.DN, NewRDN: "commonName=b+sn=C", DeleteOldRDN: true},
			&Entry{DN: "commonName=b+sn=C,dc=example", Attributes: []Attribute{
				{"cn", []string{"B"}}, e.Attributes[1], e.Attributes[2], {"sn", []string{"C"}},
			}},
		},
		{
			"rename that keeps, and move",
			Change{Kind: ModifyDN, DN: e.DN, NewRDN: "cn=C", NewSuperior: "dc=else"},
			&Entry{DN: "cn=C,dc=else", Attributes: []Attribute{{"cn", []string{"Ann", "B", "C"}}, e.Attributes[1], e.Attributes[2]}},
		},
		{
			"case only",
			Change{Kind: ModifyDN, DN: e.DN, NewRDN: "cn=ANN", DeleteOldRDN: true},
			&Entry{DN: "cn=ANN,dc=example", Attributes: []Attribute{{"cn", []string{"B", "ANN"}}, e.Attributes[1], e.Attributes[2]}},
		},
	} {
		before := e.Clone()
		if diff := cmp.Diff(c.want, Apply(e, c.change, s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff(before, e); diff != "" {
			t.Errorf("%s changes the entry:\n%s", c.name, diff)
		}
	}
	change := Change{Kind: Modify, DN: "cn=x", Mods: []Mod{{Op: AddValues, Name: "sn", Values: []string{"x"}}}}
	if got := Apply(nil, change, s); got.DN != "cn=x" || got.Value("sn") != "x" {
		t.Errorf("an entry that is not known becomes %v", got)
	}
}

func TestFilterWalk(t *testing.T) {
	f, err := ParseFilter("(&(cn=a)(!(|(CN=b*)(sn>=c)))(sn:dn:caseIgnoreMatch:=x)(memberOf:1.2.840.113556.1.4.1941:=cn=g)" +
		"(uac:1.2.840.113556.1.4.803:=2)(:caseExactMatch:=y))")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"cn", "sn", "memberOf", "uac"}, f.Attributes()); diff != "" {
		t.Errorf("Attributes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1.2.840.113556.1.4.1941"}, f.UnknownRules()); diff != "" {
		t.Errorf("UnknownRules (-want +got):\n%s", diff)
	}
	s := mustParse(t, openLDAP.attributes, openLDAP.classes)
	for text, want := range map[string][]string{
		"(&(!(sn=a))(|(cn=b*)(member=*)))": {"cn", "surname", "cn;lang-de", "member"},
		"(name=a)":                         {"cn", "surname", "cn;lang-de"}, // and its subtypes
		"(cn;lang-de=a)":                   {"cn;lang-de"},
		"(odd:dn:=a)":                      {"odd"},
		"(:caseExactMatch:=y)":             {"cn", "surname", "cn;lang-de", "member", "odd"},
	} {
		var read []string
		for _, name := range []string{"cn", "surname", "cn;lang-de", "member", "odd"} {
			if must(ParseFilter(text)).Reads(name, s) {
				read = append(read, name)
			}
		}
		if diff := cmp.Diff(want, read); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	text := f.String()
	other := f.replaceEqualities(func(attribute, value string) *Filter {
		if attribute != "cn" || value != "a" {
			t.Errorf("%s=%s is no equality", attribute, value)
		}
		g, _ := ParseFilter("(!(x=*))")
		return g
	})
	if other.String() != "(&(!(x=*))"+text[len("(&(cn=a)"):] || f.String() != text {
		t.Errorf("%s becomes %s", f, other)
	}
	if same := other.replaceEqualities(func(string, string) *Filter { return nil }); same.String() != other.String() {
		t.Errorf("%s becomes %s", other, same)
	}
}
