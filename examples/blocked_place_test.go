package examples_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// TestBlockedPlace: who is blocked is blocked first, and then moved to where `dn` puts the blocked; a request that stopped between is
// completed by the same again; who is let in comes back, with the same id and groups.
func TestBlockedPlace(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		rdn := products[server.Kind].rdn("")
		d := deploy(t, server, "SCIMBRIDGE_RESOURCES_0_CREATEPARENTS=true",
			`SCIMBRIDGE_RESOURCES_0_DN="`+rdn+`" + rdn(before(userName, "@")) + "," + (active ? "" : "ou=Disabled,") + base`)
		user, blocked := d.user(t, "anna@contoso.example"), "ou=Disabled,"+server.People
		group := d.group(t, "Crew", user)
		d.stands(t, user, server.People)
		d.taken()
		block, admit := operations(replace("active", "false")), operations(replace("active", "true"))
		patch := func(body, place string) {
			t.Helper()
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, body)
			d.stands(t, user, place)
		}
		patch(block, blocked)
		var kinds []string
		for _, s := range d.taken()[0].Steps {
			if name, _ := ldif.SplitDN(s.Change.DN); strings.EqualFold(name, rdn+"anna") {
				kinds = append(kinds, string(s.Change.Kind))
			}
		}
		if got := strings.Join(kinds, ", "); got != "modify, modrdn" {
			t.Errorf("steps: %s", got)
		}
		patch(block, blocked)
		patch(operations(replace("title", `"Clerk"`)), blocked)
		d.want(t, http.StatusOK, http.MethodPut, "/Users/"+user, resource("/Users", `"userName":"anna@contoso.example"`))
		d.stands(t, user, blocked)
		if plans := d.taken(); len(plans) != 3 { // the block again; the title comes, and goes
			t.Errorf("%d plans", len(plans))
		}
		if members := d.members(t, group); members[user] != 1 {
			t.Errorf("members %v", members)
		}
		if err := server.Connect(t).ModifyDN(ldap.NewModifyDNRequest(d.entry(t, user).DN, rdn+"anna", true, server.People)); err != nil {
			t.Fatal(err)
		}
		patch(operations(replace("title", `"Clerk"`)), server.People) // somebody put her there
		patch(block, blocked)
		d.do(t, http.MethodPatch, "/Groups/"+group, addMembers(user)) // whose server did not follow that
		patch(admit, server.People)
		if members := d.members(t, group); members[user] != 1 {
			t.Errorf("members %v", members)
		}
		d.stands(t, d.create(t, "/Users", `"userName":"bo@contoso.example","active":false`), blocked)
		d.stands(t, d.create(t, "/Users", `"userName":"cy@contoso.example"`), server.People)
	})
}

// stands holds an entry to its place.
func (d *deployment) stands(t testing.TB, id, place string) {
	t.Helper()
	if _, at := ldif.SplitDN(d.entry(t, id).DN); !ldif.SameDN(at, place) {
		t.Errorf("the entry stands in %s, not in %s", at, place)
	}
}

// TestNeverRenamed: where the map says `rename: never`, `dn` names new entries alone.
func TestNeverRenamed(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		its := products[server.Kind]
		d := deploy(t, server, "SCIMBRIDGE_RESOURCES_0_RENAME=never",
			`SCIMBRIDGE_RESOURCES_0_DN="cn=" + rdn(title) + "," + (active ? "" : "ou=Disabled,") + base`)
		user := d.create(t, "/Users", `"userName":"anna@contoso.example","title":"Clerk","active":true`)
		dn := d.entry(t, user).DN
		change := operations(replace("title", `"Captain"`), replace("userName", `"mara@contoso.example"`), replace("active", "false"))
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, change)
		if e := d.entry(t, user); e.DN != dn || e.Value(its.login) != "mara@contoso.example" {
			t.Errorf("%s with %s", e.DN, e.Value(its.login))
		}
		group := d.group(t, "Crew")
		answer, content := d.do(t, http.MethodPatch, "/Groups/"+group, operations(replace("displayName", `"Night"`)))
		if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusNoContent {
			t.Errorf("the other type: %d %s", answer.StatusCode, content)
		}
	})
}

// TestNamingValueStays: what names an entry that is never renamed cannot change, and the answer says what that is.
func TestNamingValueStays(t *testing.T) {
	d := deploy(t, memory(t), "SCIMBRIDGE_RESOURCES_0_RENAME=never")
	user := d.user(t, "anna@contoso.example")
	d.taken()
	answer, content := d.do(t, http.MethodPatch, "/Users/"+user, operations(replace("userName", `"mara@contoso.example"`)))
	for _, part := range []string{`"mutability"`, `uid \"anna@contoso.example\" names the entry`} {
		if answer.StatusCode != http.StatusBadRequest || !strings.Contains(content, part) {
			t.Errorf("%d %s", answer.StatusCode, content)
		}
	}
	if plans := d.taken(); len(plans) != 0 {
		t.Errorf("something was written: %v", plans)
	}
	leaver := operations(replace("userName", `"`+strings.Repeat("0", 32)+`anna@contoso.example"`), replace("active", "false"))
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, leaver)
	d.user(t, "anna@contoso.example")
}
