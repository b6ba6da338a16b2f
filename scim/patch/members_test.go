package patch_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"scimbridge/scim"
	"scimbridge/scim/patch"
)

func TestSplitMembers(t *testing.T) {
	for _, tt := range []struct {
		name, ops string
		want      patch.Members
		rest      string
	}{
		{"Entra adds", `[{"op":"Add","path":"members","value":[{"$ref":null,"value":"a"}]}]`, patch.Members{Add: []string{"a"}}, ""},
		{
			"Entra removes", `[{"op":"Remove","path":"members","value":[{"$ref":null,"value":"a"},{"value":"b"}]}]`,
			patch.Members{Remove: []string{"a", "b"}},
			"",
		},
		{"Entra removes, flag", `[{"op":"remove","path":"members[value eq \"a\"]"}]`, patch.Members{Remove: []string{"a"}}, ""},
		{"a plain string", `[{"op":"add","name":"addMember","path":"members","value":"a"}]`, patch.Members{Add: []string{"a"}}, ""},
		{"plain strings", `[{"op":"add","path":"members","value":["a","b"]}]`, patch.Members{Add: []string{"a", "b"}}, ""},
		{
			"several by filter", `[{"op":"remove","path":"members[value eq \"a\" or (value eq \"b\" or value eq \"c\")]"}]`,
			patch.Members{Remove: []string{"a", "b", "c"}},
			"",
		},
		{
			"Okta mixes",
			`[{"op":"remove","path":"members[value eq \"a\"]"},{"op":"add","path":"members","value":[{"value":"b","display":"B"}]}]`,
			patch.Members{Add: []string{"b"}, Remove: []string{"a"}},
			"",
		},
		{
			"Okta renames and replaces", `[{"op":"replace","value":{"id":"g1","displayName":"N","members":[{"value":"a"}]}}]`,
			patch.Members{Add: []string{"a"}, Replace: true},
			"replace id \"g1\"\nreplace displayName \"N\"",
		},
		{
			"the core URN", `[{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members","value":[{"value":"a"}]}]`,
			patch.Members{Add: []string{"a"}},
			"",
		},
		{"remove all", `[{"op":"remove","path":"members"}]`, patch.Members{Replace: true}, ""},
		{"replace with none", `[{"op":"replace","path":"members","value":[]}]`, patch.Members{Replace: true}, ""},
		{"replace with null", `[{"op":"replace","value":{"members":null}}]`, patch.Members{Replace: true}, ""},
		{"add none", `[{"op":"add","path":"members","value":[]}]`, patch.Members{}, ""},
		{"add null", `[{"op":"add","value":{"members":null}}]`, patch.Members{}, ""},
		{"remove none", `[{"op":"remove","path":"members","value":[]}]`, patch.Members{}, ""},
		{"remove nobody", `[{"op":"remove","path":"members","value":""}]`, patch.Members{}, ""},
		{"remove null", `[{"op":"Remove","path":"members","value":null}]`, patch.Members{}, ""},
		{"remove nothing", `[{"op":"remove","path":"members","value":{}}]`, patch.Members{}, ""},
		{
			"the last word",
			`[{"op":"add","path":"members","value":["a","b"]},{"op":"remove","path":"members","value":["b","c"]},{"op":"add",` +
				`"path":"members","value":["c","a"]}]`,
			patch.Members{Add: []string{"a", "c"}, Remove: []string{"b"}},
			"",
		},
		{
			"replace in the middle",
			`[{"op":"add","path":"members","value":["a"]},{"op":"remove","path":"members","value":["b"]},{"op":"replace",` +
				`"path":"members","value":["b","c"]},{"op":"remove","path":"members[value eq \"c\"]"},{"op":"add","path":"members",` +
				`"value":["d"]}]`,
			patch.Members{Add: []string{"b", "d"}, Replace: true},
			"",
		},
		{
			"clear in the middle",
			`[{"op":"add","path":"members","value":["a"]},{"op":"remove","path":"members"},{"op":"add","path":"members","value":["b"]}]`,
			patch.Members{Add: []string{"b"}, Replace: true},
			"",
		},
		{
			"the rest in order",
			`[{"op":"replace","path":"displayName","value":"x"},{"op":"add","path":"members","value":"a"},{"op":"replace",` +
				`"path":"displayName","value":"y"}]`,
			patch.Members{Add: []string{"a"}},
			"replace displayName \"x\"\nreplace displayName \"y\"",
		},
		{"nothing", `[]`, patch.Members{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ops := groupOps(t, tt.ops)
			rest, got, ok := patch.SplitMembers(ops, "members")
			if !ok {
				t.Fatal("not a delta")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if printed(rest) != tt.rest {
				t.Errorf("rest: %s", printed(rest))
			}
		})
	}
	for _, ops := range []string{
		`[{"op":"remove","path":"members[type eq \"User\"]"}]`,
		`[{"op":"remove","path":"members[value sw \"a\"]"}]`,
		`[{"op":"remove","path":"members[not (value eq \"a\")]"}]`,
		`[{"op":"remove","path":"members[value eq \"a\" and type eq \"User\"]"}]`,
		`[{"op":"replace","path":"members[value eq \"a\"].value","value":"b"}]`,
		`[{"op":"remove","path":"members.value"}]`,
	} {
		ops = `[{"op":"add","path":"members","value":"z"},` + ops[1:]
		before := groupOps(t, ops)
		rest, delta, ok := patch.SplitMembers(before, "members")
		if ok || !cmp.Equal(delta, patch.Members{}) || printed(rest) != printed(before) {
			t.Errorf("%s: ok %v, delta %v, rest %s", ops, ok, delta, printed(rest))
		}
	}
}

func groupOps(t interface {
	Helper()
	Fatal(...any)
}, ops string,
) []patch.Op {
	t.Helper()
	out, dropped, err := patch.Parse([]byte(`{"Operations":`+ops+`}`), groupType(), scim.Dialect{})
	if err != nil || len(dropped) > 0 {
		t.Fatal(ops, dropped, err)
	}
	return out
}

// A delta does to a list of members what the engine does.
func TestSplitMembersAgreesWithApply(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		before := scim.Resource{"displayName": "x"}
		present := map[string]bool{}
		var members []any
		for _, id := range rapid.SliceOfDistinct(id, rapid.ID[string]).Draw(t, "present") {
			present[id] = true
			members = append(members, map[string]any{"value": id})
		}
		if members != nil {
			before["members"] = members
		}
		ops := ""
		for range rapid.IntRange(1, 6).Draw(t, "count") {
			if ops != "" {
				ops += ","
			}
			one, two := id.Draw(t, "one"), id.Draw(t, "two")
			form := rapid.SampledFrom([]string{
				`{"op":"add","path":"members","value":[{"value":%q},{"value":%q}]}`,
				`{"op":"remove","path":"members","value":[{"value":%q},%q]}`,
				`{"op":"remove","path":"members[value eq \"%s\" or value eq \"%s\"]"}`,
				`{"op":"replace","path":"members","value":[%q,%q]}`,
				`{"op":"remove","path":"members"}`,
			}).Draw(t, "form")
			if form == `{"op":"remove","path":"members"}` {
				ops += form
			} else {
				ops += fmt.Sprintf(form, one, two)
			}
		}
		parsed := groupOps(t, "["+ops+"]")
		after, err := patch.Apply(before, parsed, groupType(), scim.Dialect{})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		list, _ := after["members"].([]any)
		for _, m := range list {
			want[m.(map[string]any)["value"].(string)] = true
		}
		rest, delta, ok := patch.SplitMembers(parsed, "members")
		if !ok || len(rest) > 0 {
			t.Fatal(ok, rest)
		}
		if delta.Replace {
			clear(present)
		}
		for _, id := range delta.Add {
			present[id] = true
		}
		for _, id := range delta.Remove {
			delete(present, id)
		}
		if diff := cmp.Diff(want, present); diff != "" {
			t.Fatalf("%s (-engine +delta):\n%s", ops, diff)
		}
	})
}
