package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
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
		other := deploy(t, server, staffed(t, server)...)
		for _, title := range []string{"Guest", "Staff", "Guest", "Staff"} { // two at once
			var both sync.WaitGroup
			for _, copy := range []*deployment{d, other} {
				both.Go(func() {
					body := operations(replace("title", `"`+title+`"`))
					answer, content, err := copy.try(http.MethodPatch, "/Users/"+bo, body)
					if err != nil || answer.StatusCode != http.StatusOK {
						t.Errorf("%s: %v %s", title, err, content)
					}
				})
			}
			both.Wait()
			number := d.entry(t, bo).Value("uidNumber")
			if (number == "") == (title == "Staff") {
				t.Errorf("%s: the number is %q", title, number)
			}
			d.isStaff(t, title, bo, number)
		}
	})
}

// TestConditionalClassTwice: of two who make one of the staff at once, in two copies of the bridge, both are told of success, and he has
// one number; where the other made him none meanwhile, he is what the later said.
func TestConditionalClassTwice(t *testing.T) {
	for _, without := range [][]string{nil, {controlAssertion}} {
		server := dirtest.Memory(t, func(o *memdir.Options) { o.Without = without })
		env := staffed(t, server)
		c := &crew{copies: copies{server: server, bridges: []*deployment{deploy(t, server, env...), deploy(t, server, env...)}}}
		d := c.of(0)
		bo := d.create(t, "/Users", `"userName":"bo@contoso.example","title":"Guest"`)
		staff, guest := operations(replace("title", `"Staff"`)), operations(replace("title", `"Guest"`))
		other := func(body string) func() { return c.also(t, 1, http.StatusOK, http.MethodPatch, "/Users/"+bo, body) }
		interleaved(server, between{op: "modify", dn: "uid=bo", do: other(staff)})
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bo, staff)
		server.Mem.Fault(nil)
		d.isStaff(t, "both", bo, d.entry(t, bo).Value("uidNumber"))
		interleaved(server, between{op: "modify", dn: "uid=bo", do: other(guest)})
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bo, guest)
		server.Mem.Fault(nil)
		d.isStaff(t, "none", bo, "")
		interleaved(server, between{op: "modify", dn: "uid=bo", do: other(operations(replace("displayName", `"Bo"`)))})
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bo, staff)
		server.Mem.Fault(nil)
		d.isStaff(t, "beside another change", bo, d.entry(t, bo).Value("uidNumber"))
	}
}

// TestConditionalClassIsStopped: it may stop at any write, also where he is moved with it. The same request completes it.
func TestConditionalClassIsStopped(t *testing.T) {
	t.Parallel()
	for _, placed := range []bool{false, true} {
		for _, comes := range []bool{true, false} {
			atEachWrite(t, fmt.Sprint(placed, comes), func(t *testing.T, at int32, drop memdir.Drop) (reached bool) {
				server := dirtest.Memory(t)
				env := append(staffed(t, server), "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms")
				if placed {
					env = append(env, "SCIMBRIDGE_RESOURCES_0_CREATEPARENTS=true",
						`SCIMBRIDGE_RESOURCES_0_DN="uid=" + rdn(userName) + ",ou=" + rdn(title ?? "None") + "," + base`)
				}
				d := deploy(t, server, env...)
				title := map[bool]string{true: "Staff", false: "Guest"}
				bo := d.create(t, "/Users", `"userName":"bo@contoso.example","title":"`+title[!comes]+`"`)
				stopsAt(server, at, drop)
				body := operations(replace("title", `"`+title[comes]+`"`))
				answer, _ := d.do(t, http.MethodPatch, "/Users/"+bo, body)
				server.Mem.Fault(nil)
				if reached = answer.StatusCode != http.StatusOK; reached {
					d.await(t, http.StatusOK, "/Users/"+bo)
					d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bo, body)
				}
				number := d.entry(t, bo).Value("uidNumber")
				if comes && number == "" || !comes && number != "" {
					t.Errorf("the number is %q", number)
				}
				d.isStaff(t, "in the end", bo, number)
				if placed && !strings.Contains(d.entry(t, bo).DN, "ou="+title[comes]) {
					t.Errorf("he is at %s", d.entry(t, bo).DN)
				}
				return reached
			})
		}
	}
}

// TestConditionalClassOfLeaver: a leaver whose entry is kept keeps his number, until a POST of his name says what he is now.
func TestConditionalClassOfLeaver(t *testing.T) {
	for _, mode := range []string{"block", "strip"} {
		server := dirtest.Memory(t)
		d := deploy(t, server, append(staffed(t, server), marked(mode)...)...)
		bo := d.create(t, "/Users", `"userName":"bo@contoso.example","title":"Staff"`)
		for _, again := range []string{"Staff", "Guest", "Staff"} {
			number := d.entry(t, bo).Value("uidNumber")
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+bo, "")
			if got := d.entry(t, bo).Value("uidNumber"); got != number {
				t.Errorf("%s: the leaver's number is %q", mode, got)
			}
			if got := d.create(t, "/Users", `"userName":"bo@contoso.example","title":"`+again+`"`); got != bo {
				t.Fatalf("%s: another is made", mode)
			}
			switch {
			case again == "Guest":
				number = ""
			case number == "":
				number = "20001"
			}
			d.isStaff(t, mode+" "+again, bo, number)
		}
	}
}

// TestConditionalClassIsHeld: a class that something holds which the map does not write, by an option or hidden from the bridge's account,
// stays, and he is blocked all the same by the request that would have taken it.
func TestConditionalClassIsHeld(t *testing.T) {
	const account = "cn=scimbridge,dc=example,dc=org"
	server := openLDAP(t, dirtest.Config(
		`access to attrs=gecos dn.subtree="dc=example,dc=org" by dn.exact="`+account+`" none by * break`,
		`access to dn.subtree="dc=example,dc=org" by dn.exact="`+account+`" write by * break`))
	server.Load(t, "dn: "+account+"\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: bridge-secret\n")
	server.Account, server.AccountPassword = account, "bridge-secret"
	d := deploy(t, server, staffed(t, server)...)
	for i, held := range []struct {
		attribute string
		plans     int
	}{{"loginShell;lang-de", 1}, {"gecos", 2}} {
		bo := d.create(t, "/Users", fmt.Sprintf(`"userName":"bo@contoso.example%d","title":"Staff"`, i))
		modify(t, server, d.entry(t, bo).DN, held.attribute, "/bin/sh")
		d.taken()
		shown := d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bo,
			operations(replace("title", `"Guest"`), replace("active", "false")))
		if shown["title"] != "Guest" || shown["active"] != false {
			t.Errorf("%s: %v", held.attribute, shown)
		}
		if plans := d.taken(); len(plans) != held.plans {
			t.Errorf("%s: %v", held.attribute, plans)
		}
		d.isStaff(t, held.attribute, bo, fmt.Sprint(20000+i))
	}
}
