package examples_test

import (
	"net/http"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestTakenByTheServersOwnRule: a value that the directory itself lets no two entries share is a conflict that names the attribute,
// whichever way it is written. What else it refuses of a value stays a bad value.
func TestTakenByTheServersOwnRule(t *testing.T) {
	for name, start := range map[string]func(t testing.TB) *dirtest.Server{
		"openldap": func(t testing.TB) *dirtest.Server {
			return openLDAP(t, dirtest.Overlay("unique", "unique_uri ldap:///?mail?sub"),
				dirtest.Overlay("constraint", "constraint_attribute mail regex @"))
		},
		"389ds": func(t testing.TB) *dirtest.Server {
			return dirtest.DS389(t, ds389Schema, dirtest.UniquenessPlugin("mail"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := deploy(t, start(t))
			user := func(name, mail string) string {
				return resource("/Users", `"userName":"`+name+`","title":"Clerk","emails":[{"type":"work","value":"`+mail+`"}]`)
			}
			d.want(t, http.StatusCreated, http.MethodPost, "/Users", user("mara@contoso.example", "mara@contoso.example"))
			noor := d.want(t, http.StatusCreated, http.MethodPost, "/Users", user("noor@contoso.example",
				"noor@contoso.example"))["id"].(string)
			mail := func(value string) string { return operations(replace(`emails[type eq "work"].value`, `"`+value+`"`)) }
			for _, c := range []struct{ method, path, body string }{
				{http.MethodPost, "/Users", user("ivo@contoso.example", "MARA@contoso.example")},
				{http.MethodPut, "/Users/" + noor, user("noor@contoso.example", "mara@contoso.example")},
				{http.MethodPatch, "/Users/" + noor, mail("mara@contoso.example")},
			} {
				answer := d.want(t, http.StatusConflict, c.method, c.path, c.body)
				detail, _ := answer["detail"].(string)
				if answer["scimType"] != "uniqueness" || !strings.HasPrefix(detail, `emails[type eq "work"].value: `) {
					t.Errorf("%s: %v", c.method, answer)
				}
			}
			d.matches(t, "ivo@contoso.example", "")
			if d.server.Kind == "openldap" {
				answer := d.want(t, http.StatusBadRequest, http.MethodPatch, "/Users/"+noor, mail("no address"))
				if answer["scimType"] != "invalidValue" {
					t.Error(answer)
				}
			}
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+noor, mail("noor.haan@contoso.example"))
		})
	}
}
