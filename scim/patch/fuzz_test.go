package patch_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"scimbridge/scim"
	"scimbridge/scim/patch"
	"scimbridge/scim/schema"
)

func FuzzPatch(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		part, err := parts(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(part["patch"]), []byte(part["before"]))
	}
	rt := everyType()
	f.Fuzz(func(t *testing.T, body, before []byte) {
		check(t, rt, scim.Dialect{}, body, before)
		check(t, rt, scim.Dialect{Strict: true}, body, before)
	})
}

// Bodies of sound JSON, which mutation seldom finds.
func TestAnyPatch(t *testing.T) {
	rt := everyType()
	names := rapid.SampledFrom([]string{
		"userName", "active", "title", "name", "name.givenName", "Emails", "emails.value", `emails[type eq "work"]`,
		`emails[type eq "work"].value`,
		`emails[type eq ""].primary`,
		`emails[primary eq "True"].value`, `emails[value eq "a" or type eq "home"].display`, `emails[not (type eq "work")].primary`,
		"manager",
		`manager[value eq "a"]`, "manager.value", enterprise, enterprise + ":manager", enterprise +
			".department", schema.UserURN, "members",
		`members[value eq "a"]`, shoreURN + ":tags", shoreURN +
			`:tags[value eq "a"]`, "addresses", `addresses[type eq "work"].locality`, "roles",
		"id", "groups", "schemas", "nope", "emails.nope", "",
	})
	keys := rapid.SampledFrom([]string{
		"value", "type", "primary", "display", "displayName", "$ref", "givenName", "department", "tags",
		"nope",
	})
	var values func(depth int) *rapid.Generator[any]
	values = func(depth int) *rapid.Generator[any] {
		leaf := rapid.SampledFrom([]any{nil, "", "a", "b", "work", "home", "True", true, false, 7, `{"value":"a","id":"x"}`})
		if depth == 0 {
			return leaf
		}
		return rapid.OneOf(
			leaf,
			rapid.Map(rapid.SliceOfN(values(depth-1), 0, 3), func(v []any) any { return v }),
			rapid.Map(rapid.MapOfN(keys, values(depth-1), 0, 3), func(v map[string]any) any { return v }),
			rapid.Map(rapid.MapOfN(names, values(depth-1), 0, 3), func(v map[string]any) any { return v }),
		)
	}
	rapid.Check(t, func(t *rapid.T) {
		ops := []any{}
		for i := range rapid.IntRange(1, 4).Draw(t, "operations") {
			op := map[string]any{
				"op":    rapid.SampledFrom([]string{"add", "Replace", "remove"}).Draw(t, fmt.Sprint("op", i)),
				"path":  names.Draw(t, fmt.Sprint("path", i)),
				"value": values(3).Draw(t, fmt.Sprint("value", i)),
			}
			ops = append(ops, op)
		}
		body, err := json.Marshal(map[string]any{"Operations": ops})
		if err != nil {
			t.Fatal(err)
		}
		before, err := json.Marshal(rapid.MapOfN(names, values(2), 0, 4).Draw(t, "before"))
		if err != nil {
			t.Fatal(err)
		}
		check(t, rt, scim.Dialect{}, body, before)
	})
}

func everyType() *schema.ResourceType {
	rt := userType()
	rt.Core.Attributes = append(rt.Core.Attributes, schema.Group().Attribute("members"))
	return rt
}

type failer interface {
	Helper()
	Fatalf(string, ...any)
}

// check holds what is true of any patch: it fails only with a *scim.Error, never changes the resource that it is applied to, and leaves a
// resource as a body could have set it.
func check(t failer, rt *schema.ResourceType, d scim.Dialect, body, before []byte) {
	t.Helper()
	ops, _, err := patch.Parse(body, rt, d)
	if isFault(t, err) {
		return
	}
	r, _, err := scim.Parse(before, rt, d)
	if err != nil {
		r = scim.Resource{"userName": "m", "emails": []any{map[string]any{"type": "work", "value": "a", "primary": true}}}
	}
	kept := r.Clone()
	after, err := patch.Apply(r, ops, rt, d)
	if diff := cmp.Diff(kept, r); diff != "" {
		t.Fatalf("the resource changed:\n%s", diff)
	}
	if isFault(t, err) {
		return
	}
	if rest, _, ok := patch.SplitMembers(ops, "members"); !ok && len(rest) != len(ops) {
		t.Fatalf("operations were lost")
	}
	text, err := json.Marshal(after)
	if err != nil {
		t.Fatalf("%v", err)
	}
	again, dropped, err := scim.Parse(text, rt, scim.Dialect{}) // not strictly: schemas, which the resource does not hold, are the answer's
	if err != nil || len(dropped) > 0 {
		t.Fatalf("%s: dropped %q, %v", text, dropped, err)
	}
	if diff := cmp.Diff(after, again); diff != "" {
		t.Fatalf("(-after +read again):\n%s", diff)
	}
}

func isFault(t failer, err error) bool {
	t.Helper()
	if err == nil {
		return false
	}
	if e, ok := errors.AsType[*scim.Error](err); !ok || strings.TrimSpace(e.Detail) == "" {
		t.Fatalf("%T: %v", err, err)
	}
	return true
}
