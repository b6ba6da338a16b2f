package scim_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/scim"
	"scimbridge/scim/schema"
)

const whole = `{"id":"7","externalId":"e","userName":"mara","password":"p","unknown":"x",
 "name":{"givenName":"Mara","familyName":"Lind"},
 "emails":[{"value":"a","type":"work"},{"value":"b","type":"home"}],
 "meta":{"resourceType":"User","version":"1"},
 "` + schema.EnterpriseURN + `":{"department":"Ops","manager":{"value":"9f2c","displayName":"B"}},
 "` + shoreURN + `":{"secret":"s"}}`

func TestProjection(t *testing.T) {
	const core, enterprise, shore = `"` + schema.UserURN + `"`, `"` + schema.EnterpriseURN + `"`, `"` + shoreURN + `"`
	for _, tt := range []struct {
		name                 string
		attributes, excluded []string
		want                 string
	}{
		{
			"default", nil, nil,
			`{"schemas":[` + core + `,` + enterprise + `],"id":"7","externalId":"e","userName":"mara","name":{"givenName":"Mara",` +
				`"familyName":"Lind"},
			 "emails":[{"value":"a","type":"work"},{"value":"b","type":"home"}],"meta":{"resourceType":"User","version":"1"},
			 ` + enterprise + `:{"department":"Ops","manager":{"value":"9f2c","displayName":"B"}}}`,
		},
		{"one", []string{"UserName"}, nil, `{"schemas":[` + core + `],"id":"7","userName":"mara"}`},
		{
			"a list in one text",
			[]string{"externalId, name.givenName"},
			nil,
			`{"schemas":[` + core + `],"id":"7","externalId":"e","name":{"givenName":"Mara"}}`,
		},
		{
			"sub-attribute of many",
			[]string{"emails.value"},
			nil,
			`{"schemas":[` + core + `],"id":"7","emails":[{"value":"a"},{"value":"b"}]}`,
		},
		{
			"value filter",
			[]string{`emails[type eq "work,or ] not"]`},
			nil,
			`{"schemas":[` + core + `],"id":"7","emails":[{"value":"a","type":"work"},{"value":"b","type":"home"}]}`,
		},
		{
			"value filter with sub-attribute",
			[]string{`emails[type eq "work"].value`},
			nil,
			`{"schemas":[` + core + `],"id":"7","emails":[{"value":"a"},{"value":"b"}]}`,
		},
		{
			"URN",
			[]string{schema.EnterpriseURN + ":manager.value"},
			nil,
			`{"schemas":[` + core + `,` + enterprise + `],"id":"7",` + enterprise + `:{"manager":{"value":"9f2c"}}}`,
		},
		{"core URN", []string{schema.UserURN + ":userName"}, nil, `{"schemas":[` + core + `],"id":"7","userName":"mara"}`},
		{
			"extension",
			[]string{schema.EnterpriseURN},
			nil,
			`{"schemas":[` + core + `,` + enterprise + `],"id":"7",` + enterprise + `:{"department":"Ops","manager":{"value":"9f2c",` +
				`"displayName":"B"}}}`,
		},
		{
			"on request",
			[]string{shoreURN + ":secret"},
			nil,
			`{"schemas":[` + core + `,` + shore + `],"id":"7",` + shore + `:{"secret":"s"}}`,
		},
		{"never", []string{"password"}, nil, `{"schemas":[` + core + `],"id":"7"}`},
		{"unknown", []string{"nope", "name.nope"}, nil, `{"schemas":[` + core + `],"id":"7"}`},
		{
			"excluded", nil,
			[]string{"emails", "name.familyName", "id", schema.EnterpriseURN, "meta,externalId"},
			`{"schemas":[` + core + `],"id":"7","userName":"mara","name":{"givenName":"Mara"}}`,
		},
		{
			"blank",
			[]string{"", " , "},
			[]string{"emails", "name", "meta", "externalId", schema.EnterpriseURN},
			`{"schemas":[` + core + `],"id":"7","userName":"mara"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := scim.NewProjection(userType(), scim.Dialect{}, tt.attributes, tt.excluded)
			if err != nil {
				t.Fatal(err)
			}
			r := resource(t, whole)
			if diff := cmp.Diff(resource(t, tt.want), p.Apply(r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(resource(t, whole), r); diff != "" {
				t.Errorf("the resource changed:\n%s", diff)
			}
		})
	}
	if _, err := scim.NewProjection(userType(), scim.Dialect{}, []string{"id"}, []string{"emails"}); err == nil {
		t.Error("attributes and excludedAttributes were taken together")
	}
}

func TestProjectionWants(t *testing.T) {
	rt := userType()
	for _, tt := range []struct {
		attributes, excluded, path string
		want                       bool
	}{
		{"", "", "emails", true},
		{"", "", "password", false},
		{"", "", shoreURN + ":secret", false},
		{"", "emails", "emails", false},
		{"", "emails", "emails.value", false},
		{"", "emails.value", "emails", true},
		{"", "emails.value", "emails.value", false},
		{"", "id", "id", true},
		{"emails.value", "", "emails", true},
		{"emails.value", "", "emails.type", false},
		{"emails", "", "emails.type", true},
		{"emails", "", "name", false},
		{schema.EnterpriseURN + ":manager", "", schema.EnterpriseURN, true},
		{"manager", "", schema.EnterpriseURN + ":manager", true},
		{"userName", "", schema.EnterpriseURN, false},
		{schema.UserURN, "", "name.givenName", true},
	} {
		p, err := scim.NewProjection(rt, scim.Dialect{}, []string{tt.attributes}, []string{tt.excluded})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Wants(ref(t, rt, tt.path)); got != tt.want {
			t.Errorf("attributes %q, excluded %q: Wants(%s) is %v", tt.attributes, tt.excluded, tt.path, got)
		}
		if p.Named() != (tt.attributes != "") {
			t.Errorf("attributes %q: Named is %v", tt.attributes, p.Named())
		}
	}
}

// What is returned on request is also returned by the write that specified it, and what is never returned by none (RFC 7643 §7).
func TestProjectionOfWrites(t *testing.T) {
	rt := userType()
	rt.Core.Attribute("nickName").Returned = schema.OnRequest
	rt.Core.Attribute("name").Sub("middleName").Returned = schema.OnRequest
	rt.Core.Attribute("title").Returned = schema.Always
	r := resource(t,
		`{"id":"7","userName":"m","nickName":"N","title":"T","password":"p","name":{"givenName":"G","middleName":"M"},`+
			`"`+shoreURN+`":{"secret":"s"}}`)
	core, both := `"schemas":["`+schema.UserURN+`"]`, `"schemas":["`+schema.UserURN+`","`+shoreURN+`"]`
	for _, tt := range []struct {
		name, attributes, excluded, sent string
		specify                          []string
		want                             string
	}{
		{"a query", "", "", `{}`, nil, `{` + core + `,"id":"7","userName":"m","title":"T","name":{"givenName":"G"}}`},
		{
			"asked for", "nickName,name,password", "", `{}`, nil,
			`{` + core + `,"id":"7","title":"T","nickName":"N","name":{"givenName":"G","middleName":"M"}}`,
		},
		{"asked for by its own name", "name.middleName", "", `{}`, nil, `{` + core + `,"id":"7","title":"T","name":{"middleName":"M"}}`},
		{"always", "userName", "", `{}`, nil, `{` + core + `,"id":"7","userName":"m","title":"T"}`},
		{"always, excluded", "", "title,id,userName,name", `{}`, nil, `{` + core + `,"id":"7","title":"T"}`},
		{
			"sent", "", "", `{"userName":"m","nickName":"N","password":"p","name":{"middleName":"M"},"` + shoreURN +
				`":{"secret":"s"}}`, nil,
			`{` + both + `,"id":"7","userName":"m","title":"T","nickName":"N","name":{"givenName":"G","middleName":"M"},"` + shoreURN +
				`":{"secret":"s"}}`,
		},
		{
			"changed", "", "", `{}`,
			[]string{"nickName", "password"},
			`{` + core + `,"id":"7","userName":"m","title":"T","nickName":"N","name":{"givenName":"G"}}`,
		},
		{
			"a sub-attribute changed", "", "", `{}`,
			[]string{"name.middleName"},
			`{` + core + `,"id":"7","userName":"m","title":"T","name":{"givenName":"G","middleName":"M"}}`,
		},
	} {
		p, err := scim.NewProjection(rt, scim.Dialect{}, []string{tt.attributes}, []string{tt.excluded})
		if err != nil {
			t.Fatal(err)
		}
		p.SpecifyAll(resource(t, tt.sent))
		for _, path := range tt.specify {
			p.Specify(ref(t, rt, path))
		}
		if diff := cmp.Diff(resource(t, tt.want), p.Apply(r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// A value filter in the parameters is taken as the attribute; a strict dialect does not know it.
func TestProjectionStrict(t *testing.T) {
	p, err := scim.NewProjection(userType(), scim.Dialect{Strict: true}, []string{`emails[type eq "work, or ] not"],userName`, "manager"},
		nil)
	if err != nil {
		t.Fatal(err)
	}
	want := resource(t, `{"schemas":["`+schema.UserURN+`"],"id":"7","userName":"mara"}`)
	if diff := cmp.Diff(want, p.Apply(resource(t, whole))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
