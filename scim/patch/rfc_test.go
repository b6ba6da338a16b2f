package patch_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/patch"
	"scimbridge/scim/schema"
)

// The examples of RFC 7644 §3.5.2, with values of our own: a strict dialect reads them as any other does.

func rfcPatch(t *testing.T, rt *schema.ResourceType, before, operations, want string) {
	t.Helper()
	for _, d := range []scim.Dialect{{}, {Strict: true}} {
		got := applied(t, before, `{"schemas":["`+scim.PatchOpURN+`"],"Operations":[`+operations+`]}`, rt, d)
		if diff := cmp.Diff(canonical(t, want), got); diff != "" {
			t.Errorf("strict %v (-want +got):\n%s", d.Strict, diff)
		}
	}
}

// The paths that §3.5.2 lists. Of members[value eq "…"].displayName, which the Group schema does not have, only a lenient dialect makes
// display.
func TestRFC7644_3_5_2_Paths(t *testing.T) {
	rt := everyType()
	for _, d := range []scim.Dialect{{}, {Strict: true}} {
		for _, path := range []string{
			`members`, `name.familyName`, `addresses[type eq "work"]`, `members[value eq "2819c223"]`,
		} {
			p, err := filter.ParsePath(path, rt, d)
			if err != nil || p.String() != path {
				t.Errorf("strict %v: %s is %s, %v", d.Strict, path, p, err)
			}
		}
	}
}

func TestRFC7644_3_5_2_1_Add(t *testing.T) {
	// display is the service provider's.
	rfcPatch(t, groupType(), `{"displayName":"Tour Guides","members":[{"value":"902c"}]}`,
		`{"op":"add","path":"members","value":[{"display":"Bea Harbour","$ref":"https://example.com/v2/Users/2819","value":"2819"}]}`,
		`{"displayName":"Tour Guides","members":[{"value":"902c"},{"$ref":"https://example.com/v2/Users/2819","value":"2819"}]}`)
	rfcPatch(t, userType(), `{"emails":[{"value":"bea@example.com","type":"work"}]}`,
		`{"op":"add","value":{"emails":[{"value":"bea@harbour.example","type":"home"}],"nickname":"Bee"}}`,
		`{"emails":[{"value":"bea@example.com","type":"work"},{"value":"bea@harbour.example","type":"home"}],"nickName":"Bee"}`)
	rfcPatch(t, groupType(), `{"members":[{"value":"2819"}]}`, // there already
		`{"op":"add","path":"members","value":[{"value":"2819"}]}`,
		`{"members":[{"value":"2819"}]}`)
}

func TestRFC7644_3_5_2_2_Remove(t *testing.T) {
	const three = `{"displayName":"Tour Guides","members":[{"value":"2819"},{"value":"902c"},{"value":"08e1"}]}`
	rfcPatch(t, groupType(), three, `{"op":"remove","path":"members[value eq \"2819\"]"}`,
		`{"displayName":"Tour Guides","members":[{"value":"902c"},{"value":"08e1"}]}`)
	rfcPatch(t, groupType(), three, `{"op":"remove","path":"members"}`, `{"displayName":"Tour Guides"}`)
	rfcPatch(t, userType(), `{"emails":[{"value":"bea@example.com","type":"work"},{"value":"bea@example.org","type":"work"},`+
		`{"value":"bea@harbour.example.com","type":"home"}]}`,
		`{"op":"remove","path":"emails[type eq \"work\" and value ew \"example.com\"]"}`,
		`{"emails":[{"value":"bea@example.org","type":"work"},{"value":"bea@harbour.example.com","type":"home"}]}`)
	rfcPatch(t, groupType(), three, // one out, one in
		`{"op":"remove","path":"members[value eq \"2819\"]"},{"op":"add","path":"members","value":[{"value":"08e2",`+
			`"$ref":"https://example.com/v2/Users/08e2"}]}`,
		`{"displayName":"Tour Guides","members":[{"value":"902c"},{"value":"08e1"},{"value":"08e2",`+
			`"$ref":"https://example.com/v2/Users/08e2"}]}`)
	rfcPatch(t, groupType(), three, `{"op":"remove"}`, `noTarget: Operations[0], remove: a remove needs a path`)
	rfcPatch(t, groupType(), three, `{"op":"remove","path":"displayName"}`, `mutability: displayName is required and cannot be removed`)
}

func TestRFC7644_3_5_2_3_Replace(t *testing.T) {
	rfcPatch(t, groupType(), `{"members":[{"value":"1"},{"value":"2"}]}`,
		`{"op":"replace","path":"members","value":[{"value":"2819","$ref":"https://example.com/v2/Users/2819"},{"value":"902c",`+
			`"$ref":"https://example.com/v2/Users/902c"}]}`,
		`{"members":[{"value":"2819","$ref":"https://example.com/v2/Users/2819"},{"value":"902c",`+
			`"$ref":"https://example.com/v2/Users/902c"}]}`)
	const addresses = `{"addresses":[{"type":"work","streetAddress":"100 Universal Plaza","primary":true},{"type":"home",` +
		`"streetAddress":"456 Hollywood Blvd"}]}`
	rfcPatch(t, userType(), addresses,
		`{"op":"replace","path":"addresses[type eq \"work\"]","value":{"type":"work","streetAddress":"911 Universal Plaza",`+
			`"locality":"Hollywood","region":"CA","postalCode":"91608","country":"US",`+
			`"formatted":"911 Universal Plaza\nHollywood, CA 91608 US","primary":true}}`,
		`{"addresses":[{"type":"work","streetAddress":"911 Universal Plaza","locality":"Hollywood","region":"CA","postalCode":"91608",`+
			`"country":"US","formatted":"911 Universal Plaza\nHollywood, CA 91608 US","primary":true},{"type":"home",`+
			`"streetAddress":"456 Hollywood Blvd"}]}`)
	rfcPatch(t, userType(), addresses,
		`{"op":"replace","path":"addresses[type eq \"work\"].streetAddress","value":"1010 Broadway Ave"}`,
		`{"addresses":[{"type":"work","streetAddress":"1010 Broadway Ave","primary":true},{"type":"home",`+
			`"streetAddress":"456 Hollywood Blvd"}]}`)
	rfcPatch(t, userType(), `{"emails":[{"value":"x"}],"nickName":"B"}`,
		`{"op":"replace","value":{"emails":[{"value":"bea@example.com","type":"work","primary":true},{"value":"bea@harbour.example",`+
			`"type":"home"}],"nickname":"Bee"}}`,
		`{"emails":[{"value":"bea@example.com","type":"work","primary":true},{"value":"bea@harbour.example","type":"home"}],`+
			`"nickName":"Bee"}`)
	rfcPatch(t, userType(), addresses, `{"op":"replace","path":"addresses[postalCode sw \"9\"].region","value":"CA"}`,
		`noTarget: replace "addresses[postalCode sw \"9\"].region": no value matches the filter, and none can be made from it`)
}

// §3.5.2: all or nothing, one after the other, and only what a client may change.
func TestRFC7644_3_5_2_Rules(t *testing.T) {
	const before = `{"id":"7","userName":"bea","title":"Guide","emails":[{"value":"a","type":"work","primary":true},{"value":"b",` +
		`"type":"home"}]}`
	for _, tt := range []struct{ name, ops, want string }{
		{
			"in order", `{"op":"replace","path":"title","value":"x"},{"op":"remove","path":"title"}`,
			`{"id":"7","userName":"bea","emails":[{"value":"a","type":"work","primary":true},{"value":"b","type":"home"}]}`,
		},
		{
			"each on the result of the last",
			`{"op":"add","path":"emails","value":[{"value":"c","type":"other"}]},{"op":"replace",` +
				`"path":"emails[type eq \"other\"].value","value":"d"}`,
			`{"id":"7","userName":"bea","title":"Guide","emails":[{"value":"a","type":"work","primary":true},{"value":"b","type":"home"},` +
				`{"value":"d","type":"other"}]}`,
		},
		{
			"all or nothing", `{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"id","value":"8"}`,
			`mutability: replace "id": id is read-only`,
		},
		{
			"one primary", `{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}`,
			`{"id":"7","userName":"bea","title":"Guide","emails":[{"value":"a","type":"work","primary":false},{"value":"b","type":"home",` +
				`"primary":true}]}`,
		},
		{
			"readOnly", `{"op":"add","path":"groups","value":[{"value":"g"}]}`,
			`mutability: Operations[0], add "groups": groups is read-only`,
		},
		{"meta", `{"op":"remove","path":"meta"}`, `mutability: Operations[0], remove "meta": meta is read-only`},
		{
			"an equal value",
			`{"op":"add","path":"title","value":"Guide"},{"op":"replace","path":"id","value":"7"},{"op":"add","path":"emails",` +
				`"value":[{"value":"b","type":"home"}]}`,
			before,
		},
		{
			"the extension as a path",
			`{"op":"add","path":"` + enterprise + `","value":{"department":"Tours"}},{"op":"remove","path":"` + enterprise + `"}`, before,
		},
		{"what is not an operation", `{"op":"move","path":"title"}`, `invalidSyntax: Operations[0]: op must be add, replace or remove`},
		{
			"not a path", `{"op":"add","path":"emails[","value":"x"}`,
			`invalidPath: Operations[0], add "emails[": an attribute is missing (character 8)`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) { rfcPatch(t, userType(), before, tt.ops, tt.want) })
	}
	if ops, _, err := patch.Parse([]byte(`{"schemas":["`+scim.PatchOpURN+`"],"Operations":[{"op":"remove","path":"title"}]}`),
		userType(), scim.Dialect{}); err != nil || len(ops) != 1 || ops[0].Value != nil {
		t.Errorf("%v, %v", ops, err)
	}
}
