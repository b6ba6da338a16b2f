package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
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

// placedByTitle has users stand in offices by their titles, which are made where they are missing.
func placedByTitle(server *dirtest.Server) []string {
	return []string{
		"SCIMBRIDGE_RESOURCES_0_CREATEPARENTS=true",
		`SCIMBRIDGE_RESOURCES_0_DN="` + products[server.Kind].rdn("") + `" + rdn(before(userName, "@")) + ` +
			`(title == nil ? "" : ",ou=" + rdn(title) + ",ou=Offices") + "," + base`,
	}
}

// TestMadePlaces: organizational units that `dn` puts entries below are made where they are missing, by two copies of the bridge at once;
// one whose title changes moves, with its id, its groups and who reports to it.
func TestMadePlaces(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		env := placedByTitle(server)
		copies := []*deployment{deploy(t, server, env...), deploy(t, server, env...)}
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

// TestPlaceMadeMeanwhile: another write makes the place that one has found to be missing, just before that does: it goes on, to the same
// end, and is not told as what made it.
func TestPlaceMadeMeanwhile(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		env := placedByTitle(server)
		first, second := dirtest.Counted(t, server), deploy(t, server, env...)
		d := deploy(t, server, append(env, "SCIMBRIDGE_DIRECTORY_URLS="+first.URL)...)
		meanwhile := func(operation, user, title string) {
			var once sync.Once
			first.Before(func(heard string) {
				if heard == operation {
					once.Do(func() {
						body := resource("/Users", `"userName":"`+user+`@contoso.example","title":"`+title+`"`)
						answer, content, err := second.try(http.MethodPost, "/Users", body)
						if err != nil || answer.StatusCode != http.StatusCreated {
							t.Errorf("%v %s", err, content)
						}
					})
				}
			})
		}
		madeNone := func() {
			t.Helper()
			receipts := d.received()
			if len(receipts) != 1 {
				t.Errorf("%d plans", len(receipts))
			}
			for _, s := range receipts[0].Steps {
				if s.Sent.Place && (s.State != ldif.Done || s.Changed()) {
					t.Errorf("%s: %v", s.Sent.DN, s.State)
				}
			}
		}
		meanwhile("add", "anna", "Sales")
		user := d.create(t, "/Users", `"userName":"mara@contoso.example","title":"Sales"`)
		madeNone()
		d.stands(t, user, "ou=Sales,ou=Offices,"+server.People)
		meanwhile("add", "noor", "Ops")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(replace("title", `"Ops"`)))
		madeNone()
		d.stands(t, user, "ou=Ops,ou=Offices,"+server.People)
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

// TestUnknownPlace: the answer to the making of a place is lost, and the write goes on all the same.
func TestUnknownPlace(t *testing.T) {
	for name, drop := range map[string]memdir.Drop{"done": memdir.DropAfter, "not done": memdir.DropBefore} {
		t.Run(name, func(t *testing.T) {
			server := memory(t)
			d := deploy(t, server, "SCIMBRIDGE_RESOURCES_0_CREATEPARENTS=true",
				`SCIMBRIDGE_RESOURCES_0_DN="uid=" + rdn(userName) + ",ou=" + rdn(title) + ",ou=Offices," + base`)
			once(server, "add", drop)
			user := d.create(t, "/Users", `"userName":"anna","title":"Sales"`)
			d.stands(t, user, "ou=Sales,ou=Offices,"+server.People)
			group := d.group(t, "Crew", user)
			once(server, "add", drop)
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(replace("title", `"Ops"`)))
			server.Mem.Fault(nil)
			d.stands(t, user, "ou=Ops,ou=Offices,"+server.People)
			if members := d.members(t, group); members[user] != 1 {
				t.Errorf("members %v", members)
			}
		})
	}
}

// TestStoppedMove: a move that stopped behind its first step, and one that somebody else made, is completed by the same request.
func TestStoppedMove(t *testing.T) {
	server := memory(t)
	for _, name := range []string{"Sales", "Ops"} {
		server.Load(t, "dn: ou="+name+","+server.People+"\nobjectClass: organizationalUnit\nou: "+name+"\n")
	}
	d := deploy(t, server, `SCIMBRIDGE_RESOURCES_0_DN="uid=" + rdn(userName) + ",ou=" + rdn(title) + "," + base`)
	user, ops := d.create(t, "/Users", `"userName":"anna","title":"Sales"`), "ou=Ops,"+server.People
	if err := server.Connect(t).ModifyDN(ldap.NewModifyDNRequest(d.entry(t, user).DN, "uid=anna", false, ops)); err != nil {
		t.Fatal(err)
	}
	shown := d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(replace("title", `"Ops"`)))
	if d.stands(t, user, ops); shown["title"] != "Ops" {
		t.Errorf("%v", shown)
	}
}

// TestUnknownPlaceOfLargeGroup: the answer to the making of a group's place is lost, and all the members go to the group.
func TestUnknownPlaceOfLargeGroup(t *testing.T) {
	server := memory(t)
	const many = 501 // more than one request takes
	var text strings.Builder
	for i := range many {
		name := fmt.Sprintf("u%d", i)
		text.WriteString(inetOrgPerson("uid="+name+","+server.People, name) + "\n")
	}
	server.Load(t, text.String())
	d := deploy(t, server, "SCIMBRIDGE_RESOURCES_1_CREATEPARENTS=true",
		`SCIMBRIDGE_RESOURCES_1_DN="cn=" + rdn(displayName) + ",ou=Crews," + base`)
	var ids []string
	for _, r := range d.want(t, http.StatusOK, http.MethodGet, "/Users?count=1000&attributes=id", "")["Resources"].([]any) {
		ids = append(ids, r.(object)["id"].(string))
	}
	once(server, "add", memdir.DropAfter)
	group := d.group(t, "Crew", ids...)
	if got := len(d.members(t, group)); got != many {
		t.Errorf("%d members", got)
	}
	d.stands(t, group, "ou=Crews,"+server.Groups)
}

// TestMoveBesideOverlays: who moves keeps what slapd's overlays write of it.
func TestMoveBesideOverlays(t *testing.T) {
	server := overlaid(t)
	d := deploy(t, server, "SCIMBRIDGE_RESOURCES_0_CREATEPARENTS=true",
		`SCIMBRIDGE_RESOURCES_0_DN="uid=" + rdn(userName) + (title == nil ? "" : ",ou=" + rdn(title)) + "," + `+
			`(active ? "" : "ou=Disabled,") + base`)
	user := d.user(t, "anna@contoso.example")
	group := d.group(t, "Crew", user)
	for _, change := range []string{replace("title", `"Ops"`), replace("active", "false"), replace("active", "true")} {
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, operations(change))
		if members := d.members(t, group); members[user] != 1 || len(members) != 1 {
			t.Errorf("%s: members %v", change, members)
		}
		memberOfHolds(t, server)
	}
	d.stands(t, user, "ou=Ops,"+server.People)
}
