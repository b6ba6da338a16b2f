package patch_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"scimbridge/scim"
	"scimbridge/scim/patch"
	"scimbridge/scim/schema"
)

const (
	enterprise = schema.EnterpriseURN
	shoreURN   = "urn:ietf:params:scim:schemas:extension:shore:2.0:User"
)

func userType() *schema.ResourceType {
	core := schema.User()
	core.Attributes = append([]*schema.Attribute{schema.ExternalID()}, core.Attributes...)
	core.Attribute("name").Sub("familyName").Required = true
	shore := &schema.Schema{ID: shoreURN, Name: "Shore", Attributes: []*schema.Attribute{
		{Name: "badge", Type: schema.String},
		{Name: "tags", Type: schema.String, MultiValued: true},
	}}
	return &schema.ResourceType{
		Name: "User", Endpoint: "/Users", Core: core,
		Extensions: []schema.Extension{{Schema: schema.EnterpriseUser()}, {Schema: shore}},
	}
}

// narrowType is a User as a small map leaves it: userName, active and the value and type of emails.
func narrowType() *schema.ResourceType {
	core := schema.User()
	emails := core.Attribute("emails")
	emails.SubAttributes = []*schema.Attribute{emails.Sub("value"), emails.Sub("type")}
	core.Attributes = []*schema.Attribute{core.Attribute("userName"), core.Attribute("active"), emails}
	return &schema.ResourceType{Name: "User", Endpoint: "/Users", Core: core}
}

func groupType() *schema.ResourceType {
	return &schema.ResourceType{Name: "Group", Endpoint: "/Groups", Core: schema.Group()}
}

var types = map[string]func() *schema.ResourceType{"": userType, "narrow": narrowType, "group": groupType}

// Each file of testdata is a PATCH: the comment says where it is seen; "type" may name narrow or group; "before" is the resource, "patch"
// the body, "ops" the canonical operations, "after" the resource then (as before, if the part is missing), "dropped" the names left out,
// one a line. An "error" stands in place of what follows it.
func TestFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			part, err := parts(file)
			if err != nil {
				t.Fatal(err)
			}
			rt := types[part["type"]]()
			before := resource(t, part["before"])
			ops, dropped, err := patch.Parse([]byte(part["patch"]), rt, scim.Dialect{})
			var after scim.Resource
			if err == nil {
				compare(t, "ops", part["ops"], printed(ops))
				compare(t, "dropped", part["dropped"], strings.Join(dropped, "\n"))
				after, err = patch.Apply(before, ops, rt, scim.Dialect{})
			}
			if diff := cmp.Diff(resource(t, part["before"]), before); diff != "" {
				t.Errorf("the resource changed:\n%s", diff)
			}
			if part["error"] != "" {
				got := ""
				if e, ok := errors.AsType[*scim.Error](err); ok {
					got = e.Error()
				}
				compare(t, "error", part["error"], got)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want, ok := part["after"]
			if !ok {
				want = part["before"]
			}
			if diff := cmp.Diff(resource(t, want), after); diff != "" {
				t.Errorf("after (-want +got):\n%s", diff)
			}
		})
	}
}

func parts(file string) (map[string]string, error) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		return nil, err
	}
	part := map[string]string{}
	for _, f := range archive.Files {
		part[f.Name] = strings.TrimSpace(string(f.Data))
	}
	return part, nil
}

func compare(t *testing.T, what, want, got string) {
	t.Helper()
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// printed gives an operation a line: replace name.givenName "Mara".
func printed(ops []patch.Op) string {
	var lines []string
	for _, op := range ops {
		line := string(op.Kind) + " " + op.Path.String()
		if op.Kind != patch.Remove {
			value, err := json.Marshal(op.Value)
			if err != nil {
				panic(err)
			}
			line += " " + string(value)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func resource(t *testing.T, text string) scim.Resource {
	t.Helper()
	if text == "" {
		return scim.Resource{}
	}
	var r scim.Resource
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&r); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

// change is a resource before, operations in short, and the resource after or the error.
type change struct{ name, before, ops, want string }

func TestApply(t *testing.T) {
	const emails = `{"emails":[{"type":"work","value":"a","primary":true,"display":"A"},{"type":"home","value":"b"}]}`
	for _, tt := range []change{
		// add, RFC 7644 §3.5.2.1
		{"add what is absent", `{}`, `[{"op":"add","path":"title","value":"Lead"}]`, `{"title":"Lead"}`},
		{"add a single value replaces", `{"title":"x"}`, `[{"op":"add","path":"title","value":"Lead"}]`, `{"title":"Lead"}`},
		{
			"add merges a complex value", `{"name":{"givenName":"M"}}`, `[{"op":"add","path":"name","value":{"familyName":"L"}}]`,
			`{"name":{"givenName":"M","familyName":"L"}}`,
		},
		{
			"add appends", emails, `[{"op":"add","path":"emails","value":[{"value":"c","type":"other"}]}]`,
			`{"emails":[{"type":"work","value":"a","primary":true,"display":"A"},{"type":"home","value":"b"},{"value":"c",` +
				`"type":"other"}]}`,
		},
		{"add what is there", emails, `[{"op":"add","path":"emails","value":[{"value":"a","type":"work"},{"value":"b"}]}]`, emails},
		{
			"add the value under another type", `{"emails":[{"type":"work","value":"a"}]}`,
			`[{"op":"add","path":"emails","value":[{"value":"a","type":"home"}]}]`,
			`{"emails":[{"type":"work","value":"a"},{"type":"home","value":"a"}]}`,
		},
		{
			"add an address twice", `{"addresses":[{"type":"work","locality":"Leith","region":"SCT"}]}`,
			`[{"op":"add","path":"addresses","value":[{"type":"work","locality":"Leith"}]}]`,
			`{"addresses":[{"type":"work","locality":"Leith","region":"SCT"}]}`,
		},
		{
			"add another address", `{"addresses":[{"type":"work","locality":"Leith"}]}`,
			`[{"op":"add","path":"addresses","value":[{"type":"work","locality":"Oban"}]}]`,
			`{"addresses":[{"type":"work","locality":"Leith"},{"type":"work","locality":"Oban"}]}`,
		},
		{"add nothing to a list", emails, `[{"op":"add","path":"emails","value":[]},{"op":"add","value":{"emails":null}}]`, emails},
		{
			"add a primary value", emails, `[{"op":"add","path":"emails","value":[{"value":"c","primary":true}]}]`,
			`{"emails":[{"type":"work","value":"a","primary":false,"display":"A"},{"type":"home","value":"b"},{"value":"c",` +
				`"primary":true}]}`,
		},
		{
			"add to simple values", `{"` + shoreURN + `":{"tags":["Red"]}}`,
			`[{"op":"add","path":"` + shoreURN + `:tags","value":["red","blue"]}]`, `{"` + shoreURN + `":{"tags":["Red","blue"]}}`,
		},
		{
			"add by filter to a value", emails, `[{"op":"add","path":"emails[type eq \"home\"]","value":{"display":"B"}}]`,
			`{"emails":[{"type":"work","value":"a","primary":true,"display":"A"},{"type":"home","value":"b","display":"B"}]}`,
		},
		{
			"add by filter makes the value", emails,
			`[{"op":"add","path":"emails[type eq \"other\" and primary eq \"True\"].value","value":"c"}]`,
			`{"emails":[{"type":"work","value":"a","primary":false,"display":"A"},{"type":"home","value":"b"},{"type":"other",` +
				`"value":"c","primary":true}]}`,
		},
		{
			"add by another filter", emails, `[{"op":"add","path":"emails[type ne \"work\" and value eq \"x\"].value","value":"c"}]`,
			`noTarget: add "emails[type ne \"work\" and value eq \"x\"].value": no value matches the filter, and none can be made from it`,
		},
		{
			"add by an impossible filter", `{}`, `[{"op":"add","path":"emails[type eq \"a\" and type eq \"b\"].value","value":"c"}]`,
			`noTarget: add "emails[type eq \"a\" and type eq \"b\"].value": no value matches the filter, and none can be made from it`,
		},
		{
			"an empty label is none", `{}`, `[{"op":"replace","path":"emails[type eq \"\"].primary","value":true}]`,
			`noTarget: replace "emails[type eq \"\"].primary": no value matches the filter, and none can be made from it`,
		},

		// remove, §3.5.2.2
		{"remove", `{"title":"x","active":true}`, `[{"op":"remove","path":"title"}]`, `{"active":true}`},
		{
			"remove what is absent", `{}`,
			`[{"op":"remove","path":"title"},{"op":"remove","path":"emails[type eq \"work\"]"},{"op":"remove","path":"name.givenName"},` +
				`{"op":"remove","path":"` + enterprise + `"}]`,
			`{}`,
		},
		{"remove the last sub-attribute", `{"name":{"givenName":"x"}}`, `[{"op":"remove","path":"name.givenName"}]`, `{}`},
		{"remove by filter", emails, `[{"op":"remove","path":"emails[type eq \"work\"]"}]`, `{"emails":[{"type":"home","value":"b"}]}`},
		{"remove the last value", `{"emails":[{"type":"work","value":"a"}]}`, `[{"op":"remove","path":"emails[value eq \"A\"]"}]`, `{}`},
		{
			"remove a sub-attribute by filter", emails, `[{"op":"remove","path":"emails[type eq \"work\"].display"}]`,
			`{"emails":[{"type":"work","value":"a","primary":true},{"type":"home","value":"b"}]}`,
		},
		{
			"remove the content by filter", emails, `[{"op":"remove","path":"emails[type eq \"work\"].value"}]`,
			`{"emails":[{"type":"home","value":"b"}]}`,
		},
		{
			"remove a sub-attribute of all", emails, `[{"op":"remove","path":"emails.type"}]`,
			`{"emails":[{"value":"a","primary":true,"display":"A"},{"value":"b"}]}`,
		},
		{
			"remove an extension", `{"title":"x","` + enterprise + `":{"department":"Ops"}}`, `[{"op":"remove","path":"` + enterprise +
				`"}]`,
			`{"title":"x"}`,
		},
		{
			"remove a simple value", `{"` + shoreURN + `":{"tags":["Red","blue"]}}`,
			`[{"op":"remove","path":"` + shoreURN + `:tags[value eq \"red\"]"}]`, `{"` + shoreURN + `":{"tags":["blue"]}}`,
		},
		{
			"remove what is required", `{"userName":"m"}`, `[{"op":"remove","path":"userName"}]`,
			`mutability: userName is required and cannot be removed`,
		},
		{
			"remove a required sub-attribute", `{"name":{"givenName":"a","familyName":"b"}}`,
			`[{"op":"replace","path":"name.familyName","value":""}]`, `mutability: name.familyName is required and cannot be removed`,
		},
		{
			"remove around a required sub-attribute", `{"name":{"familyName":"b"}}`, `[{"op":"remove","path":"name"}]`,
			`mutability: name.familyName is required and cannot be removed`,
		},
		{
			"remove and set again", `{"userName":"m"}`, `[{"op":"remove","path":"userName"},{"op":"add","path":"userName","value":"n"}]`,
			`{"userName":"n"}`,
		},
		{
			"a required sibling that is absent", `{"name":{"givenName":"a"}}`, `[{"op":"replace","path":"name.givenName","value":"b"}]`,
			`{"name":{"givenName":"b"}}`,
		},

		// replace, §3.5.2.3
		{"replace what is absent", `{}`, `[{"op":"replace","path":"name.givenName","value":"M"}]`, `{"name":{"givenName":"M"}}`},
		{
			"replace merges a complex value", `{"name":{"givenName":"M","familyName":"L"}}`,
			`[{"op":"replace","path":"name","value":{"givenName":"N","middleName":""}}]`, `{"name":{"givenName":"N","familyName":"L"}}`,
		},
		{
			"replace clears a sub-attribute", `{"name":{"givenName":"M","familyName":"L"}}`,
			`[{"op":"replace","value":{"name":{"givenName":""}}}]`, `{"name":{"familyName":"L"}}`,
		},
		{
			"replace all values", emails,
			`[{"op":"replace","path":"emails","value":[{"value":"c","primary":true},{"value":"d","primary":true},{"value":"c"}]}]`,
			`{"emails":[{"value":"c","primary":false},{"value":"d","primary":true}]}`,
		},
		{"replace all values with none", emails, `[{"op":"replace","path":"emails","value":[]}]`, `{}`},
		{
			"replace by filter touches all",
			`{"emails":[{"type":"work","value":"a"},{"type":"home","value":"b"},{"type":"work","value":"c"}]}`,
			`[{"op":"replace","path":"emails[type eq \"work\"].display","value":"W"}]`,
			`{"emails":[{"type":"work","value":"a","display":"W"},{"type":"home","value":"b"},{"type":"work","value":"c","display":"W"}]}`,
		},
		{
			"replace makes two values one", `{"emails":[{"type":"work","value":"a"},{"type":"work","value":"c"}]}`,
			`[{"op":"replace","path":"emails[type eq \"work\"].value","value":"z"}]`, `{"emails":[{"type":"work","value":"z"}]}`,
		},
		{
			"replace a whole value by filter", emails, `[{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"c"}}]`,
			`{"emails":[{"type":"work","value":"c"},{"type":"home","value":"b"}]}`,
		},
		{
			"replace by filter makes the value", `{}`, `[{"op":"replace","path":"emails[type eq \"work\"].value","value":"c"}]`,
			`{"emails":[{"type":"work","value":"c"}]}`,
		},
		{
			"replace by a filter that makes nothing", `{}`, `[{"op":"replace","path":"emails[value sw \"x\"].type","value":"work"}]`,
			`noTarget: replace "emails[value sw \"x\"].type": no value matches the filter, and none can be made from it`,
		},
		{
			"replace a sub-attribute of all", emails, `[{"op":"replace","path":"emails.display","value":"D"}]`,
			`{"emails":[{"type":"work","value":"a","primary":true,"display":"D"},{"type":"home","value":"b","display":"D"}]}`,
		},
		{
			"replace a simple value by filter", `{"` + shoreURN + `":{"tags":["Red","blue"]}}`,
			`[{"op":"replace","path":"` + shoreURN + `:tags[value eq \"red\"]","value":"green"}]`,
			`{"` + shoreURN + `":{"tags":["green","blue"]}}`,
		},
		{
			"primary moves", emails, `[{"op":"replace","path":"emails[type eq \"home\"].primary","value":"True"}]`,
			`{"emails":[{"type":"work","value":"a","primary":false,"display":"A"},{"type":"home","value":"b","primary":true}]}`,
		},
		{
			"primary several times", emails,
			`[{"op":"add","path":"emails[type eq \"home\"].primary","value":true},{"op":"add","path":"emails[type eq \"other\"].primary",` +
				`"value":true},{"op":"add","path":"emails[type eq \"other\"].value","value":"c"}]`,
			`{"emails":[{"type":"work","value":"a","primary":false,"display":"A"},{"type":"home","value":"b","primary":false},` +
				`{"type":"other","value":"c","primary":true}]}`,
		},
		{
			"replace an extension merges", `{"` + enterprise + `":{"department":"Ops","division":"East"}}`,
			`[{"op":"replace","path":"` + enterprise + `","value":{"department":"","costCenter":"7"}}]`,
			`{"` + enterprise + `":{"division":"East","costCenter":"7"}}`,
		},
		{
			"an empty extension says nothing", `{"` + enterprise + `":{"department":"Ops"}}`,
			`[{"op":"replace","value":{"` + enterprise + `":{}}}]`, `{"` + enterprise + `":{"department":"Ops"}}`,
		},
		{
			"null clears an extension", `{"` + enterprise + `":{"department":"Ops"}}`,
			`[{"op":"replace","value":{"` + enterprise + `":null}}]`, `{}`,
		},
		{"core URN as path", `{"title":"x"}`, `[{"op":"replace","path":"` + schema.UserURN + `","value":{"title":"y"}}]`, `{"title":"y"}`},

		// manager
		{
			"another manager", `{"` + enterprise + `":{"manager":{"value":"a","$ref":"x/a","displayName":"A"}}}`,
			`[{"op":"replace","path":"manager.value","value":"b"}]`, `{"` + enterprise + `":{"manager":{"value":"b"}}}`,
		},
		{
			"the same manager", `{"` + enterprise + `":{"manager":{"value":"a","$ref":"x/a","displayName":"A"}}}`,
			`[{"op":"replace","path":"manager","value":"a"}]`,
			`{"` + enterprise + `":{"manager":{"value":"a","$ref":"x/a","displayName":"A"}}}`,
		},
		{
			"remove manager by filter", `{"` + enterprise + `":{"manager":{"value":"a","displayName":"A"}}}`,
			`[{"op":"remove","path":"manager[value eq \"a\"]"}]`, `{}`,
		},
		{
			"remove another manager by filter", `{"` + enterprise + `":{"manager":{"value":"a"}}}`,
			`[{"op":"remove","path":"manager[value eq \"b\"]"}]`, `{"` + enterprise + `":{"manager":{"value":"a"}}}`,
		},
		{
			"remove manager.value", `{"` + enterprise + `":{"manager":{"value":"a","displayName":"A"},"division":"E"}}`,
			`[{"op":"remove","path":"` + enterprise + `:manager.value"}]`, `{"` + enterprise + `":{"division":"E"}}`,
		},
		{
			"set manager beside another", `{"` + enterprise + `":{"manager":{"value":"a"}}}`,
			`[{"op":"replace","path":"manager[value eq \"b\"].$ref","value":"x"}]`,
			`noTarget: replace "manager[value eq \"b\"].$ref": no value matches the filter, and none can be made from it`,
		},

		// order and atomicity, §3.5.2
		{
			"in order", `{}`,
			`[{"op":"add","path":"title","value":"a"},{"op":"remove","path":"title"},{"op":"add","path":"title","value":"b"}]`,
			`{"title":"b"}`,
		},
		{
			"all or nothing", `{"id":"7"}`, `[{"op":"add","path":"title","value":"a"},{"op":"replace","path":"id","value":"8"}]`,
			`mutability: replace "id": id is read-only`,
		},
		{
			"an equal id", `{"id":"7"}`, `[{"op":"add","path":"title","value":"a"},{"op":"replace","path":"id","value":"7"}]`,
			`{"id":"7","title":"a"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt := userType()
			before := resource(t, tt.before)
			ops, dropped, err := patch.Parse([]byte(`{"Operations":`+tt.ops+`}`), rt, scim.Dialect{})
			if err != nil || len(dropped) > 0 {
				t.Fatal(dropped, err)
			}
			after, err := patch.Apply(before, ops, rt, scim.Dialect{})
			if diff := cmp.Diff(resource(t, tt.before), before); diff != "" {
				t.Errorf("the resource changed:\n%s", diff)
			}
			if !strings.HasPrefix(tt.want, "{") {
				if err == nil || err.Error() != tt.want {
					t.Errorf("got  %v\nwant %s", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(resource(t, tt.want), after); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`{`, `invalidSyntax: the body is not JSON: unexpected end of JSON input (line 1, column 1)`},
		{`{}`, `invalidSyntax: Operations must be an array`},
		{`{"Operations":{}}`, `invalidSyntax: Operations must be an array`},
		{`{"Operations":[7]}`, `invalidSyntax: Operations[0] must be a JSON object`},
		{
			`{"Operations":[{"op":"add","path":"title","value":"x"},{"op":"move","path":"title"}]}`,
			`invalidSyntax: Operations[1]: op must be add, replace or remove`,
		},
		{`{"Operations":[{"path":"title"}]}`, `invalidSyntax: Operations[0]: op must be add, replace or remove`},
		{`{"Operations":[{"op":"add","path":7}]}`, `invalidPath: Operations[0]: path must be a string`},
		{`{"Operations":[{"op":"Remove"}]}`, `noTarget: Operations[0], remove: a remove needs a path`},
		{
			`{"Operations":[{"op":"remove","path":"` + schema.UserURN + `"}]}`,
			`noTarget: Operations[0], remove "` + schema.UserURN + `": a remove needs a path`,
		},
		{`{"Operations":[{"op":"add","path":"title"}]}`, `invalidValue: Operations[0], add "title": the value is missing`},
		{`{"Operations":[{"op":"add"}]}`, `invalidValue: Operations[0], add: the value is missing`},
		{`{"Operations":[{"op":"add","value":"x"}]}`, `invalidValue: Operations[0], add: without a path the value must be a JSON object`},
		{
			`{"Operations":[{"op":"add","path":"emails[type eq \"work\".value","value":"x"}]}`,
			`invalidPath: Operations[0], add "emails[type eq \"work\".value": a bracket is not closed (character 22)`,
		},
		{
			`{"Operations":[{"op":"add","path":"a b","value":"x"}]}`,
			`invalidPath: Operations[0], add "a b": unexpected "b" in the path (character 3)`,
		},
		{`{"Operations":[{"op":"add","value":{"a[":"x"}}]}`, `invalidPath: Operations[0], add: an attribute is missing (character 3)`},
		{
			`{"Operations":[{"op":"replace","path":"active","value":"perhaps"}]}`,
			`invalidValue: Operations[0], replace "active": active must be true or false`,
		},
		{
			`{"Operations":[{"op":"replace","value":{"name.givenName":{"a":"b"}}}]}`,
			`invalidValue: Operations[0], replace: name.givenName must be a string`,
		},
		{
			`{"Operations":[{"op":"replace","path":"emails[type eq \"work\"].primary","value":"x"}]}`,
			`invalidValue: Operations[0], replace "emails[type eq \"work\"].primary": emails.primary must be true or false`,
		},
		{
			`{"Operations":[{"op":"replace","path":"groups","value":[]}]}`,
			`mutability: Operations[0], replace "groups": groups is read-only`,
		},
		{`{"Operations":[{"op":"remove","path":"id"}]}`, `mutability: Operations[0], remove "id": id is read-only`},
		{
			`{"Operations":[{"op":"replace","path":"meta.created","value":"x"}]}`,
			`mutability: Operations[0], replace "meta.created": meta.created is read-only`,
		},
		{
			`{"Operations":[{"op":"replace","path":"manager.displayName","value":"x"}]}`,
			`mutability: Operations[0], replace "manager.displayName": ` + enterprise + `:manager.displayName is read-only`,
		},
		{
			`{"Operations":[{"op":"replace","path":"password","value":["geheim","geheim"]}]}`,
			`invalidValue: Operations[0], replace "password": password must be a string`,
		},
	} {
		_, _, err := patch.Parse([]byte(tt.body), userType(), scim.Dialect{})
		if _, ok := errors.AsType[*scim.Error](err); !ok || err.Error() != tt.want {
			t.Errorf("%s\n got %v\nwant %s", tt.body, err, tt.want)
		}
	}
}
