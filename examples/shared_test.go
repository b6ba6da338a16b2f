package examples_test

import (
	"fmt"
	"net/http"
	"testing"
)

// TestShared: a userName and an email that stand in one value of `mail` are one, whichever of them a client writes.
func TestShared(t *testing.T) {
	t.Parallel()
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			d := deploy(t, server, "SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_0_LDAP=mail",
				fmt.Sprintf("SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_%d_SHARES=userName", lineOf(t, server, "emails")),
				`SCIMBRIDGE_RESOURCES_0_DN="`+productOf(server).rdn("")+`" + rdn(before(userName, "@")) + "," + base`)
			mail := func(value string) string { return `[{"type":"work","value":"` + value + `"}]` }
			body := func(name, email string) string {
				return resource("/Users", `"userName":"`+name+`","emails":`+mail(email))
			}
			d.want(t, http.StatusBadRequest, http.MethodPost, "/Users", body("mara@x", "lind@x"))
			id := d.want(t, http.StatusCreated, http.MethodPost, "/Users", body("mara@x", "mara@x"))["id"].(string)
			are := func(what, value string) {
				t.Helper()
				user := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")
				emails, _ := user["emails"].([]any)
				if user["userName"] != value || len(emails) != 1 || emails[0].(map[string]any)["value"] != value {
					t.Errorf("%s: %v, %v", what, user["userName"], emails)
				}
				if held := d.entry(t, id).Values("mail"); len(held) != 1 || held[0] != value {
					t.Errorf("%s: mail is %q", what, held)
				}
				d.matches(t, value, id)
			}
			patch := func(status int, list ...string) {
				t.Helper()
				d.want(t, status, http.MethodPatch, "/Users/"+id, operations(list...))
			}
			are("made", "mara@x")
			patch(http.StatusOK, replace("userName", `"lind@x"`))
			are("the userName changed", "lind@x")
			patch(http.StatusOK, replace(`emails[type eq "work"].value`, `"berg@x"`))
			are("the email changed", "berg@x")
			patch(http.StatusBadRequest, replace("userName", `"a@x"`), replace("emails", mail("b@x")))
			patch(http.StatusOK, replace("userName", `"falk@x"`), replace("emails", mail("falk@x")))
			are("both changed", "falk@x")
			patch(http.StatusOK, `{"op":"remove","path":"emails"}`)
			are("the email taken away", "falk@x")
			d.want(t, http.StatusBadRequest, http.MethodPut, "/Users/"+id, body("falk@x", "mara@x"))
			d.want(t, http.StatusConflict, http.MethodPost, "/Users", body("Falk@x", "Falk@x"))
		})
	}
}
