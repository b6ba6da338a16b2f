package scim_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"scimbridge/scim"
)

// TestAppendJSON: what is written is what encoding/json writes.
func TestAppendJSON(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("a:\"\\/<>&\u2028\u2029\u007f\x00\n\té\U0001f600"))),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	var value func(depth int) *rapid.Generator[any]
	object := func(depth int) *rapid.Generator[map[string]any] {
		return rapid.MapOfN(text, value(depth), 0, 20)
	}
	value = func(depth int) *rapid.Generator[any] {
		all := []*rapid.Generator[any]{
			text.AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil), rapid.Just[any](json.Number("1.50")), rapid.Just[any]([]any(nil)),
			rapid.Just[any](map[string]any(nil)), rapid.Int().AsAny(),
			rapid.Just[any]([]string{"<"}),
		}
		if depth > 0 {
			all = append(all, rapid.SliceOfN(rapid.Deferred(func() *rapid.Generator[any] { return value(depth - 1) }), 0, 3).AsAny(),
				rapid.Deferred(func() *rapid.Generator[any] { return object(depth - 1).AsAny() }))
		}
		return rapid.OneOf(all...)
	}
	check := func(t *rapid.T, v, same any) {
		var want bytes.Buffer
		encoder := json.NewEncoder(&want)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(same); err != nil {
			t.Fatal(err)
		}
		got, err := scim.AppendJSON([]byte("before"), v)
		if err != nil || string(got)+"\n" != "before"+want.String() {
			t.Fatalf("%q, %v; want %q", got, err, want.String())
		}
	}
	type list scim.ListResponse[scim.Resource] // without its method
	rapid.Check(t, func(t *rapid.T) {
		v := value(3).Draw(t, "value")
		check(t, v, v)
		page := scim.NewListResponse(rapid.Int().Draw(t, "total"), rapid.IntRange(0, 2).Draw(t, "start"),
			rapid.SliceOfN(rapid.Map(object(2), func(o map[string]any) scim.Resource { return o }), 0, 3).Draw(t, "page"))
		page.NextCursor = text.Draw(t, "cursor")
		check(t, page, list(page))
	})
	if _, err := scim.AppendJSON(nil, scim.Resource{"a": []any{func() {}}}); err == nil {
		t.Error("a function was written")
	}
}
