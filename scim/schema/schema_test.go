package schema_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scimbridge/scim/schema"
)

func userType() *schema.ResourceType {
	core := schema.User()
	core.Attributes = append([]*schema.Attribute{schema.ExternalID()}, core.Attributes...)
	return &schema.ResourceType{
		Name: "User", Endpoint: "/Users", Core: core,
		Extensions: []schema.Extension{{Schema: schema.EnterpriseUser()}},
	}
}

func TestResolve(t *testing.T) {
	rt := userType()
	for _, tt := range []struct{ path, want string }{
		{"userName", "userName"},
		{"USERNAME", "userName"},
		{"name.GivenName", "name.givenName"},
		{"emails.value", "emails.value"},
		{"urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", "name.familyName"},
		{"URN:ietf:params:scim:schemas:core:2.0:user:userName", "userName"},
		{schema.EnterpriseURN, schema.EnterpriseURN},
		{schema.EnterpriseURN + ":manager", schema.EnterpriseURN + ":manager"},
		{schema.EnterpriseURN + ":manager.value", schema.EnterpriseURN + ":manager.value"},
		{schema.EnterpriseURN + ":Manager.$REF", schema.EnterpriseURN + ":manager.$ref"},
		{"id", "id"},
		{"externalId", "externalId"},
		{"schemas", "schemas"},
		{"meta.lastModified", "meta.lastModified"},
		{"urn:ietf:params:scim:schemas:core:2.0:User:meta.location", "meta.location"},
	} {
		ref, ok := rt.Resolve(rt.Split(tt.path))
		if !ok || ref.String() != tt.want {
			t.Errorf("%s is %q, %v; want %q", tt.path, ref, ok, tt.want)
		}
	}
	for _, path := range []string{
		"", "manager", "nope", "name.nope", "a.b.c", "urn:x:y:User:userName", schema.EnterpriseURN + ":nope", schema.EnterpriseURN +
			".manager",
		schema.EnterpriseURN + ":userName", schema.EnterpriseURN + ":manager.nope", "userName.value", ":", ".", "." + schema.UserURN,
	} {
		if ref, ok := rt.Resolve(rt.Split(path)); ok {
			t.Errorf("%q is %q, want nothing", path, ref)
		}
	}
	if ref, ok := rt.Resolve(schema.UserURN, "", ""); !ok || ref != (schema.Ref{}) {
		t.Errorf("the core URN is %v, %v; want an empty Ref", ref, ok)
	}
	rt.Core = schema.User()
	if _, ok := rt.Resolve("", "externalId", ""); ok {
		t.Error("externalId resolves in a type that does not list it")
	}
}

func TestAttributesAreComplete(t *testing.T) {
	var check func(path string, a *schema.Attribute)
	check = func(path string, a *schema.Attribute) {
		path += "." + a.Name
		if a.Type == "" || a.Mutability == "" || a.Returned == "" || a.Uniqueness == "" || a.Description == "" {
			t.Errorf("%s lacks a characteristic: %+v", path, a)
		}
		if (a.Type == schema.Complex) != (len(a.SubAttributes) > 0) {
			t.Errorf("%s: type %s with %d sub-attributes", path, a.Type, len(a.SubAttributes))
		}
		if (a.Type == schema.Reference) != (len(a.ReferenceTypes) > 0) {
			t.Errorf("%s: type %s with referenceTypes %v", path, a.Type, a.ReferenceTypes)
		}
		for _, sub := range a.SubAttributes {
			check(path, sub)
		}
	}
	for _, s := range []*schema.Schema{schema.User(), schema.Group(), schema.EnterpriseUser()} {
		for _, a := range s.Attributes {
			check(s.Name, a)
		}
	}
	for _, name := range []string{"id", "externalId", "schemas", "meta"} {
		ref, ok := (&schema.ResourceType{Core: &schema.Schema{Attributes: []*schema.Attribute{schema.ExternalID()}}}).Resolve("", name, "")
		if !ok {
			t.Fatalf("no %s", name)
		}
		check("common", ref.Attr)
	}
}

// The attributes of RFC 7643 §8.7.1, with the sub-attributes that §2.4 and §8.4 add.
func TestAttributeNames(t *testing.T) {
	names := func(s *schema.Schema) string {
		var out []string
		for _, a := range s.Attributes {
			name := a.Name
			var subs []string
			for _, sub := range a.SubAttributes {
				subs = append(subs, sub.Name)
			}
			if subs != nil {
				name += "(" + strings.Join(subs, " ") + ")"
			}
			out = append(out, name)
		}
		return strings.Join(out, "\n")
	}
	for _, tt := range []struct {
		schema *schema.Schema
		want   []string
	}{
		{schema.User(), []string{
			"userName", "name(formatted familyName givenName middleName honorificPrefix honorificSuffix)", "displayName", "nickName",
			"profileUrl",
			"title", "userType", "preferredLanguage", "locale", "timezone", "active", "password",
			"emails(value display type primary)", "phoneNumbers(value display type primary)", "ims(value display type primary)",
			"photos(value display type primary)", "addresses(formatted streetAddress locality region postalCode country type primary)",
			"groups(value $ref display type)", "entitlements(value display type primary)", "roles(value display type primary)",
			"x509Certificates(value display type primary)",
		}},
		{schema.Group(), []string{"displayName", "members(value $ref type display)"}},
		{schema.EnterpriseUser(), []string{
			"employeeNumber", "costCenter", "organization", "division", "department", "manager(value $ref displayName)",
		}},
	} {
		if diff := cmp.Diff(strings.Join(tt.want, "\n"), names(tt.schema)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.schema.ID, diff)
		}
	}
}

func TestCloneIsDeep(t *testing.T) {
	a := schema.User().Attribute("emails")
	before, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	c := a.Clone()
	if diff := cmp.Diff(a, c); diff != "" {
		t.Errorf("clone differs (-original +clone):\n%s", diff)
	}
	c.Sub("type").CanonicalValues[0] = "changed"
	c.SubAttributes[0].Name = "changed"
	after, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("a change to the clone reached the original")
	}
}

func TestParseDateTime(t *testing.T) {
	want := time.Date(2011, 5, 13, 4, 42, 34, 0, time.UTC)
	for _, s := range []string{
		"2011-05-13T04:42:34Z", "2011-05-13t04:42:34z", "2011-05-13T04:42:34", "2011-05-13T06:42:34+02:00",
		"2011-05-13T04:42:34.0000000000000Z",
	} {
		if got, ok := schema.ParseDateTime(s); !ok || !got.Equal(want) {
			t.Errorf("%s is %v, %v", s, got, ok)
		}
	}
	if got, ok := schema.ParseDateTime("2011-05-13T04:42:34.1234567+00:00"); !ok || got.Nanosecond() != 123456700 {
		t.Errorf("seven fraction digits: %v, %v", got, ok)
	}
	for _, s := range []string{
		"", "2011-05-13", "2011-05-13 04:42:34Z", "2011-13-13T04:42:34Z", "2011-05-13T04:42:34,5Z",
		"20110513044234Z", "yesterday",
	} {
		if _, ok := schema.ParseDateTime(s); ok {
			t.Errorf("%q was taken", s)
		}
	}
}
