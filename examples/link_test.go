package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// matching are the keys of the tests' map: the userName, where an account has it or in its mail, and the employeeNumber.
var matching = []string{
	"SCIMBRIDGE_RESOURCES_0_MATCH_0_SCIM=userName",
	"SCIMBRIDGE_RESOURCES_0_MATCH_1_SCIM=userName",
	`SCIMBRIDGE_RESOURCES_0_MATCH_1_IN=emails[type eq "work"].value`,
	"SCIMBRIDGE_RESOURCES_0_MATCH_2_SCIM=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
}

// claiming is a POST of a user by the client that has it under the externalId.
func claiming(externalID, userName string, more ...string) string {
	members := append([]string{`"externalId":"` + externalID + `"`, `"userName":"` + userName + `"`}, more...)
	return resource("/Users", strings.Join(members, ","))
}

// unclaimed makes a user whom no client has under an externalId.
func (d *deployment) unclaimed(t testing.TB, userName, mail string) string {
	t.Helper()
	return d.create(t, "/Users", fmt.Sprintf(`"userName":%q,"emails":[{"type":"work","value":%q}]`, userName, mail))
}

// TestLinkRace: copies of the bridge link one entry at the same time, for different accounts of the client. One has it, and the others hear
// of a conflict. Where the link is to rename it, another that finds it taken between the two steps may be first to have the name, for a new
// account: then the link is taken back, and the entry is nobody's as before.
func TestLinkRace(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		c := copies{server: server}
		for range 3 {
			c.bridges = append(c.bridges, deploy(t, server, matching...))
		}
		for round := range raceRounds(t, 10) {
			userName, mail := fmt.Sprintf("found%d", round), fmt.Sprintf("found%d@contoso.example", round)
			id := c.of(0).unclaimed(t, userName, mail)
			if server.Mem != nil {
				together(server, "modify", 2)
			}
			var requests []*sent
			for n := range c.bridges {
				name := []string{userName, mail}[round%2] // as it is held, or to be renamed
				requests = append(requests, &sent{
					n: n, method: http.MethodPost, path: "/Users", body: claiming(fmt.Sprintf("%d-%d", round, n), name),
				})
			}
			c.together(t, requests...)
			if server.Mem != nil {
				server.Mem.Fault(nil)
			}
			owner := c.of(0).want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")["externalId"]
			if owner == nil && round%2 == 1 {
				c.overtaken(t, id, userName, mail, requests)
				continue
			}
			for n, r := range requests {
				switch linked := r.status == http.StatusCreated; {
				case linked != (owner == fmt.Sprintf("%d-%d", round, n)):
					t.Errorf("round %d: %v has it, and %d was answered %d", round, owner, n, r.status)
				case linked && parse(t, r.answer)["id"] != id, !linked && r.status != http.StatusConflict:
					t.Errorf("round %d: %d %s", round, r.status, r.answer)
				}
			}
		}
	})
}

// overtaken holds that one request made a new account of the name, that the others hear of a conflict, and that the entry is as it was.
func (c copies) overtaken(t *testing.T, id, userName, mail string, requests []*sent) {
	t.Helper()
	var made []any
	for n, r := range requests {
		switch r.status {
		case http.StatusCreated:
			made = append(made, parse(t, r.answer)["id"])
		case http.StatusConflict:
		default:
			t.Errorf("%d: %d %s", n, r.status, r.answer)
		}
	}
	found := c.of(0).found(t, "/Users", `userName eq "`+mail+`"`)
	if len(made) != 1 || len(found) != 1 || found[0]["id"] != made[0] || made[0] == id {
		t.Errorf("made %v, found %v", made, found)
	}
	e := c.of(0).entry(t, id)
	if got := c.of(0).want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")["userName"]; got != userName || e.Value("mail") != mail {
		t.Errorf("the entry is %v", e)
	}
}

// TestLinkAgainstDelete: the entry goes while a POST links it, and the POST makes another.
func TestLinkAgainstDelete(t *testing.T) {
	server := memory(t)
	d := deploy(t, server, matching...)
	id := d.unclaimed(t, "found@contoso.example", "found@contoso.example")
	dn := d.entry(t, id).DN
	gone := false
	server.Mem.Fault(func(op, _ string) memdir.Fault {
		if op == "modify" && !gone {
			gone = true
			conn := server.Connect(t)
			defer conn.Close()
			if err := conn.Del(ldap.NewDelRequest(dn, nil)); err != nil {
				t.Error(err)
			}
		}
		return memdir.Fault{}
	})
	answer := d.want(t, http.StatusCreated, http.MethodPost, "/Users", claiming("7", "found@contoso.example"))
	server.Mem.Fault(nil)
	if answer["id"] == id || !gone {
		t.Errorf("%v, and the one that was found was %s", answer, id)
	}
}

// TestLinkStops: a link that stopped in its middle is completed by the same POST.
func TestLinkStops(t *testing.T) {
	server := dirtest.Memory(t)
	d := deploy(t, server, matching...)
	id := d.unclaimed(t, "found", "found@contoso.example")
	server.Mem.Fault(func(op, _ string) memdir.Fault {
		if op == "modrdn" { // and what was done before it cannot be taken back
			server.Mem.Fault(func(string, string) memdir.Fault { return memdir.Fault{Drop: memdir.DropBefore} })
			return memdir.Fault{Drop: memdir.DropBefore}
		}
		return memdir.Fault{}
	})
	body := claiming("7", "found@contoso.example", `"title":"Clerk"`)
	d.want(t, http.StatusInternalServerError, http.MethodPost, "/Users", body)
	server.Mem.Fault(nil)
	d.await(t, http.StatusOK, "/Users/"+id)
	if shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, ""); shown["userName"] != "found" {
		t.Fatal("the link did not stop in its middle:", shown)
	}
	d.want(t, http.StatusCreated, http.MethodPost, "/Users", body)
	shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")
	if shown["userName"] != "found@contoso.example" || shown["externalId"] != "7" || shown["title"] != "Clerk" {
		t.Error(shown)
	}
	d.want(t, http.StatusConflict, http.MethodPost, "/Users", body)
}

// TestNeverLinked: who left, who is out of scope, who is protected and who is somebody's already is linked to nobody.
func TestNeverLinked(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		protected := productOf(server).rdn("protected") + "," + server.People
		d := deploy(t, server, matching...)
		mail := func(name string) string { return name + "@mail.example" }
		leaver, guarded := d.unclaimed(t, "leaver", mail("leaver")), d.unclaimed(t, "protected", mail("protected"))
		owned := d.create(t, "/Users", `"externalId":"1","userName":"owned","emails":[{"type":"work","value":"`+mail("owned")+`"}]`)
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver,
			operations(replace("userName", `"283405f5aa11bb22cc33dd44ee55ff66leaver"`), replace("active", "false")))
		d = deployWith(t, server, "\nguard:\n  protected: ['"+protected+"']\n", matching...)

		for _, name := range []string{"leaver", "owned"} {
			if found := d.found(t, "/Users", `userName eq "`+mail(name)+`"`); len(found) > 0 {
				t.Errorf("%s is found by %s: %v", name, mail(name), found)
			}
			made := d.want(t, http.StatusCreated, http.MethodPost, "/Users", claiming("of "+name, mail(name)))["id"]
			if made == leaver || made == owned {
				t.Errorf("%s is linked", name)
			}
		}
		d.want(t, http.StatusForbidden, http.MethodPost, "/Users", claiming("9", mail("protected")))
		if e := d.entry(t, guarded); e.Value("mail") != mail("protected") || strings.Contains(e.DN, "mail.example") {
			t.Error("the protected entry is written:", e.DN)
		}
		if shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+guarded, ""); shown["externalId"] != nil {
			t.Error("the protected entry is linked:", shown)
		}
		d.want(t, http.StatusConflict, http.MethodPost, "/Users", claiming("2", "owned"))
		newcomer := d.want(t, http.StatusCreated, http.MethodPost, "/Users", claiming("3", "leaver"))["id"]
		if newcomer == leaver {
			t.Error("the leaver is linked under the clean name")
		}
	})
}

// TestLinkSaysSo: what a link comes to is told as such, once.
func TestLinkSaysSo(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		d := deploy(t, server, matching...)
		dn := d.entry(t, d.unclaimed(t, "found@contoso.example", "found@contoso.example")).DN
		d.taken()
		d.want(t, http.StatusCreated, http.MethodPost, "/Users", claiming("7", "found@contoso.example", `"title":"Clerk"`))
		plans := d.taken()
		if len(plans) != 1 || !strings.HasPrefix(plans[0].Words(), "linked "+dn+"; changed "+dn) || len(plans[0].Steps) != 1 {
			t.Error(plans)
		}
		for _, s := range plans[0].Steps {
			if s.Change.Kind != ldif.Modify {
				t.Error("it does not stay where it is:", s.Change)
			}
		}
	})
}
