package filter_test

import (
	"testing"

	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// A test of schemas tells nothing of an attribute that is never returned.
func TestSchemasHideSecrets(t *testing.T) {
	rt := userType()
	rt.Extensions = []schema.Extension{{Schema: &schema.Schema{ID: shoreURN, Attributes: []*schema.Attribute{
		{Name: "secret", Type: schema.String, Returned: schema.Never}, {Name: "badge", Type: schema.String},
	}}}}
	e, err := filter.Parse(`schemas eq "`+shoreURN+`"`, rt, scim.Dialect{})
	if err != nil || e.String() != shoreURN+":badge pr" {
		t.Errorf("%v, %v", e, err)
	}
}

// In a query across types an attribute that a type does not have is one without a value, RFC 7644 §3.4.2.1.
func TestParseAcross(t *testing.T) {
	for _, tt := range []struct{ filter, want string }{
		{`title pr`, `title pr`},
		{`members eq "a"`, "none"},
		{`members pr`, "none"},
		{`not (members pr)`, "all"},
		{`members ne "a"`, "all"},
		{`members eq null`, "all"},
		{`members ne null`, "none"},
		{`members[value eq "a"]`, "none"},
		{`members[value eq "a"].value eq "b"`, "none"},
		{`title pr and members pr`, "none"},
		{`members pr and title pr`, "none"},
		{`title pr and not (members pr)`, `title pr`},
		{`title pr or members pr`, `title pr`},
		{`members pr or title pr`, `title pr`},
		{`title pr or not (members pr)`, "all"},
		{`members pr or members pr`, "none"},
		{`not (members pr and title pr) and userName pr`, `userName pr`},
		{`not (members pr or title pr)`, `not (title pr)`},
		{`(title pr or members pr) and (userName pr or members pr)`, `title pr and userName pr`},
		{`emails[type eq "work" or nope eq "x"]`, `emails[type eq "work"]`},
		{`emails[nope eq "x"]`, "none"},
		{`emails[not (nope eq "x")]`, `emails pr`},
	} {
		e, every, err := filter.ParseAcross(tt.filter, userType(), scim.Dialect{})
		got := "none"
		switch {
		case err != nil:
			got = err.Error()
		case e != nil:
			got = e.String()
		case every:
			got = "all"
		}
		if got != tt.want {
			t.Errorf("%s is %s, want %s", tt.filter, got, tt.want)
		}
	}
	for _, text := range []string{`members eq`, `password eq "x"`, `active gt true`, `members pr and`} {
		if _, _, err := filter.ParseAcross(text, userType(), scim.Dialect{}); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}
