package patch

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"scimbridge/scim/schema"
)

// TestPlaces: a value is found where a look at each would find it first, whatever was added and merged before.
func TestPlaces(t *testing.T) {
	user := schema.User()
	rapid.Check(t, func(t *rapid.T) {
		e := &editing{attr: user.Attribute(rapid.SampledFrom([]string{"emails", "addresses"}).Draw(t, "attribute"))}
		for range rapid.IntRange(0, 4).Draw(t, "there") {
			e.values = append(e.values, drawValue(t))
		}
		var list []any
		for range rapid.IntRange(0, 8).Draw(t, "new") {
			list = append(list, drawValue(t))
		}
		there := newPlaces(e, list)
		for _, v := range list {
			want := -1
			for i, old := range e.values {
				if want < 0 && same(e, old, v) {
					want = i
				}
			}
			at, found := there.find(v)
			if found != (want >= 0) || found && at != want {
				t.Fatalf("%v among %v: %d %t, want %d", v, e.values, at, found, want)
			}
			if !found {
				there.add(v, len(e.values))
				e.values = append(e.values, v)
				continue
			}
			before := e.values[at].(map[string]any)
			after := merged(before, v.(map[string]any))
			if before["value"] != nil {
				after["value"] = before["value"]
			}
			e.values[at] = after
			there.merged(before, after, at)
		}
	})
}

func drawValue(t *rapid.T) any {
	v := map[string]any{}
	for name, texts := range map[string][]string{
		"value": {"", "a", "A", "b"}, "type": {"", "work", "home"}, "locality": {"", "x", "y"}, "region": {"", "x"},
	} {
		if text := rapid.SampledFrom(texts).Draw(t, name); text != "" {
			v[name] = text
		}
	}
	return v
}

// same is the rule of places, said of two values.
func same(e *editing, old, v any) bool {
	o, n := old.(map[string]any), v.(map[string]any)
	if o["value"] == nil && n["value"] == nil {
		for name, text := range n {
			if !reflect.DeepEqual(o[name], text) {
				return false
			}
		}
		return true
	}
	return e.key(o) == e.key(n) && (o["type"] == nil || n["type"] == nil || o["type"] == n["type"])
}
