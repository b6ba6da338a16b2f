package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// furtherLines are lines of the map for users behind the n that the example has, as `scim=…, ldap=…` with `; ` between keys.
func furtherLines(n int, lines ...string) []string {
	var env []string
	for i, line := range lines {
		for key := range strings.SplitSeq(line, "; ") {
			name, value, _ := strings.Cut(key, "=")
			env = append(env, fmt.Sprintf("SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_%d_%s=%s", n+i, strings.ToUpper(name), value))
		}
	}
	return env
}

const (
	own = "urn:example:scim:schemas:extension:form:2.0:User"
	gif = "data:image/gif;base64,R0lGODlh"
)

// TestForms: values that stand in the directory in forms of their own come back as they were sent, are found by them and go, on every
// server.
func TestForms(t *testing.T) {
	t.Parallel()
	plain := furtherLines(25,
		"scim="+own+":address; ldap=postalAddress",
		`scim=photos[type eq "photo"].value; ldap=jpegPhoto`,
		"scim=profileUrl; ldap=labeledURI; as=labeledURI",
		"scim="+own+":room; ldap=roomNumber; also=initials",
		"scim="+own+`:desk; ldap=description; prefix=desk:`,
		"scim="+own+`:deck; ldap=description; where=not (value startsWith "desk:")`,
		"scim=nickName; ldap=carLicense; value=\"n-\" + value; read=after(value, \"n-\")",
		"scim="+own+":note; ldap=businessCategory;lang-de",
		`ldap=employeeType; value=map(roles ?? [], "r-" + .value)`,
		"ldap=internationalISDNNumber; value=digits(uuid()) + \"1\"; on=create",
	)
	domain := furtherLines(23,
		"scim="+own+":leaves; ldap=accountExpires; empty=\"0\"; define_type=dateTime",
		`scim=photos[type eq "photo"].value; ldap=thumbnailPhoto`,
		"scim="+own+":desk; ldap=proxyAddresses; prefix=SMTP:",
		"scim="+own+":deck; ldap=proxyAddresses; prefix=x500:",
		"scim="+own+":address; ldap=postalAddress; as=postalAddress",
		"scim="+own+":country; ldap=c; value=countryCode(value); read=value; also=extensionName",
		`ldap=countryCode; value=countryNumber(resource["`+own+`"]?.country) ?? "0"`,
	)
	sent := object{
		"address": "Kai 1\nD-20457 $", "room": "12", "desk": "a", "deck": "b", "note": "Köchin", "leaves": "2031-02-01T00:00:00Z",
		"country": "DE",
	}
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			env, names := plain, []string{"address", "room", "desk", "deck", "note"}
			held := map[string][]string{
				"postalAddress": {`Kai 1$D-20457 \24`}, "roomNumber": {"12"}, "initials": {"12"}, "description": {"b", "desk:a"},
				"carLicense": {"n-Mara"}, "labeledURI": {"https://x/mara"}, "jpegPhoto": {"GIF89a"}, "employeeType": {"r-cook", "r-mate"},
				"businessCategory;lang-de": {"Köchin"},
			}
			body := `"profileUrl":"https://x/mara","nickName":"Mara","roles":[{"value":"cook"},{"value":"mate"}],`
			finds := []string{
				own + `:address eq "kai 1\nD-20457 $"`, own + `:desk eq "A"`, own + `:deck eq "b"`, `nickName eq "mara"`,
				own + `:note eq "köchin"`, `profileUrl eq "https://x/mara"`,
			}
			if productOf(server).oneMail {
				env, names, body = domain, []string{"address", "desk", "deck", "leaves", "country"}, ""
				held = map[string][]string{
					"postalAddress": {`Kai 1$D-20457 \24`}, "accountExpires": {"135721440000000000"}, "thumbnailPhoto": {"GIF89a"},
					"proxyAddresses": {"SMTP:a", "x500:b"}, "c": {"DE"}, "countryCode": {"276"}, "extensionName": {"DE"},
				}
				finds = []string{
					own + `:desk eq "A"`, own + `:deck eq "b"`,
					own + `:leaves eq "2031-02-01T00:00:00Z"`, own + `:country eq "de"`,
				}
			}
			d := deploy(t, server, env...)
			values, extension := object{}, ""
			for _, name := range names {
				values[name] = sent[name]
				extension += fmt.Sprintf(",%q:%q", name, sent[name])
			}
			user := d.want(t, http.StatusCreated, http.MethodPost, "/Users", resource("/Users",
				`"userName":"mara","photos":[{"type":"photo","value":"`+gif+`"}],`+body+`"`+own+`":{`+extension[1:]+`}`))
			id := user["id"].(string)
			entry := d.entry(t, id)
			for name, want := range held {
				got := map[string]bool{}
				for _, v := range entry.Values(name) {
					got[v] = true
				}
				for _, v := range want {
					if !got[v] || len(got) != len(want) {
						t.Errorf("%s is %q, want %q", name, entry.Values(name), want)
					}
				}
			}
			for _, shown := range []object{user, d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")} {
				if diff := cmp.Diff(map[string]any(values), shown[own]); diff != "" {
					t.Errorf("(-sent +shown)\n%s", diff)
				}
				if photos, _ := shown["photos"].([]any); len(photos) != 1 || photos[0].(map[string]any)["value"] != gif {
					t.Error(shown["photos"])
				}
			}
			for _, filter := range finds {
				if found := d.found(t, "/Users", filter); len(found) != 1 || found[0]["id"] != id {
					t.Errorf("%s finds %v", filter, found)
				}
			}
			d.want(t, http.StatusBadRequest, http.MethodPatch, "/Users/"+id,
				operations(replace("photos", `[{"type":"photo","value":"https://x/mara.jpg"}]`)))
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace(own+":desk", `"c"`)))
			values["desk"] = "c"
			shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")
			if diff := cmp.Diff(map[string]any(values), shown[own]); diff != "" {
				t.Errorf("changed (-sent +shown)\n%s", diff)
			}
			clear := `{"op":"remove","path":"photos"}`
			for _, name := range names {
				clear += `,{"op":"remove","path":"` + own + ":" + name + `"}`
			}
			shown = d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(clear))
			if shown[own] != nil || shown["photos"] != nil {
				t.Errorf("cleared: %v", shown)
			}
			entry = d.entry(t, id)
			for name := range held {
				if v := entry.Values(name); len(v) > 0 && shown["nickName"] == nil && name != "accountExpires" && name != "countryCode" {
					t.Errorf("cleared: %s is %q", name, v)
				}
			}
		})
	}
}
