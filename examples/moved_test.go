package examples_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// movers are the servers with groups that hold DNs and the users' names beside them.
var movers = []namedServer{
	{"memory", func(t testing.TB) *dirtest.Server { return uidMemory(t, true) }},
	{"openldap", func(t testing.TB) *dirtest.Server { return uidOpenLDAP(t) }},
	{"openldap with overlays", overlaid},
	{"openldap with memberof and no refint", func(t testing.TB) *dirtest.Server {
		return uidOpenLDAP(t, dirtest.WithoutRefint(), dirtest.MemberOf())
	}},
	{"389ds", func(t testing.TB) *dirtest.Server {
		return dirtest.DS389(t, dirtest.DS389Schema(strings.Replace(uidSchema, "userAccountControl $ ", "", 1)))
	}},
	{"active-directory", servers[3].start},
}

// TestRenamedAndMoved: who is renamed, moved, or both at once keeps the id, the groups, which name him by DN and by name, and those who
// report to him.
func TestRenamedAndMoved(t *testing.T) {
	t.Parallel()
	for _, s := range movers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			its := productOf(server)
			d := deploy(t, server, append(slices.Clone(uidBeside[:2]), "SCIMBRIDGE_RESOURCES_1_MEMBERS_1_OF="+its.login,
				"SCIMBRIDGE_RESOURCES_0_GROUPS_SHOW=direct", "SCIMBRIDGE_RESOURCES_0_CREATEPARENTS=true",
				`SCIMBRIDGE_RESOURCES_0_DN="`+its.rdn("")+`" + rdn(before(userName, "@")) + `+
					`(title == nil ? "" : ",ou=" + rdn(title)) + "," + base`,
			)...)
			const name = "anna@contoso.example"
			anna, report := d.user(t, name), d.user(t, "report@contoso.example")
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+report, operations(replace(managerPath, `"`+anna+`"`)))
			group := d.group(t, "Crew", anna, report)
			is := func(when, name, dn string) {
				t.Helper()
				shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+anna, "")
				if got := inGroups(t, shown); shown["userName"] != name || got != "Crew direct" {
					t.Errorf("%s: %v shows the groups %q", when, shown["userName"], got)
				}
				d.matches(t, name, anna)
				if got := d.managerOf(t, report); got != anna {
					t.Errorf("%s: the manager is %q", when, got)
				}
				if got := d.members(t, group); got[anna] != 1 || got[report] != 1 || len(got) != 2 {
					t.Errorf("%s: the members are %v", when, got)
				}
				at, held := d.entry(t, anna).DN, d.entry(t, group)
				same := func(v string) bool { return ldif.SameDN(v, at) }
				if !ldif.SameDN(at, dn) || !slices.ContainsFunc(d.held(t, group), same) || !same(d.entry(t, report).Value("manager")) {
					t.Errorf("%s: %s is not %s, or is not referred to: %v", when, at, dn, held)
				}
				if names := held.Values("memberUid"); len(names) != 2 || !slices.Contains(names, name) {
					t.Errorf("%s: the names are %q", when, names)
				}
				if strings.HasPrefix(s.name, "openldap with ") {
					memberOfHolds(t, server)
				}
			}
			change := func(list ...string) {
				t.Helper()
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna, operations(list...))
			}
			is("before", name, its.rdn("anna")+","+server.People)
			change(replace("userName", `"mara@contoso.example"`))
			is("renamed", "mara@contoso.example", its.rdn("mara")+","+server.People)
			change(replace("title", `"Deck, North"`))
			is("moved", "mara@contoso.example", its.rdn("mara")+`,ou=Deck\, North,`+server.People)
			change(replace("userName", `"zora@contoso.example"`), replace("title", `"Bridge"`))
			is("both", "zora@contoso.example", its.rdn("zora")+",ou=Bridge,"+server.People)
			d.user(t, name)
			is("beside a newcomer", "zora@contoso.example", its.rdn("zora")+",ou=Bridge,"+server.People)
		})
	}
}
