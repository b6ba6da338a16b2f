package filter_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scimbridge/scim"
	"scimbridge/scim/filter"
	"scimbridge/scim/schema"
)

const (
	enterprise = schema.EnterpriseURN
	shoreURN   = "urn:ietf:params:scim:schemas:extension:shore:2.0:User"
)

func userType() *schema.ResourceType {
	core := schema.User()
	core.Attributes = append([]*schema.Attribute{schema.ExternalID()}, core.Attributes...)
	shore := &schema.Schema{ID: shoreURN, Name: "Shore", Attributes: []*schema.Attribute{
		{Name: "badge", Type: schema.String},
		{Name: "deck", Type: schema.Integer},
		{Name: "depth", Type: schema.Decimal},
		{Name: "key", Type: schema.Binary, CaseExact: true},
		{Name: "tags", Type: schema.String, MultiValued: true},
	}}
	return &schema.ResourceType{
		Name: "User", Endpoint: "/Users", Core: core,
		Extensions: []schema.Extension{{Schema: schema.EnterpriseUser()}, {Schema: shore}},
	}
}

func mara() scim.Resource {
	return scim.Resource{
		"id": "7Ab", "externalId": "jyoung", "userName": "Mara.Lind@contoso.example", "active": true, "displayName": `O'Neil "The \ Boss"`,
		"name":     map[string]any{"givenName": "Mara", "familyName": "Straße"},
		"nickName": "\u212aelvin", // the Kelvin sign
		"emails": []any{
			map[string]any{"value": "mara@contoso.example", "type": "work", "primary": true},
			map[string]any{"value": "m@home.example", "type": "home"},
		},
		"meta": map[string]any{"created": "2011-05-13T04:42:34.1234567Z", "resourceType": "User"},
		enterprise: map[string]any{
			"department": "Ops", "employeeNumber": "70198", "manager": map[string]any{"value": "9f2c", "$ref": "https://x/Users/9f2c"},
		},
		shoreURN: map[string]any{"deck": json.Number("12"), "depth": json.Number("1.5e1"), "key": "TWFyYQ==", "tags": []any{"Red", "blue"}},
	}
}

func TestMatches(t *testing.T) {
	rt, r := userType(), mara()
	for _, tt := range []struct {
		filter string
		want   bool
	}{
		// Entra's matching queries.
		{`userName eq "mara.lind@CONTOSO.example"`, true},
		{`userName eq "nobody@contoso.example"`, false},
		{`externalId eq "jyoung"`, true},
		{`externalId eq "JYOUNG"`, false},
		{`externalId eq jyoung`, true},
		{`id eq "7Ab"`, true},
		{`id eq "7ab"`, false},
		{`ID eq 7Ab`, true},
		{`displayName eq "O'Neil \"The \\ Boss\""`, true},
		{`DisplayName eq "o'neil \u0022the \\ boss\u0022"`, true},
		{`emails[type eq "work"].value eq "mara@contoso.example"`, true},
		{`emails[type eq "work"].value eq "m@home.example"`, false},
		{`emails[type eq "work"] eq "mara@contoso.example"`, true},
		{`emails[type eq "home"] eq "mara@contoso.example"`, false},
		{`emails.value eq "m@home.example"`, true},
		{`emails eq "m@home.example"`, true},
		{enterprise + `:employeeNumber eq "70198"`, true},
		{enterprise + `:employeeNumber eq 70198`, true},
		{enterprise + `.department eq "ops"`, true},
		{`urn:scim:schemas:extension:enterprise:1.0:department eq "ops"`, true},
		{schema.UserURN + `:name.givenName eq "mara"`, true},
		{`id eq "7Ab" and manager eq "9f2c"`, true},
		{`manager eq "9f2d" and id eq "7Ab"`, false},
		{`ID eq 7Ab and manager eq 9f2c`, true},
		{enterprise + `:manager eq "9f2c"`, true},
		{enterprise + `:manager.value eq "9f2c"`, true},
		{enterprise + `:manager.$ref sw "https://"`, true},
		{`userName eq "*"`, false},
		// Microsoft's Postman collection.
		{`userName sw M`, true},
		{`name.GivenName eq Mara and (emails.Value co contoso.example or emails.Value co other.example)`, true},
		{`meta.Created gt 2011-05-13T06:42:34.1234566+02:00`, true},
		{`meta.created gt "2011-05-13T04:42:34.1234567Z"`, false},
		{`meta.created ge "2011-05-13T04:42:34.12345670000Z"`, true},
		{`meta.created eq "2011-05-13T06:42:34.1234567+02:00"`, true},
		{`meta.created ne "2011-05-13T06:42:34.1234567+02:00"`, false},
		{`meta.created lt "2011-05-13T04:42:34.2"`, true},
		{`meta.created sw "2011-05"`, true},
		{`active eq true and (meta.lastModified ge "2011-05-13T04:42:34Z" and meta.lastModified le "2011-05-13T04:42:34Z")`, false},
		// Operators.
		{`active eq true`, true},
		{`active eq "True"`, true},
		{`active eq False`, false},
		{`active ne false`, true},
		{`userName co "LIND"`, true},
		{`userName ew ".EXAMPLE"`, true},
		{`userName sw "lind"`, false},
		{`externalId co "Young"`, false},
		{`userName gt "mara"`, true},
		{`userName ge "MARA.LIND@contoso.example"`, true},
		{`userName lt "MARA.LINE"`, true},
		{`userName le "a"`, false},
		{`title pr`, false},
		{`title eq "x"`, false},
		{`title ne "x"`, true},
		{`title eq null`, true},
		{`title ne null`, false},
		{`userName EQ null`, false},
		{`not (title pr)`, true},
		{`NOT(title pr)`, true},
		{`name pr`, true},
		{`name.middleName pr`, false},
		{`emails pr`, true},
		{`phoneNumbers pr`, false},
		{`emails[type eq "other"].value pr`, false},
		{`emails[type eq "home"].primary ne true`, true},
		{`nickName eq "kelvin"`, true},
		{`nickName sw "kel"`, true},
		{`name.familyName eq "strasse"`, false}, // simple folding, not full
		{shoreURN + `:deck gt 9`, true},
		{shoreURN + `:deck eq "12"`, true},
		{shoreURN + `:deck le 11`, false},
		{shoreURN + `:depth eq 15`, true},
		{shoreURN + `:depth lt 15.1`, true},
		{shoreURN + `:key eq "TWFyYQ=="`, true},
		{shoreURN + `:key eq "twfyyq=="`, false},
		{shoreURN + `:tags eq "RED"`, true},
		{shoreURN + `:tags[value eq "green"]`, false},
		{shoreURN + `:tags[value sw "b"]`, true},
		// Multi-valued: eq holds for any, ne is its opposite.
		{`emails.type eq "home"`, true},
		{`emails.type ne "home"`, false},
		{`emails[type ne "home"]`, true},
		{`emails.value ne "x"`, true},
		// One value or two.
		{`emails[type eq "home" and value co "contoso"]`, false},
		{`emails.type eq "home" and emails.value co "contoso"`, true},
		{`emails[type eq "work" and (primary eq true or value sw "x")]`, true},
		{`emails[not (type eq "work")].value ew "home.example"`, true},
		{`manager[value eq "9f2c"]`, true},
		// Precedence.
		{`title pr or active eq true and userName pr`, true},
		{`active eq true or title pr and title pr`, true},
		{`(active eq true or title pr) and title pr`, false},
		{`not (active eq true) or userName pr`, true},
		{`not (active eq true or userName pr)`, false},
		{`not (active eq true) and title pr or userName pr`, true},
	} {
		e, err := filter.Parse(tt.filter, rt, scim.Dialect{})
		if err != nil {
			t.Errorf("%s: %v", tt.filter, err)
			continue
		}
		if got := filter.Matches(e, r); got != tt.want {
			t.Errorf("%s is %v; read as %s", tt.filter, got, e)
		}
		again, err := filter.Parse(e.String(), rt, scim.Dialect{})
		if err != nil {
			t.Errorf("%s, printed %s: %v", tt.filter, e, err)
		} else if diff := cmp.Diff(e, again); diff != "" {
			t.Errorf("%s, printed %s (-first +second):\n%s", tt.filter, e, diff)
		}
	}
}

func TestString(t *testing.T) {
	for _, tt := range []struct{ filter, want string }{
		{`userName  EQ "a"`, `userName eq "a"`},
		{`a.b eq 1`, ``},
		{`emails[type eq "work"].value eq "x"`, `emails[type eq "work" and value eq "x"]`},
		{`emails[type eq "work" or primary eq "True"] eq x`, `emails[(type eq "work" or primary eq true) and value eq "x"]`},
		{`title eq null`, `not (title pr)`},
		{`manager eq 9f2c`, `manager.value eq "9f2c"`},
		{enterprise + `.manager pr`, enterprise + `:manager pr`},
		{`title pr and (active eq true and userName pr)`, `title pr and (active eq true and userName pr)`},
		{`(title pr and active eq true) and userName pr`, `title pr and active eq true and userName pr`},
		{`(title pr or active eq true) and not(userName pr)`, `(title pr or active eq true) and not (userName pr)`},
		{`title eq "<é\u0000\n>"`, `title eq "<é\u0000\n>"`},
	} {
		e, err := filter.Parse(tt.filter, userType(), scim.Dialect{})
		got := ""
		if err == nil {
			got = e.String()
		}
		if got != tt.want {
			t.Errorf("%s is printed %s (%v), want %s", tt.filter, got, err, tt.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	rt := userType()
	rt.Core.Attribute("addresses").SubAttributes = []*schema.Attribute{rt.Core.Attribute("addresses").Sub("type")}
	for _, tt := range []struct{ filter, want string }{
		{``, `an attribute is missing (character 1)`},
		{`  `, `an attribute is missing (character 3)`},
		{`nope eq "x"`, `the attribute "nope" is not known to User (character 1)`},
		{`title pr and name.nope eq "x"`, `the attribute "name.nope" is not known to User (character 14)`},
		{`emails[nope eq "x"]`, `the attribute "emails.nope" is not known to User (character 8)`},
		{`nope[a eq "x"].b eq "y"`, `the attribute "nope" is not known to User (character 1)`},
		{`urn:x:y:title eq "x"`, `the attribute "urn:x:y:title" is not known to User (character 1)`},
		{enterprise + ` pr`, `"` + enterprise + `" names a schema, not an attribute (character 1)`},
		{`addresses eq "x"`, `addresses is complex: name one of its sub-attributes (character 1)`},
		{`password eq "x"`, `password cannot be used in a filter (character 1)`},
		{`password pr`, `password cannot be used in a filter (character 1)`},
		{`title`, `an operator must follow "title" (character 6)`},
		{`title is "x"`, `"is" is not an operator (character 7)`},
		{`title eq`, `a value is missing (character 9)`},
		{`title eq )`, `a value is missing (character 10)`},
		{`title eq "x`, `a string is not closed (character 10)`},
		{`title eq "x\`, `a string is not closed (character 10)`},
		{`title eq "\x"`, `a string is not valid JSON (character 10)`},
		{`title eq 'x'`, `a string stands in double quotes (character 10)`},
		{`title eq \"x\"`, "a quotation mark stands within a word: a string begins with one, without a backslash before it (character 10)"},
		{`title eq "x" y`, `unexpected "y" after the filter (character 14)`},
		{`title eq "é" )`, `unexpected ")" after the filter (character 14)`},
		{`title eq "x" and`, `an attribute is missing (character 17)`},
		{`(title pr`, `a parenthesis is not closed (character 10)`},
		{`not title pr`, `not must be followed by a parenthesis (character 1)`},
		{`emails[type eq "x"`, `a bracket is not closed (character 19)`},
		{`emails[emails[type eq "x"]]`, `a value filter cannot stand in another (character 15)`},
		{`emails.value[type eq "x"]`, `a value filter belongs to an attribute, not to a sub-attribute (character 14)`},
		{`emails[type eq "x"].`, `a sub-attribute must follow the dot (character 21)`},
		{`emails[a.b eq "x"]`, `"a.b" is not a sub-attribute (character 8)`},
		{`active gt true`, `active is a Boolean: only eq, ne and pr apply (character 1)`},
		{`active eq "maybe"`, `active is a Boolean: compare it with true or false (character 1)`},
		{`active eq 1`, `active is a Boolean: compare it with true or false (character 1)`},
		{`title gt null`, `title can be compared with null only by eq and ne (character 1)`},
		{`meta.created gt "yesterday"`, `meta.created is a dateTime: compare it with one such as "2026-05-13T04:42:34Z" (character 1)`},
		{shoreURN + `:key gt "x"`, shoreURN + `:key is binary and has no order (character 1)`},
		{`x509Certificates lt "x"`, `x509Certificates is binary and has no order (character 1)`},
		{shoreURN + `:deck co 1`, shoreURN + `:deck is a number: co, sw and ew do not apply (character 1)`},
		{shoreURN + `:deck eq "x"`, shoreURN + `:deck is a number: compare it with one (character 1)`},
		{
			strings.Repeat("(", 60) + "title pr" + strings.Repeat(")", 60),
			`nested deeper than 50 levels (limits.filterDepth) (character 52)`,
		},
		{"title eq \"\xff\"", `not UTF-8`},
		{`title eq "` + strings.Repeat("x", 256<<10) + `"`, `longer than 262144 bytes (limits.filterLength)`},
	} {
		_, err := filter.Parse(tt.filter, rt, scim.Dialect{})
		e, ok := errors.AsType[*scim.Error](err)
		if !ok || e.Type != scim.InvalidFilter || e.Detail != tt.want {
			t.Errorf("%.80s\n got %v\nwant %s", tt.filter, err, tt.want)
		}
	}
	rt.Core = schema.User()
	if _, err := filter.Parse(`externalId eq "x"`, rt, scim.Dialect{}); err == nil {
		t.Error("externalId is known to a type that does not list it")
	}
}

func TestLongFilter(t *testing.T) {
	text := strings.TrimSuffix(strings.Repeat(`id eq "x" or `, scim.DefaultFilterTerms), " or ")
	e, err := filter.Parse(text, userType(), scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	if e.String() != text || filter.Matches(e, mara()) {
		t.Error("a long filter is misread")
	}
	for _, longer := range []string{text + ` or id pr`, `not (` + text + `) and id pr`, `emails[` + text + `] or id pr`} {
		_, err := filter.Parse(longer, userType(), scim.Dialect{})
		fault, ok := errors.AsType[*scim.Error](err)
		if !ok || fault.Type != scim.InvalidFilter || !strings.HasPrefix(fault.Detail, "more than 5000 comparisons") {
			t.Errorf("%.20s…: %v", longer, err)
		}
	}
}

func TestParsePath(t *testing.T) {
	rt := userType()
	for _, tt := range []struct{ path, want, ref, inner string }{
		{`userName`, `userName`, `userName`, ``},
		{` name.GivenName `, `name.GivenName`, `name.givenName`, ``},
		{`emails[type eq "work"].value`, `emails[type eq "work"].value`, `emails.value`, `type eq "work"`},
		{`emails[type eq "work"]`, `emails[type eq "work"]`, `emails`, `type eq "work"`},
		{`addresses[TYPE EQ "work"].locality`, `addresses[TYPE eq "work"].locality`, `addresses.locality`, `TYPE eq "work"`},
		{`roles[primary eq "True"].value`, `roles[primary eq true].value`, `roles.value`, `primary eq true`},
		{`emails[value eq "a]b"].type`, `emails[value eq "a]b"].type`, `emails.type`, `value eq "a]b"`},
		{`manager`, `manager`, enterprise + `:manager`, ``},
		{`manager[value eq "9f2c"]`, `manager[value eq "9f2c"]`, enterprise + `:manager`, `value eq "9f2c"`},
		{enterprise + `:manager`, enterprise + `:manager`, enterprise + `:manager`, ``},
		{enterprise + `:manager.value`, enterprise + `:manager.value`, enterprise + `:manager.value`, ``},
		{enterprise + `.manager`, enterprise + `:manager`, enterprise + `:manager`, ``},
		{enterprise + `.manager.value`, enterprise + `:manager.value`, enterprise + `:manager.value`, ``},
		{enterprise, enterprise, enterprise, ``},
		{schema.UserURN + `:userName`, schema.UserURN + `:userName`, `userName`, ``},
		{
			schema.UserURN + `:emails[type eq "work"].value`, schema.UserURN + `:emails[type eq "work"].value`, `emails.value`,
			`type eq "work"`,
		},
		{
			`urn:ietf:params:scim:schemas:extension:enterprise:2.0User:department`, enterprise + `:department`, enterprise + `:department`,
			``,
		},
		{shoreURN + `:tags[value eq "red"]`, shoreURN + `:tags[value eq "red"]`, shoreURN + `:tags`, `value eq "red"`},
		{`roles.displayName`, `roles.displayName`, `roles.display`, ``},
	} {
		p, err := filter.ParsePath(tt.path, rt, scim.Dialect{})
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		inner := ""
		if p.Filter != nil {
			inner = p.Filter.String()
		}
		if p.String() != tt.want || p.Attr.Ref.String() != tt.ref || inner != tt.inner {
			t.Errorf("%s is %s, %s, [%s]", tt.path, p, p.Attr.Ref, inner)
		}
		again, err := filter.ParsePath(p.String(), rt, scim.Dialect{})
		if diff := cmp.Diff(p, again); err != nil || diff != "" {
			t.Errorf("%s, printed %s: %v (-first +second):\n%s", tt.path, p, err, diff)
		}
	}
}

func TestPathErrors(t *testing.T) {
	rt := userType()
	for _, tt := range []struct{ path, want string }{
		{``, `an attribute is missing (character 1)`},
		{`user name`, `unexpected "n" in the path (character 6)`},
		{`a.b.c`, `"a.b.c" is not an attribute path (character 1)`},
		{`a!`, `"a!" is not an attribute path (character 1)`},
		{`emails[`, `an attribute is missing (character 8)`},
		{`emails[type eq "work"`, `a bracket is not closed (character 22)`},
		{`emails[type eq "work"]value`, `unexpected "v" in the path (character 23)`},
		{`emails[type eq "work"].`, `a sub-attribute must follow the dot (character 24)`},
		{
			`emails[type eq \"work\"].value`,
			"a quotation mark stands within a word: a string begins with one, without a backslash before it (character 16)",
		},
		{`emails.value[type eq "x"]`, `a value filter belongs to an attribute (character 14)`},
		{enterprise + `[a eq "x"]`, `a value filter belongs to an attribute (character 60)`},
		{`nope`, `the attribute "nope" is not known to User (character 1)`},
		{`emails[nope eq "x"].value`, `the attribute "emails.nope" is not known to User (character 8)`},
		{`emails[type eq "x"].nope`, `the attribute "emails.nope" is not known to User (character 1)`},
		{`emails[primary eq "x"]`, `primary is a Boolean: compare it with true or false (character 8)`},
	} {
		_, err := filter.ParsePath(tt.path, rt, scim.Dialect{})
		e, ok := errors.AsType[*scim.Error](err)
		if !ok || e.Type != scim.InvalidPath || e.Detail != tt.want {
			t.Errorf("%s\n got %v\nwant %s", tt.path, err, tt.want)
		}
		_, known, err := filter.LookupPath(tt.path, rt, scim.Dialect{})
		if unmapped := strings.Contains(tt.want, "not known"); known || (err == nil) != unmapped {
			t.Errorf("LookupPath(%s) is known %v, %v", tt.path, known, err)
		}
	}
}

func TestWalk(t *testing.T) {
	e, err := filter.Parse(`(title pr or emails[type eq "work"].value eq "x") and not (active eq true)`, userType(), scim.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	filter.Walk(e, func(c *filter.Compare, in *filter.ValuePath) {
		s := c.String()
		if in != nil {
			s = in.Path.String() + ": " + s
		}
		got = append(got, s)
	})
	want := []string{`title pr`, `emails: type eq "work"`, `emails: value eq "x"`, `active eq true`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEqualitiesAndAlternatives(t *testing.T) {
	for _, tt := range []struct {
		filter                   string
		equalities, alternatives int // -1: not one
	}{
		{`type eq "a"`, 1, 1},
		{`type eq "a" and value eq "b" and primary eq true`, 3, -1},
		{`value eq "a" or value eq "b" or value eq "c"`, -1, 3},
		{`type ne "a"`, -1, -1},
		{`not (type eq "a")`, -1, -1},
		{`type eq "a" and value sw "b"`, -1, -1},
	} {
		p, err := filter.ParsePath("emails["+tt.filter+"]", userType(), scim.Dialect{})
		if err != nil {
			t.Fatal(err)
		}
		count := func(clauses []*filter.Compare, ok bool) int {
			if !ok {
				return -1
			}
			return len(clauses)
		}
		if e, a := count(filter.Equalities(p.Filter)), count(filter.Alternatives(p.Filter)); e != tt.equalities || a != tt.alternatives {
			t.Errorf("%s: %d equalities, %d alternatives", tt.filter, e, a)
		}
	}
}
