package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestValueLikeItsStandIn: a value that is the same as what stands in for it is shown as it was sent, found, kept while the stand-in
// changes from under it and back, and cleared.
func TestValueLikeItsStandIn(t *testing.T) {
	t.Parallel()
	const login, other = "lind@contoso.example", "mara@contoso.example"
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			d := deploy(t, server, fmt.Sprintf("SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_%d_EMPTY=userName", lineOf(t, server, "name.familyName")))
			bare := d.user(t, "bare@contoso.example")
			const members = `"userName":"` + login + `","name":{"familyName":"` + login + `","givenName":"L"}`
			lind := d.create(t, "/Users", members)
			shows := func(when string, want any, stored string) {
				t.Helper()
				name, _ := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+lind, "")["name"].(object)
				if name["familyName"] != want {
					t.Errorf("%s: familyName %q, want %q", when, name["familyName"], want)
				}
				if got := d.entry(t, lind).Values("sn"); !slices.Equal(got, []string{stored}) {
					t.Errorf("%s: sn %q, want %q", when, got, stored)
				}
				for filter, ofValue := range map[string]bool{
					`name.familyName eq "` + login + `"`:                  true,
					`name.familyName eq "` + strings.ToUpper(login) + `"`: true,
					`name.familyName sw "lind@"`:                          true,
					`name.familyName ew "contoso.example"`:                true,
					`name.familyName co "@contoso"`:                       true,
					`name.familyName pr`:                                  true,
					`name.familyName ne "` + login + `"`:                  false,
					`not (name.familyName pr)`:                            false,
				} {
					found := d.found(t, "/Users", filter)
					for id, held := range map[string]bool{lind: want != nil, bare: false} {
						is := func(r object) bool { return r["id"] == id }
						if slices.ContainsFunc(found, is) != (held == ofValue) {
							t.Errorf("%s: %s finds %v", when, filter, found)
						}
					}
				}
			}
			patch := func(list ...string) {
				t.Helper()
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+lind, operations(list...))
			}
			shows("created", login, login+" ")
			patch(replace("title", `"Clerk"`))
			shows("something else changed", login, login+" ")
			patch(replace("userName", `"`+other+`"`))
			shows("renamed", login, login)
			patch(replace("userName", `"`+login+`"`))
			shows("renamed back", login, login+" ")
			patch(`{"op":"Remove","path":"name.familyName"}`)
			shows("removed", nil, login)
			patch(replace("userName", `"`+other+`"`))
			shows("removed, and renamed", nil, other)
			patch(replace("userName", `"`+login+`"`), replace("name.familyName", `"`+login+` "`))
			shows("with a space of its own", login+" ", login+"  ")
			d.want(t, http.StatusOK, http.MethodPut, "/Users/"+lind, resource("/Users", members))
			shows("replaced", login, login+" ")
		})
	}
}
