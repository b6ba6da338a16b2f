package examples_test

import (
	"net/http"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// marked are the variables that keep a deleted user's entry with a marker.
func marked(mode string) []string {
	return []string{
		"SCIMBRIDGE_RESOURCES_0_DELETE_MODE=" + mode,
		"SCIMBRIDGE_RESOURCES_0_DELETE_MARKER_ATTRIBUTE=employeeType", "SCIMBRIDGE_RESOURCES_0_DELETE_MARKER_VALUE=deleted",
	}
}

// leaversPlace makes a place for leavers, and returns its DN with the variable that has deleted users go there.
func leaversPlace(t *testing.T, server *dirtest.Server, above string) (dn string, env []string) {
	dn = "ou=leavers," + above
	server.Load(t, "dn: "+dn+"\nobjectClass: organizationalUnit\nou: leavers\n")
	return dn, []string{"SCIMBRIDGE_RESOURCES_0_DELETE_MODE=move", "SCIMBRIDGE_RESOURCES_0_DELETE_TO=" + dn}
}

// TestDeletedAndRevived: a user whose entry is kept when he is deleted cannot bind, is nobody to SCIM, is in no group and nobody's manager;
// a POST of his name gives him the entry again.
func TestDeletedAndRevived(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		for _, mode := range []string{"block", "strip", "move below the base", "move outside"} {
			t.Run(mode, func(t *testing.T) {
				defer server.Empty(t)
				env, place := marked(mode), ""
				if where, moves := strings.CutPrefix(mode, "move "); moves {
					above := server.People
					if where == "outside" {
						above = server.Groups
					}
					place, env = leaversPlace(t, server, above)
				}
				leaversLife(t, deploy(t, server, env...), mode, place)
			})
		}
	})
}

func leaversLife(t *testing.T, d *deployment, mode, place string) {
	const name = "leaver@contoso.example"
	its := productOf(d.server)
	leaver, report := d.login(t, name, "Secret-123"), d.user(t, "report@contoso.example")
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, operations(replace("title", `"Lead"`)))
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+report, operations(replace(managerPath, `"`+leaver+`"`)))
	group := d.group(t, "Crew", leaver, report)
	at := d.entry(t, leaver)
	d.letsIn(t, leaver, "Secret-123", true)

	d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+leaver, "")
	d.letsIn(t, leaver, "Secret-123", false)
	d.want(t, http.StatusNotFound, http.MethodGet, "/Users/"+leaver, "")
	d.want(t, http.StatusNotFound, http.MethodDelete, "/Users/"+leaver, "")
	d.want(t, http.StatusNotFound, http.MethodPatch, "/Users/"+leaver, enable)
	d.matches(t, name, "")
	if found := d.everyone(t); len(found) != 1 || found[0]["id"] != report {
		t.Errorf("everyone is %v", found)
	}
	if got := d.members(t, group); got[report] != 1 || len(got) != 1 {
		t.Errorf("the group shows %v", got)
	}
	gone := d.entry(t, leaver)
	for _, held := range d.held(t, group) {
		if ldif.SameDN(held, gone.DN) || ldif.SameDN(held, at.DN) {
			t.Errorf("the group holds %s", held)
		}
	}
	if got := d.managerOf(t, report); got != "" {
		t.Errorf("the report's manager is %q", got)
	}
	if got := gone.Value("title") == ""; got != (mode == "strip") {
		t.Errorf("the leaver's title is %q", gone.Value("title"))
	}
	if place != "" && !ldif.Under(gone.DN, place) || place == "" && !ldif.SameDN(gone.DN, at.DN) {
		t.Errorf("the leaver is at %s", gone.DN)
	}

	revived := d.want(t, http.StatusCreated, http.MethodPost, "/Users", resource("/Users", `"userName":"`+name+`","displayName":"Back"`))
	if revived["id"] != leaver || revived["active"] != true || revived["displayName"] != "Back" || revived["title"] != nil {
		t.Errorf("revived: %v", revived)
	}
	back := d.entry(t, leaver)
	if place != "" && ldif.Under(back.DN, place) || back.Value("employeeType") != "" || back.Value(its.active) != its.unlocked {
		t.Errorf("the revived entry: %v", back)
	}
	d.letsIn(t, leaver, "Secret-123", true)
	d.matches(t, name, leaver)
	if got := d.members(t, group); got[leaver] != 0 {
		t.Errorf("the group shows %v", got)
	}
	d.want(t, http.StatusConflict, http.MethodPost, "/Users", resource("/Users", `"userName":"`+name+`"`))

	// Who is renamed to a leaver's name has him make room, and he has left all the same.
	d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+leaver, "")
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+report, operations(replace("userName", `"`+name+`"`)))
	d.matches(t, name, report)
	d.want(t, http.StatusNotFound, http.MethodGet, "/Users/"+leaver, "")
	d.letsIn(t, leaver, "Secret-123", false)

	// A leaver who was soft-deleted before is not meant by his clean name.
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+report, operations(replace("userName", `"`+tombName[:32]+name+`"`)))
	d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+report, "")
	newcomer := d.user(t, name)
	if newcomer == report || newcomer == leaver {
		t.Errorf("the newcomer has the id of a leaver")
	}
	d.matches(t, name, newcomer)
	for _, id := range []string{leaver, report} {
		d.want(t, http.StatusNotFound, http.MethodGet, "/Users/"+id, "")
	}
	d.want(t, http.StatusNoContent, http.MethodDelete, "/Groups/"+group, "")
}

// TestLeaverIsStopped: a DELETE that keeps the entry, and a POST that gives it back, may stop at any write. Until then a leaver is blocked,
// or as he was, and the same request again completes it.
func TestLeaverIsStopped(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"block", "strip", "move"} {
		for _, method := range []string{http.MethodDelete, http.MethodPost} {
			atEachWrite(t, mode+", "+method, func(t *testing.T, at int32, drop memdir.Drop) (reached bool) {
				return leaverStops(t, mode, method, at, drop)
			})
		}
	}
}

// leaverStops has one of the requests of a leaver's life stop at a write, and says whether it came so far.
func leaverStops(t *testing.T, mode, method string, at int32, drop memdir.Drop) (reached bool) {
	const name = "leaver@contoso.example"
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	env := marked(mode)
	if mode == "move" {
		_, env = leaversPlace(t, server, server.People)
	}
	d := deploy(t, server, append(env, "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms")...)
	leaver := d.login(t, name, "Secret-123")
	group := d.group(t, "Crew", leaver)
	dn := d.entry(t, leaver).DN
	// sent sends a request, which stops where it is the one that is to, and again.
	sent := func(wanted int, asked, path, body string) {
		if asked == method {
			stopsAt(server, at, drop)
		}
		answer, content := d.do(t, asked, path, body)
		server.Mem.Fault(nil)
		if answer.StatusCode == wanted {
			return
		}
		reached = true
		if answer.StatusCode/100 != 5 {
			t.Errorf("%s: %d %s", asked, answer.StatusCode, content)
		}
		d.await(t, http.StatusOK, "/Groups/"+group)
		if e := d.entry(t, leaver); !ldif.SameDN(e.DN, dn) {
			d.letsIn(t, leaver, "Secret-123", false)
		}
		switch answer, content = d.do(t, asked, path, body); answer.StatusCode {
		case wanted, http.StatusNotFound, http.StatusConflict: // it was done
		default:
			t.Errorf("sent again: %d %s", answer.StatusCode, content)
		}
	}
	sent(http.StatusNoContent, http.MethodDelete, "/Users/"+leaver, "")
	d.letsIn(t, leaver, "Secret-123", false)
	d.want(t, http.StatusNotFound, http.MethodGet, "/Users/"+leaver, "")
	for _, held := range d.held(t, group) {
		if ldif.SameDN(held, dn) {
			t.Errorf("the group holds %s", held)
		}
	}
	sent(http.StatusCreated, http.MethodPost, "/Users", resource("/Users", `"userName":"`+name+`","title":"Back"`))
	d.matches(t, name, leaver)
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, enable)
	d.letsIn(t, leaver, "Secret-123", true)
	if got := d.entry(t, leaver); !ldif.SameDN(got.DN, dn) || got.Value("title") != "Back" {
		t.Errorf("back: %v", got)
	}
	return reached
}

// TestNameTakenAmongLeavers: who moves to where somebody of his name is takes a number, and comes back without it.
func TestNameTakenAmongLeavers(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		defer server.Empty(t)
		place, env := leaversPlace(t, server, server.Groups)
		d, its := deploy(t, server, env...), productOf(server)
		const name = "leaver@contoso.example"
		other := "dn: " + its.rdn(name) + "," + place + "\nobjectClass: account\nuid: " + name + "\n"
		if its.oneMail { // there people are named by cn
			other = its.group(its.rdn(name)+","+place, "other-"+beforeAt(name), "")
		}
		server.Load(t, other)
		leaver := d.user(t, name)
		at := d.entry(t, leaver)
		for range 2 {
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+leaver, "")
			gone := d.entry(t, leaver)
			if rdn, parent := ldif.SplitDN(gone.DN); !ldif.SameDN(parent, place) || !strings.Contains(rdn, "2") {
				t.Errorf("the leaver is at %s", gone.DN)
			}
			if got := d.create(t, "/Users", `"userName":"`+name+`"`); got != leaver {
				t.Errorf("revived as %s, want %s", got, leaver)
			}
			back := d.entry(t, leaver)
			if !ldif.SameDN(back.DN, at.DN) || len(back.Values(its.login)) != 1 {
				t.Errorf("revived: %v", back)
			}
		}
	})
}

// TestDeletedGroupIsKept: a group may be moved or stripped, and has no members then; a POST of its name revives it.
func TestDeletedGroupIsKept(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		for _, mode := range []string{"move", "strip"} {
			t.Run(mode, func(t *testing.T) {
				defer server.Empty(t)
				env := marked(mode)
				if mode == "move" {
					_, env = leaversPlace(t, server, server.People)
				} else {
					env[1] = "SCIMBRIDGE_RESOURCES_0_DELETE_MARKER_ATTRIBUTE=description"
				}
				for i, v := range env {
					env[i] = strings.Replace(v, "RESOURCES_0", "RESOURCES_1", 1)
				}
				d := deploy(t, server, env...)
				member := d.user(t, "member@contoso.example")
				group := d.create(t, "/Groups", `"displayName":"Crew","externalId":"x-1","members":`+values(member))
				d.want(t, http.StatusNoContent, http.MethodDelete, "/Groups/"+group, "")
				d.want(t, http.StatusNotFound, http.MethodGet, "/Groups/"+group, "")
				if found := d.found(t, "/Groups", `displayName eq "Crew"`); len(found) != 0 {
					t.Errorf("found %v", found)
				}
				dn := d.entry(t, group).DN
				for _, held := range server.Entry(t, dn, "member").Values("member") {
					if held != "cn=no-member" {
						t.Errorf("the group holds %s", held)
					}
				}
				if got := d.group(t, "Crew"); got != group || len(d.members(t, group)) != 0 {
					t.Errorf("revived as %s, want %s", got, group)
				}
				d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, addMembers(member))
				if got := d.members(t, group); got[member] != 1 {
					t.Errorf("the group shows %v", got)
				}
			})
		}
	})
}
