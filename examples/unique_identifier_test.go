package examples_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// finds is how many entries below the groups' container a filter finds.
func finds(t *testing.T, server *dirtest.Server, filter string) int {
	t.Helper()
	conn := connect(t, server)
	defer conn.Close()
	found, err := conn.Search(ldap.NewSearchRequest(server.Groups, ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false,
		filter, []string{"1.1"}, nil))
	if err != nil {
		t.Fatalf("%s: %v", filter, err)
	}
	return len(found.Entries)
}

// TestUniqueIdentifier: a value of uniqueMember with a unique identifier behind the DN (RFC 4517 §3.3.21) tells its subject from others who
// had or will have that DN. It names nobody to the server: no filter on the DN finds it, but for substrings on 389 Directory Server, and
// the server's own referential integrity and memberOf leave it alone. So it is nobody to SCIM, and whatever is done to the group and to
// who has the DN, it stays as it is.
func TestUniqueIdentifier(t *testing.T) {
	for _, s := range []namedServer{
		everyServer[0], everyServer[1], everyServer[4],
		{"389ds with its plug-ins", func(t testing.TB) *dirtest.Server {
			return dirtest.DS389(t, ds389Schema, dirtest.ReferentialIntegrityPlugin(), dirtest.MemberOfPlugin())
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			server := s.start(t)
			d := deploy(t, server, "SCIMBRIDGE_RESOURCES_1_OBJECTCLASSES=groupOfUniqueNames,scimbridgeGroup",
				"SCIMBRIDGE_RESOURCES_1_MEMBERS_ATTRIBUTE=uniqueMember")
			anna, bo := d.user(t, "anna"), d.user(t, "bo")
			group := d.group(t, "Crew", bo)
			dn := d.entry(t, anna).DN
			held := dn + "#'0101'B"
			add := ldap.NewModifyRequest(d.entry(t, group).DN, nil)
			add.Add("uniqueMember", []string{held})
			if err := connect(t, server).Modify(add); err != nil {
				t.Fatal(err)
			}
			substrings := 0
			if server.Kind == ldif.DS389 {
				substrings = 1
			}
			for filter, want := range map[string]int{
				"(uniqueMember=" + held + ")":                          1,
				"(uniqueMember=" + dn + ")":                            0,
				"(uniqueMember:uniqueMemberMatch:=" + dn + ")":         0,
				"(uniqueMember:distinguishedNameMatch:=" + dn + ")":    0,
				"(uniqueMember:dnSubtreeMatch:=" + server.People + ")": 0,
				"(uniqueMember=" + dn + "#*)":                          substrings,
			} {
				if server.Kind == ldif.DS389 && filter != "(uniqueMember="+dn+")" && want == 0 {
					continue // which knows no such rules
				}
				if got := finds(t, server, filter); got != want {
					t.Errorf("%s finds %d, want %d", filter, got, want)
				}
			}
			is := func(when string, ids ...string) {
				t.Helper()
				shown := d.members(t, group)
				if !slices.Contains(d.entry(t, group).Values("uniqueMember"), held) {
					t.Errorf("%s: the group holds %q", when, d.entry(t, group).Values("uniqueMember"))
				}
				for _, id := range []string{anna, bo} {
					want := 0
					if slices.Contains(ids, id) {
						want = 1
					}
					if found := d.found(t, "/Groups", `members.value eq "`+id+`"`); len(found) != want || shown[id] != want {
						t.Errorf("%s: %s is found in %d groups and shown %d times, want %d", when, id, len(found), shown[id], want)
					}
				}
			}
			patch := func(path, body string, status int) {
				t.Helper()
				d.want(t, status, http.MethodPatch, path, body)
			}
			is("found", bo)
			patch("/Groups/"+group, addMembers(anna), http.StatusNoContent)
			is("added", anna, bo)
			patch("/Groups/"+group, removeMembers(anna), http.StatusNoContent)
			is("removed", bo)
			patch("/Groups/"+group, removeMembers(anna), http.StatusNoContent)
			is("removed again", bo)
			patch("/Groups/"+group, operations(replace("displayName", `"Night"`)), http.StatusNoContent)
			is("the group is renamed", bo)
			patch("/Groups/"+group, operations(replace("members", values(anna))), http.StatusNoContent)
			is("replaced", anna)
			d.want(t, http.StatusOK, http.MethodPut, "/Groups/"+group, resource("/Groups", `"displayName":"Night","members":`+values(bo)))
			is("put", bo)
			patch("/Users/"+anna, operations(replace("userName", `"mara"`)), http.StatusOK)
			is("she is renamed", bo)
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+anna, "")
			anna = d.user(t, "anna")
			is("a newcomer has her name", bo)
		})
	}
}
