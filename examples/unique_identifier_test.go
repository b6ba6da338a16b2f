package examples_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// finds is how many entries below the groups' container a filter finds.
func finds(t *testing.T, server *dirtest.Server, filter string) int {
	t.Helper()
	conn := server.Connect(t)
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
// who has the DN, it stays as it is; unless the map says that such identifiers do not count.
func TestUniqueIdentifier(t *testing.T) {
	t.Parallel()
	env := []string{
		"SCIMBRIDGE_RESOURCES_0_GROUPS_SHOW=transitive", "SCIMBRIDGE_RESOURCES_0_ONBLOCK_LEAVEGROUPS=true",
		"SCIMBRIDGE_RESOURCES_1_OBJECTCLASSES=groupOfUniqueNames,scimbridgeGroup",
		"SCIMBRIDGE_RESOURCES_1_MEMBERS_ATTRIBUTE=uniqueMember",
	}
	plugIns := func(t testing.TB) *dirtest.Server {
		return dirtest.DS389(t, ds389Schema, dirtest.ReferentialIntegrityPlugin(), dirtest.MemberOfPlugin())
	}
	for _, s := range []namedServer{everyServer[0], everyServer[1], everyServer[4], everyServer[2], {"389ds with its plug-ins", plugIns}} {
		t.Run(s.name+", with suffixes", func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			switch s.name {
			case "389ds with its plug-ins":
				suffixed(t, server, server.Suffix, true, append(slices.Clip(env), "SCIMBRIDGE_RESOURCES_0_GROUPS_ATTRIBUTE=memberOf")...)
			case "openldap with overlays": // whose access rules let the bridge write there alone
				suffixed(t, server, server.Groups, false, env...)
			default:
				suffixed(t, server, server.Suffix, false, env...)
			}
		})
		if s.name == "389ds" { // with its plug-ins it does what it does without, and more
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			d := deploy(t, server, env...)
			anna, bo := d.user(t, "anna"), d.user(t, "bo")
			group := d.group(t, "Crew", bo)
			dn := d.entry(t, anna).DN
			held := dn + "#'0101'B"
			add := ldap.NewModifyRequest(d.entry(t, group).DN, nil)
			add.Add("uniqueMember", []string{held})
			if err := server.Connect(t).Modify(add); err != nil {
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

// suffixed is TestUniqueIdentifier where the map says that unique identifiers do not count: whoever has the DN is the member. Below the
// place are groups of others. follows says that the server moves the plain values itself: 389 Directory Server's plug-in then refuses to
// rename whom a group holds in both ways.
func suffixed(t *testing.T, server *dirtest.Server, place string, follows bool, env ...string) {
	apps := "ou=apps," + place
	server.Load(t, "dn: "+apps+"\nobjectClass: organizationalUnit\n")
	d := deploy(t, server, append(env, "SCIMBRIDGE_RESOURCES_1_MEMBERS_SUFFIXES=true", "SCIMBRIDGE_REFERENCES_BASES_0="+apps)...)
	anna, bo := d.user(t, "anna"), d.user(t, "bo")
	group, other := d.group(t, "Crew", bo), d.group(t, "Others", bo)
	name := "Crew"
	modified := func(add bool, values ...string) {
		t.Helper()
		change := ldap.NewModifyRequest(d.entry(t, group).DN, nil)
		if add {
			change.Add("uniqueMember", values)
		} else {
			change.Delete("uniqueMember", values)
		}
		if err := server.Connect(t).Modify(change); err != nil {
			t.Fatal(err)
		}
	}
	// holds says which of the values of the group name the DN.
	holds := func(when, dn string, want ...string) {
		t.Helper()
		var held []string
		for _, v := range d.entry(t, group).Values("uniqueMember") {
			if name, uid := ldif.CutUID(v); ldif.SameDN(name, dn) {
				held = append(held, uid)
			}
		}
		slices.Sort(held)
		if !slices.Equal(held, want) {
			t.Errorf("%s: the group holds %q with %q, want %q", when, dn, held, want)
		}
	}
	is := func(when string, ids ...string) {
		t.Helper()
		shown := d.members(t, group)
		for _, id := range []string{anna, bo} {
			want := 0
			if slices.Contains(ids, id) {
				want = 1
			}
			of := strings.Count(inGroups(t, d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")), name+" direct")
			found := d.found(t, "/Groups", `members[value eq "`+id+`"] and displayName eq "`+name+`"`)
			users := d.found(t, "/Users", `groups.value eq "`+group+`" and id eq "`+id+`"`)
			if len(found) != want || len(users) != want || shown[id] != want || of != want {
				t.Errorf("%s: %s is found in %d groups, and as one of %d users, shown %d times and has the group %d times, want %d",
					when, id, len(found), len(users), shown[id], of, want)
			}
		}
		if shown := d.members(t, other); len(shown) != 1 || shown[bo] != 1 {
			t.Errorf("%s: the other group shows %v", when, shown)
		}
	}
	patch := func(path, body string, status int) {
		t.Helper()
		d.want(t, status, http.MethodPatch, path, body)
	}
	of := func(uids ...string) (values []string) {
		for _, uid := range uids {
			values = append(values, d.entry(t, anna).DN+uid)
		}
		return values
	}
	dn := d.entry(t, anna).DN
	crm := "cn=crm," + apps
	server.Load(t, "dn: "+crm+"\nobjectClass: groupOfUniqueNames\nuniqueMember: "+dn+"#'0101'B\nuniqueMember: cn=somebody#'0101'B\n")
	elsewhere := func(when string, want ...string) {
		t.Helper()
		got := slices.Sorted(slices.Values(server.Entry(t, crm).Values("uniqueMember")))
		if want = append(want, "cn=somebody#'0101'B"); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s: elsewhere %q, want %q", when, got, want)
		}
	}
	is("at first", bo)
	modified(true, of("#'0101'B")...)
	is("found", anna, bo)
	patch("/Groups/"+group, addMembers(anna), http.StatusNoContent)
	is("added again", anna, bo)
	holds("added again", dn, "#'0101'B")
	modified(true, of("", "#'1'B")...)
	is("held three times", anna, bo)
	patch("/Groups/"+group, operations(replace("displayName", `"Night"`)), http.StatusNoContent)
	name = "Night"
	d.want(t, http.StatusOK, http.MethodPut, "/Groups/"+group, resource("/Groups", `"displayName":"Night","members":`+values(anna, bo)))
	holds("put as they are", dn, "", "#'0101'B", "#'1'B")
	all := []string{"", "#'0101'B", "#'1'B"}
	if follows {
		patch("/Users/"+anna, operations(replace("userName", `"mara"`)), http.StatusBadRequest)
		holds("she could not be renamed", dn, all...)
		modified(false, of("")...)
		all = all[1:]
	}
	patch("/Users/"+anna, operations(replace("userName", `"mara"`)), http.StatusOK)
	is("she is renamed", anna, bo)
	holds("she is renamed", dn)
	holds("she is renamed", d.entry(t, anna).DN, all...)
	elsewhere("she is renamed", d.entry(t, anna).DN+"#'0101'B")
	patch("/Users/"+anna, operations(replace("userName", `"anna"`)), http.StatusOK)
	holds("she is renamed back", dn, all...)

	for _, way := range []struct {
		name string
		do   func()
	}{
		{"removed", func() { patch("/Groups/"+group, removeMembers(anna), http.StatusNoContent) }},
		{"removed by a filter", func() {
			patch("/Groups/"+group, operations(`{"op":"remove","path":"members[value eq \"`+anna+`\"]"}`), http.StatusNoContent)
		}},
		{"replaced", func() { patch("/Groups/"+group, operations(replace("members", values(bo))), http.StatusNoContent) }},
		{"put", func() {
			d.want(t, http.StatusOK, http.MethodPut, "/Groups/"+group, resource("/Groups", `"displayName":"Night","members":`+values(bo)))
		}},
	} {
		way.do()
		is(way.name, bo)
		holds(way.name, dn)
		way.do()
		is(way.name+" again", bo)
		modified(true, of("#'0101'B")...) // alone
		way.do()
		is(way.name+" the only value", bo)
		holds(way.name+" the only value", dn)
		modified(true, of("", "#'0101'B", "#'1'B")...)
	}
	// The last member, of a class that may demand one.
	patch("/Groups/"+group, removeMembers(bo), http.StatusNoContent)
	modified(false, of("", "#'1'B")...)
	patch("/Groups/"+group, removeMembers(anna), http.StatusNoContent)
	is("the last is removed")
	patch("/Groups/"+group, addMembers(bo), http.StatusNoContent)
	modified(true, of("", "#'0101'B")...)
	d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+anna, "")
	holds("she is deleted", dn)
	elsewhere("she is deleted")
	modified(true, dn+"#'0101'B") // of nobody
	patch("/Groups/"+group, operations(replace("members", values(bo))), http.StatusNoContent)
	holds("replaced, and nobody has the name", dn)
	modified(true, dn+"#'0101'B", dn+"#'1'B")
	anna = d.user(t, "anna")
	is("a newcomer has her name", bo)
	holds("a newcomer has her name", dn)
	modified(true, of("", "#'0101'B", "#'1'B")...)
	patch("/Users/"+anna, disable, http.StatusOK)
	is("she is blocked, and leaves", bo)
	holds("she is blocked, and leaves", dn)
}

// TestCostOfSuffixes: where unique identifiers do not count, one more search reads the groups' lists, or one group's, for what is asked of
// a DN.
func TestCostOfSuffixes(t *testing.T) {
	for _, s := range everyServer[:3] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			proxy := dirtest.Counted(t, server)
			env := []string{
				"SCIMBRIDGE_DIRECTORY_URLS=" + proxy.URL, "SCIMBRIDGE_RESOURCES_0_GROUPS_SHOW=direct",
				"SCIMBRIDGE_RESOURCES_1_OBJECTCLASSES=groupOfUniqueNames,scimbridgeGroup",
				"SCIMBRIDGE_RESOURCES_1_MEMBERS_ATTRIBUTE=uniqueMember",
			}
			// What each costs without, and how many searches more.
			costs := func(more bool) (all []counts) {
				d := deploy(t, server, append(slices.Clip(env), "SCIMBRIDGE_RESOURCES_1_MEMBERS_SUFFIXES="+strconv.FormatBool(more))...)
				name := strconv.FormatBool(more)
				group, first := d.group(t, name, d.user(t, "first"+name)), d.user(t, "anna"+name)
				did := func(status int, method, path, body string) {
					proxy.ResetCounts()
					d.want(t, status, method, path, body)
					all = append(all, counts(proxy.Counts()))
				}
				did(http.StatusOK, http.MethodGet, "/Groups/"+group, "")
				did(http.StatusOK, http.MethodGet, "/Users/"+first, "")
				did(http.StatusOK, http.MethodGet, "/Groups?filter="+url.QueryEscape(`displayName eq "`+name+`"`), "")
				did(http.StatusOK, http.MethodGet, "/Groups?filter="+url.QueryEscape(`members.value eq "`+first+`"`), "")
				did(http.StatusNoContent, http.MethodPatch, "/Groups/"+group, addMembers(first))
				did(http.StatusNoContent, http.MethodPatch, "/Groups/"+group, removeMembers(first))
				did(http.StatusCreated, http.MethodPost, "/Users", resource("/Users", `"userName":"bo`+name+`"`))
				did(http.StatusOK, http.MethodPatch, "/Users/"+first, operations(replace("title", `"Clerk"`)))
				did(http.StatusOK, http.MethodPatch, "/Users/"+first, operations(replace("userName", `"mara`+name+`"`)))
				did(http.StatusNoContent, http.MethodDelete, "/Users/"+first, "")
				return all
			}
			without, with := costs(false), costs(true)
			filtered := 1
			if server.SeeksInDNs {
				filtered = 0
			}
			// A rename looks by both names, and by the old one again; a delete before and after.
			for i, more := range []int{0, 0, 0, filtered, 1, 1, 1, 0, 3, 2} {
				if want := without[i]; with[i]["search"] != want["search"]+more || with[i]["modify"] != want["modify"] {
					t.Errorf("request %d: %v, want %v and %d searches", i, with[i], want, more)
				}
			}
		})
	}
}

// TestUniqueIdentifierSpeltOtherwise: likewise where the DN before it is in other letters, and with spaces.
func TestUniqueIdentifierSpeltOtherwise(t *testing.T) {
	for _, s := range servers[:3] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := s.start(t)
			d := deploy(t, server,
				"SCIMBRIDGE_RESOURCES_0_GROUPS_SHOW=direct", "SCIMBRIDGE_RESOURCES_1_OBJECTCLASSES=groupOfUniqueNames,scimbridgeGroup",
				"SCIMBRIDGE_RESOURCES_1_MEMBERS_ATTRIBUTE=uniqueMember", "SCIMBRIDGE_RESOURCES_1_MEMBERS_SUFFIXES=true")
			anna, bo := d.user(t, "anna"), d.user(t, "bo")
			group := d.group(t, "Crew", bo)
			dn := d.entry(t, anna).DN
			rdn, parent := ldif.SplitDN(dn)
			for _, held := range []string{
				strings.ToUpper(dn), rdn + ", " + strings.ReplaceAll(parent, ",", " , "), strings.ReplaceAll(dn, "=", " = "),
			} {
				hold := func() {
					t.Helper()
					add := ldap.NewModifyRequest(d.entry(t, group).DN, nil)
					add.Add("uniqueMember", []string{held + "#'0101'B"})
					if err := server.Connect(t).Modify(add); err != nil {
						t.Fatal(err)
					}
				}
				is := func(when string, want int) {
					t.Helper()
					found := d.found(t, "/Groups", `members.value eq "`+anna+`"`)
					of := inGroups(t, d.want(t, http.StatusOK, http.MethodGet, "/Users/"+anna, ""))
					if shown := d.members(t, group)[anna]; shown != want || len(found) != want || strings.Count(of, "Crew") != want {
						t.Errorf("%s, %s: shown %d times, in %d groups, has %q, want %d", held, when, shown, len(found), of, want)
					}
				}
				hold()
				is("held", 1)
				d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, addMembers(anna))
				is("added again", 1)
				d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, removeMembers(anna))
				is("removed", 0)
				hold()
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna, operations(replace("userName", `"mara"`)))
				is("renamed", 1)
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna, operations(replace("userName", `"anna"`)))
				is("renamed back", 1)
				d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, operations(replace("members", values(bo))))
				is("replaced", 0)
				hold()
				d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+anna, "")
				if left := d.entry(t, group).Values("uniqueMember"); strings.Contains(strings.Join(left, " "), "#") {
					t.Errorf("%s, deleted: the group holds %q", held, left)
				}
				anna = d.user(t, "anna")
			}
		})
	}
}
