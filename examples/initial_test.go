package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf16"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// TestInitialPassword: a new account for which the client sends no password has one of its own, as the map says, which nobody is told.
func TestInitialPassword(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		attribute := "userPassword"
		if server.Birth != nil {
			attribute = server.Birth.Password
		}
		settings := []string{"SCIM=password", "LDAP=" + attribute, "INITIAL_LENGTH=18", "INITIAL_CLASSES=lower,upper,digit"}
		env := line(t, server, 0, 0, settings...)
		if server.Birth == nil { // the example has the line
			at := fmt.Sprintf("SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_%d_", lineOf(t, server, "scim: password"))
			env = []string{at + settings[2], at + settings[3]}
		}
		d := deploy(t, server, env...)
		seen := map[string]bool{}
		for _, name := range []string{"anna", "bo"} {
			body := resource("/Users", `"userName":"`+name+`@contoso.example","active":true`)
			answer, content := d.do(t, http.MethodPost, "/Users", body)
			password := d.initial(t)
			switch {
			case answer.StatusCode != http.StatusCreated:
				t.Fatal(content)
			case len(password) != 18 || strings.ContainsAny(password, "!#%*+-.=?@_~") || seen[password]:
				t.Errorf("%q", password)
			case strings.Contains(content, password):
				t.Error("the answer holds the password")
			}
			seen[password] = true
			d.letsIn(t, parse(t, content)["id"].(string), password, true)
		}
		const own = "Own-secret-4711"
		id := d.create(t, "/Users", `"userName":"own@contoso.example","active":true,"password":"`+own+`"`)
		if password := d.initial(t); password != own {
			t.Errorf("%q in the place of the client's own", password)
		}
		blocked := d.create(t, "/Users", `"userName":"blocked@contoso.example","active":false`)
		d.letsIn(t, blocked, d.initial(t), false)
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("title", `"Clerk"`)))
		for _, plan := range d.taken() {
			for _, m := range plan.Steps[0].Change.Mods {
				if ldif.Secret(m.Name) {
					t.Error("a change gives a password")
				}
			}
		}
	})
}

// initial is the password that the plans since the last call gave a new entry.
func (d *deployment) initial(t *testing.T) (password string) {
	t.Helper()
	for _, plan := range d.taken() {
		if text := plan.Steps[0].Change.String(); !strings.Contains(text, "(not shown)") {
			t.Errorf("no password, or one that shows:\n%s", text)
		}
		for _, a := range plan.Steps[0].Change.Entry {
			switch {
			case a.Name == "userPassword":
				password = a.Values[0]
			case a.Name == "unicodePwd":
				var units []uint16
				for i := 0; i+1 < len(a.Values[0]); i += 2 {
					units = append(units, uint16(a.Values[0][i])|uint16(a.Values[0][i+1])<<8)
				}
				password = strings.Trim(string(utf16.Decode(units)), `"`)
			}
		}
	}
	return password
}
