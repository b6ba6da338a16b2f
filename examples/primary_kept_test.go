package examples_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
)

// TestPrimaryKept: which of several values is the primary one stands in the directory, by a prefix; a PATCH makes it another, and the rest
// stays, on every server.
func TestPrimaryKept(t *testing.T) {
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			attribute, n := "description", 25
			if productOf(server).oneMail {
				attribute, n = "proxyAddresses", 23
			}
			d := deploy(t, server, furtherLines(n,
				"scim=ims[primary eq true].value; ldap="+attribute+"; prefix=SMTP:",
				"scim=ims.value; ldap="+attribute+"; prefix=smtp:")...)
			user := d.want(t, http.StatusCreated, http.MethodPost, "/Users", resource("/Users",
				`"userName":"mara","displayName":"Mara","ims":[{"value":"b@x"},{"value":"a@x","primary":true},{"value":"c@x"}]`))
			id := user["id"].(string)
			held := func(want ...string) {
				t.Helper()
				got := d.entry(t, id).Values(attribute)
				if slices.Sort(got); !slices.Equal(got, want) {
					t.Errorf("%s is %q, want %q", attribute, got, want)
				}
			}
			held("SMTP:a@x", "smtp:b@x", "smtp:c@x")
			primary := func(shown object, want string) {
				t.Helper()
				count := 0
				for _, v := range shown["ims"].([]any) {
					if v := v.(map[string]any); v["primary"] == true {
						count++
						if v["value"] != want {
							t.Errorf("%v is primary, want %q", v, want)
						}
					}
				}
				if count != 1 || len(shown["ims"].([]any)) != 3 {
					t.Errorf("shown as %v", shown["ims"])
				}
			}
			primary(user, "a@x")
			user = d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id,
				operations(`{"op":"replace","path":"ims[value eq \"c@x\"].primary","value":true}`))
			primary(user, "c@x")
			held("SMTP:c@x", "smtp:a@x", "smtp:b@x")
			for filter, want := range map[string]float64{
				`ims[primary eq true and value eq "C@x"]`: 1, `ims[primary eq true and value eq "a@x"]`: 0, `ims.value eq "A@x"`: 1,
			} {
				list := d.want(t, http.StatusOK, http.MethodGet, "/Users?filter="+url.QueryEscape(filter), "")
				if list["totalResults"] != want {
					t.Errorf("%s finds %v", filter, list["totalResults"])
				}
			}
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(`{"op":"remove","path":"ims[primary eq true]"}`))
			held("smtp:a@x", "smtp:b@x")
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(`{"op":"remove","path":"ims"}`))
			held()
		})
	}
}
