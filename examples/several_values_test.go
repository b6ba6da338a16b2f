package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestSeveralNamesOfOneEntry: an entry that holds several userNames is found by each, shows the same one whatever else is written, and
// keeps the others for itself.
func TestSeveralNamesOfOneEntry(t *testing.T) {
	t.Parallel()
	const short, long = "anna", "anna@contoso.example"
	dn := func(expression string) string { return "SCIMBRIDGE_RESOURCES_0_DN=" + expression }
	choose := func(expression string) string { return "SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_0_CHOOSE=" + expression }
	for name, c := range map[string]struct {
		env        []string
		shown, new string // the name that shows, and another in its place
		stays      string // beside it
	}{
		"named by it":             {[]string{dn(`"uid=" + rdn(userName) + "," + base`)}, short, "lind", long},
		"named by a part of it":   {[]string{dn(`"uid=" + rdn(before(userName, "@")) + "," + base`)}, long, "lind@contoso.example", ""},
		"named by a variable":     {[]string{dn(`let n = userName; "uid=" + rdn(n) + "," + base`)}, short, "lind", long},
		"the map chooses":         {[]string{choose(`find(values, # contains "@")`)}, long, "lind@contoso.example", short},
		"named by something else": {[]string{dn(`"cn=" + rdn(displayName) + "," + base`), choose("first(values)")}, short, "ann", long},
	} {
		for _, s := range servers[:3] {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				d := deploy(t, s.start(t), c.env...)
				const id, both = "objectClass: inetOrgPerson\ncn: Anna\nsn: Lind\ndisplayName: Anna\nuid: %s\nuid: %s\n", "\n"
				at := "dn: uid=anna," + d.server.People + "\n"
				if strings.Contains(name, "else") {
					at = "dn: cn=Anna," + d.server.People + "\n"
				}
				for _, order := range [][]any{{short, long}, {long, short}} {
					d.server.Load(t, at+fmt.Sprintf(id, order...)+both)
					anna := d.found(t, "/Users", `userName eq "`+long+`"`)[0]["id"].(string)
					shows := func(when, want string) {
						t.Helper()
						if got := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+anna, "")["userName"]; got != want {
							t.Errorf("%v, %s: %v shows, want %s", order, when, got, want)
						}
					}
					shows("as found", c.shown)
					for _, held := range []string{short, long, "ANNA"} {
						d.matches(t, held, anna)
						body := resource("/Users", `"displayName":"Other","userName":"`+held+`"`)
						answer := d.want(t, http.StatusConflict, http.MethodPost, "/Users", body)
						if detail, _ := answer["detail"].(string); !strings.Contains(detail, anna) {
							t.Errorf("%s: %v", held, answer)
						}
					}
					if found := d.found(t, "/Users", `userName ne "`+short+`"`); len(found) > 0 {
						t.Errorf("it is not without the name: %v", found)
					}
					for _, path := range []string{"title", "displayName", "name.familyName"} {
						d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna, operations(replace(path, `"Anna B"`)))
						shows(path, c.shown)
					}
					d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna, operations(replace("userName", `"`+c.new+`"`)))
					shows("renamed", c.new)
					d.matches(t, c.shown, "")
					if c.stays != "" {
						d.matches(t, c.stays, anna)
					}
					d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna, operations(replace("title", `"Clerk"`)))
					shows("and after", c.new)
					d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+anna, "")
				}
			})
		}
	}
}

// TestNameOfAForeignEntry: a name that an entry holds which SCIM does not show, within the base, is taken.
func TestNameOfAForeignEntry(t *testing.T) {
	for _, s := range servers[:3] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, s.start(t))
			d.server.Load(t, "dn: ou=machines,"+d.server.People+"\nobjectClass: organizationalUnit\nou: machines\n\n"+
				"dn: uid=printer,ou=machines,"+d.server.People+"\nobjectClass: account\nuid: printer\n")
			answer := d.want(t, http.StatusConflict, http.MethodPost, "/Users", resource("/Users", `"userName":"Printer"`))
			if detail, _ := answer["detail"].(string); !strings.Contains(detail, "an entry that is not managed here") {
				t.Error(answer)
			}
			mara := d.user(t, "mara")
			d.want(t, http.StatusConflict, http.MethodPatch, "/Users/"+mara, operations(replace("userName", `"printer"`)))
		})
	}
}
