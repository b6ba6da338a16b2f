package examples_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// line is the environment of one more line of the map: resource 0 are the users, 1 the groups.
func line(t testing.TB, server *dirtest.Server, resource, more int, settings ...string) (env []string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(productOf(server).folder, "scimbridge.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(content), "\nresources:")
	part := strings.Split(text, "- type: ")[resource+1]
	n := strings.Count(part, "- {scim:") + strings.Count(part, "- {ldap:") + more
	for _, setting := range settings {
		env = append(env, fmt.Sprintf("SCIMBRIDGE_RESOURCES_%d_ATTRIBUTES_%d_%s", resource, n, setting))
	}
	return env
}

// counted is the environment of users with a uidNumber of their own, and with the object class that the server wants for it.
func counted(t testing.TB, server *dirtest.Server, from, to int) []string {
	t.Helper()
	env := line(t, server, 0, 0, "LDAP=uidNumber", "ON=create", fmt.Sprintf("ALLOCATE_FROM=%d", from), fmt.Sprintf("ALLOCATE_TO=%d", to),
		"ALLOCATE_COUNTER=cn=uidNext,"+server.Base)
	if server.Kind == ldif.ActiveDirectory {
		return env
	}
	env = append(env, line(t, server, 0, 1, "LDAP=gidNumber", "CONSTANT=100")...)
	env = append(env, line(t, server, 0, 2, "LDAP=homeDirectory", `VALUE="/home/" + userName`)...)
	return append(env, "SCIMBRIDGE_RESOURCES_0_OBJECTCLASSES=inetOrgPerson,scimbridgeUser,posixAccount")
}

// numbers are the values of an attribute of integers below a DN.
func numbers(t testing.TB, server *dirtest.Server, base, attribute string) (held []int) {
	t.Helper()
	for _, e := range server.Entries(t, base) {
		for _, v := range e.Values(attribute) {
			n, err := strconv.Atoi(v)
			if err != nil {
				t.Errorf("%s: %s is %q", e.DN, attribute, v)
			}
			held = append(held, n)
		}
	}
	slices.Sort(held)
	return held
}

// TestNumbers: users that three copies of the bridge make at once get a number each, above the highest in use and beside those in use, also
// where SCIM does not see them; nobody gets one that was somebody's.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, s := range everyServer {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			users := map[string]int{"memory": 40, "openldap": 200}[s.name]
			if users == 0 {
				users = 24
			}
			server := s.start(t)
			const taken = 20010
			person := "dn: cn=System,%s\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\ncn: System\nsn: System\nuid: system\n" +
				"gidNumber: 1\nhomeDirectory: /\nuidNumber: %d\n"
			if server.Kind == ldif.ActiveDirectory {
				person = "dn: CN=System,%s\nobjectClass: contact\ncn: System\nobjectClass: posixAccount\nuidNumber: %d\n"
			}
			server.Load(t, fmt.Sprintf(person, server.Base, 20003)) // outside the bases
			var copies []*deployment
			for range 3 {
				copies = append(copies, deploy(t, server, counted(t, server, 20000, 29999)...))
			}
			copies[0].user(t, "first@contoso.example")
			server.Load(t, strings.ReplaceAll(fmt.Sprintf(person, server.Base, taken), "System", "Later"))
			var all sync.WaitGroup
			for n := range users {
				all.Go(func() {
					body := resource("/Users", fmt.Sprintf(`"userName":"user%d@contoso.example","active":true`, n))
					answer, content, err := copies[n%3].try(http.MethodPost, "/Users", body)
					if err != nil || answer.StatusCode != http.StatusCreated {
						t.Errorf("%v %s", err, content)
					}
				})
			}
			all.Wait()
			held := numbers(t, server, server.People, "uidNumber")
			if len(slices.Compact(slices.Clone(held))) != users+1 {
				t.Fatalf("%d users have the numbers %v", users+1, held)
			}
			if held[0] != 20004 || slices.Contains(held, taken) || held[users] != 20004+users+1 {
				t.Errorf("the numbers are %v", held)
			}
			last := copies[0].found(t, "/Users", fmt.Sprintf(`userName eq "user%d@contoso.example"`, users-1))[0]["id"].(string)
			copies[0].want(t, http.StatusOK, http.MethodPatch, "/Users/"+last, operations(replace("displayName", `"Last"`)))
			if after := numbers(t, server, server.People, "uidNumber"); !slices.Equal(after, held) {
				t.Errorf("a change gives the numbers %v", after)
			}
			for _, e := range server.Entries(t, server.People) {
				if e.Value("uidNumber") == strconv.Itoa(slices.Max(held)) {
					copies[1].want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+idOf(t, server, e.DN), "")
				}
			}
			copies[2].user(t, "newcomer@contoso.example")
			if after := numbers(t, server, server.People, "uidNumber"); slices.Max(after) != 20004+users+2 {
				t.Errorf("a newcomer has one of %v", after)
			}
			e := server.Entry(t, "cn=uidNext,"+server.Base, "serialNumber")
			if got := e.Value("serialNumber"); got != strconv.Itoa(20004+users+3) {
				t.Errorf("the counter is at %s", got)
			}
		})
	}
}

// TestNumbersOfGroups: users and groups with one counter never have one number; a user's two lines with one counter give it one.
func TestNumbersOfGroups(t *testing.T) {
	for _, s := range servers[:3] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			counter := "ALLOCATE_COUNTER=cn=uidNext," + server.Base
			env := slices.DeleteFunc(counted(t, server, 20000, 29999), func(v string) bool { return strings.HasSuffix(v, "CONSTANT=100") })
			env = append(env, line(t, server, 0, 1, "ALLOCATE_FROM=20000", "ALLOCATE_TO=29999", counter)...)
			d := deployWith(t, server, `
  - type: Team
    endpoint: /Teams
    schema: urn:example:2.0:Team
    base: `+server.Groups+`
    objectClasses: [posixGroup]
    dn: '"cn=" + rdn(displayName) + "," + base'
    attributes:
      - {scim: displayName, ldap: cn, define: {required: true}}
      - {ldap: gidNumber, allocate: {from: 20000, to: 29999, counter: 'cn=uidNext,`+server.Base+`'}}
`, env...)
			a := d.user(t, "a@contoso.example")
			team := d.want(t, http.StatusCreated, http.MethodPost, "/Teams", `{"schemas":["urn:example:2.0:Team"],"displayName":"G"}`)
			g := team["id"].(string)
			b := d.user(t, "b@contoso.example")
			for id, want := range map[string][]string{a: {"20000", "20000"}, g: {"", "20001"}, b: {"20002", "20002"}} {
				if e := d.entry(t, id); e.Value("uidNumber") != want[0] || e.Value("gidNumber") != want[1] {
					t.Errorf("%s has uidNumber %q, gidNumber %q", e.DN, e.Value("uidNumber"), e.Value("gidNumber"))
				}
			}
		})
	}
}

// TestNoNumber: where there is no number the client hears 503 and the log says why; what may not be done takes none.
func TestNoNumber(t *testing.T) {
	server := memory(t)
	d := deploy(t, server, counted(t, server, 20000, 20001)...)
	counter := "cn=uidNext," + server.Base
	at := func() string { return server.Entry(t, counter, "serialNumber").Value("serialNumber") }
	refused := func(why string) {
		t.Helper()
		answer, content := d.do(t, http.MethodPost, "/Users", resource("/Users", `"userName":"more@contoso.example"`))
		if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || !strings.Contains(content, why) {
			t.Errorf("%d %s, want %q", answer.StatusCode, content, why)
		}
	}
	d.user(t, "first@contoso.example")
	d.want(t, http.StatusConflict, http.MethodPost, "/Users", resource("/Users", `"userName":"first@contoso.example"`))
	if at() != "20001" {
		t.Errorf("a conflict took a number: the counter is at %s", at())
	}
	d.user(t, "second@contoso.example")
	refused("all numbers from 20000 to 20001 are used up: the range (allocate.to) must grow")
	if at() != "20002" {
		t.Errorf("the counter is at %s", at())
	}
	missing := deploy(t, server, append(counted(t, server, 20000, 20009), line(t, server, 0, 0, "ALLOCATE_ATTRIBUTE=description")...)...)
	answer, content := missing.do(t, http.MethodPost, "/Users", resource("/Users", `"userName":"more@contoso.example"`))
	if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(content, "the counter's description is not one number") {
		t.Errorf("%d %s", answer.StatusCode, content)
	}
	elsewhere := counted(t, server, 20000, 20009)
	for i, v := range elsewhere {
		elsewhere[i] = strings.ReplaceAll(v, "cn=uidNext,", "cn=uidNext,ou=nowhere,")
	}
	missing = deploy(t, server, elsewhere...)
	answer, content = missing.do(t, http.MethodPost, "/Users", resource("/Users", `"userName":"more@contoso.example"`))
	if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(content, "the place of the counter is missing") {
		t.Errorf("%d %s", answer.StatusCode, content)
	}
	protected := deploy(t, server, append(counted(t, server, 20000, 20009), "SCIMBRIDGE_GUARD_PROTECTED_0="+counter)...)
	protected.want(t, http.StatusForbidden, http.MethodPost, "/Users", resource("/Users", `"userName":"more@contoso.example"`))
	if at() != "20002" {
		t.Errorf("the counter is at %s", at())
	}
}

// TestNumberOfTheClient: a number that the client gives is kept, and none is taken.
func TestNumberOfTheClient(t *testing.T) {
	server := memory(t)
	const urn = "urn:example:2.0:User"
	shown := line(t, server, 0, 3, "SCIM="+urn+":uidNumber", "LDAP=uidNumber", "DEFINE_TYPE=integer")
	d := deploy(t, server, append(counted(t, server, 20000, 29999), shown...)...)
	own := d.create(t, "/Users", `"userName":"own@contoso.example","`+urn+`":{"uidNumber":20000}`)
	given := d.user(t, "given@contoso.example")
	for id, want := range map[string]string{own: "20000", given: "20001"} {
		if got := d.entry(t, id).Value("uidNumber"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestLostNumber: the answer to what takes a number is lost. Nobody gets one twice.
func TestLostNumber(t *testing.T) {
	for _, drop := range []memdir.Drop{memdir.DropAfter, memdir.DropBefore} {
		server := memory(t)
		d := deploy(t, server, counted(t, server, 20000, 29999)...)
		d.user(t, "first@contoso.example")
		once(server, "modify", drop)
		d.user(t, "second@contoso.example")
		server.Mem.Fault(nil)
		d.user(t, "third@contoso.example")
		want := []int{20000, 20001, 20002}
		if drop == memdir.DropAfter { // it was taken, and nobody knew
			want = []int{20000, 20002, 20003}
		}
		if held := numbers(t, server, server.People, "uidNumber"); !slices.Equal(held, want) {
			t.Errorf("the numbers are %v, want %v", held, want)
		}
	}
}

// TestNumbersOfTheServer: 389 Directory Server's DNA plug-in gives a number in the place of its magic value, which a constant writes.
func TestNumbersOfTheServer(t *testing.T) {
	server := dirtest.DS389(t, ds389Schema, dirtest.NumbersPlugin("uidNumber", 30000))
	env := slices.DeleteFunc(counted(t, server, 1, 2), func(v string) bool { return strings.Contains(v, "_ALLOCATE_") })
	d := deploy(t, server, append(env, line(t, server, 0, 0, "CONSTANT=-1")...)...)
	for n := range 3 {
		id := d.user(t, fmt.Sprintf("user%d@contoso.example", n))
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("title", `"Clerk"`)))
		if got := d.entry(t, id).Value("uidNumber"); got != strconv.Itoa(30000+n) {
			t.Errorf("user %d has %q", n, got)
		}
	}
}
