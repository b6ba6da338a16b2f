package scim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// Each file of testdata/parse is one body: the comment says where it is seen, "type" may name narrow or group, "body" is what is sent,
// "resource" what is read of it and "dropped" the names left out, one a line.
func TestParseFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/parse/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	types := map[string]*schema.ResourceType{"": userType(), "narrow": narrowType(), "group": groupType()}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range archive.Files {
				part[f.Name] = strings.TrimSpace(string(f.Data))
			}
			got, dropped, err := scim.Parse([]byte(part["body"]), types[part["type"]], scim.Dialect{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(resource(t, part["resource"]), got); diff != "" {
				t.Errorf("resource (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(part["dropped"], strings.Join(dropped, "\n")); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	rt := userType()
	for _, tt := range []struct{ body, want string }{
		{``, `invalidSyntax: the body is not JSON: unexpected end of JSON input (line 1, column 1)`},
		{`[]`, `invalidSyntax: the body is not a JSON object`},
		{`"x"`, `invalidSyntax: the body is not a JSON object`},
		{`null`, `invalidSyntax: the body is not a JSON object`},
		{"{\"a\":1,\n  \"b\" 2}", `invalidSyntax: the body is not JSON: invalid character '2' after object key (line 2, column 7)`},
		{`{"a":1}}`, `invalidSyntax: the body is not JSON: invalid character '}' after top-level value (line 1, column 8)`},
		{`{"a":"` + "\xff" + `"}`, `invalidSyntax: the body is not UTF-8 (line 1, column 7)`},
		{
			`{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
			`invalidSyntax: the body is nested deeper than 32 levels (line 1, column 36)`,
		},
		{`{"active":"maybe"}`, `invalidValue: active must be true or false`},
		{`{"active":1}`, `invalidValue: active must be true or false`},
		{`{"userName":true}`, `invalidValue: userName must be a string`},
		{`{"userName":["a","b"]}`, `invalidValue: userName must be a string`},
		{`{"userName":{"x":"y"}}`, `invalidValue: userName must be a string`},
		{`{"name":"Mara"}`, `invalidValue: name must be a JSON object`},
		{`{"name":{"givenName":{"a":"b"}}}`, `invalidValue: name.givenName must be a string`},
		{`{"emails":[{"value":"a"},{"value":["b","c"]}]}`, `invalidValue: emails[1].value must be a string`},
		{
			`{"emails":[{"value":"a","primary":true},{"value":"b","primary":"True"}]}`,
			`invalidValue: emails has more than one primary value`,
		},
		{`{"emails":7}`, `invalidValue: emails[0] must be a JSON object`},
		{`{"password":"a\u0000b"}`, `invalidValue: password holds a NUL character`},
		{`{"` + schema.EnterpriseURN + `":"Ops"}`, `invalidValue: ` + schema.EnterpriseURN + ` must be a JSON object`},
		{`{"` + schema.EnterpriseURN + `":{"department":false}}`, `invalidValue: ` + schema.EnterpriseURN + `:department must be a string`},
		{`{"` + shoreURN + `":{"deck":1.5}}`, `invalidValue: ` + shoreURN + `:deck must be an integer`},
		{`{"` + shoreURN + `":{"depth":"deep"}}`, `invalidValue: ` + shoreURN + `:depth must be a number`},
		{
			`{"` + shoreURN + `":{"boarded":"today"}}`,
			`invalidValue: ` + shoreURN + `:boarded must be a dateTime such as 2026-05-13T04:42:34Z`,
		},
		{`{"` + shoreURN + `":{"key":"no base64!"}}`, `invalidValue: ` + shoreURN + `:key must be base64`},
	} {
		_, _, err := scim.Parse([]byte(tt.body), rt, scim.Dialect{})
		if _, ok := errors.AsType[*scim.Error](err); !ok || err.Error() != tt.want {
			t.Errorf("%.60s\n got %v\nwant %s", tt.body, err, tt.want)
		}
	}
}

func TestCheckRequired(t *testing.T) {
	rt := userType()
	manager := rt.Extensions[0].Schema.Attribute("manager")
	manager.Sub("value").Required = true
	rt.Extensions[0].Schema.Attribute("department").Required = true
	rt.Core.Attribute("emails").Sub("value").Required = true
	for _, tt := range []struct{ resource, want string }{
		{`{}`, "userName is required"},
		{`{"userName":"m"}`, ""},
		{`{"userName":"m","` + schema.EnterpriseURN + `":{"division":"x"}}`, schema.EnterpriseURN + ":department is required"},
		{
			`{"userName":"m","` + schema.EnterpriseURN + `":{"department":"x","manager":{"$ref":"y"}}}`,
			schema.EnterpriseURN + ":manager.value is required",
		},
		{`{"userName":"m","emails":[{"value":"a"},{"type":"work"}]}`, "emails.value is required"},
	} {
		err := scim.CheckRequired(resource(t, tt.resource), rt)
		got := ""
		if e, ok := errors.AsType[*scim.Error](err); ok && e.Type == scim.InvalidValue {
			got = e.Detail
		}
		if got != tt.want {
			t.Errorf("%s: %v, want %q", tt.resource, err, tt.want)
		}
	}
	rt.Extensions[0].Required = true
	if err := scim.CheckRequired(scim.Resource{"userName": "m"}, rt); err == nil {
		t.Error("a required extension may be missing")
	}
}

// Another extension's attribute is not found without its URN, least of all under the name of a core attribute that is not mapped.
func TestNoStrayBeyondEnterprise(t *testing.T) {
	rt := narrowType()
	rt.Extensions = []schema.Extension{{Schema: &schema.Schema{ID: shoreURN, Attributes: []*schema.Attribute{{
		Name: "title",
		Type: schema.String,
	}}}}}
	r, dropped, err := scim.Parse([]byte(`{"title":"Lead"}`), rt, scim.Dialect{})
	if err != nil || len(r) > 0 || len(dropped) != 1 {
		t.Errorf("%v, dropped %q, %v", r, dropped, err)
	}
}

// What is read, written out and read again is the same.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/parse/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range archive.Files {
			if part.Name == "body" {
				f.Add(bytes.TrimSpace(part.Data))
			}
		}
	}
	f.Add([]byte(`{"` + shoreURN + `":{"deck":"12","depth":1e400,"tags":["a",{"value":"b"}],"key":"TQ"}}`))
	rt := userType()
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, _, err := scim.Parse(body, rt, scim.Dialect{Strict: true}); err != nil {
			if _, ok := errors.AsType[*scim.Error](err); !ok {
				t.Fatalf("strict: %T: %v", err, err)
			}
		}
		r, _, err := scim.Parse(body, rt, scim.Dialect{})
		if err != nil {
			if _, ok := errors.AsType[*scim.Error](err); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again, dropped, err := scim.Parse(text, rt, scim.Dialect{})
		if err != nil || len(dropped) > 0 {
			t.Fatalf("%s: dropped %q, %v", text, dropped, err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
	})
}

// TestMaxValues: a resource has so many values of an attribute at the most; of members, as many as its body holds.
func TestMaxValues(t *testing.T) {
	values := func(n int) string { return strings.TrimSuffix(strings.Repeat(`{"value":"a"},`, n), ",") }
	if _, _, err := scim.Parse([]byte(`{"emails":[`+values(scim.DefaultValues)+`]}`), userType(), scim.Dialect{}); err != nil {
		t.Error(err)
	}
	_, _, err := scim.Parse([]byte(`{"emails":[`+values(scim.DefaultValues+1)+`]}`), userType(), scim.Dialect{})
	if got, want := text(err), "invalidValue: emails has more than 10000 values (limits.values)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	group := &schema.ResourceType{Name: "Group", Core: schema.Group()}
	if _, _, err := scim.Parse([]byte(`{"members":[`+values(5*scim.DefaultValues)+`]}`), group, scim.Dialect{}); err != nil {
		t.Error(err)
	}
}

// Decode takes and refuses what encoding/json does, and gives the same values.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{}`, ` {"a" : [ 1 , -0.5e+3,true,false , null,"" ] , "b":{"c":[{}],"d":[[]]}} `, `{"\u0061\"":"\ud83d\ude00\ud800x\/\\"}`,
		"{\"a\":1\t}", `{"a":1,"a":2}`, `[1]`, `{"a":[1,]}`, `{"a":01}`, `{,}`, `{"a" "b"}`, "{\"a\":\"\n\"}", `{"a":"\x"}`, `{} {}`, ``,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := scim.Decode(body)
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		var want map[string]any
		wrong := !json.Valid(body) || !utf8.Valid(body) || d.Decode(&want) != nil || want == nil
		deep := err != nil && strings.Contains(err.Error(), "nested deeper")
		switch {
		case deep:
		case wrong != (err != nil):
			t.Fatalf("%v, and encoding/json refuses: %t", err, wrong)
		case err == nil:
			if diff := cmp.Diff(any(want), plain(o)); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
		}
	})
}
