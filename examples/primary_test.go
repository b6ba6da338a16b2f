package examples_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// TestPrimaryGroup: a domain keeps the membership of an account's primary group with the account. SCIM sees no difference, but that it
// cannot end it.
func TestPrimaryGroup(t *testing.T) {
	server := dirtest.ActiveDirectory(t)
	proxy := dirtest.Counted(t, server)
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)
	primary, plain, third := d.user(t, "primary.member"), d.user(t, "plain.member"), d.user(t, "third.member")
	group, other, empty := d.group(t, "Both kinds", primary, plain), d.group(t, "Others", plain), d.group(t, "Nobody")
	dn, groupDN := d.entry(t, primary).DN, d.entry(t, group).DN
	becomesPrimary(t, server, groupDN, dn)
	if held := d.held(t, group); len(held) != 1 {
		t.Fatalf("the group's entry holds %q", held)
	}
	path := "/Groups/" + group
	shows := func(group string, ids ...string) {
		t.Helper()
		got := d.members(t, group)
		for _, id := range ids {
			if got[id] != 1 {
				t.Errorf("%s is not shown", id)
			}
		}
		if len(got) != len(ids) {
			t.Errorf("%d members are shown, want %d", len(got), len(ids))
		}
	}
	shows(group, primary, plain)
	shows(other, plain)
	shows(empty)
	if _, there := d.want(t, http.StatusOK, http.MethodGet, path+"?attributes=displayName", "")["members"]; there {
		t.Error("members are shown that nobody asked for")
	}
	budget := budgets{d, proxy}
	budget.costs(t, "get", counts{"search": 2}, http.MethodGet, path, "", http.StatusOK)
	budget.costs(t, "get without members", counts{"search": 1}, http.MethodGet, path+"?excludedAttributes=members", "", http.StatusOK)
	budget.costs(t, "a plain member joins", counts{"search": 2, "modify": 1},
		http.MethodPatch, path, addMembers(third), http.StatusNoContent)

	for _, c := range []struct {
		filter string
		groups []string
	}{
		{`members.value eq "` + primary + `"`, []string{group}},
		{`members[value eq "` + primary + `"]`, []string{group}},
		{`members eq "` + plain + `"`, []string{group, other}},
		{`displayName eq "Both kinds" and members.value eq "` + primary + `"`, []string{group}},
		{`not (members.value eq "` + primary + `")`, []string{other, empty}},
		{`members pr`, []string{group, other}},
	} {
		var got []string
		for _, r := range d.found(t, "/Groups", c.filter) {
			got = append(got, r["id"].(string))
		}
		slices.Sort(got)
		if want := slices.Sorted(slices.Values(c.groups)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.filter, got, want)
		}
	}

	d.want(t, http.StatusNoContent, http.MethodPatch, path, removeMembers(third))
	d.want(t, http.StatusNoContent, http.MethodPatch, path, addMembers(primary))
	d.want(t, http.StatusNoContent, http.MethodPatch, path, addMembers(primary, third)) // the rest is done
	shows(group, primary, plain, third)
	d.want(t, http.StatusNoContent, http.MethodPatch, path, operations(replace("members", values(plain, primary, third))))
	for what, body := range map[string]string{
		"the member":     removeMembers(primary),
		"some":           removeMembers(plain, primary),
		"all":            operations(`{"op":"Remove","path":"members"}`),
		"all but others": operations(replace("members", values(plain, third))),
	} {
		fault := d.want(t, http.StatusBadRequest, http.MethodPatch, path, body)
		detail, _ := fault["detail"].(string)
		if fault["scimType"] != "mutability" || !strings.Contains(detail, "primary group") || !strings.Contains(detail, dn) {
			t.Errorf("remove %s: %v", what, fault)
		}
	}
	shows(group, primary, plain, third)
	listed := d.want(t, http.StatusOK, http.MethodGet, "/Groups?filter="+url.QueryEscape(`displayName sw "Both"`), "")
	if got := len(listed["Resources"].([]any)[0].(object)["members"].([]any)); got != 3 {
		t.Errorf("a list shows %d members", got)
	}
	d.want(t, http.StatusForbidden, http.MethodDelete, path, "") // it is somebody's primary group
}
