package examples_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The examples of RFC 7643 §8 and RFC 7644 §3 over HTTP, on the OpenLDAP example with names and values of our own, to a bridge that is
// lenient and to one that is strict. What the example's map does not hold is listed in each test: it is accepted and not shown.

const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

func onBoth(t *testing.T, do func(t *testing.T, d *deployment)) {
	t.Helper()
	for _, strict := range []string{"false", "true"} {
		t.Run("strict "+strict, func(t *testing.T) {
			d := deploy(t, memory(t), "SCIMBRIDGE_STRICT="+strict)
			do(t, d)
		})
	}
}

func TestRFC7643_8_1_MinimalUser(t *testing.T) {
	onBoth(t, func(t *testing.T, d *deployment) {
		comesBack(t, d, "/Users", `{"schemas":["`+userURN+`"],"id":"2a1f","userName":"bea@example.com",
		 "meta":{"resourceType":"User","created":"2010-01-23T04:56:22Z","location":"https://example.com/v2/Users/2a1f"}}`,
			"id", "meta.created", "meta.location")
	})
}

func TestRFC7643_8_2_FullUser(t *testing.T) {
	onBoth(t, func(t *testing.T, d *deployment) {
		comesBack(t, d, "/Users", `{"schemas":["`+userURN+`"],"externalId":"701984","userName":"bea@example.com",
		 "name":{"formatted":"Ms. Bea J Harbour, III","familyName":"Harbour","givenName":"Bea","middleName":"Jane",
		 "honorificPrefix":"Ms.","honorificSuffix":"III"},
		 "displayName":"Bea Harbour","nickName":"Bee","profileUrl":"https://login.example.com/bea","title":"Tour Guide",
		 "userType":"Employee","preferredLanguage":"en-US","locale":"en-US","timezone":"America/Los_Angeles",
		 "active":true,"password":"t1meMa$heen",
		 "emails":[{"value":"bea@example.com","type":"work","primary":true},{"value":"bea@harbour.example","type":"home"}],
		 "addresses":[{"type":"work","streetAddress":"100 Universal City Plaza","locality":"Hollywood","region":"CA","postalCode":"91608",
		   "country":"USA","formatted":"100 Universal City Plaza, Hollywood, CA 91608 USA","primary":true},
		   {"type":"home","streetAddress":"456 Hollywood Blvd"}],
		 "phoneNumbers":[{"value":"555-555-5555","type":"work"},{"value":"555-555-4444","type":"mobile"}],
		 "ims":[{"value":"someaimhandle","type":"aim"}],
		 "photos":[{"value":"https://photos.example.com/F","type":"photo"}],"groups":[{"value":"e9e3","display":"Tour Guides"}],
		 "x509Certificates":[{"value":"TUlJRFF6Q0NBcXlnQXdJQkFnSUNFQUF3RFFZSktvWklodmNOQVFFRkJRQXc="}]}`,
			"addresses[home].streetAddress", "addresses[home].type", "addresses[work].primary", "emails[home].type", "emails[home].value",
			"emails[work].primary", "groups[e9e3].display", "groups[e9e3].value", "ims[aim].type", "ims[aim].value", "locale",
			"name.honorificPrefix", "name.honorificSuffix", "name.middleName", "nickName", "password", "photos[photo].type",
			"photos[photo].value", "profileUrl", "timezone", "userType",
			"x509Certificates[TUlJRFF6Q0NBcXlnQXdJQkFnSUNFQUF3RFFZSktvWklodmNOQVFFRkJRQXc=].value")
	})
}

func TestRFC7643_8_3_EnterpriseUser(t *testing.T) {
	onBoth(t, func(t *testing.T, d *deployment) {
		john := d.user(t, "john@example.com")
		comesBack(t, d, "/Users", `{"schemas":["`+userURN+`","`+enterpriseURN+`"],"userName":"bea@example.com",
		 "`+enterpriseURN+`":{"employeeNumber":"701984","costCenter":"4130","organization":"Universal Studios","division":"Theme Park",
		 "department":"Tour Operations","manager":{"value":"`+john+`","$ref":"`+d.url+`/Users/`+john+`","displayName":"John Smith"}}}`,
			enterpriseURN+".costCenter", enterpriseURN+".manager.displayName")
	})
}

func TestRFC7643_8_4_Group(t *testing.T) {
	onBoth(t, func(t *testing.T, d *deployment) {
		bea := d.user(t, "bea@example.com")
		comesBack(t, d, "/Groups", `{"schemas":["`+groupURN+`"],"id":"e9e3","displayName":"Tour Guides",
		 "members":[{"value":"`+bea+`","$ref":"`+d.url+`/Users/`+bea+`","type":"User","display":"Bea Harbour"}]}`,
			"id", "members[User].display")
	})
}

// §8.5, §8.6 and §8.7: each is found in its list and by its own address, and has what the RFC's has. What it says is bridge/front's
// concern.
func TestRFC7643_8_5_Discovery(t *testing.T) {
	d := deploy(t, memory(t))
	provider := d.want(t, 200, "GET", "/ServiceProviderConfig", "")
	for _, name := range []string{"schemas", "patch", "bulk", "filter", "changePassword", "sort", "etag", "authenticationSchemes", "meta"} {
		if provider[name] == nil {
			t.Errorf("ServiceProviderConfig lacks %s", name)
		}
	}
	for path, want := range map[string][]string{
		"/ResourceTypes": {"Group", "User"},
		"/Schemas":       {groupURN, userURN, enterpriseURN},
	} {
		list := d.want(t, 200, "GET", path, "")
		var ids []string
		for _, r := range list["Resources"].([]any) {
			id := r.(object)["id"].(string)
			ids = append(ids, id)
			one := d.want(t, 200, "GET", path+"/"+id, "")
			if diff := cmp.Diff(r, any(one)); diff != "" {
				t.Errorf("%s/%s (-in the list +by itself):\n%s", path, id, diff)
			}
		}
		slices.Sort(ids)
		slices.Sort(want)
		if diff := cmp.Diff(want, ids); diff != "" || list["totalResults"] != float64(len(want)) {
			t.Errorf("%s, %v in all (-want +got):\n%s", path, list["totalResults"], diff)
		}
		if answer, _ := d.do(t, "GET", path+`?filter=id+eq+"x"`, ""); answer.StatusCode != 403 { // RFC 7644 §4
			t.Errorf("%s with a filter: %d", path, answer.StatusCode)
		}
	}
}

// RFC 7644 §3.3: 201, Location, and the resource with what the server gave it; the same again is 409.
func TestRFC7644_3_3_Create(t *testing.T) {
	onBoth(t, func(t *testing.T, d *deployment) {
		body := `{"schemas":["` + userURN + `"],"userName":"bea@example.com","externalId":"bea",` +
			`"name":{"formatted":"Ms. Bea J Harbour III","familyName":"Harbour","givenName":"Bea"}}`
		answer, content := d.do(t, "POST", "/Users", body)
		made := parse(t, content)
		meta, _ := made["meta"].(object)
		if answer.StatusCode != 201 || answer.Header.Get("Location") != d.url+"/Users/"+made["id"].(string) ||
			meta["location"] != answer.Header.Get("Location") ||
			meta["version"] != answer.Header.Get("ETag") || answer.Header.Get("Content-Type") != "application/scim+json" {
			t.Errorf("%d %v\n%s", answer.StatusCode, answer.Header, content)
		}
		fails(t, d, 409, "uniqueness", "POST", "/Users", body)
	})
}

// §3.4.1 and §3.9.
func TestRFC7644_3_4_1_Retrieve(t *testing.T) {
	onBoth(t, func(t *testing.T, d *deployment) {
		made := d.want(t, 201, "POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"bea@example.com","title":"Guide",`+
			`"name":{"familyName":"Harbour","givenName":"Bea"}}`)
		path := "/Users/" + made["id"].(string)
		if diff := cmp.Diff(made, d.want(t, 200, "GET", path, "")); diff != "" {
			t.Errorf("(-as made +as read):\n%s", diff)
		}
		for query, want := range map[string]string{
			"attributes=userName":                               "id schemas userName",
			"attributes=name.givenName,title":                   "id name.givenName schemas title",
			"attributes=" + userURN + ":userName":               "id schemas userName",
			"excludedAttributes=name,meta,title":                "active id schemas userName",
			"excludedAttributes=id,name.familyName,meta,active": "id name.givenName schemas title userName",
		} {
			got := d.want(t, 200, "GET", path+"?"+query, "")
			if names := attributeNames(got); names != want {
				t.Errorf("%s: %s, want %s", query, names, want)
			}
		}
		fails(t, d, 400, "invalidValue", "GET", path+"?attributes=title&excludedAttributes=name", "")
		fails(t, d, 404, "", "GET", "/Users/2819c223-7f76-453a-919d-413861904646", "")
	})
}

// §3.4.2: lists, filters, order and pages, and the same asked by POST (§3.4.3).
func TestRFC7644_3_4_2_Query(t *testing.T) {
	onBoth(t, func(t *testing.T, d *deployment) {
		for _, user := range []struct{ name, title, mail string }{
			{"ada", "Guide", "ada@example.com"},
			{"bea", "Pilot", "bea@example.org"},
			{"cai", "", "cai@example.net"},
		} {
			body := `{"schemas":["` + userURN + `"],"userName":"` + user.name + `","emails":[{"value":"` + user.mail + `","type":"work"}]`
			if user.title != "" {
				body += `,"title":"` + user.title + `"`
			}
			d.want(t, 201, "POST", "/Users", body+"}")
		}
		d.group(t, "Tour Guides")
		for _, tt := range []struct{ filter, want string }{
			{`userName eq "BEA"`, "bea"},
			{`name.familyName co "O'Malley"`, ""},
			{`userName sw "B"`, "bea"},
			{userURN + `:userName sw "A"`, "ada"},
			{`title pr`, "ada bea"},
			{`not (title pr)`, "cai"},
			{`meta.lastModified gt "2011-05-13T04:42:34Z"`, "ada bea cai"},
			{`meta.lastModified lt "2011-05-13T04:42:34Z"`, ""},
			{`title pr and title eq "Guide"`, "ada"},
			{`title eq "Guide" or title eq "Pilot"`, "ada bea"},
			{`title pr and (emails co "example.com" or emails.value co "example.org")`, "ada bea"},
			{`title ne "Guide" and not (emails co "example.net")`, "bea"},
			{`title eq "Guide" and emails[type eq "work" and value co "@example.com"]`, "ada"},
			{`emails[type eq "work" and value co "@example.org"] or emails.value ew ".net"`, "bea cai"},
			{`schemas eq "` + userURN + `"`, "ada bea cai"},
		} {
			query := "?sortBy=userName&attributes=userName&filter=" + url.QueryEscape(tt.filter)
			if got := userNames(d.want(t, 200, "GET", "/Users"+query, "")); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.filter, got, tt.want)
			}
			request, err := json.Marshal(object{
				"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:SearchRequest"},
				"filter":  tt.filter, "sortBy": "userName", "attributes": []string{"userName"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := userNames(d.want(t, 200, "POST", "/Users/.search", string(request))); got != tt.want {
				t.Errorf("%s by POST: %q, want %q", tt.filter, got, tt.want)
			}
		}
		for query, want := range map[string]string{ // §3.4.2.3, §3.4.2.4
			"sortBy=title":                                          "ada bea cai",
			"sortBy=title&sortOrder=descending":                     "cai bea ada",
			"sortBy=emails.value&sortOrder=ascending":               "ada bea cai",
			"sortBy=userName&startIndex=2&count=1":                  "bea",
			"sortBy=userName&startIndex=0&count=2":                  "ada bea",
			"sortBy=userName&startIndex=4&count=2":                  "",
			"sortBy=userName&count=-1":                              "",
			"sortBy=userName&startIndex=-5&sortOrder=descending":    "cai bea ada",
			"sortBy=" + url.QueryEscape(userURN+":userName"):        "ada bea cai",
			"sortBy=userName&sortOrder=descending&filter=title+pr":  "bea ada",
			"sortBy=userName&count=1&startIndex=2&attributes=title": "",
		} {
			list := d.want(t, 200, "GET", "/Users?"+query, "")
			if got := userNames(list); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
			if total := list["totalResults"]; total != 3.0 && !strings.Contains(query, "filter") {
				t.Errorf("%s: %v in all", query, total)
			}
			if list["itemsPerPage"] != float64(len(list["Resources"].([]any))) {
				t.Errorf("%s: %v on the page", query, list["itemsPerPage"])
			}
		}
		for filter, total := range map[string]float64{ // §3.4.2.1
			`meta.resourceType eq "Group"`:                      1,
			`meta.resourceType eq "User" or displayName eq "x"`: 3,
			`displayName eq "Tour Guides" or meta.created pr`:   4,
			`userName eq "ada"`:                                 1,
			`externalId eq "nobody"`:                            0,
		} {
			if got := d.want(t, 200, "GET", "/?filter="+url.QueryEscape(filter), ""); got["totalResults"] != total {
				t.Errorf("the root has %v of %s, want %v", got["totalResults"], filter, total)
			}
		}
		fails(t, d, 400, "invalidFilter", "GET", "/Users?filter="+url.QueryEscape(`userName xx "a"`), "")
		fails(t, d, 400, "invalidFilter", "GET", "/Users?filter="+url.QueryEscape(`active gt true`), "")
	})
}

// §3.5.1: what the PUT has stands, what it leaves out is gone; id and meta are not its concern.
func TestRFC7644_3_5_1_Replace(t *testing.T) {
	onBoth(t, func(t *testing.T, d *deployment) {
		id := d.create(t, "/Users", `"userName":"bea@example.com","title":"Guide","displayName":"Bea","password":"t1meMa$heen"`)
		got := d.want(t, 200, "PUT", "/Users/"+id, `{"schemas":["`+userURN+`"],"id":"`+id+`","userName":"bea@example.com",
		 "externalId":"bea","name":{"formatted":"Ms. Bea J Harbour III","familyName":"Harbour","givenName":"Bea","middleName":"Jane"},
		 "roles":[],"emails":[{"value":"bea@example.com"},{"value":"bea@harbour.example"}],"meta":{"resourceType":"Group"}}`)
		want := parse(t, `{"schemas":["`+userURN+`"],"userName":"bea@example.com","externalId":"bea","active":true,
		 "name":{"formatted":"Ms. Bea J Harbour III","familyName":"Harbour","givenName":"Bea"},`+
			`"emails":[{"value":"bea@example.com","type":"work"}]}`)
		delete(got, "id")
		delete(got, "meta")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		fails(t, d, 404, "", "PUT", "/Users/2819c223-7f76-453a-919d-413861904646", `{"schemas":["`+userURN+`"],"userName":"x"}`)
		fails(t, d, 400, "invalidValue", "PUT", "/Users/"+id, `{"schemas":["`+userURN+`"],"displayName":"x"}`)
	})
}

// §3.5.2.1 to §3.5.2.3.
func TestRFC7644_3_5_2_Patch(t *testing.T) {
	onBoth(t, func(t *testing.T, d *deployment) {
		ada, bea, cai := d.user(t, "ada"), d.user(t, "bea"), d.user(t, "cai")
		group := d.group(t, "Tour Guides", ada)
		for _, tt := range []struct {
			name, operation string
			want            []string
		}{
			{
				"add",
				`{"op":"add","path":"members","value":[{"display":"Bea","$ref":"` + d.url + `/Users/` + bea + `","value":"` + bea + `"}]}`,
				[]string{ada, bea},
			},
			{"add again", `{"op":"add","path":"members","value":[{"value":"` + bea + `"}]}`, []string{ada, bea}},
			{"remove one", `{"op":"remove","path":"members[value eq \"` + ada + `\"]"}`, []string{bea}},
			{
				"out and in",
				`{"op":"remove","path":"members[value eq \"` + bea + `\"]"},` +
					`{"op":"add","path":"members","value":[{"value":"` + ada + `"},{"value":"` + cai + `"}]}`,
				[]string{ada, cai},
			},
			{"replace", `{"op":"replace","path":"members","value":[{"value":"` + bea + `"},{"value":"` + cai + `"}]}`, []string{bea, cai}},
			{
				"all out, one in",
				`{"op":"remove","path":"members"},{"op":"add","path":"members","value":[{"value":"` + ada + `"}]}`,
				[]string{ada},
			},
			{"remove all", `{"op":"remove","path":"members"}`, nil},
		} {
			d.want(t, 204, "PATCH", "/Groups/"+group, operations(tt.operation))
			var got []string
			for id := range d.members(t, group) {
				got = append(got, id)
			}
			slices.Sort(got)
			slices.Sort(tt.want)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		}
		path := "/Users/" + bea
		for _, tt := range []struct{ name, operation, want string }{
			{
				"add a set of attributes",
				`{"op":"add","value":{"emails":[{"value":"bea@example.com","type":"work"},{"value":"bea@harbour.example","type":"home"}],` +
					`"nickname":"Bee","title":"Guide"}}`,
				`{"emails":[{"value":"bea@example.com","type":"work"}],"title":"Guide"}`,
			},
			{"remove by two tests", `{"op":"remove","path":"emails[type eq \"work\" and value ew \"example.com\"]"}`, `{"title":"Guide"}`},
			{
				"add an address",
				`{"op":"add","path":"addresses","value":[` +
					`{"type":"work","streetAddress":"100 Universal City Plaza","locality":"Hollywood","region":"CA"}]}`,
				`{"title":"Guide","addresses":[` +
					`{"type":"work","streetAddress":"100 Universal City Plaza","locality":"Hollywood","region":"CA"}]}`,
			},
			{
				"replace it",
				`{"op":"replace","path":"addresses[type eq \"work\"]","value":{"type":"work",` +
					`"streetAddress":"911 Universal City Plaza","locality":"Hollywood","postalCode":"91608","primary":true}}`,
				`{"title":"Guide","addresses":[` +
					`{"type":"work","streetAddress":"911 Universal City Plaza","locality":"Hollywood","postalCode":"91608"}]}`,
			},
			{
				"replace a part of it",
				`{"op":"replace","path":"addresses[type eq \"work\"].streetAddress","value":"1010 Broadway Ave"}`,
				`{"title":"Guide","addresses":[` +
					`{"type":"work","streetAddress":"1010 Broadway Ave","locality":"Hollywood","postalCode":"91608"}]}`,
			},
			{
				"replace a set of attributes",
				`{"op":"replace","value":{"emails":[{"value":"bea@example.org","type":"work","primary":true}],"title":"Pilot"}}`,
				`{"title":"Pilot","emails":[{"value":"bea@example.org","type":"work"}],"addresses":[` +
					`{"type":"work","streetAddress":"1010 Broadway Ave","locality":"Hollywood","postalCode":"91608"}]}`,
			},
			{
				"an extension as the path",
				`{"op":"add","path":"` + enterpriseURN + `","value":{"department":"Tours"}},` +
					`{"op":"remove","path":"addresses"},{"op":"remove","path":"emails"}`,
				`{"title":"Pilot","` + enterpriseURN + `":{"department":"Tours"}}`,
			},
			{"the extension goes", `{"op":"remove","path":"` + enterpriseURN + `"},{"op":"remove","path":"title"}`, `{}`},
		} {
			got := d.want(t, 200, "PATCH", path+"?excludedAttributes=meta,userName,active", operations(tt.operation))
			delete(got, "schemas")
			delete(got, "id")
			if diff := cmp.Diff(parse(t, tt.want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		}
		before := d.want(t, 200, "GET", path, "")
		fails(t, d, 400, "mutability", "PATCH", path,
			operations(`{"op":"replace","path":"title","value":"x"}`, `{"op":"replace","path":"id","value":"x"}`))
		fails(t, d, 400, "noTarget", "PATCH", path, operations(`{"op":"remove"}`))
		fails(t, d, 400, "noTarget", "PATCH", path, operations(`{"op":"replace","path":"emails[value sw \"x\"].type","value":"work"}`))
		fails(t, d, 400, "invalidPath", "PATCH", path, operations(`{"op":"add","path":"emails[","value":"x"}`))
		fails(t, d, 400, "mutability", "PATCH", path, operations(`{"op":"remove","path":"userName"}`))
		d.want(t, 200, "PATCH", path, operations(`{"op":"replace","path":"userName","value":"bea"}`)) // as it is: no change, no new version
		if diff := cmp.Diff(before, d.want(t, 200, "GET", path, "")); diff != "" {
			t.Errorf("something changed:\n%s", diff)
		}
	})
}

// §3.6.
func TestRFC7644_3_6_Delete(t *testing.T) {
	onBoth(t, func(t *testing.T, d *deployment) {
		id := d.user(t, "bea@example.com")
		d.want(t, 204, "DELETE", "/Users/"+id, "")
		fails(t, d, 404, "", "GET", "/Users/"+id, "")
		fails(t, d, 404, "", "DELETE", "/Users/"+id, "")
		fails(t, d, 404, "", "PATCH", "/Users/"+id, operations(`{"op":"add","path":"title","value":"x"}`))
		if again := d.user(t, "bea@example.com"); again == id { // and no conflict with what is gone
			t.Errorf("the id %s came back", id)
		}
	})
}

// §3.7: a circle of references (§3.7.1), references to what is made (§3.7.2), and the answer (§3.7.3).
func TestRFC7644_3_7_Bulk(t *testing.T) {
	onBoth(t, func(t *testing.T, d *deployment) {
		bob, dave := d.user(t, "bob"), d.user(t, "dave")
		circle := d.want(t, 200, "POST", "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[
		 {"method":"POST","path":"/Groups","bulkId":"qwerty",
		  "data":{"schemas":["`+groupURN+`"],"displayName":"Group A","members":[{"type":"Group","value":"bulkId:ytrewq"}]}},
		 {"method":"POST","path":"/Groups","bulkId":"ytrewq",
		  "data":{"schemas":["`+groupURN+`"],"displayName":"Group B","members":[{"type":"Group","value":"bulkId:qwerty"}]}}]}`)
		a, b := made(t, circle, 0), made(t, circle, 1)
		if d.members(t, a)[b] != 1 || d.members(t, b)[a] != 1 {
			t.Errorf("A has %v, B has %v", d.members(t, a), d.members(t, b))
		}
		version := d.want(t, 200, "GET", "/Users/"+bob, "")["meta"].(object)["version"].(string)
		request, err := json.Marshal(version)
		if err != nil {
			t.Fatal(err)
		}
		mixed := d.want(t, 200, "POST", "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
		 "failOnErrors":1,"Operations":[
		 {"method":"POST","path":"/Users","bulkId":"alice","data":{"schemas":["`+userURN+`"],"userName":"alice"}},
		 {"method":"PUT","path":"/Users/`+bob+`","version":`+string(request)+`,
		  "data":{"schemas":["`+userURN+`"],"userName":"bob","title":"Guide"}},
		 {"method":"PATCH","path":"/Groups/`+a+`",
		  "data":`+operations(`{"op":"add","path":"members","value":[{"value":"bulkId:alice"}]}`)+`},
		 {"method":"DELETE","path":"/Users/`+dave+`"}]}`)
		var statuses []string
		for _, op := range mixed["Operations"].([]any) {
			o := op.(object)
			statuses = append(statuses, fmt.Sprint(o["method"], " ", o["status"]))
			if o["response"] != nil || o["location"] == nil {
				t.Errorf("%v", o)
			}
		}
		if diff := cmp.Diff([]string{"POST 201", "PUT 200", "PATCH 204", "DELETE 204"}, statuses); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if alice := made(t, mixed, 0); d.members(t, a)[alice] != 1 {
			t.Error("Group A lacks Alice")
		}
		failed := d.want(t, 200, "POST", "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
		 "failOnErrors":1,"Operations":[
		 {"method":"POST","path":"/Users","bulkId":"a","data":{"schemas":["`+userURN+`"],"userName":"alice"}},
		 {"method":"DELETE","path":"/Users/`+bob+`"}]}`)["Operations"].([]any)
		if len(failed) != 1 || failed[0].(object)["status"] != "409" ||
			failed[0].(object)["response"].(object)["scimType"] != "uniqueness" {
			t.Errorf("%v", failed)
		}
		d.want(t, 200, "GET", "/Users/"+bob, "")
	})
}

func made(t *testing.T, bulk object, i int) string {
	t.Helper()
	location, _ := bulk["Operations"].([]any)[i].(object)["location"].(string)
	return location[strings.LastIndexByte(location, '/')+1:]
}

// §3.8: SCIM's media type is spoken, and JSON's understood.
func TestRFC7644_3_8_MediaTypes(t *testing.T) {
	d := deploy(t, memory(t))
	for i, header := range [][]string{
		{"Content-Type: application/scim+json"},
		{"Content-Type: application/json", "Accept: application/json"},
		{"Accept: */*"},
	} {
		answer, content := d.do(t, "POST", "/Users", fmt.Sprintf(`{"schemas":["%s"],"userName":"m%d"}`, userURN, i), header...)
		if answer.StatusCode != 201 || answer.Header.Get("Content-Type") != "application/scim+json" {
			t.Errorf("%v: %d %s\n%s", header, answer.StatusCode, answer.Header.Get("Content-Type"), content)
		}
	}
	if answer, _ := d.do(t, "POST", "/Users", `<x/>`, "Content-Type: text/xml"); answer.StatusCode != 415 {
		t.Errorf("XML: %d", answer.StatusCode)
	}
}

// §3.11: no caller is a user here.
func TestRFC7644_3_11_Me(t *testing.T) {
	fails(t, deploy(t, memory(t)), 501, "", "GET", "/Me", "")
}

// §3.14: a version as ETag; If-None-Match spares the body, If-Match holds a change to what was read.
func TestRFC7644_3_14_Versions(t *testing.T) {
	onBoth(t, func(t *testing.T, d *deployment) {
		path := "/Users/" + d.user(t, "bea@example.com")
		answer, content := d.do(t, "GET", path, "")
		version := answer.Header.Get("ETag")
		if !strings.HasPrefix(version, `W/"`) || parse(t, content)["meta"].(object)["version"] != version {
			t.Errorf("the version is %s in\n%s", version, content)
		}
		if answer, content := d.do(t, "GET", path, "", "If-None-Match: "+version); answer.StatusCode != 304 || content != "" {
			t.Errorf("If-None-Match: %d %s", answer.StatusCode, content)
		}
		change := operations(`{"op":"add","path":"title","value":"Guide"}`)
		answer, _ = d.do(t, "PATCH", path, change, "If-Match: "+version)
		if answer.StatusCode != 200 || answer.Header.Get("ETag") == version {
			t.Errorf("If-Match: %d %s", answer.StatusCode, answer.Header.Get("ETag"))
		}
		for method, body := range map[string]string{
			"PATCH":  operations(`{"op":"add","path":"title","value":"Pilot"}`),
			"PUT":    `{"schemas":["` + userURN + `"],"userName":"bea@example.com"}`,
			"DELETE": "",
		} {
			answer, content := d.do(t, method, path, body, "If-Match: "+version)
			if answer.StatusCode != 412 || parse(t, content)["status"] != "412" {
				t.Errorf("%s with the old version: %d %s", method, answer.StatusCode, content)
			}
		}
		now, _ := d.do(t, "GET", path, "", "If-None-Match: "+version)
		if now.StatusCode != 200 || now.Header.Get("ETag") != answer.Header.Get("ETag") {
			t.Errorf("after the refusals: %d %s", now.StatusCode, now.Header.Get("ETag"))
		}
	})
}

// comesBack makes a resource and reads it, and compares what was sent with what is shown. lost are the paths that do not come back; schemas
// and what the server says of its own are not compared.
func comesBack(t *testing.T, d *deployment, path, body string, lost ...string) {
	t.Helper()
	created := d.want(t, http.StatusCreated, http.MethodPost, path, body)
	read := d.want(t, http.StatusOK, http.MethodGet, path+"/"+created["id"].(string), "")
	if diff := cmp.Diff(created, read); diff != "" {
		t.Errorf("(-as made +as read):\n%s", diff)
	}
	sent, shown := leaves(parse(t, body)), leaves(read)
	var missing []string
	for path, v := range sent {
		if shown[path] != v {
			missing = append(missing, path)
		}
	}
	slices.Sort(missing)
	if diff := cmp.Diff(lost, missing); diff != "" {
		t.Errorf("what does not come back (-want +got):\n%s", diff)
	}
}

// leaves are the simple values of a JSON object by path. An element goes by its type, or else its value.
func leaves(o object) map[string]any {
	out := map[string]any{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case object:
			for name, inner := range v {
				p := name
				if path != "" {
					p = path + "." + name
				}
				walk(p, inner)
			}
		case []any:
			for _, e := range v {
				label := fmt.Sprint(e)
				if c, ok := e.(object); ok {
					label = fmt.Sprint(c["value"])
					if c["type"] != nil {
						label = fmt.Sprint(c["type"])
					}
				}
				walk(path+"["+label+"]", e)
			}
		default:
			out[path] = v
		}
	}
	walk("", o)
	return out
}

// attributeNames are the names of a resource's attributes, complex ones with their sub-attributes.
func attributeNames(r object) string {
	var names []string
	for name, v := range r {
		c, ok := v.(object)
		if !ok {
			names = append(names, name)
		}
		for sub := range c {
			names = append(names, name+"."+sub)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func userNames(list object) string {
	var names []string
	for _, r := range list["Resources"].([]any) {
		if name, ok := r.(object)["userName"].(string); ok {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// fails holds that a request is refused with an error as RFC 7644 §3.12 has it.
func fails(t *testing.T, d *deployment, status int, scimType, method, path, body string) {
	t.Helper()
	answer, content := d.do(t, method, path, body)
	got := parse(t, content)
	kind, _ := got["scimType"].(string)
	detail, _ := got["detail"].(string)
	want := []any{"urn:ietf:params:scim:api:messages:2.0:Error"}
	if answer.StatusCode != status || got["status"] != fmt.Sprint(status) || kind != scimType || detail == "" ||
		!cmp.Equal(got["schemas"], any(want)) || answer.Header.Get("Content-Type") != "application/scim+json" {
		t.Errorf("%s %s: %d %s, want %d %s", method, path, answer.StatusCode, content, status, scimType)
	}
}
