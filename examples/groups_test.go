package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// groupKeepers are the directories by where the groups of a user are found.
var groupKeepers = []struct {
	name  string
	start func(t testing.TB) *dirtest.Server
	env   []string
}{
	{"memory", memory, nil},
	{"memory, by values alone", func(t testing.TB) *dirtest.Server { return uidMemory(t, false) }, uidAlone},
	{"memory, by values beside", func(t testing.TB) *dirtest.Server { return uidMemory(t, false) }, uidBeside},
	{"openldap", func(t testing.TB) *dirtest.Server { return openLDAP(t) }, nil},
	{"openldap with overlays", overlaid, []string{"SCIMBRIDGE_RESOURCES_0_GROUPS_ATTRIBUTE=memberOf"}},
	{"openldap, by values alone", func(t testing.TB) *dirtest.Server { return openLDAP(t) }, uidAlone},
	{"389ds", func(t testing.TB) *dirtest.Server { return dirtest.DS389(t, ds389Schema) }, nil},
	{"active-directory", func(t testing.TB) *dirtest.Server { return dirtest.ActiveDirectory(t) }, nil},
}

// inGroups are the groups that a user shows, by their names and how he is in them, sorted.
func inGroups(t *testing.T, user object) string {
	t.Helper()
	var all []string
	list, _ := user["groups"].([]any)
	for _, g := range list {
		g := g.(object)
		if ref, _ := g["$ref"].(string); !strings.HasSuffix(ref, "/Groups/"+g["value"].(string)) {
			t.Errorf("$ref %q", ref)
		}
		all = append(all, fmt.Sprintf("%s %s", g["display"], g["type"]))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// TestGroupsOfUsers: the groups of a user show where the map says so, directly or through groups in groups, and users are found by them.
func TestGroupsOfUsers(t *testing.T) {
	t.Parallel()
	for _, keeper := range groupKeepers {
		for _, show := range []string{"direct", "transitive"} {
			t.Run(keeper.name+"/"+show, func(t *testing.T) {
				if keeper.name != "active-directory" { // names are its whole domain's
					t.Parallel()
				}
				d := deploy(t, keeper.start(t), append(keeper.env, "SCIMBRIDGE_RESOURCES_0_GROUPS_SHOW="+show)...)
				nested := !strings.Contains(keeper.name, "alone")
				anna, bo, mara := d.user(t, "anna"), d.user(t, "bo"), d.user(t, "mara")
				crew, deck := d.group(t, "Crew", anna, bo), d.group(t, "Deck", anna)
				ship, circle := crew, crew
				if nested {
					ship, circle = d.group(t, "Ship", crew, mara), d.group(t, "Circle")
					d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+circle, addMembers(ship))
					d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+ship, addMembers(circle))
				}
				want := map[string]string{anna: "Crew direct, Deck direct", bo: "Crew direct"}
				find := map[string][]string{crew: {anna, bo}, deck: {anna}}
				switch {
				case nested && show == "transitive":
					want[anna] = "Circle indirect, " + want[anna] + ", Ship indirect"
					want[bo] = "Circle indirect, " + want[bo] + ", Ship indirect"
					want[mara] = "Circle indirect, Ship direct"
					find[ship], find[circle] = []string{anna, bo, mara}, []string{anna, bo, mara}
				case nested:
					want[mara] = "Ship direct"
					find[ship], find[circle] = []string{mara}, nil
				}
				d.groupsAre(t, "each", want)
				for group, ids := range find {
					for _, form := range []string{`groups.value eq "%s"`, `groups[value eq "%s"]`, `userName pr and groups.value eq "%s"`} {
						filter := fmt.Sprintf(form, group)
						var got []string
						for _, u := range d.found(t, "/Users", filter) {
							got = append(got, u["id"].(string))
							if shown := inGroups(t, u); shown != want[u["id"].(string)] {
								t.Errorf("%s: %v shows %q", filter, u["userName"], shown)
							}
						}
						slices.Sort(got)
						slices.Sort(ids)
						if !slices.Equal(got, ids) {
							t.Errorf("%s finds %v, want %v", filter, got, ids)
						}
					}
				}
				if got := d.found(t, "/Users", `groups.value eq "`+anna+`"`); len(got) != 0 {
					t.Errorf("a user is taken for a group: %v", got)
				}
				patched := d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna, operations(replace("title", `"Mate"`)))
				if got := inGroups(t, patched); got != want[anna] {
					t.Errorf("after a PATCH: %q, want %q", got, want[anna])
				}
				put := resource("/Users", `"userName":"anna","title":"Mate","groups":[{"value":"`+crew+`"}]`)
				if got := inGroups(t, d.want(t, http.StatusOK, http.MethodPut, "/Users/"+anna, put)); got != want[anna] {
					t.Errorf("after a PUT: %q, want %q", got, want[anna])
				}
				add := operations(`{"op":"Add","path":"groups","value":` + values(deck) + `}`)
				if fault := d.want(t, http.StatusBadRequest, http.MethodPatch, "/Users/"+bo, add); fault["scimType"] != "mutability" {
					t.Errorf("groups are written: %v", fault)
				}
				for _, query := range []string{"?excludedAttributes=groups", "?attributes=userName"} {
					if got := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+anna+query, "")["groups"]; got != nil {
						t.Errorf("%s: %v", query, got)
					}
				}
				d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+deck, removeMembers(anna))
				want[anna] = strings.Replace(want[anna], "Deck direct", "", 1)
				want[anna] = strings.Trim(strings.Replace(want[anna], ", , ", ", ", 1), ", ")
				d.groupsAre(t, "removed", want)
			})
		}
	}
}

// groupsAre sees what groups the users with the ids show, one by one and in a list.
func (d *deployment) groupsAre(t *testing.T, when string, want map[string]string) {
	t.Helper()
	list := map[string]string{}
	for _, u := range d.found(t, "/Users", "userName pr") {
		list[u["id"].(string)] = inGroups(t, u)
	}
	for id, groups := range want {
		if got := inGroups(t, d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")); got != groups {
			t.Errorf("%s: %q, want %q", when, got, groups)
		}
		if list[id] != groups {
			t.Errorf("%s, in a list: %q, want %q", when, list[id], groups)
		}
	}
}

// TestCostOfGroups: a page of users costs a search for each level of groups, and who leaves groups out asks for none.
func TestCostOfGroups(t *testing.T) {
	d := deploy(t, memory(t), "SCIMBRIDGE_RESOURCES_0_GROUPS_SHOW=transitive")
	ids := d.users(t, "many", 40)
	inner := d.group(t, "Inner", ids...)
	d.group(t, "Outer", inner)
	for _, c := range []struct {
		query    string
		searches int
	}{
		{"/Users?attributes=userName&count=40", 3}, // the mark, the places, and the page
		{"/Users?count=40&attributes=groups", 3 + 3},
		{"/Users/" + ids[0], 1 + 3}, // those who hold him, those who hold them, and nobody
		{"/Users/" + ids[0] + "?excludedAttributes=groups", 1},
	} {
		d.server.Mem.ResetCounts()
		d.want(t, http.StatusOK, http.MethodGet, c.query, "")
		if got := d.server.Mem.Counts()["search"]; got != c.searches {
			t.Errorf("%s: %d searches, want %d", c.query, got, c.searches)
		}
	}
}

// TestGroupsOfUsersByPrimaryGroup: the primary group of an account is one of his groups, and what it is in too.
func TestGroupsOfUsersByPrimaryGroup(t *testing.T) {
	for show, want := range map[string]string{
		"direct": "Own direct, Plain direct", "transitive": "Outer indirect, Own direct, Plain direct",
	} {
		t.Run(show, func(t *testing.T) {
			server := dirtest.ActiveDirectory(t)
			d := deploy(t, server, "SCIMBRIDGE_RESOURCES_0_GROUPS_SHOW="+show)
			user, other := d.user(t, "primary.member"), d.user(t, "other.member")
			own, plain := d.group(t, "Own", user), d.group(t, "Plain", user, other)
			outer := d.group(t, "Outer", own)
			becomesPrimary(t, server, d.entry(t, own).DN, d.entry(t, user).DN)
			d.groupsAre(t, show, map[string]string{user: want, other: "Plain direct"})
			for group, wanted := range map[string]int{own: 1, plain: 2, outer: len(strings.Split(want, ", ")) - 2} {
				if got := d.found(t, "/Users", `groups.value eq "`+group+`"`); len(got) != wanted {
					t.Errorf("%d are found, want %d: %v", len(got), wanted, got)
				}
			}
		})
	}
}
