package patch_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"scimbridge/scim"
	"scimbridge/scim/patch"
	"scimbridge/scim/schema"
)

// A patch and then what puts each attribute back, in reverse order and in one patch, is the resource that there was. Twice the same patch
// is as once.
func TestInverse(t *testing.T) {
	for _, d := range []scim.Dialect{{}, {Strict: true}} {
		rt := everyType()
		rt.Core.Attribute("name").Sub("familyName").Required = false
		rapid.Check(t, func(t *rapid.T) {
			before := drawResource(t)
			var ops, back []any
			at := before
			for i := range rapid.IntRange(1, 5).Draw(t, "operations") {
				op := drawOperation(t, i)
				parsed, err := parsed(rt, d, op)
				if err != nil {
					t.Fatalf("%v: %v", op, err)
				}
				after, err := patch.Apply(at, parsed, rt, d)
				if err != nil { // no target
					continue
				}
				for _, p := range parsed {
					back = append(back, inverse(at, p.Path.Attr.Ref.Owner())...)
				}
				ops = append(ops, op)
				at = after
			}
			slices.Reverse(back)
			if len(ops) == 0 {
				return
			}
			forward, err := parsed(rt, d, ops...)
			if err != nil {
				t.Fatal(err)
			}
			after, err := patch.Apply(before, forward, rt, d)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(at, after); diff != "" {
				t.Fatalf("%v: one by one and together differ (-one by one +together):\n%s", ops, diff)
			}
			inverse, err := parsed(rt, d, back...)
			if err != nil {
				t.Fatal(err)
			}
			again, err := patch.Apply(after, inverse, rt, d)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, again); diff != "" {
				t.Fatalf("%v and back %v (-before +after):\n%s", ops, back, diff)
			}
		})
	}
}

// An operation that adds what is there, or replaces by it, changes nothing (RFC 7644 §3.5.2.1).
func TestEqualIsNoChange(t *testing.T) {
	rt := everyType()
	rapid.Check(t, func(t *rapid.T) {
		before := drawResource(t)
		kind := rapid.SampledFrom([]string{"add", "replace"}).Draw(t, "kind")
		var ops []any
		for name, v := range before {
			ops = append(ops, map[string]any{"op": kind, "path": name, "value": v})
		}
		ops = append(ops, map[string]any{"op": kind, "value": map[string]any(before)})
		same, err := parsed(rt, scim.Dialect{}, ops...)
		if err != nil {
			t.Fatal(err)
		}
		after, err := patch.Apply(before, same, rt, scim.Dialect{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("(-before +after):\n%s", diff)
		}
	})
}

func parsed(rt *schema.ResourceType, d scim.Dialect, ops ...any) ([]patch.Op, error) {
	body, err := json.Marshal(map[string]any{"schemas": []string{scim.PatchOpURN}, "Operations": ops})
	if err != nil {
		return nil, err
	}
	got, _, err := patch.Parse(body, rt, d)
	return got, err
}

// inverse puts an attribute back to what it is in r. The operations are in reverse order.
func inverse(r scim.Resource, owner schema.Ref) []any {
	remove := map[string]any{"op": "remove", "path": owner.String()}
	v := r.Get(owner)
	if v == nil {
		return []any{remove}
	}
	return []any{map[string]any{"op": "add", "path": owner.String(), "value": v}, remove}
}

var words = rapid.SampledFrom([]string{"a", "b", "c"})

func drawResource(t *rapid.T) scim.Resource {
	r := scim.Resource{"userName": "m", "active": rapid.Bool().Draw(t, "active")} // which an account always has
	put := func(name string, v any) {
		if v != nil && rapid.Bool().Draw(t, "has "+name) {
			r[name] = v
		}
	}
	put("title", words.Draw(t, "title"))
	put("name", map[string]any{"givenName": words.Draw(t, "given"), "familyName": words.Draw(t, "family")})
	put("emails", drawElements(t, "emails", "type"))
	put("members", drawElements(t, "members", ""))
	put(enterprise, map[string]any{"department": words.Draw(t, "department"), "manager": map[string]any{"value": words.Draw(t, "manager")}})
	put(shoreURN, map[string]any{"tags": []any{words.Draw(t, "tag")}})
	return r
}

func drawElements(t *rapid.T, name, label string) any {
	var list []any
	for _, id := range rapid.SliceOfNDistinct(words, 0, 3, rapid.ID[string]).Draw(t, name) {
		e := map[string]any{"value": id}
		if label != "" {
			e[label] = rapid.SampledFrom([]string{"work", "home"}).Draw(t, name+id)
		}
		list = append(list, e)
	}
	if list == nil {
		return nil
	}
	if first := list[0].(map[string]any); label != "" && rapid.Bool().Draw(t, "primary") {
		first["primary"] = true
	}
	return list
}

func drawOperation(t *rapid.T, i int) any {
	word := words.Draw(t, fmt.Sprint("word", i))
	filtered := rapid.SampledFrom([]string{`[type eq "work"]`, `[value eq "b"]`, `[value ne "a" or primary eq true]`}).Draw(t,
		fmt.Sprint("filter", i))
	targets := []struct {
		path  string
		value any
	}{
		{"title", word},
		{"active", word == "a"},
		{"name", map[string]any{"givenName": word}},
		{"name.familyName", word},
		{"emails", []any{map[string]any{"value": word, "type": "other", "primary": word == "a"}}},
		{"emails" + filtered + ".display", word},
		{"emails" + filtered + ".primary", true},
		{"emails" + filtered, map[string]any{"value": word, "type": "other"}},
		{"emails.type", word},
		{"members", []any{map[string]any{"value": word}}},
		{enterprise + ":department", word},
		{enterprise + ":manager", map[string]any{"value": word}},
		{shoreURN + ":tags", []any{word, "z"}},
		{"", map[string]any{"title": word, "name": map[string]any{"givenName": word}, enterprise: map[string]any{"department": word}}},
	}
	target := rapid.SampledFrom(targets).Draw(t, fmt.Sprint("target", i))
	op := map[string]any{"op": rapid.SampledFrom([]string{"add", "replace", "remove"}).Draw(t, fmt.Sprint("op", i))}
	if target.path != "" {
		op["path"] = target.path
	} else if op["op"] == "remove" {
		op["op"] = "add"
	}
	if op["op"] != "remove" {
		op["value"] = target.value
	}
	return op
}
