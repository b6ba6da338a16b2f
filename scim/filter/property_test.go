package filter_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
	"scimbridge/scim/stringprep"
)

// Any tree, printed and read, is the same tree; and it matches what its parts match.
func TestPrintParse(t *testing.T) {
	rt := userType()
	rapid.Check(t, func(t *rapid.T) {
		e := exprs(rt, 4).Draw(t, "filter")
		text := e.String()
		got, err := filter.Parse(text, rt, scim.Dialect{})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Fatalf("%s (-drawn +read):\n%s", text, diff)
		}
		if filter.Matches(e, mara()) == filter.Matches(&filter.Not{Inner: e}, mara()) {
			t.Fatalf("%s and its opposite are equally true", text)
		}
	})
}

// A matcher decides as the filter does, whatever it passes over.
func TestMatcher(t *testing.T) {
	rt := userType()
	rapid.Check(t, func(t *rapid.T) {
		// The Kelvin sign is a k where case does not count, and é is written in two ways.
		words := rapid.SampledFrom([]string{"a", "A ", "b", "k", "\u212a", "\u00e9", "e\u0301", "work"})
		narrow := func(e filter.Expr) filter.Expr { // so that something is equal
			filter.Walk(e, func(c *filter.Compare, _ *filter.ValuePath) {
				if _, isText := c.Value.(string); isText {
					c.Value = words.Draw(t, "value")
				}
				if rapid.Bool().Draw(t, "equality") && c.Op != filter.Present {
					c.Op = filter.Equal
				}
			})
			return e
		}
		e := narrow(exprs(rt, 4).Draw(t, "filter"))
		for i := range rapid.IntRange(0, 4).Draw(t, "further") {
			e = &filter.Or{Left: e, Right: narrow(exprs(rt, 2).Draw(t, fmt.Sprint("alternative", i)))}
		}
		r := scim.Resource{
			"userName": words.Draw(t, "userName"), "externalId": words.Draw(t, "externalId"), "active": rapid.Bool().Draw(t, "active"),
			"name": map[string]any{"givenName": words.Draw(t, "givenName")},
			"emails": []any{
				map[string]any{"value": words.Draw(t, "one"), "type": words.Draw(t, "type")}, map[string]any{"value": words.Draw(t, "two")},
			},
		}
		if got, want := filter.NewMatcher(e).Matches(r), filter.Matches(e, r); got != want {
			t.Fatalf("%s: %t, want %t of %v", e, got, want, r)
		}
	})
}

func exprs(rt *schema.ResourceType, depth int) *rapid.Generator[filter.Expr] {
	simple := []string{"userName", "name.givenName", "EMAILS.type", enterprise + ":department", "manager.value", "externalId"}
	return rapid.Custom(func(t *rapid.T) filter.Expr {
		kind := rapid.IntRange(0, 6).Draw(t, "kind")
		if depth == 0 {
			kind %= 3
		}
		inner := func(name string) filter.Expr { return exprs(rt, depth-1).Draw(t, name) }
		switch kind {
		case 3:
			return &filter.And{Left: inner("left"), Right: inner("right")}
		case 4:
			return &filter.Or{Left: inner("left"), Right: inner("right")}
		case 5:
			return &filter.Not{Inner: inner("inner")}
		case 6:
			emails, _ := rt.Resolve("", "emails", "")
			return &filter.ValuePath{
				Path: filter.AttrPath{Name: "emails", Ref: emails},
				Inner: &filter.Or{Left: comparison(t, rt, "", "emails", "Type"), Right: &filter.Not{Inner: comparison(t, rt, "",
					"emails", "value")}},
			}
		case 2:
			active, _ := rt.Resolve("", "active", "")
			return &filter.Compare{Path: filter.AttrPath{Name: "active", Ref: active}, Op: filter.NotEqual, Value: rapid.Bool().Draw(t,
				"bool")}
		}
		urn, name, sub := scim.Dialect{}.SplitPath(rt, rapid.SampledFrom(simple).Draw(t, "path"))
		return comparison(t, rt, urn, name, sub, false)
	})
}

// comparison draws a comparison; inside brackets its path is the sub-attribute alone.
func comparison(t *rapid.T, rt *schema.ResourceType, urn, name, sub string, outside ...bool) *filter.Compare {
	ref, ok := scim.Dialect{}.Resolve(rt, urn, name, sub)
	if !ok {
		t.Fatalf("no %s", name)
	}
	path := filter.AttrPath{URN: urn, Name: name, Sub: sub, Ref: ref}
	if len(outside) == 0 {
		path = filter.AttrPath{Name: sub, Ref: ref}
	}
	op := rapid.SampledFrom([]filter.Op{
		filter.Equal, filter.NotEqual, filter.Contains, filter.StartsWith, filter.EndsWith, filter.Present,
		filter.Greater, filter.GreaterOrEqual, filter.Less, filter.LessOrEqual,
	}).Draw(t, "op")
	c := &filter.Compare{Path: path, Op: op}
	if op != filter.Present {
		c.Value = rapid.String().Draw(t, "value")
	}
	return c
}

// Texts that are equal also contain, begin and end with one another, and neither comes first.
func TestFolding(t *testing.T) {
	rt := userType()
	texts := rapid.OneOf(rapid.StringN(1, 8, -1), rapid.StringOfN(rapid.SampledFrom([]rune("aİiı\u0307éKs  ſ")), 1, 8, -1))
	writings := rapid.SampledFrom([]func(string) string{
		strings.ToUpper, strings.ToLower, strings.ToTitle, norm.NFD.String, norm.NFKC.String,
		func(v string) string { return " " + v + "  " },
	})
	rapid.Check(t, func(t *rapid.T) {
		stored := texts.Draw(t, "stored")
		asked := writings.Draw(t, "writing")(stored)
		if !stringprep.Equal(stored, asked) {
			asked = stored // it is written as another text
		}
		path := filter.PathOf(mustRef(rt, "title")).Attr
		for _, op := range []filter.Op{
			filter.Equal, filter.Contains, filter.StartsWith, filter.EndsWith, filter.GreaterOrEqual, filter.LessOrEqual,
		} {
			if !filter.Matches(&filter.Compare{Path: path, Op: op, Value: asked}, scim.Resource{"title": stored}) {
				t.Fatalf("%q %s %q is false", stored, op, asked)
			}
		}
	})
}

func mustRef(rt *schema.ResourceType, name string) schema.Ref {
	ref, ok := rt.Resolve("", name, "")
	if !ok {
		panic(name)
	}
	return ref
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`userName eq "mara.lind@contoso.example"`, `externalId eq jyoung`, `emails[type eq "work"].value eq "a"`,
		`emails[type eq "work"] eq "a"`,
		`id eq "7" and manager eq "9f2c"`, `not(title pr) or (active eq "True" and name.GivenName sw M)`,
		`meta.Created gt "2011-05-13T04:42:34.1234567Z"`,
		enterprise + `:employeeNumber eq "70198"`, `displayName eq "O'Neil \"The \\ Boss\""`, `title eq null`, shoreURN + `:deck gt 1e400`,
		shoreURN + `:tags[value eq "x"]`, `roles[primary eq "True"].value eq "x"`, `((((title pr))))`, `a[b eq "c" and not (d pr)].e ne f`,
	} {
		f.Add(seed)
	}
	rt, r := userType(), mara()
	f.Fuzz(func(t *testing.T, text string) {
		e, err := filter.Parse(text, rt, scim.Dialect{})
		if s, strictErr := filter.Parse(text, rt,
			scim.Dialect{Strict: true}); strictErr == nil && (err != nil || s.String() != e.String()) {
			t.Fatalf("%q is %s to a strict reader, and otherwise %v, %v", text, s, e, err)
		}
		if err != nil {
			if _, ok := errors.AsType[*scim.Error](err); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		got := filter.Matches(e, r)
		again, err := filter.Parse(e.String(), rt, scim.Dialect{})
		if err != nil {
			t.Fatalf("%q, printed %q: %v", text, e, err)
		}
		if diff := cmp.Diff(e, again); diff != "" {
			t.Fatalf("%q, printed %q (-first +second):\n%s", text, e, diff)
		}
		if filter.Matches(again, r) != got {
			t.Fatalf("%q matches otherwise when printed and read", text)
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{
		`userName`, `name.givenName`, `emails[type eq "work"].value`, `addresses[type eq "work"].streetAddress`,
		`roles[primary eq "True"].value`,
		`members[value eq "a" or value eq "b"]`, enterprise, enterprise + `:manager`, enterprise +
			`.manager.value`, `manager[value eq "9f2c"]`,
		`urn:ietf:params:scim:schemas:extension:enterprise:2.0User:department`, `urn:x:y:2.0:User:z.a`, shoreURN +
			`:tags[value eq "x"]`, `a.b.c`,
	} {
		f.Add(seed)
	}
	rt := userType()
	f.Fuzz(func(t *testing.T, text string) {
		p, known, err := filter.LookupPath(text, rt, scim.Dialect{})
		if s, strictErr := filter.ParsePath(text, rt,
			scim.Dialect{Strict: true}); strictErr == nil && (err != nil || s.String() != p.String()) {
			t.Fatalf("%q is %s to a strict reader, and otherwise %s, %v", text, s, p, err)
		}
		if err != nil {
			if _, ok := errors.AsType[*scim.Error](err); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if !known {
			return
		}
		again, err := filter.ParsePath(p.String(), rt, scim.Dialect{})
		if err != nil {
			t.Fatalf("%q, printed %q: %v", text, p, err)
		}
		if diff := cmp.Diff(p, again); diff != "" {
			t.Fatalf("%q, printed %q (-first +second):\n%s", text, p, diff)
		}
	})
}

// Spaces that do not count in a value may be looked for.
func TestSpacesWithin(t *testing.T) {
	path := filter.PathOf(mustRef(userType(), "title")).Attr
	for _, c := range []struct {
		op    filter.Op
		asked string
		want  bool
	}{
		{filter.Equal, "  head   of it", true},
		{filter.Equal, "headof it", false},
		{filter.Contains, " of  ", true},
		{filter.Contains, "it ", true},
		{filter.Contains, "  ead", false},
		{filter.StartsWith, " head ", true},
		{filter.StartsWith, "hea ", false},
		{filter.EndsWith, "  it ", true},
		{filter.EndsWith, " t", false},
	} {
		e := &filter.Compare{Path: path, Op: c.op, Value: c.asked}
		if got := filter.Matches(e, scim.Resource{"title": "Head  of it "}); got != c.want {
			t.Errorf("%s: %t", e, got)
		}
	}
}
