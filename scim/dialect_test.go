package scim_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// One quirk a row: what a client sends, what is read of it, and what a strict dialect makes of it, which is the same where the RFCs allow
// it ("").
func TestDialect(t *testing.T) {
	const (
		core       = schema.UserURN
		enterprise = schema.EnterpriseURN
		path       = " is a path, where the name of an attribute or an extension's URN must stand"
		empty      = " must be more than an empty string: null unassigns it"
	)
	for _, tt := range []struct{ name, body, want, strict string }{
		{"boolean in capitals", `{"active":"True"}`, `{"active":true}`, "invalidValue: active must be true or false"},
		{"boolean in small letters", `{"active":"false"}`, `{"active":false}`, "invalidValue: active must be true or false"},
		{
			"boolean in an element", `{"roles":[{"value":"a","primary":"True"}]}`, `{"roles":[{"value":"a","primary":true}]}`,
			"invalidValue: roles[0].primary must be true or false",
		},
		{
			"odd-case keys", `{"UserName":"m","EMAILS":[{"Value":"a","TYPE":"work"}]}`,
			`{"userName":"m","emails":[{"value":"a","type":"work"}]}`, "",
		},
		{
			"role in a string", `{"roles":[{"value":"{\"id\":\"0d\",\"value\":\"Auditor\",\"displayName\":\"The auditor\"}"}]}`,
			`{"roles":[{"value":"Auditor","display":"The auditor"}]}`,
			`{"roles":[{"value":"{\"id\":\"0d\",\"value\":\"Auditor\",\"displayName\":\"The auditor\"}"}]}`,
		},
		{"JSON in another string", `{"title":"{\"value\":\"x\"}"}`, `{"title":"{\"value\":\"x\"}"}`, ""},
		{
			"displayName of a role", `{"roles":[{"value":"a","displayName":"A"}]}`, `{"roles":[{"value":"a","display":"A"}]}`,
			`{"roles":[{"value":"a"}]}`,
		},
		{"array for one value", `{"title":["Lead"]}`, `{"title":"Lead"}`, "invalidValue: title must be a string"},
		{"old library form", `{"title":[{"$ref":null,"value":"Lead"}]}`, `{"title":"Lead"}`, "invalidValue: title must be a string"},
		{"object for one value", `{"title":{"value":"Lead"}}`, `{"title":"Lead"}`, "invalidValue: title must be a string"},
		{
			"array for a complex value", `{"name":[{"givenName":"M"}]}`, `{"name":{"givenName":"M"}}`,
			"invalidValue: name must be a JSON object",
		},
		{
			"array for an extension", `{"` + enterprise + `":[{"department":"Ops"}]}`, `{"` + enterprise + `":{"department":"Ops"}}`,
			"invalidValue: " + enterprise + " must be a JSON object",
		},
		{"one value for many", `{"emails":{"value":"a"}}`, `{"emails":[{"value":"a"}]}`, "invalidValue: emails must be a JSON array"},
		{
			"plain string for an element", `{"emails":["a","b"]}`, `{"emails":[{"value":"a"},{"value":"b"}]}`,
			"invalidValue: emails[0] must be a JSON object",
		},
		{
			"plain string for manager", `{"` + enterprise + `":{"manager":"9f2c"}}`, `{"` + enterprise + `":{"manager":{"value":"9f2c"}}}`,
			"invalidValue: " + enterprise + ":manager must be a JSON object",
		},
		{
			"managerId", `{"` + enterprise + `":{"manager":{"managerId":"9f2c","displayName":"B"}}}`,
			`{"` + enterprise + `":{"manager":{"value":"9f2c"}}}`, `{}`,
		},
		{
			"null $ref", `{"` + enterprise + `":{"manager":{"$ref":null,"value":"9f2c"}}}`,
			`{"` + enterprise + `":{"manager":{"value":"9f2c"}}}`, "",
		},
		{
			"null and empty lists", `{"name":null,"emails":[],"roles":null,"ims":[{}],"phoneNumbers":[{"value":null,"type":"work"}]}`, `{}`,
			"",
		},
		{"empty string", `{"title":""}`, `{}`, "invalidValue: title" + empty},
		{"empty string for a complex value", `{"name":""}`, `{}`, "invalidValue: name must be a JSON object"},
		{"empty string for many", `{"emails":""}`, `{}`, "invalidValue: emails must be a JSON array"},
		{"empty string for an extension", `{"` + enterprise + `":""}`, `{}`, "invalidValue: " + enterprise + " must be a JSON object"},
		{"empty value", `{"` + enterprise + `":{"manager":{"value":""}}}`, `{}`, "invalidValue: " + enterprise + ":manager.value" + empty},
		{
			"element of labels", `{"emails":[{"type":"work","primary":true,"value":""},{"type":"home","value":"h"}]}`,
			`{"emails":[{"type":"home","value":"h"}]}`, "invalidValue: emails[0].value" + empty,
		},
		{
			"dotted keys", `{"name.givenName":"M","name":{"familyName":"L"}}`, `{"name":{"givenName":"M","familyName":"L"}}`,
			`invalidSyntax: "name.givenName"` + path,
		},
		{
			"dotted keys in an extension", `{"` + enterprise + `":{"manager.value":"9f2c"}}`,
			`{"` + enterprise + `":{"manager":{"value":"9f2c"}}}`, `invalidSyntax: "manager.value"` + path,
		},
		{
			"URN keys", `{"` + enterprise + `:department":"Ops"}`, `{"` + enterprise + `":{"department":"Ops"}}`,
			`invalidSyntax: "` + enterprise + `:department"` + path,
		},
		{
			"URN keys in an extension", `{"` + enterprise + `":{"` + enterprise + `:department":"Ops"}}`,
			`{"` + enterprise + `":{"department":"Ops"}}`, `invalidSyntax: "` + enterprise + `:department"` + path,
		},
		{"core URN keys", `{"` + core + `:title":"Lead"}`, `{"title":"Lead"}`, `invalidSyntax: "` + core + `:title"` + path},
		{
			"core attributes under their URN", `{"` + core + `":{"title":"Lead"}}`, `{"title":"Lead"}`,
			`invalidSyntax: "` + core + `"` + path,
		},
		{"legacy dot", `{"` + enterprise + `.department":"Ops"}`, `{"` + enterprise + `":{"department":"Ops"}}`, `{}`},
		{"legacy dot under the core URN", `{"` + core + `.name.givenName":"M"}`, `{"name":{"givenName":"M"}}`, `{}`},
		{
			"extension at top level", `{"department":"Ops","Manager":{"Value":"9f2c"}}`,
			`{"` + enterprise + `":{"department":"Ops","manager":{"value":"9f2c"}}}`, `{}`,
		},
		{
			"malformed URN", `{"urn:ietf:params:scim:schemas:extension:enterprise:2.0User":{"department":"Ops"}}`,
			`{"` + enterprise + `":{"department":"Ops"}}`, `{}`,
		},
		{
			"SCIM 1.0 URN", `{"urn:scim:schemas:extension:enterprise:1.0":{"department":"Ops"},"urn:scim:schemas:core:1.0:title":"Lead"}`,
			`{"title":"Lead","` + enterprise + `":{"department":"Ops"}}`, `{}`,
		},
		{
			"number for a string", `{"title":1.50,"` + enterprise + `":{"employeeNumber":70198}}`,
			`{"title":"1.50","` + enterprise + `":{"employeeNumber":"70198"}}`, "invalidValue: title must be a string",
		},
		{
			"string for a number", `{"` + shoreURN + `":{"deck":"12","depth":"-1.5e2"}}`, `{"` + shoreURN + `":{"deck":12,"depth":-1.5e2}}`,
			"invalidValue: " + shoreURN + ":deck must be an integer",
		},
		{
			"string for a decimal", `{"` + shoreURN + `":{"depth":"-1.5e2"}}`, `{"` + shoreURN + `":{"depth":-1.5e2}}`,
			"invalidValue: " + shoreURN + ":depth must be a number",
		},
		{
			"objects in a simple list", `{"` + shoreURN + `":{"tags":["a",{"value":"b"}]}}`, `{"` + shoreURN + `":{"tags":["a","b"]}}`,
			"invalidValue: " + shoreURN + ":tags[1] must be a string",
		},
		{"simple list", `{"` + shoreURN + `":{"tags":["a","b","a"]}}`, `{"` + shoreURN + `":{"tags":["a","b"]}}`, ""},
		{
			"null beside values", `{"` + shoreURN + `":{"tags":["a",null,"b"]}}`, `{"` + shoreURN + `":{"tags":["a","b"]}}`,
			"invalidValue: " + shoreURN + ":tags[1] must be a value: null is none",
		},
		{
			"null beside objects", `{"emails":[{"value":"a"},null]}`, `{"emails":[{"value":"a"}]}`,
			"invalidValue: emails[1] must be a value: null is none",
		},
		{"null alone", `{"emails":[null]}`, `{}`, "invalidValue: emails[0] must be a value: null is none"},
		{"readOnly", `{"id":"7","meta":{"resourceType":"User"},"groups":[{"value":"g"}],"title":"Lead"}`, `{"title":"Lead"}`, ""},
		{"last of two", `{"title":"a","Title":"b"}`, `{"title":"b"}`, ""},
		{"null after a value", `{"title":"a","TITLE":null}`, `{"title":"a"}`, ""},
		{
			"as sent", `{"userName":"  Mara ÅŁ <&>\u2028 ","password":" p\u00e4ss "}`,
			`{"userName":"  Mara ÅŁ <&>\u2028 ","password":" päss "}`, "",
		},
		{
			"equal values", `{"emails":[{"value":"a","type":"work"},{"type":"work","value":"a"}]}`, `{"emails":[{"value":"a",` +
				`"type":"work"}]}`,
			"",
		},
		{
			"dateTime and base64", `{"` + shoreURN + `":{"boarded":"2011-05-13T04:42:34.1234567+02:00","key":"TWFyYQ=="}}`,
			`{"` + shoreURN + `":{"boarded":"2011-05-13T04:42:34.1234567+02:00","key":"TWFyYQ=="}}`, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt := userType()
			got, dropped, err := scim.Parse([]byte(tt.body), rt, scim.Dialect{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(resource(t, tt.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(dropped) > 0 {
				t.Errorf("dropped %q", dropped)
			}
			if tt.strict == "" {
				tt.strict = tt.want
			}
			got, _, err = scim.Parse([]byte(`{"schemas":["`+core+`","`+enterprise+`","`+shoreURN+`"],`+tt.body[1:]), rt,
				scim.Dialect{Strict: true})
			switch {
			case !strings.HasPrefix(tt.strict, "{"):
				if err == nil || err.Error() != tt.strict {
					t.Errorf("strict: %v\n  want: %s", err, tt.strict)
				}
			case err != nil:
				t.Errorf("strict: %v", err)
			default:
				if diff := cmp.Diff(resource(t, tt.strict), got); diff != "" {
					t.Errorf("strict (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// What schemas says: any client's is taken, and a strict dialect holds it to RFC 7643 §3.
func TestSchemasOfBody(t *testing.T) {
	const core, enterprise = `"` + schema.UserURN + `"`, `"` + schema.EnterpriseURN + `"`
	for _, tt := range []struct{ name, body, strict string }{
		{"none", `{}`, "invalidSyntax: schemas must be an array with " + schema.UserURN},
		{"null", `{"schemas":null}`, "invalidSyntax: schemas must be an array with " + schema.UserURN},
		{"a string", `{"schemas":` + core + `}`, "invalidSyntax: schemas must be an array with " + schema.UserURN},
		{"SCIM 1.0", `{"schemas":["urn:scim:schemas:core:1.0"]}`, "invalidSyntax: schemas lacks " + schema.UserURN},
		{"core", `{"schemas":[` + core + `]}`, ""},
		{"in other case", `{"Schemas":["URN:IETF:params:scim:schemas:core:2.0:User"]}`, ""},
		{"an extension that is not in use", `{"schemas":[` + core + `,` + enterprise + `]}`, ""},
		{
			"an extension that it does not name", `{"schemas":[` + core + `],` + enterprise + `:{"department":"Ops"}}`,
			"invalidSyntax: schemas lacks " + schema.EnterpriseURN,
		},
		{"an unknown one", `{"schemas":[` + core + `,"urn:x:y"]}`, `invalidSyntax: schemas names "urn:x:y", which is no schema of a User`},
		{"a number", `{"schemas":[` + core + `,7]}`, `invalidSyntax: schemas names "", which is no schema of a User`},
	} {
		rt := userType()
		if _, _, err := scim.Parse([]byte(tt.body), rt, scim.Dialect{}); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		_, _, err := scim.Parse([]byte(tt.body), rt, scim.Dialect{Strict: true})
		if got := text(err); got != tt.strict {
			t.Errorf("%s, strict: %s\nwant %s", tt.name, got, tt.strict)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
