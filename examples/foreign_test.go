package examples_test

import (
	"net/http"
	"slices"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// directories are those whose entries the same LDIF makes: all but Active Directory.
func directories(t *testing.T, test func(t *testing.T, server *dirtest.Server)) {
	t.Helper()
	for _, s := range slices.Concat(everyServer[:3], everyServer[4:]) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s.start(t))
		})
	}
}

// TestForeignUser: an account that was there before the bridge, at a place and with a name of its own, is managed as it stands.
func TestForeignUser(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		dn := "cn=Old Hand,ou=Depot," + server.People
		its := productOf(server)
		account, blocked := "userPassword: Secret-123\n", its.locked
		if server.Birth != nil { // and may do without a password, by a bit that stays
			account, blocked = "userAccountControl: 66080\n", "66082"
		}
		server.Load(t, "dn: ou=Depot,"+server.People+"\nobjectClass: organizationalUnit\n\n"+
			its.user(dn, "old.hand")+"displayName: Hand, Old\ndescription: by hand\n"+account)
		d := deploy(t, server)
		found := d.found(t, "/Users", `userName eq "OLD.hand"`)
		if len(found) != 1 || found[0]["active"] != true {
			t.Fatalf("found %v", found)
		}
		id := found[0]["id"].(string)
		for _, body := range []string{
			operations(replace("title", `"Foreman"`)),
			operations(replace("externalId", `"a3c1"`)),
			disable, disable, enable, disable,
			operations(`{"op":"Replace","path":"name.givenName","value":"Old"}`),
		} {
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, body)
			if e := d.entry(t, id); !ldif.SameDN(e.DN, dn) {
				t.Fatalf("moved to %s by %s", e.DN, body)
			}
		}
		shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")
		if shown["title"] != "Foreman" || shown["active"] != false || shown["externalId"] != "a3c1" ||
			shown["displayName"] != "Hand, Old" || shown["userName"] != "old.hand" {
			t.Errorf("shown as %v", shown)
		}
		e := d.entry(t, id)
		if server.Birth == nil {
			d.letsIn(t, id, "Secret-123", false)
		}
		if !server.KeepsClasses && !slices.Contains(e.Values("objectClass"), "scimbridgeUser") {
			t.Error("the entry lacks the class that its attributes need")
		}
		if e.Value(its.active) != blocked || e.Value("description") != "by hand" {
			t.Errorf("the entry: %v", e)
		}
		d.matches(t, "old.hand", id)
		d.want(t, http.StatusConflict, http.MethodPost, "/Users", resource("/Users", `"userName":"old.hand"`))
	})
}

// TestForeignGroup: a group made by hand is matched and filled, and holds on to what SCIM does not show.
func TestForeignGroup(t *testing.T) {
	directories(t, func(t *testing.T, server *dirtest.Server) {
		server.Load(t, "dn: ou=rooms,"+server.Base+"\nobjectClass: organizationalUnit\nou: rooms\n\n"+
			"dn: cn=printer,ou=rooms,"+server.Base+"\nobjectClass: device\ncn: printer\n\n"+
			"dn: ou=old,"+server.Groups+"\nobjectClass: organizationalUnit\nou: old\n\n"+
			"dn: cn=Porters,ou=old,"+server.Groups+"\nobjectClass: groupOfNames\ncn: Porters\ncn: Carriers\n"+
			"member: cn=printer,ou=rooms,"+server.Base+"\nmember: cn=nobody at all\n")
		d := deploy(t, server)
		user := d.user(t, "porter@contoso.example")
		found := d.found(t, "/Groups", `displayName eq "porters"`)
		if len(found) != 1 {
			t.Fatalf("found %v", found)
		}
		id := found[0]["id"].(string)
		for _, body := range []string{
			addMembers(user),
			operations(replace("externalId", `"b2"`)),
			operations(`{"op":"Replace","path":"members","value":[]}`),
			operations(`{"op":"Remove","path":"members"}`),
			addMembers(user),
		} {
			d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+id, body)
		}
		e := d.entry(t, id)
		held := e.Values("member")
		if !ldif.SameDN(e.DN, "cn=Porters,ou=old,"+server.Groups) || len(held) != 3 ||
			!slices.Contains(held, "cn=nobody at all") || !slices.Contains(held, "cn=printer,ou=rooms,"+server.Base) {
			t.Errorf("the group: %v", e)
		}
		if got := d.members(t, id); len(got) != 1 || got[user] != 1 {
			t.Errorf("shown members %v", got)
		}
	})
}

// TestOtherValues: SCIM shows one of several values; the others, and those with options, are neither shown nor touched.
func TestOtherValues(t *testing.T) {
	directories(t, func(t *testing.T, server *dirtest.Server) {
		dn := "uid=polyglot," + server.People
		server.Load(t, "dn: "+dn+"\nobjectClass: inetOrgPerson\nobjectClass: scimbridgeUser\nuid: polyglot\ncn: Polyglot\nsn: P\n"+
			"mail: first@contoso.example\nmail: second@contoso.example\nmail: third@contoso.example\n"+
			"title;lang-de: Chef\ncn;lang-de: Vielsprecher\n")
		d := deploy(t, server)
		id := idOf(t, server, dn)
		mail := func(want ...string) {
			t.Helper()
			held := slices.Sorted(slices.Values(d.entry(t, id).Values("mail")))
			emails, _ := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")["emails"].([]any)
			if len(emails) != 1 || emails[0].(object)["value"] != want[0] || !slices.Equal(held, slices.Sorted(slices.Values(want))) {
				t.Errorf("shown %v, held %v, want the first of %v", emails, held, want)
			}
		}
		mail("first@contoso.example", "second@contoso.example", "third@contoso.example")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id,
			operations(replace(`emails[type eq "work"].value`, `"new@contoso.example"`)))
		mail("new@contoso.example", "second@contoso.example", "third@contoso.example")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id,
			operations(replace("title", `"Chief"`), replace("name.formatted", `"Poly Glot"`)))
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id,
			operations(replace(`emails[type eq "work"].value`, `"second@contoso.example"`)))
		mail("second@contoso.example", "third@contoso.example")

		shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")
		if shown["title"] != "Chief" || shown["name"].(object)["formatted"] != "Poly Glot" {
			t.Errorf("shown as %v", shown)
		}
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(`{"op":"Remove","path":"title"}`))
		if shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, ""); shown["title"] != nil {
			t.Errorf("title %v", shown["title"])
		}
		e := d.entry(t, id)
		if !slices.Equal(e.Values("title;lang-de"), []string{"Chef"}) || !slices.Equal(e.Values("cn;lang-de"), []string{"Vielsprecher"}) {
			t.Errorf("the values with options: %v", e)
		}
		if found := d.found(t, "/Users", `title eq "Chef"`); len(found) != 0 {
			t.Errorf("a value that is not shown finds %v", found)
		}
	})
}
