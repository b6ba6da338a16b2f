package scim_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

func TestSortKey(t *testing.T) {
	r := resource(t, `{"userName":"m","active":true,"name":{"familyName":"L"},"emails":[{"value":"a"},{"value":"b","primary":true},`+
		`{"value":"c"}],
	 "phoneNumbers":[{"value":"1","primary":false},{"value":"2"}],"addresses":[{"locality":"Leith"}],
	 "`+schema.EnterpriseURN+`":{"manager":{"value":"9f2c"}},"`+shoreURN+`":{"deck":7,"tags":["x","y"]}}`)
	for path, want := range map[string]any{
		"userName":                        "m",
		"active":                          true,
		"name.familyName":                 "L",
		"name":                            nil, // complex, without a value
		"emails":                          "b",
		"emails.value":                    "b",
		"emails.type":                     nil,
		"phoneNumbers":                    "1",
		"addresses":                       nil,
		"addresses.locality":              "Leith",
		"title":                           nil,
		"roles":                           nil,
		schema.EnterpriseURN + ":manager": "9f2c",
		schema.EnterpriseURN:              nil,
		shoreURN + ":deck":                json.Number("7"),
		shoreURN + ":tags":                "x",
	} {
		if got := r.SortKey(ref(t, userType(), path)); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestCompareKeys(t *testing.T) {
	rt := userType()
	for _, tt := range []struct {
		path string
		want []any // in ascending order; unassigned is last
	}{
		{"userName", []any{"Abe", "bob", "Bobby", "Zoë", nil}},
		{"id", []any{"B", "a", nil}},
		{"active", []any{false, true, nil}},
		{
			shoreURN + ":deck",
			[]any{
				json.Number("-2"), json.Number("9"), json.Number("10"), json.Number("9007199254740992"),
				json.Number("9007199254740993"), nil,
			},
		},
		{shoreURN + ":depth", []any{json.Number("-1.5e2"), json.Number("0.1"), json.Number("1e3"), nil}},
		{shoreURN + ":boarded", []any{"2011-05-13T06:42:34+02:00", "2011-05-13T04:42:34.1Z", "2011-05-14T00:00:00Z", nil}},
	} {
		attribute := ref(t, rt, tt.path).Leaf()
		for _, descending := range []bool{false, true} {
			got := slices.Clone(tt.want)
			slices.Reverse(got)
			slices.SortStableFunc(got, func(a, b any) int { return scim.CompareKeys(a, b, attribute, descending) })
			if descending {
				slices.Reverse(got)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s, descending %v (-want +got):\n%s", tt.path, descending, diff)
			}
		}
	}
	for name, other := range map[string]string{"MARA": "mara", "jos\u00e9": "jose\u0301", "mara  lind": "mara lind"} {
		if order := scim.CompareKeys(name, other, rt.Core.Attribute("userName"), false); order != 0 {
			t.Errorf("%+q and %+q are %d", name, other, order)
		}
	}
}
