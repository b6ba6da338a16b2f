package patch_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/scim"
	"scimbridge/scim/patch"
	"scimbridge/scim/schema"
)

// One quirk a row: the operations, what they make of the resource, and what a strict reader says or, where it reads them otherwise, makes
// of it ("": the same).
func TestDialect(t *testing.T) {
	const (
		mail    = `{"id":"7","emails":[{"type":"work","value":"a"}]}`
		manager = `{"` + enterprise + `":{"manager":{"value":"a"}}}`
		notPath = " is a path, where the name of an attribute or an extension's URN must stand"
	)
	for _, tt := range []change4{
		{
			"op in capitals", `{}`, `[{"op":"Add","path":"title","value":"x"}]`, `{"title":"x"}`,
			"invalidSyntax: Operations[0]: op must be add, replace or remove",
		},
		{"no operations", mail, `[]`, mail, "invalidSyntax: Operations must have an operation"},
		{
			"an empty path", `{}`, `[{"op":"add","path":"","value":{"title":"x"}}]`, `{"title":"x"}`,
			`invalidPath: Operations[0], add "": an attribute is missing (character 1)`,
		},
		{"a null path", `{}`, `[{"op":"add","path":null,"value":{"title":"x"}}]`, `{"title":"x"}`, ""},
		{
			"a list without a path", `{}`, `[{"op":"add","value":[{"title":"x"}]}]`, `{"title":"x"}`,
			"invalidValue: Operations[0], add: without a path the value must be a JSON object",
		},
		{
			"a filtered key", mail, `[{"op":"replace","value":{"emails[type eq \"work\"].value":"b"}}]`,
			`{"id":"7","emails":[{"type":"work","value":"b"}]}`,
			`invalidSyntax: Operations[0], replace: "emails[type eq \"work\"].value"` + notPath,
		},
		{
			"a plural dotted key", mail, `[{"op":"replace","value":{"emails.value":"b"}}]`,
			`{"id":"7","emails":[{"type":"work","value":"b"}]}`, `invalidSyntax: Operations[0], replace: "emails.value"` + notPath,
		},
		{
			"a dotted key", `{}`, `[{"op":"replace","value":{"name.givenName":"M"}}]`, `{"name":{"givenName":"M"}}`,
			`invalidSyntax: Operations[0], replace: "name.givenName"` + notPath,
		},
		{
			"an URN key", `{}`, `[{"op":"replace","value":{"` + enterprise + `:department":"Ops"}}]`,
			`{"` + enterprise + `":{"department":"Ops"}}`,
			`invalidSyntax: Operations[0], replace: "` + enterprise + `:department"` + notPath,
		},
		{
			"what was read comes back", mail,
			`[{"op":"replace","value":{"id":"7","schemas":[],"meta":{"version":"1"},"groups":[],"title":"x"}}]`,
			`{"id":"7","emails":[{"type":"work","value":"a"}],"title":"x"}`, "mutability: Operations[0], replace: meta is read-only",
		},
		{
			"its own id", mail, `[{"op":"replace","value":{"id":"7","title":"x"}}]`,
			`{"id":"7","emails":[{"type":"work","value":"a"}],"title":"x"}`, "",
		},
		{
			"an unmapped path", mail, `[{"op":"add","path":"shoeSize","value":"9"}]`, mail,
			`invalidPath: Operations[0], add "shoeSize": the attribute "shoeSize" is not known to User (character 1)`,
		},
		{"an unmapped key", mail, `[{"op":"add","value":{"shoeSize":"9"}}]`, mail, ""},
		{
			"a remove with values", mail, `[{"op":"remove","path":"emails","value":[{"value":"a"}]}]`, `{"id":"7"}`,
			`invalidSyntax: Operations[0], remove "emails": a remove has no value: its path selects what goes`,
		},
		{
			"a remove with a value beside a filter", mail, `[{"op":"remove","path":"emails[type eq \"work\"].value","value":"a"}]`,
			`{"id":"7"}`,
			`invalidSyntax: Operations[0], remove "emails[type eq \"work\"].value": a remove has no value: its path selects what goes`,
		},
		{"a remove with null", mail, `[{"op":"remove","path":"emails","value":null}]`, `{"id":"7"}`, ""},
		{
			"replace makes the value", `{}`, `[{"op":"replace","path":"emails[type eq \"work\"].value","value":"b"}]`,
			`{"emails":[{"type":"work","value":"b"}]}`,
			`noTarget: replace "emails[type eq \"work\"].value": no value matches the filter, and none can be made from it`,
		},
		{
			"add makes the value", `{}`, `[{"op":"add","path":"emails[type eq \"work\"].value","value":"b"}]`,
			`{"emails":[{"type":"work","value":"b"}]}`,
			`noTarget: add "emails[type eq \"work\"].value": no value matches the filter, and none can be made from it`,
		},
		{
			"one value for many", mail, `[{"op":"add","path":"emails","value":{"value":"b","type":"home"}}]`,
			`{"id":"7","emails":[{"type":"work","value":"a"},{"type":"home","value":"b"}]}`, "",
		},
		{
			"plain strings for many", `{}`, `[{"op":"add","path":"emails","value":"b"}]`, `{"emails":[{"value":"b"}]}`,
			`invalidValue: Operations[0], add "emails": emails[0] must be a JSON object`,
		},
		{
			"manager in a string", manager, `[{"op":"replace","path":"` + enterprise + `:manager","value":"b"}]`,
			`{"` + enterprise + `":{"manager":{"value":"b"}}}`,
			`invalidValue: Operations[0], replace "` + enterprise + `:manager": ` + enterprise + `:manager must be a JSON object`,
		},
		{
			"manager cleared by an empty string", manager, `[{"op":"replace","path":"` + enterprise + `:manager","value":""}]`, `{}`,
			`invalidValue: Operations[0], replace "` + enterprise + `:manager": ` + enterprise + `:manager must be a JSON object`,
		},
		{
			"manager in a list without its URN", manager, `[{"op":"add","path":"manager","value":[{"$ref":null,"value":"b"}]}]`,
			`{"` + enterprise + `":{"manager":{"value":"b"}}}`,
			`invalidPath: Operations[0], add "manager": the attribute "manager" is not known to User (character 1)`,
		},
		{"cleared by null", mail, `[{"op":"replace","path":"emails","value":null}]`, `{"id":"7"}`, ""},
		{
			"cleared by a list of null", mail, `[{"op":"replace","path":"emails","value":[null]}]`, `{"id":"7"}`,
			`invalidValue: Operations[0], replace "emails": emails[0] must be a value: null is none`,
		},
		{
			"cleared by an empty string", `{"title":"x"}`, `[{"op":"replace","path":"title","value":""}]`, `{}`,
			`invalidValue: Operations[0], replace "title": title must be more than an empty string: null unassigns it`,
		},
		{
			"a Boolean in a string", `{}`, `[{"op":"replace","path":"active","value":"False"}]`, `{"active":false}`,
			`invalidValue: Operations[0], replace "active": active must be true or false`,
		},

		// No quirks.
		{
			"names in any case", mail, `[{"OP":"add","Path":"EMAILS[Type eq \"work\"].Display","VALUE":"A"}]`,
			`{"id":"7","emails":[{"type":"work","value":"a","display":"A"}]}`, "",
		},
		{
			"a value that carries an extension", `{}`,
			`[{"op":"add","value":{"` + enterprise + `":{"department":"Ops"},"name":{"givenName":"M"}}}]`,
			`{"name":{"givenName":"M"},"` + enterprise + `":{"department":"Ops"}}`, "",
		},
		{
			"an extension as path", `{}`, `[{"op":"add","path":"` + enterprise + `","value":{"department":"Ops"}}]`,
			`{"` + enterprise + `":{"department":"Ops"}}`, "",
		},
		{
			"a sub-attribute of all", mail, `[{"op":"replace","path":"emails.display","value":"A"}]`,
			`{"id":"7","emails":[{"type":"work","value":"a","display":"A"}]}`, "",
		},
		{"remove what is not there", mail, `[{"op":"remove","path":"emails[type eq \"home\"]"}]`, mail, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt := userType()
			if got := applied(t, tt.before, `{"Operations":`+tt.ops+`}`, rt, scim.Dialect{}); cmp.Diff(canonical(t, tt.want), got) != "" {
				t.Errorf("(-want +got):\n%s", cmp.Diff(canonical(t, tt.want), got))
			}
			want := tt.strict
			if want == "" {
				want = tt.want
			}
			got := applied(t, tt.before, `{"schemas":["`+scim.PatchOpURN+`"],"Operations":`+tt.ops+`}`, rt, scim.Dialect{Strict: true})
			if diff := cmp.Diff(canonical(t, want), got); diff != "" {
				t.Errorf("strict (-want +got):\n%s", diff)
			}
		})
	}
}

type change4 struct{ name, before, ops, want, strict string }

// applied is the resource after a PATCH as JSON, or the error.
func applied(t *testing.T, before, body string, rt *schema.ResourceType, d scim.Dialect) string {
	t.Helper()
	ops, _, err := patch.Parse([]byte(body), rt, d)
	if err != nil {
		return err.Error()
	}
	after, err := patch.Apply(resource(t, before), ops, rt, d)
	if err != nil {
		return err.Error()
	}
	return canonical(t, marshalled(t, after))
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	if !strings.HasPrefix(text, "{") {
		return text
	}
	return marshalled(t, resource(t, text))
}

func marshalled(t *testing.T, r scim.Resource) string {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The one role of Entra's SingleAppRoleAssignment, where the type keeps the roles' values alone.
func TestSoleValue(t *testing.T) {
	const two = `{"roles":[{"value":"a"},{"value":"b"}]}`
	for _, tt := range []change4{
		{"first", `{}`, `[{"op":"Add","path":"roles[primary eq \"True\"].value","value":"c"}]`, `{"roles":[{"value":"c"}]}`, ""},
		{"another", two, `[{"op":"replace","path":"roles[primary eq true].value","value":"c"}]`, `{"roles":[{"value":"c"}]}`, ""},
		{
			"whole", two, `[{"op":"replace","path":"roles[primary eq true]","value":{"value":"c","primary":true}}]`,
			`{"roles":[{"value":"c","primary":true}]}`, "",
		},
		{"as a key", two, `[{"op":"replace","value":{"roles[primary eq \"True\"].value":"c"}}]`, `{"roles":[{"value":"c"}]}`, ""},
		{"cleared", two, `[{"op":"replace","path":"roles[primary eq true].value","value":""}]`, `{}`, ""},
		{"removed", two, `[{"op":"remove","path":"roles[primary eq true]"}]`, `{}`, ""},
		{"removed with a value", two, `[{"op":"Remove","path":"roles[primary eq true].value","value":"a"}]`, `{}`, ""},
		{"its display", two, `[{"op":"replace","path":"roles[primary eq true].display","value":"c"}]`, two, ""},
		{
			"with a type", `{"emails":[{"value":"a","type":"work"}]}`, `[{"op":"replace","path":"emails[primary eq true].value",` +
				`"value":"c"}]`,
			`{"emails":[{"value":"a","type":"work"}]}`, "",
		},
	} {
		rt := userType()
		roles, emails := rt.Core.Attribute("roles"), rt.Core.Attribute("emails")
		roles.SubAttributes = []*schema.Attribute{roles.Sub("value")}
		emails.SubAttributes = []*schema.Attribute{emails.Sub("value"), emails.Sub("type")}
		if got := applied(t, tt.before, `{"Operations":`+tt.ops+`}`, rt, scim.Dialect{}); got != canonical(t, tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if got := applied(t, tt.before, `{"schemas":["`+scim.PatchOpURN+`"],"Operations":`+tt.ops+`}`, rt,
			scim.Dialect{Strict: true}); !strings.HasPrefix(got, "invalid") {
			t.Errorf("%s, strict: %s", tt.name, got)
		}
	}
}

// A value selected by a type that is not kept: the only one, or what is made.
// The type is not kept, and which value is primary is.
func TestUnkeptTypeBesidePrimary(t *testing.T) {
	rt := userType()
	emails := rt.Core.Attribute("emails")
	emails.SubAttributes = []*schema.Attribute{emails.Sub("value"), emails.Sub("primary")}
	const ops = `{"Operations":[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"c"}]}`
	got := applied(t, `{"emails":[{"value":"a","primary":true}]}`, ops, rt, scim.Dialect{})
	if want := canonical(t, `{"emails":[{"value":"c","primary":true,"type":"work"}]}`); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestUnkeptType(t *testing.T) {
	const one, two = `{"emails":[{"value":"a"}]}`, `{"emails":[{"value":"a"},{"value":"b"}]}`
	const several = `noTarget: replace "emails[type eq \"work\"].value": emails has several values, of which no type is kept: ` +
		`nothing tells which is meant`
	work := func(op, value string) string {
		return `{"op":"` + op + `","path":"emails[type eq \"work\"].value"` + value + `}`
	}
	const home = `{"op":"add","path":"emails[type eq \"home\"].value","value":"h"}`
	for _, tt := range []change4{
		{"first", `{}`, work("Add", `,"value":"c"`), `{"emails":[{"value":"c","type":"work"}]}`, ""},
		{"the only one", one, work("replace", `,"value":"c"`), `{"emails":[{"value":"c","type":"work"}]}`, ""},
		{"added to", one, work("Add", `,"value":"c"`), `{"emails":[{"value":"c","type":"work"}]}`, ""},
		{
			"two types", one, work("replace", `,"value":"c"`) + "," + home,
			`{"emails":[{"value":"c","type":"work"},{"value":"h","type":"home"}]}`, "",
		},
		{"there already", two, work("replace", `,"value":"b"`), `{"emails":[{"value":"a"},{"value":"b","type":"work"}]}`, ""},
		{"one of several", two, work("replace", `,"value":"c"`), several, ""},
		{"removed", one, work("remove", ``), `{}`, ""},
		{"cleared", one, work("replace", `,"value":""`), `{}`, ""},
		{"removed of several", two, work("remove", ``), strings.Replace(several, "replace", "remove", 1), ""},
		{"nothing to remove", `{}`, work("remove", ``), `{}`, ""},
		{
			"whole", one, `{"op":"replace","path":"emails[type eq \"work\" and primary eq true]","value":{"value":"c","type":"work"}}`,
			`{"emails":[{"value":"c","type":"work","primary":true}]}`, "",
		},
		{
			"by its value", two, `{"op":"replace","path":"emails[type eq \"work\" and value eq \"b\"].value","value":"c"}`,
			`{"emails":[{"value":"a"},{"value":"c","type":"work"}]}`, "",
		},
		{
			"as a key", one, `{"op":"replace","value":{"emails[type eq \"work\"].value":"c"}}`,
			`{"emails":[{"value":"c","type":"work"}]}`, "",
		},
		{"its display", one, `{"op":"replace","path":"emails[type eq \"work\"].display","value":"c"}`, one, ""},
	} {
		rt := userType()
		emails := rt.Core.Attribute("emails")
		emails.SubAttributes = []*schema.Attribute{emails.Sub("value")}
		if got := applied(t, tt.before, `{"Operations":[`+tt.ops+`]}`, rt, scim.Dialect{}); got != canonical(t, tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if got := applied(t, tt.before, `{"schemas":["`+scim.PatchOpURN+`"],"Operations":[`+tt.ops+`]}`, rt,
			scim.Dialect{Strict: true}); !strings.HasPrefix(got, "invalid") {
			t.Errorf("%s, strict: %s", tt.name, got)
		}
	}
}

func TestSchemasOfBody(t *testing.T) {
	const op = `"Operations":[{"op":"add","path":"title","value":"x"}]}`
	for _, tt := range []struct{ body, strict string }{
		{`{` + op, "invalidSyntax: schemas must be an array with " + scim.PatchOpURN},
		{`{"schemas":["urn:scim:schemas:core:1.0"],` + op, "invalidSyntax: schemas lacks " + scim.PatchOpURN},
		{`{"SCHEMAS":["URN:ietf:params:scim:api:messages:2.0:PatchOp"],` + op, `{"title":"x"}`},
	} {
		rt := userType()
		if got := applied(t, `{}`, tt.body, rt, scim.Dialect{}); got != `{"title":"x"}` {
			t.Errorf("%s: %s", tt.body, got)
		}
		if got := applied(t, `{}`, tt.body, rt, scim.Dialect{Strict: true}); got != tt.strict {
			t.Errorf("%s, strict: %s\nwant %s", tt.body, got, tt.strict)
		}
	}
}

// An immutable value is set once (RFC 7643 §7, RFC 7644 §3.5.2), and a sub-attribute of one of many values too.
func TestImmutable(t *testing.T) {
	const (
		set   = `{"title":"x","name":{"givenName":"M","middleName":"N"},"roles":[{"value":"a"}],"` + shoreURN + `":{"badge":"1"}}`
		error = " is immutable and has another value"
	)
	for _, tt := range []change{
		{"set once", `{}`, `[{"op":"add","path":"title","value":"x"}]`, `{"title":"x"}`},
		{
			"set once in a value", `{}`, `[{"op":"replace","value":{"title":"x","` + shoreURN + `":{"badge":"1"}}}]`,
			`{"title":"x","` + shoreURN + `":{"badge":"1"}}`,
		},
		{"the same again", set, `[{"op":"replace","path":"title","value":"x"},{"op":"add","path":"roles","value":[{"value":"A"}]}]`, set},
		{"another value", set, `[{"op":"replace","path":"title","value":"y"}]`, "mutability: title" + error},
		{"another value by add", set, `[{"op":"add","path":"title","value":"y"}]`, "mutability: title" + error},
		{"removed", set, `[{"op":"remove","path":"title"}]`, "mutability: title" + error},
		{"cleared", set, `[{"op":"replace","path":"title","value":null}]`, "mutability: title" + error},
		{
			"in an extension", set, `[{"op":"replace","path":"` + shoreURN + `:badge","value":"2"}]`,
			"mutability: " + shoreURN + ":badge" + error,
		},
		{"with its extension", set, `[{"op":"remove","path":"` + shoreURN + `"}]`, "mutability: " + shoreURN + ":badge" + error},
		{"a sub-attribute", set, `[{"op":"replace","path":"name","value":{"middleName":"O"}}]`, "mutability: name.middleName" + error},
		{"a sub-attribute removed", set, `[{"op":"remove","path":"name.middleName"}]`, "mutability: name.middleName" + error},
		{
			"its sibling", `{"name":{"givenName":"M","middleName":"N"}}`, `[{"op":"replace","path":"name","value":{"givenName":"X"}}]`,
			`{"name":{"givenName":"X","middleName":"N"}}`,
		},
		{"gone with the whole", `{"name":{"givenName":"M","middleName":"N"}}`, `[{"op":"remove","path":"name"}]`, `{}`},
		{"more of an immutable list", set, `[{"op":"add","path":"roles","value":[{"value":"b"}]}]`, "mutability: roles" + error},
		{
			"a member's value", `{"members":[{"value":"a","type":"User"}]}`,
			`[{"op":"replace","path":"members[value eq \"a\"].value","value":"b"}]`,
			`mutability: replace "members[value eq \"a\"].value": members.value` + error,
		},
		{
			"a member's value by add", `{"members":[{"value":"a"}]}`, `[{"op":"add","path":"members[value eq \"a\"]",` +
				`"value":{"value":"b"}}]`,
			`mutability: add "members[value eq \"a\"]": members.value` + error,
		},
		{
			"every member's type", `{"members":[{"value":"a","type":"User"}]}`, `[{"op":"replace","path":"members.type","value":"Group"}]`,
			`mutability: replace "members.type": members.type` + error,
		},
		{
			"a member's type removed", `{"members":[{"value":"a","type":"User"}]}`, `[{"op":"remove",` +
				`"path":"members[value eq \"a\"].type"}]`,
			`mutability: remove "members[value eq \"a\"].type": members.type` + error,
		},
		{
			"a member's type set once", `{"members":[{"value":"a"}]}`, `[{"op":"add","path":"members[value eq \"a\"].type",` +
				`"value":"User"}]`,
			`{"members":[{"value":"a","type":"User"}]}`,
		},
		{
			"members come and go", `{"members":[{"value":"a"}]}`,
			`[{"op":"add","path":"members","value":[{"value":"b"}]},{"op":"remove","path":"members[value eq \"a\"]"}]`,
			`{"members":[{"value":"b"}]}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt := everyType()
			rt.Core.Attribute("name").Sub("familyName").Required = false
			rt.Core.Attribute("name").Sub("middleName").Mutability = schema.Immutable
			rt.Core.Attribute("title").Mutability = schema.Immutable
			rt.Core.Attribute("roles").Mutability = schema.Immutable
			rt.Extension(shoreURN).Attribute("badge").Mutability = schema.Immutable
			got := applied(t, tt.before, `{"Operations":`+tt.ops+`}`, rt, scim.Dialect{})
			if diff := cmp.Diff(canonical(t, tt.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
