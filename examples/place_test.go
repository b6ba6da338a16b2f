package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestMissingPlace: who is to be moved, or made, below an entry that does not exist is told so by its name, and nothing is written.
func TestMissingPlace(t *testing.T) {
	const dn = `SCIMBRIDGE_RESOURCES_0_DN="uid=" + rdn(userName) + "," + (title == nil ? "" : "ou=" + rdn(title) + ",") + base`
	for name, start := range map[string]func(testing.TB) *dirtest.Server{"memory": memory, "openldap": servers[1].start} {
		t.Run(name, func(t *testing.T) {
			server := start(t)
			server.Load(t, "dn: ou=Sales,"+server.People+"\nobjectClass: organizationalUnit\nou: Sales\n")
			d := deploy(t, server, dn)
			user := d.user(t, "mara@contoso.example")
			d.taken()
			move := operations(replace("title", `"Nowhere"`), replace("displayName", `"Mara"`))
			for _, c := range []struct{ method, path, body string }{
				{http.MethodPatch, "/Users/" + user, move},
				{http.MethodPost, "/Users", resource("/Users", `"userName":"new@contoso.example","title":"Nowhere"`)},
			} {
				answer, content := d.do(t, c.method, c.path, c.body)
				if answer.StatusCode != http.StatusBadRequest || !strings.Contains(content, "ou=Nowhere,"+server.People) {
					t.Errorf("%s: %d %s", c.method, answer.StatusCode, content)
				}
			}
			if plans := d.taken(); len(plans) != 0 {
				t.Errorf("something was written:\n%v", plans)
			}
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(replace("title", `"Sales"`)))
			if e := d.entry(t, user); !strings.HasSuffix(e.DN, ",ou=Sales,"+server.People) {
				t.Errorf("the entry is at %s", e.DN)
			}
		})
	}
}

// TestMadePlaces: organizational units that `dn` puts entries below are made where they are missing, by two copies of the bridge at once;
// one whose title changes moves, with its id, its groups and who reports to it.
func TestMadePlaces(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		dn := []string{
			"SCIMBRIDGE_RESOURCES_0_CREATEPARENTS=true",
			`SCIMBRIDGE_RESOURCES_0_DN="` + products[server.Kind].rdn("") + `" + rdn(before(userName, "@")) + ` +
				`(title == nil ? "" : ",ou=" + rdn(title) + ",ou=Offices") + "," + base`,
		}
		copies := []*deployment{deploy(t, server, dn...), deploy(t, server, dn...)}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				body := resource("/Users", fmt.Sprintf(`"userName":"u%d@contoso.example","title":"Sales, North","active":true`, i))
				answer, content, err := copies[i%2].try(http.MethodPost, "/Users", body)
				if err != nil || answer.StatusCode != http.StatusCreated {
					t.Errorf("%v %s", err, content)
				}
			})
		}
		if wg.Wait(); t.Failed() {
			return
		}
		d := copies[0]
		user := d.found(t, "/Users", `userName eq "u0@contoso.example"`)[0]["id"].(string)
		report := d.found(t, "/Users", `userName eq "u1@contoso.example"`)[0]["id"].(string)
		const manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+report, operations(replace(manager, `"`+user+`"`)))
		group := d.group(t, "Movers", user)
		d.taken()
		move := operations(replace("title", `"Ops"`), replace("displayName", `"U Zero"`))
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, move)
		e := d.entry(t, user)
		if !strings.HasSuffix(strings.ToLower(e.DN), strings.ToLower(",ou=Ops,ou=Offices,"+server.People)) {
			t.Errorf("the entry is at %s", e.DN)
		}
		if members := d.members(t, group); members[user] != 1 || len(members) != 1 {
			t.Errorf("members %v", members)
		}
		if boss := d.entry(t, report).Value("manager"); !strings.EqualFold(boss, e.DN) {
			t.Errorf("the manager is %s", boss)
		}
		places := 0
		for _, p := range d.taken() {
			for _, s := range p.Steps {
				if s.Change.Place {
					places++
				}
			}
		}
		if places != 1 {
			t.Errorf("%d places were made for the move", places)
		}
		d.taken()
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, move)
		if plans := d.taken(); len(plans) != 0 {
			t.Errorf("the same again wrote %v", plans)
		}
	})
}

// TestPlaceIsNoUnit: only organizational units are made, and the guard keeps what it protects.
func TestPlaceIsNoUnit(t *testing.T) {
	server := memory(t)
	d := deploy(t, server, "SCIMBRIDGE_RESOURCES_0_CREATEPARENTS=true", "SCIMBRIDGE_GUARD_PROTECTED_0=ou=Board,"+server.People,
		`SCIMBRIDGE_RESOURCES_0_DN="uid=" + rdn(userName) + "," + (title == "Board" ? "ou=Board" : "cn=" + rdn(title)) + "," + base`)
	for _, c := range []struct {
		title, detail string
		status        int
	}{
		{"Sales", "cn=Sales," + server.People + `\", which does not exist in the directory, and only organizational units`, 400},
		{"Board", "ou=Board," + server.People, http.StatusForbidden},
	} {
		answer, content := d.do(t, http.MethodPost, "/Users", resource("/Users", `"userName":"new","title":"`+c.title+`"`))
		if answer.StatusCode != c.status || !strings.Contains(content, c.detail) {
			t.Errorf("%s: %d %s", c.title, answer.StatusCode, content)
		}
	}
	if plans := d.taken(); len(plans) != 0 {
		t.Errorf("something was written: %v", plans)
	}
}
