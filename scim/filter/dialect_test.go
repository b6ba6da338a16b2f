package filter_test

import (
	"testing"

	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

// One quirk a row: a filter that a client sends, whether it matches mara, and what a strict reader says of it ("":
// it matches all the same).
func TestDialect(t *testing.T) {
	const inQuotes = " is compared with a text in double quotes (character 1)"
	for _, tt := range []struct{ filter, strict string }{
		{`externalId eq jyoung`, "externalId" + inQuotes},
		{`displayName sw O`, "displayName" + inQuotes},
		{enterprise + `:employeeNumber eq 70198`, enterprise + ":employeeNumber" + inQuotes},
		{`meta.created gt 2011-05-13T04:42:34Z`, "meta.created" + inQuotes},
		{`active eq "True"`, "active is a Boolean: compare it with true or false, without quotes (character 1)"},
		{`active eq True`, "active is a Boolean: compare it with true or false (character 1)"},
		{`active ne FALSE`, "active is a Boolean: compare it with true or false (character 1)"},
		{`emails[primary eq "True"]`, "primary is a Boolean: compare it with true or false, without quotes (character 8)"},
		{shoreURN + `:deck eq "12"`, shoreURN + ":deck is a number: compare it with one (character 1)"},
		{`title eq NULL`, "title" + inQuotes},
		{
			`emails[type eq "work"].value eq "mara@contoso.example"`,
			"a value filter is not compared: put the comparison into its brackets (character 29)",
		},
		{
			`emails[type eq "work"] eq "mara@contoso.example"`,
			"a value filter is not compared: put the comparison into its brackets (character 23)",
		},
		{enterprise + `:manager eq "9f2c"`, enterprise + ":manager is complex: name one of its sub-attributes (character 1)"},
		{enterprise + `:manager[value eq "9f2c"]`, "a value filter belongs to an attribute with many values (character 68)"},
		{`manager.value eq "9f2c"`, `the attribute "manager.value" is not known to User (character 1)`},
		{
			enterprise + `.department eq "ops"`,
			`the attribute "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department" is not known to User (character 1)`,
		},
		{`urn:scim:schemas:core:1.0:userName pr`, `the attribute "urn:scim:schemas:core:1.0:userName" is not known to User (character 1)`},

		// No quirks: RFC 7644 §3.4.2.2, with its errata.
		{`USERNAME EQ "MARA.lind@contoso.example" AND (active eq true)`, ""},
		{`not (title pr) and not(nickName eq null)`, ""},
		{`emails eq "m@home.example"`, ""},
		{`emails co "HOME.example" or emails.value co "example.org"`, ""},
		{`emails[type eq "work" and value co "@contoso.example"]`, ""},
		{`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "mara"`, ""},
		{shoreURN + `:deck ge 12 and ` + shoreURN + `:depth lt 15.5`, ""},
		{`meta.created lt "2011-05-13T06:42:35+02:00"`, ""},
		{enterprise + `:manager.$ref ew "/9f2c"`, ""},
	} {
		rt := userType()
		e, err := filter.Parse(tt.filter, rt, scim.Dialect{})
		if err != nil || !filter.Matches(e, mara()) {
			t.Errorf("%s: %v, or it does not match", tt.filter, err)
		}
		e, err = filter.Parse(tt.filter, rt, scim.Dialect{Strict: true})
		switch {
		case tt.strict == "":
			if err != nil || !filter.Matches(e, mara()) {
				t.Errorf("%s, strict: %v, or it does not match", tt.filter, err)
			}
		case err == nil || err.Error() != "invalidFilter: "+tt.strict:
			t.Errorf("%s, strict: %v\nwant %s", tt.filter, err, tt.strict)
		}
	}
}

func TestDialectOfPaths(t *testing.T) {
	for _, tt := range []struct{ path, strict string }{
		{`manager`, `invalidPath: the attribute "manager" is not known to User (character 1)`},
		{enterprise + `:manager[value eq "9f2c"]`, "invalidPath: a value filter belongs to an attribute with many values (character 68)"},
		{
			enterprise + `.manager`,
			`invalidPath: the attribute "` + enterprise + `.manager" is not known to User (character 1)`,
		},
		{
			`roles[primary eq "True"].value`,
			"invalidPath: primary is a Boolean: compare it with true or false, without quotes (character 7)",
		},
		{`emails[type eq work].value`, "invalidPath: type is compared with a text in double quotes (character 8)"},
		{
			`urn:ietf:params:scim:schemas:extension:enterprise:2.0User:department`,
			`invalidPath: the attribute "urn:ietf:params:scim:schemas:extension:enterprise:2.0User:department" ` +
				`is not known to User (character 1)`,
		},
		{`roles.displayName`, `invalidPath: the attribute "roles.displayName" is not known to User (character 1)`},
		{`Emails[Type EQ "work" and not (primary eq false)].Value`, ""},
		{enterprise + `:manager.value`, ""},
		{schema.UserURN + `:name.givenName`, ""},
		{enterprise, ""},
	} {
		rt := userType()
		if _, err := filter.ParsePath(tt.path, rt, scim.Dialect{}); err != nil {
			t.Errorf("%s: %v", tt.path, err)
		}
		got := ""
		if _, err := filter.ParsePath(tt.path, rt, scim.Dialect{Strict: true}); err != nil {
			got = err.Error()
		}
		if got != tt.strict {
			t.Errorf("%s, strict: %s\nwant %s", tt.path, got, tt.strict)
		}
	}
}
