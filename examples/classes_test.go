package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// staffed is the environment of users of whom those with a userType of Staff are POSIX accounts, with a number, a home and a shell.
func staffed(t testing.TB, server *dirtest.Server) []string {
	t.Helper()
	at := 2 // behind the example's own
	if server.Kind == ldif.ActiveDirectory {
		at = 1
	}
	class := fmt.Sprintf("SCIMBRIDGE_RESOURCES_0_OBJECTCLASSES_%d_", at)
	env := []string{class + "CLASS=posixAccount", class + `WHEN=title == "Staff"`}
	lines := [][]string{
		{"LDAP=uidNumber", "ON=create", "ALLOCATE_FROM=20000", "ALLOCATE_TO=29999", "ALLOCATE_COUNTER=cn=uidNext," + server.Base},
		{"LDAP=gidNumber", "CONSTANT=100"},
		{"LDAP=homeDirectory", `VALUE="/home/" + before(userName, "@")`, "ON=create"},
		{"SCIM=urn:example:2.0:User:shell", "LDAP=loginShell"},
	}
	if server.Kind == ldif.ActiveDirectory { // where it is everybody's
		lines[2][0] = "LDAP=unixHomeDirectory"
	}
	for i, settings := range lines {
		env = append(env, line(t, server, 0, i, settings...)...)
	}
	return env
}

// isStaff holds the entry against what one of the class, or without it, is.
func (d *deployment) isStaff(t *testing.T, when, id, number string) *ldif.Entry {
	t.Helper()
	e := d.server.Entry(t, d.entry(t, id).DN, "objectClass", "uidNumber", "gidNumber", "homeDirectory", "unixHomeDirectory", "loginShell")
	held := slices.ContainsFunc(e.Values("objectClass"), func(c string) bool { return strings.EqualFold(c, "posixAccount") })
	home := e.Value("homeDirectory") + e.Value("unixHomeDirectory")
	got := strings.TrimSpace(fmt.Sprint(held, " ", e.Value("uidNumber"), " ", e.Value("gidNumber"), " ", home))
	want := "false"
	if number != "" {
		want = "true " + number + " 100 /home/bo"
	}
	if got != want {
		t.Errorf("%s: %s, and not %s", when, got, want)
	}
	return e
}

// TestConditionalClass: who comes to be of those who have a class gets it, with a number and what the map computes, in one Modify; who is
// so no more loses all of that, and a later number is another. What only the class allows is refused to others.
func TestConditionalClass(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		defer server.Empty(t)
		d := deploy(t, server, staffed(t, server)...)
		bo := d.create(t, "/Users", `"userName":"bo@contoso.example","title":"Guest"`)
		d.isStaff(t, "a guest", bo, "")
		d.taken()
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bo, operations(replace("title", `"Staff"`)))
		if plans := d.taken(); len(plans[len(plans)-1].Steps) != 1 {
			t.Errorf("%v", plans)
		}
		d.isStaff(t, "of the staff", bo, "20000")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bo,
			operations(replace("urn:example:2.0:User:shell", `"/bin/sh"`), replace("displayName", `"Bo"`)))
		if e := d.isStaff(t, "changed", bo, "20000"); e.Value("loginShell") != "/bin/sh" {
			t.Errorf("%v", e)
		}
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bo, operations(replace("title", `"Guest"`)))
		if e := d.isStaff(t, "no more", bo, ""); e.Value("loginShell") != "" {
			t.Errorf("%v", e)
		}
		if server.Kind != ldif.ActiveDirectory { // which sees to classes itself
			answer, content := d.do(t, http.MethodPatch, "/Users/"+bo, operations(replace("urn:example:2.0:User:shell", `"/bin/sh"`)))
			if answer.StatusCode != http.StatusBadRequest || !strings.Contains(content, "posixAccount") {
				t.Errorf("%d %s", answer.StatusCode, content)
			}
		}
		d.want(t, http.StatusOK, http.MethodPut, "/Users/"+bo, resource("/Users", `"userName":"bo@contoso.example","title":"Staff"`))
		d.isStaff(t, "again", bo, "20001")
		born := d.create(t, "/Users", `"userName":"born@contoso.example","title":"Staff"`)
		if got := d.entry(t, born).Value("uidNumber"); got != "20002" {
			t.Errorf("born with the number %s", got)
		}
	})
}
