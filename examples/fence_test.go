package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// untouchable sends what changes a user or group, and sees that each is answered with the status and the entry stays as it is.
func (d *deployment) untouchable(t *testing.T, path, id string, status int) {
	t.Helper()
	before := d.entry(t, id).String()
	requests := []struct{ method, body string }{
		{http.MethodPatch, disable},
		{http.MethodPatch, operations(replace("title", `"King"`))},
		{http.MethodPatch, operations(replace("userName", `"taken.over"`), replace("displayName", `"Taken Over"`))},
		{http.MethodDelete, ""},
	}
	if path == "/Groups" {
		requests = requests[2:]
		requests[0].body = operations(replace("displayName", `"Taken Over"`))
		requests = append(requests, struct{ method, body string }{http.MethodPatch, addMembers(d.user(t, "joins."+id))})
	}
	for _, r := range requests {
		answer, content := d.do(t, r.method, path+"/"+id, r.body)
		if answer.StatusCode != status {
			t.Errorf("%s %s %s: %d %s", r.method, path, r.body, answer.StatusCode, content)
		}
	}
	if after := d.entry(t, id); after == nil || after.String() != before {
		t.Errorf("the entry was\n%s\nand is\n%v", before, after)
	}
}

// unseen sees that the entry is no resource for the client.
func (d *deployment) unseen(t *testing.T, path, id, name string) {
	t.Helper()
	d.want(t, http.StatusNotFound, http.MethodGet, path+"/"+id, "")
	d.untouchable(t, path, id, http.StatusNotFound)
	attribute := map[string]string{"/Users": "userName", "/Groups": "displayName"}[path]
	if found := d.found(t, path, attribute+` eq "`+name+`"`); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

func TestOutsideTheBase(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		elsewhere := "ou=elsewhere," + server.Base
		its := productOf(server)
		user, group := its.rdn("outside")+","+elsewhere, "cn=outsiders,"+elsewhere
		server.Load(t, "dn: "+elsewhere+"\nobjectClass: organizationalUnit\n\n"+
			its.user(user, "outside")+"\n"+its.group(group, "outsiders", user))
		d := deploy(t, server)
		outside := idOf(t, server, user)
		d.unseen(t, "/Users", outside, "outside")
		d.unseen(t, "/Groups", idOf(t, server, group), "outsiders")

		team := d.group(t, "Team")
		inside := d.user(t, "inside")
		for path, body := range map[string]string{
			"/Groups/" + team:  addMembers(outside),
			"/Users/" + inside: operations(replace(managerPath, `"`+outside+`"`)),
		} {
			answer, content := d.do(t, http.MethodPatch, path, body)
			if answer.StatusCode != http.StatusBadRequest {
				t.Errorf("PATCH %s: %d %s", path, answer.StatusCode, content)
			}
		}
		if held := d.held(t, team); len(held) != 0 {
			t.Errorf("the group holds %v", held)
		}
	})
}

// TestOutsideTheScope: under the base, but none of the map's entries; and none can be made such.
func TestOutsideTheScope(t *testing.T) {
	directories(t, func(t *testing.T, server *dirtest.Server) {
		server.Load(t, "dn: uid=device,"+server.People+"\nobjectClass: account\nuid: device\n\n"+
			"dn: uid=sold,"+server.People+"\nobjectClass: inetOrgPerson\nuid: sold\ncn: sold\nsn: sold\ndepartmentNumber: Purchasing\n\n"+
			"dn: uid=sells,"+server.People+"\nobjectClass: inetOrgPerson\nuid: sells\ncn: sells\nsn: sells\ndepartmentNumber: Sales\n")
		d := deploy(t, server, "SCIMBRIDGE_RESOURCES_0_FILTER=(&(objectClass=inetOrgPerson)(departmentNumber=Sales))")
		sells := idOf(t, server, "uid=sells,"+server.People)
		d.want(t, http.StatusOK, http.MethodGet, "/Users/"+sells, "")
		for _, name := range []string{"device", "sold"} {
			id := idOf(t, server, "uid="+name+","+server.People)
			d.want(t, http.StatusNotFound, http.MethodGet, "/Users/"+id, "")
			d.want(t, http.StatusNotFound, http.MethodPatch, "/Users/"+id, disable)
			d.want(t, http.StatusNotFound, http.MethodDelete, "/Users/"+id, "")
			if found := d.found(t, "/Users", `userName eq "`+name+`"`); len(found) != 0 {
				t.Errorf("found %v", found)
			}
		}
		const department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
		d.want(t, http.StatusForbidden, http.MethodPatch, "/Users/"+sells, operations(replace(department, `"Purchasing"`)))
		d.want(t, http.StatusForbidden, http.MethodPost, "/Users", resource("/Users", `"userName":"new"`))
		if got := d.entry(t, sells).Value("departmentNumber"); got != "Sales" {
			t.Errorf("department %s", got)
		}
		group := d.group(t, "Group")
		d.want(t, http.StatusNotFound, http.MethodGet, "/Users/"+group, "")
		d.want(t, http.StatusNotFound, http.MethodDelete, "/Users/"+group, "")
		d.want(t, http.StatusNotFound, http.MethodDelete, "/Groups/"+sells, "")
	})
}

func TestProtected(t *testing.T) {
	directories(t, func(t *testing.T, server *dirtest.Server) {
		server.Load(t, "dn: ou=board,"+server.People+"\nobjectClass: organizationalUnit\nou: board\n\n"+
			"dn: uid=chair,ou=board,"+server.People+"\nobjectClass: inetOrgPerson\nuid: chair\ncn: chair\nsn: chair\n")
		d := deploy(t, server, "SCIMBRIDGE_GUARD_PROTECTED_0=OU=Board, "+server.People)
		chair := idOf(t, server, "uid=chair,ou=board,"+server.People)
		d.want(t, http.StatusOK, http.MethodGet, "/Users/"+chair, "")
		d.untouchable(t, "/Users", chair, http.StatusForbidden)
	})
}

// TestOwnAccount: the bridge would lock itself out.
func TestOwnAccount(t *testing.T) {
	const dn = "uid=bridge,ou=people,dc=example,dc=org"
	server := openLDAP(t,
		dirtest.Config(`access to * by dn.exact="`+dn+`" manage by * break`))
	server.Load(t, "dn: "+dn+"\nobjectClass: inetOrgPerson\nuid: bridge\ncn: bridge\nsn: bridge\nuserPassword: Secret-123\n")
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_BIND_DN="+dn, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=Secret-123")
	d.user(t, "other")
	d.untouchable(t, "/Users", idOf(t, server, dn), http.StatusForbidden)
}

// TestOwnAccountByTheSocket: whom the server takes the bridge for is its account too, whatever the configuration calls it.
func TestOwnAccountByTheSocket(t *testing.T) {
	const dn = "uid=bridge,ou=people,dc=example,dc=org"
	for _, s := range []struct {
		name  string
		start func() *dirtest.Server
	}{
		{"openldap", func() *dirtest.Server {
			return openLDAP(t, dirtest.Global(`authz-regexp "^gidNumber=.*,cn=peercred,cn=external,cn=auth$" "`+dn+`"`),
				dirtest.Config(`access to * by dn.exact="`+dn+`" manage by * break`))
		}},
		{"389ds", func() *dirtest.Server { return dirtest.DS389(t, ds389Schema, dirtest.LocalAs(dn)) }},
	} {
		t.Run(s.name, func(t *testing.T) {
			server := s.start()
			server.Load(t, "dn: "+dn+"\nobjectClass: inetOrgPerson\nuid: bridge\ncn: bridge\nsn: bridge\n")
			if server.Kind == ldif.DS389 {
				modify(t, server, server.Suffix, "aci", `(targetattr="*")(version 3.0; acl "bridge"; allow (all) userdn="ldap:///`+dn+`";)`)
			}
			d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+server.LDAPI, "SCIMBRIDGE_DIRECTORY_BIND_EXTERNAL=true",
				"SCIMBRIDGE_DIRECTORY_BIND_DN=cn=scimbridge,dc=example,dc=org", "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=")
			d.user(t, "other")
			d.untouchable(t, "/Users", idOf(t, server, dn), http.StatusForbidden)
		})
	}
}

// TestPrivileged: who administers the domain is not administered through SCIM, however many groups lie between.
func TestPrivileged(t *testing.T) {
	server := dirtest.ActiveDirectory(t)
	d := deploy(t, server, "SCIMBRIDGE_RESOURCES_0_BASE="+server.Suffix, "SCIMBRIDGE_RESOURCES_1_BASE="+server.Suffix)
	administrator := idOf(t, server, server.BindDN)
	d.untouchable(t, "/Users", administrator, http.StatusForbidden)
	d.untouchable(t, "/Groups", idOf(t, server, "CN=Domain Admins,CN=Users,"+server.Suffix), http.StatusForbidden)

	inner := deploy(t, server)
	plain, direct, nested := inner.user(t, "plain.one"), inner.user(t, "direct.one"), inner.user(t, "nested.one")
	outer, innermost := inner.group(t, "Outer helpers"), inner.group(t, "Inner helpers", nested)
	inner.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+outer, addMembers(innermost))
	privileged := "CN=Domain Admins,CN=Users," + server.Suffix
	members := server.Entry(t, privileged, "member").Values("member")
	modify(t, server, privileged, "member", append(slices.Clone(members), inner.entry(t, direct).DN, inner.entry(t, outer).DN)...)
	t.Cleanup(func() { modify(t, server, privileged, "member", members...) })

	inner.want(t, http.StatusOK, http.MethodPatch, "/Users/"+plain, disable)
	for _, id := range []string{direct, nested} {
		inner.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")
		inner.untouchable(t, "/Users", id, http.StatusForbidden)
	}
	for _, id := range []string{outer, innermost} {
		inner.untouchable(t, "/Groups", id, http.StatusForbidden)
	}
	t.Run("adminCount", func(t *testing.T) {
		once := inner.user(t, "once.privileged")
		modify(t, server, inner.entry(t, once).DN, "adminCount", "1")
		inner.untouchable(t, "/Users", once, http.StatusForbidden)
	})
	t.Run("by the primary group", func(t *testing.T) {
		id := inner.user(t, "primary.one")
		dn := inner.entry(t, id).DN
		modify(t, server, privileged, "member", append(server.Entry(t, privileged, "member").Values("member"), dn)...)
		modify(t, server, dn, "primaryGroupID", "512")
		inner.untouchable(t, "/Users", id, http.StatusForbidden)
	})
	t.Run("by a primary group within", func(t *testing.T) {
		id := inner.user(t, "primary.two")
		dn, group := inner.entry(t, id).DN, inner.entry(t, innermost).DN
		modify(t, server, group, "member", append(server.Entry(t, group, "member").Values("member"), dn)...)
		becomesPrimary(t, server, group, dn)
		held := server.Entry(t, dn, "memberOf", "adminCount")
		if len(held.Attributes) != 1 || !slices.Equal(held.Values("memberOf"), []string{"CN=Domain Users,CN=Users," + server.Suffix}) {
			t.Fatalf("it can be told by\n%s", held)
		}
		inner.untouchable(t, "/Users", id, http.StatusForbidden)
	})
}

// becomesPrimary makes a group the primary one of a member.
func becomesPrimary(t *testing.T, server *dirtest.Server, group, member string) {
	t.Helper()
	sid := ldif.SID(server.Entry(t, group, "objectSid").Value("objectSid"))
	modify(t, server, member, "primaryGroupID", fmt.Sprint(sid.ID()))
	t.Cleanup(func() { modify(t, server, member, "primaryGroupID", "513") }) // or the group could not be removed
}

// TestLeftoverAdminCount: who was privileged once is written where the configuration says so, who is still is not.
func TestLeftoverAdminCount(t *testing.T) {
	server := dirtest.ActiveDirectory(t)
	d := deploy(t, server, "SCIMBRIDGE_GUARD_IGNOREADMINCOUNT=true")
	once, still, group := d.user(t, "once.an.admin"), d.user(t, "still.an.admin"), d.group(t, "Once privileged")
	for _, id := range []string{once, still, group} {
		modify(t, server, d.entry(t, id).DN, "adminCount", "1")
	}
	const operators = "CN=Backup Operators,CN=Builtin,DC=ad,DC=test"
	modify(t, server, operators, "member", d.entry(t, still).DN)
	t.Cleanup(func() { modify(t, server, operators, "member") })
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+once, disable)
	d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, addMembers(once))
	d.untouchable(t, "/Users", still, http.StatusForbidden)

	all := deploy(t, server, "SCIMBRIDGE_GUARD_IGNOREADMINCOUNT=true",
		"SCIMBRIDGE_RESOURCES_0_BASE="+server.Suffix, "SCIMBRIDGE_RESOURCES_1_BASE="+server.Suffix)
	all.untouchable(t, "/Users", idOf(t, server, server.BindDN), http.StatusForbidden)
	for _, name := range []string{"Domain Admins,CN=Users", "Administrators,CN=Builtin", "Backup Operators,CN=Builtin"} {
		id := idOf(t, server, "CN="+name+","+server.Suffix)
		all.want(t, http.StatusForbidden, http.MethodPatch, "/Groups/"+id, addMembers(once))
	}
}

// TestPrivilegedGroups: a group that the configuration names is not written, nor who is in it; nor anybody while it cannot be seen.
func TestPrivilegedGroups(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		its := productOf(server)
		user, payroll := its.rdn("payroll.one")+","+server.People, "cn=Payroll,"+server.Base
		gone := its.rdn("gone") + "," + server.People
		server.Load(t, its.user(user, "payroll.one")+"\n"+its.group(payroll, "Payroll", user))
		modify(t, server, payroll, "member", user)
		if server.Privilege == nil {
			modify(t, server, payroll, "member", user, gone)
		}
		if server.Privilege != nil {
			modify(t, server, user, "userAccountControl", "544") // it is loaded without a password, and so blocked
		}
		d := deploy(t, server,
			"SCIMBRIDGE_GUARD_PRIVILEGEDGROUPS_0="+strings.ToUpper(payroll), "SCIMBRIDGE_RESOURCES_1_BASE="+server.Base)
		plain := d.user(t, "plain.two")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+plain, operations(replace("title", `"Clerk"`)))
		d.untouchable(t, "/Users", idOf(t, server, user), http.StatusForbidden)
		d.untouchable(t, "/Groups", idOf(t, server, payroll), http.StatusForbidden)
		_, why := d.do(t, http.MethodDelete, "/Users/"+idOf(t, server, user), "")
		if !strings.Contains(strings.ToLower(why), "cn=payroll,") {
			t.Errorf("the group is not named: %s", why)
		}
		if server.Privilege != nil { // which follows groups through groups
			inner, nested := d.group(t, "Within", plain), d.entry(t, plain).DN
			modify(t, server, payroll, "member", user, d.entry(t, inner).DN)
			d.untouchable(t, "/Users", plain, http.StatusForbidden)
			becomesPrimary(t, server, d.entry(t, inner).DN, nested)
			d.untouchable(t, "/Users", plain, http.StatusForbidden)
		} else { // which may hold the DN of nobody, that nobody gets; outside the bases too
			d := deploy(t, server, "SCIMBRIDGE_GUARD_PRIVILEGEDGROUPS_0="+payroll)
			newcomer := resource("/Users", `"userName":"gone"`)
			d.want(t, http.StatusForbidden, http.MethodPost, "/Users", newcomer)
			d.want(t, http.StatusForbidden, http.MethodPatch, "/Users/"+plain, operations(replace("userName", `"gone"`)))
			modify(t, server, payroll, "member", user)
			d.want(t, http.StatusCreated, http.MethodPost, "/Users", newcomer)
			conn := server.Connect(t)
			defer conn.Close()
			if err := conn.Del(ldap.NewDelRequest(payroll, nil)); err != nil {
				t.Fatal(err)
			}
			d.want(t, http.StatusServiceUnavailable, http.MethodPost, "/Users", resource("/Users", `"userName":"later"`))
		}
		blind := []string{"cn=Nobody," + server.Base}
		if server.Privilege == nil {
			blind = append(blind, "cn=Sudo,"+server.Base)
			server.Load(t, "dn: "+blind[1]+"\nobjectClass: organizationalRole\ncn: Sudo\n")
		}
		for _, group := range blind {
			d := deploy(t, server, "SCIMBRIDGE_GUARD_PRIVILEGEDGROUPS_0="+group)
			d.want(t, http.StatusServiceUnavailable, http.MethodPatch, "/Users/"+plain, disable)
		}
	})
}

// TestProtectedHoweverItIsWritten: what the configuration protects is protected in whichever form of its letters the directory has it, also
// where that takes the two for two names.
func TestProtectedHoweverItIsWritten(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		ou, its := "ou=Zoe\u0308,"+server.People, productOf(server)
		boss := its.rdn("boss") + "," + ou
		server.Load(t, "dn: "+ou+"\nobjectClass: organizationalUnit\n\n"+its.user(boss, "boss"))
		d := deploy(t, server, "SCIMBRIDGE_GUARD_PROTECTED_0=ou=Zo\u00eb,"+server.People)
		id := idOf(t, server, boss)
		d.want(t, http.StatusForbidden, http.MethodPatch, "/Users/"+id, operations(replace("title", `"King"`)))
		d.want(t, http.StatusForbidden, http.MethodDelete, "/Users/"+id, "")
	})
}

// TestPrivilegedMembersAreHidden: nobody is written while a privileged group shows itself and not its members, from the start and later.
func TestPrivilegedMembersAreHidden(t *testing.T) {
	const bridge, board = "cn=scimbridge,dc=example,dc=org", "cn=Payroll,dc=example,dc=org"
	server := openLDAP(t,
		dirtest.Config(`access to dn.base="`+board+`" filter=(description=secret) attrs=member by dn.exact="`+bridge+`" none by * break`),
		dirtest.Config(`access to * by dn.exact="`+bridge+`" manage by * break`))
	its := productOf(server)
	user := its.rdn("payroll.one") + "," + server.People
	server.Load(t, "dn: "+bridge+"\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: Secret-123\n\n"+
		its.user(user, "payroll.one")+"\n"+its.group(board, "Payroll", user))
	for _, when := range []string{"later", "from the start"} {
		d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_BIND_DN="+bridge, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=Secret-123",
			"SCIMBRIDGE_GUARD_PRIVILEGEDGROUPS_0="+board)
		if when == "later" {
			d.user(t, "plain.two")
			d.untouchable(t, "/Users", idOf(t, server, user), http.StatusForbidden)
			modify(t, server, board, "description", "secret")
		}
		d.want(t, http.StatusServiceUnavailable, http.MethodPatch, "/Users/"+idOf(t, server, user), disable)
		d.want(t, http.StatusServiceUnavailable, http.MethodPost, "/Users", resource("/Users", `"userName":"later"`))
	}
}

// TestLeaverInAProtectedGroup: who is in a group that may not be written can be blocked, but not renamed or deleted, and the answer names
// the group and says why; nor is anybody made at a DN that it holds.
func TestLeaverInAProtectedGroup(t *testing.T) {
	for _, keeper := range keepers {
		t.Run(keeper.name, func(t *testing.T) {
			t.Parallel()
			server := keeper.start(t)
			if server.KeepsReferences {
				return // and does so in protected groups too
			}
			its := productOf(server)
			board, gone := "cn=Board,"+server.Groups, its.rdn("gone")+","+server.People
			d := deploy(t, server, "SCIMBRIDGE_GUARD_PROTECTED_0="+board)
			id := d.user(t, "leaver")
			dn := d.entry(t, id).DN
			server.Load(t, its.group(board, "Board", dn)+"member: "+gone+"\n")
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, disable)
			for _, c := range []struct{ method, path, body, can string }{
				{http.MethodDelete, "/Users/" + id, "", dn + " cannot be deleted"},
				{http.MethodPatch, "/Users/" + id, operations(replace("userName", `"other"`)), dn + " cannot be renamed"},
				{http.MethodPost, "/Users", resource("/Users", `"userName":"gone"`), gone + " cannot be made"},
			} {
				why := d.want(t, http.StatusForbidden, c.method, c.path, c.body)["detail"]
				want := c.can + " while " + board +
					" refers to it, which may not be written: the entry is protected by the configuration, " +
					"under guard.protected: " + board
				if why != want {
					t.Errorf("%s: %s\nwant %s", c.method, why, want)
				}
			}
			if held := server.Entry(t, board).Values("member"); len(held) != 2 {
				t.Errorf("the group holds %q", held)
			}
		})
	}
}

// TestLeaverInAnUnwritableGroup: likewise where it is the directory that does not let the bridge write the group.
func TestLeaverInAnUnwritableGroup(t *testing.T) {
	const bridge, board = "cn=scimbridge,dc=example,dc=org", "cn=Board,ou=groups,dc=example,dc=org"
	server := openLDAP(t, dirtest.WithoutRefint(),
		dirtest.Config(`access to dn.base="`+board+`" by dn.exact="`+bridge+`" read by * break`),
		dirtest.Config(`access to * by dn.exact="`+bridge+`" manage by * break`))
	server.Load(t, "dn: "+bridge+"\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: Secret-123\n")
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_BIND_DN="+bridge, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=Secret-123")
	id := d.user(t, "leaver")
	dn := d.entry(t, id).DN
	server.Load(t, groupOfNames(board, "Board", dn))
	for _, c := range []struct{ method, body string }{
		{http.MethodDelete, ""}, {http.MethodPatch, operations(replace("userName", `"other"`))},
	} {
		answer, why := d.do(t, c.method, "/Users/"+id, c.body)
		want := board + " refers to " + dn + ", and the directory does not let the bridge change it"
		if answer.StatusCode != http.StatusForbidden || !strings.Contains(why, want) {
			t.Errorf("%s: %d %s", c.method, answer.StatusCode, why)
		}
	}
}

// TestLeaverStaysInAnUnwritableGroup: where the entry of who is deleted is kept, he is blocked whatever group keeps him, and no leaver yet.
func TestLeaverStaysInAnUnwritableGroup(t *testing.T) {
	const bridge, board = "cn=scimbridge,dc=example,dc=org", "cn=Board,ou=groups,dc=example,dc=org"
	server := openLDAP(t, dirtest.WithoutRefint(),
		dirtest.Config(`access to dn.base="`+board+`" filter=(description=frozen) attrs=member by dn.exact="`+bridge+`" read by * break`),
		dirtest.Config(`access to * by dn.exact="`+bridge+`" manage by * break`))
	server.Load(t, "dn: "+bridge+"\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: Secret-123\n")
	d := deploy(t, server, append(marked("block"),
		"SCIMBRIDGE_DIRECTORY_BIND_DN="+bridge, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=Secret-123")...)
	id := d.login(t, "leaver@contoso.example", "Secret-123")
	dn := d.entry(t, id).DN
	server.Load(t, groupOfNames(board, "Board", dn)+"description: frozen\n")
	for range 2 {
		answer, why := d.do(t, http.MethodDelete, "/Users/"+id, "")
		want := board + " refers to " + dn + ", and the directory does not let the bridge change it"
		if answer.StatusCode != http.StatusForbidden || !strings.Contains(why, want) {
			t.Errorf("%d %s", answer.StatusCode, why)
		}
		d.letsIn(t, id, "Secret-123", false)
		d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")
	}
	modify(t, server, board, "description", "thawed")
	d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+id, "")
	if held := server.Entry(t, board, "member").Values("member"); slices.Contains(held, dn) {
		t.Errorf("the group holds %v", held)
	}
}
