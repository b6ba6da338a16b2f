package examples_test

import (
	"net/http"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// What Entra makes of a deleted user's name: the object id's 32 hex digits before it.
const (
	cleanName = "leaver@contoso.example"
	tombName  = "283405f5aa11bb22cc33dd44ee55ff66" + cleanName
)

var (
	softDelete = operations(replace("userName", `"`+tombName+`"`), replace("active", `"False"`))
	restore    = operations(replace("userName", `"`+cleanName+`"`), replace("active", `"True"`))
)

// state is what matters of an account that comes and goes.
type state struct{ dn, login, tombstone, mail, control string }

func (d *deployment) state(t *testing.T, id string) state {
	t.Helper()
	e, its := d.entry(t, id), productOf(d.server)
	return state{e.DN, e.Value(its.login), e.Value(its.tombstone), e.Value("mail"), e.Value(its.active)}
}

func (d *deployment) inState(t *testing.T, when, id string, want state) {
	t.Helper()
	if got := d.state(t, id); !ldif.SameDN(got.dn, want.dn) {
		t.Errorf("%s: at %s, want %s", when, got.dn, want.dn)
	} else if got.dn = want.dn; got != want {
		t.Errorf("%s: %+v, want %+v", when, got, want)
	}
}

// matches fails unless a name finds exactly the user with the id; "" for nobody.
func (d *deployment) matches(t *testing.T, name, id string) {
	t.Helper()
	found := d.found(t, "/Users", `userName eq "`+name+`"`)
	if id == "" && len(found) > 0 || id != "" && (len(found) != 1 || found[0]["id"] != id) {
		t.Errorf("%s finds %v, want %q", name, found, id)
	}
}

// TestLeaverNewcomerReturn: a user is soft-deleted, another gets the freed name, and gives it back.
func TestLeaverNewcomerReturn(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		d, its := deploy(t, server), productOf(server)
		leaver := d.login(t, cleanName, "Secret-123")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, operations(replace(`emails[type eq "work"].value`, `"`+cleanName+`"`)))
		group := d.group(t, "Leavers", leaver)
		at := d.state(t, leaver)
		if at.login != cleanName || at.mail != cleanName || at.control != its.unlocked {
			t.Fatalf("at first: %+v", at)
		}
		d.letsIn(t, leaver, "Secret-123", true)

		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, softDelete)
		buried := at
		buried.tombstone, buried.control = tombName, its.locked
		d.inState(t, "soft-deleted", leaver, buried)
		d.letsIn(t, leaver, "Secret-123", false)
		d.matches(t, cleanName, "")
		d.matches(t, tombName, leaver)
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, softDelete) // Entra repeats itself
		d.inState(t, "soft-deleted again", leaver, buried)

		newcomer := d.login(t, cleanName, "Another-456")
		displaced := at
		displaced.login, displaced.control = tombName, its.locked
		came := state{dn: at.dn, login: cleanName, control: its.unlocked}
		displaced.dn = its.rdn(tombName) + "," + server.People
		d.inState(t, "displaced", leaver, displaced)
		d.inState(t, "the newcomer", newcomer, came)
		d.letsIn(t, leaver, "Secret-123", false)
		d.letsIn(t, newcomer, "Another-456", true)
		d.letsIn(t, newcomer, "Secret-123", false)
		d.matches(t, cleanName, newcomer)
		d.matches(t, tombName, leaver)
		if got := d.members(t, group); got[leaver] != 1 || got[newcomer] != 0 {
			t.Errorf("the group holds %v, want the leaver %s", got, leaver)
		}

		d.want(t, http.StatusConflict, http.MethodPatch, "/Users/"+leaver, restore)
		d.inState(t, "the return refused", leaver, displaced)
		d.inState(t, "the newcomer after it", newcomer, came)

		d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+newcomer, "")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, restore)
		d.inState(t, "returned", leaver, at)
		d.letsIn(t, leaver, "Secret-123", true)
		d.matches(t, cleanName, leaver)
		d.matches(t, tombName, "")
		if got := d.members(t, group); got[leaver] != 1 || len(got) != 1 {
			t.Errorf("the group holds %v, want the leaver %s", got, leaver)
		}
	})
}

// TestLeaverReturns: nobody came meanwhile, so that nothing but the tombstone and the bit ever changed.
func TestLeaverReturns(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		d, its := deploy(t, server), productOf(server)
		leaver := d.login(t, cleanName, "Secret-123")
		at := d.state(t, leaver)
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, softDelete)
		buried := at
		buried.tombstone, buried.control = tombName, its.locked
		d.inState(t, "soft-deleted", leaver, buried)
		d.letsIn(t, leaver, "Secret-123", false)
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, restore)
		d.inState(t, "returned", leaver, at)
		d.letsIn(t, leaver, "Secret-123", true)
		d.matches(t, cleanName, leaver)
	})
}

// TestLeaverGivesWay: another existing user takes the freed name by a rename.
func TestLeaverGivesWay(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		d, its := deploy(t, server), productOf(server)
		leaver, other := d.user(t, cleanName), d.user(t, "other@contoso.example")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, softDelete)
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+other, operations(replace("userName", `"`+cleanName+`"`)))
		d.matches(t, cleanName, other)
		d.matches(t, tombName, leaver)
		if got := d.state(t, leaver); got.login != tombName || got.tombstone != "" || got.control != its.locked {
			t.Errorf("the leaver: %+v", got)
		}
		d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+leaver, "")
		d.matches(t, cleanName, other)
	})
}
