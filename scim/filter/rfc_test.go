package filter_test

import (
	"testing"

	"scimbridge/scim"
	"scimbridge/scim/filter"
)

// The forms of RFC 7644 §3.4.2.2, with values of our own, over a resource of which each can be told: read alike by a strict reader.
func TestRFC7644_3_4_2_2_Filters(t *testing.T) {
	bea := scim.Resource{
		"id": "2819", enterprise: map[string]any{"department": "Tours"}, "userName": "bharbour", "title": "Tour Guide",
		"userType": "Employee",
		"name":     map[string]any{"familyName": "O'Malley"},
		"emails": []any{
			map[string]any{"value": "bea@example.com", "type": "work"},
			map[string]any{"value": "bea@harbour.example", "type": "home"},
		},
		"ims":  []any{map[string]any{"value": "bea@foo.example", "type": "xmpp"}},
		"meta": map[string]any{"lastModified": "2011-05-13T04:42:34Z"},
	}
	for _, tt := range []struct {
		filter string
		want   bool
	}{
		{`userName eq "bharbour"`, true},
		{`name.familyName co "O'Malley"`, true},
		{`userName sw "B"`, true},
		{`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "B"`, true},
		{`title pr`, true},
		{`meta.lastModified gt "2011-05-13T04:42:34Z"`, false},
		{`meta.lastModified ge "2011-05-13T04:42:34Z"`, true},
		{`meta.lastModified lt "2011-05-13T04:42:34Z"`, false},
		{`meta.lastModified le "2011-05-13T04:42:34Z"`, true},
		{`title pr and userType eq "Employee"`, true},
		{`title pr or userType eq "Intern"`, true},
		{`schemas eq "` + enterprise + `"`, true},
		{`schemas eq "` + shoreURN + `"`, false},
		{`schemas eq "urn:ietf:params:scim:schemas:core:2.0:User"`, true},
		{`schemas eq "urn:ietf:params:scim:schemas:core:2.0:Group"`, false},
		{`schemas ne "` + enterprise + `"`, false},
		{`schemas co "enterprise" and schemas pr`, true},
		{`userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")`, true},
		{`userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")`, false},
		{`userType eq "Employee" and (emails.type eq "work")`, true},
		{`userType eq "Employee" and emails[type eq "work" and value co "@example.com"]`, true},
		{`userType eq "Employee" and emails[type eq "home" and value co "@example.com"]`, false},
		{`emails[type eq "work" and value co "@example.org"] or ims[type eq "xmpp" and value co "@foo.example"]`, true},

		// What the section says of each operator and of precedence.
		{`userName EQ "BHARBOUR" AND title PR`, true},
		{`title eq "Tour Guide" or title eq "x" and userType eq "Intern"`, true},
		{`(title eq "Tour Guide" or title eq "x") and userType eq "Intern"`, false},
		{`not (title eq "x") and userType eq "Employee"`, true},
		{`nickName pr`, false},
		{`title ew "guide"`, true},
		{`title gt "tour"`, true},
	} {
		rt := userType()
		for _, d := range []scim.Dialect{{}, {Strict: true}} {
			e, err := filter.Parse(tt.filter, rt, d)
			if err != nil {
				t.Errorf("strict %v: %v", d.Strict, err)
				continue
			}
			if got := filter.Matches(e, bea); got != tt.want {
				t.Errorf("strict %v: %s is %v", d.Strict, tt.filter, got)
			}
		}
	}
}
