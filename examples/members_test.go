package examples_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap"
	"scimbridge/ldapmap/ldif"
)

// users loads users into the directory and returns their ids.
func (d *deployment) users(t testing.TB, prefix string, n int) []string {
	t.Helper()
	d.server.Load(t, people(d.server, prefix, n))
	shown, err := d.listed(`userName sw "` + prefix + `"`)
	if err != nil {
		t.Fatal(err)
	}
	if len(shown) != n {
		t.Fatalf("%d of %d users", len(shown), n)
	}
	return slices.Sorted(maps.Keys(shown))
}

// people is the LDIF of users named by a prefix and a number.
func people(server *dirtest.Server, prefix string, n int) string {
	its := productOf(server)
	var text strings.Builder
	for i := range n {
		name := fmt.Sprintf("%s%04d", prefix, i)
		text.WriteString(its.user(its.rdn(name)+","+server.People, name) + "\n")
	}
	return text.String()
}

// held are the DNs that the group's entry holds as members, the placeholder aside.
func (d *deployment) held(t testing.TB, group string) []string {
	t.Helper()
	var dns []string
	e := d.entry(t, group)
	for _, a := range e.Attributes {
		if strings.HasPrefix(a.Name, "member;range=") {
			t.Fatal("too large a group to be read at once")
		}
	}
	for _, dn := range e.Values("member") {
		if dn != ldapmap.DefaultPlaceholder {
			dns = append(dns, dn)
		}
	}
	return dns
}

func TestTwoMembersJoinTen(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		d := deploy(t, server)
		ids := d.users(t, "joins", 12)
		group := d.group(t, "Twelve", ids[:10]...)
		d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, addMembers(ids[10:]...))
		for name, got := range map[string]int{"held": len(d.held(t, group)), "shown": len(d.members(t, group))} {
			if got != 12 {
				t.Errorf("%d members are %s, want 12", got, name)
			}
		}
		d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, addMembers(ids[5:]...)) // most are members already
		d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, removeMembers(ids[:2]...))
		d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, removeMembers(ids[:4]...)) // two are none any more
		if got := len(d.members(t, group)); got != 8 {
			t.Errorf("%d members, want 8", got)
		}
	})
}

func TestParallelMembers(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		d := deploy(t, server)
		ids := d.users(t, "crowd", 21)
		group := d.group(t, "Crowd", ids[20])
		d.parallel(t, ids[:20], "/Groups/"+group, addMembers)
		if got := len(d.members(t, group)); got != 21 {
			t.Errorf("%d members, want 21", got)
		}
		d.parallel(t, ids[:20], "/Groups/"+group, removeMembers)
		if got := d.members(t, group); len(got) != 1 || got[ids[20]] != 1 {
			t.Errorf("%d members, want the one that stays", len(got))
		}
	})
}

// parallel sends a PATCH for each id at the same time.
func (d *deployment) parallel(t *testing.T, ids []string, path string, body func(...string) string) {
	t.Helper()
	start := make(chan struct{})
	var sent sync.WaitGroup
	for _, id := range ids {
		sent.Go(func() {
			<-start
			answer, content, err := d.try(http.MethodPatch, path, body(id))
			if err != nil {
				t.Error(err)
			} else if answer.StatusCode != http.StatusNoContent {
				t.Errorf("%d %s", answer.StatusCode, content)
			}
		})
	}
	close(start)
	sent.Wait()
}

// keepers are the directories by who keeps references true: the server or the bridge.
var keepers = []struct {
	name  string
	start func(t testing.TB) *dirtest.Server
}{
	{"openldap with refint", func(t testing.TB) *dirtest.Server {
		return openLDAP(t)
	}},
	{"openldap without refint", func(t testing.TB) *dirtest.Server {
		return openLDAP(t, dirtest.WithoutRefint())
	}},
	{"389ds with referential integrity", func(t testing.TB) *dirtest.Server {
		return dirtest.DS389(t, ds389Schema, dirtest.ReferentialIntegrityPlugin(), dirtest.MemberOfPlugin())
	}},
	{"389ds", func(t testing.TB) *dirtest.Server { return dirtest.DS389(t, ds389Schema) }},
	{"memory with references cleaned", memory},
	{"memory", func(t testing.TB) *dirtest.Server {
		return dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	}},
	{"active directory", func(t testing.TB) *dirtest.Server { return dirtest.ActiveDirectory(t) }},
}

const managerPath = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"

// managerOf is the id that SCIM shows as the user's manager, or "".
func (d *deployment) managerOf(t testing.TB, id string) string {
	t.Helper()
	enterprise, _ := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")[enterpriseURN].(object)
	manager, _ := enterprise["manager"].(object)
	value, _ := manager["value"].(string)
	return value
}

// TestNothingIsInherited: who comes to a DN that another had is no member of what the other was a member of, and nobody's manager.
func TestNothingIsInherited(t *testing.T) {
	t.Parallel()
	for _, keeper := range keepers {
		t.Run(keeper.name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, keeper.start(t))
			report := d.user(t, "report@contoso.example")
			first := d.user(t, "first@contoso.example")
			groups := []string{d.group(t, "Both", report, first), d.group(t, "One", first)}
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+report, operations(replace(managerPath, `"`+first+`"`)))
			dn := d.entry(t, first).DN

			d.follows(t, first, report, groups)
			second := d.user(t, "first@contoso.example")
			d.inheritsNothing(t, second, dn, report, groups, first)

			renamed := d.entry(t, first).DN
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+first, "")
			third := d.user(t, "renamed@contoso.example")
			d.inheritsNothing(t, third, renamed, report, groups, "")
		})
	}
}

// follows renames the user and sees that what refers to it follows.
func (d *deployment) follows(t *testing.T, id, report string, groups []string) {
	t.Helper()
	name := operations(replace("userName", `"renamed@contoso.example"`), replace("displayName", `"renamed"`)) // one of them is in the DN
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, name)
	if got := d.managerOf(t, report); got != id {
		t.Errorf("the renamed manager shows as %q", got)
	}
	now := ldif.NormalDN(d.entry(t, id).DN)
	for _, group := range groups {
		if d.members(t, group)[id] != 1 {
			t.Error("the renamed user is not shown as a member")
		}
		if !slices.ContainsFunc(d.held(t, group), func(dn string) bool { return ldif.NormalDN(dn) == now }) {
			t.Errorf("the group does not hold the new name: %v", d.held(t, group))
		}
	}
}

// inheritsNothing sees that the newcomer has the DN that another had, and nothing else of it.
func (d *deployment) inheritsNothing(t *testing.T, newcomer, dn, report string, groups []string, manager string) {
	t.Helper()
	if e := d.entry(t, newcomer); !ldif.SameDN(e.DN, dn) {
		t.Fatalf("the newcomer is at %s, not at %s", e.DN, dn)
	}
	same := func(held string) bool { return ldif.SameDN(held, dn) }
	for _, group := range groups {
		if d.members(t, group)[newcomer] != 0 || slices.ContainsFunc(d.held(t, group), same) {
			t.Errorf("the newcomer is a member: %v", d.held(t, group))
		}
	}
	if got := d.managerOf(t, report); got != manager {
		t.Errorf("the manager shows as %q, want %q", got, manager)
	}
	if held := d.entry(t, report).Value("manager"); held != "" && ldif.SameDN(held, dn) {
		t.Errorf("the manager's entry holds %s", held)
	}
}

// TestLastMemberLeaves: a groupOfNames that was made by hand has no placeholder, and its only member cannot be taken out before another is
// in.
func TestLastMemberLeaves(t *testing.T) {
	for _, keeper := range keepers {
		if keeper.name == "active directory" {
			continue // its groups may be empty
		}
		t.Run(keeper.name, func(t *testing.T) {
			t.Parallel()
			server := keeper.start(t)
			d := deploy(t, server)
			for name, leave := range map[string]func(user, group string){
				"removed": func(user, group string) {
					d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, removeMembers(user))
				},
				"deleted": func(user, _ string) { d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+user, "") },
				"replaced": func(_, group string) {
					d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group,
						operations(`{"op":"Replace","path":"members","value":[]}`))
				},
			} {
				user := d.user(t, name)
				dn := d.entry(t, user).DN
				cn := "cn=by hand " + name + "," + server.Groups
				server.Load(t, "dn: "+cn+"\nobjectClass: groupOfNames\ncn: by hand "+name+"\nmember: "+dn+"\n")
				group := idOf(t, server, cn)
				leave(user, group)
				if held := d.held(t, group); slices.ContainsFunc(held, func(h string) bool { return ldif.SameDN(h, dn) }) {
					t.Errorf("%s: the group holds %v", name, held)
				}
				if name == "deleted" {
					user = d.user(t, name)
				}
				if got := d.members(t, group); len(got) != 0 {
					t.Errorf("%s: %d members", name, len(got))
				}
				d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, addMembers(user))
				if got := d.members(t, group); got[user] != 1 || len(got) != 1 {
					t.Errorf("%s: %d members, want the one that came", name, len(got))
				}
			}
		})
	}
}

// TestDanglingManager: the manager that SCIM does not show, because nobody has the DN any more, goes when the client names the manager. A
// later entry of that DN inherits no report.
func TestDanglingManager(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		if server.KeepsReferences {
			return // and so lets none dangle
		}
		d := deploy(t, server)
		boss := d.user(t, "boss@contoso.example")
		for i, c := range []struct{ method, body string }{
			{http.MethodPatch, operations(`{"op":"Remove","path":"` + managerPath + `"}`)},
			{http.MethodPatch, operations(replace(managerPath, `""`))},
			{http.MethodPatch, operations(replace(managerPath, `"`+boss+`"`))},
			{http.MethodPut, resource("/Users", `"userName":"found3"`)},
			{http.MethodPut, resource("/Users", `"userName":"found4","`+enterpriseURN+`":{"manager":{"value":"`+boss+`"}}`)},
		} {
			dn := fmt.Sprintf("uid=gone%d@contoso.example,%s", i, server.People)
			server.Load(t, fmt.Sprintf("dn: uid=found%d,%s\nobjectClass: inetOrgPerson\nuid: found%[1]d\ncn: F\nsn: F\nmanager: %[3]s\n",
				i, server.People, dn))
			id := d.found(t, "/Users", fmt.Sprintf(`userName eq "found%d"`, i))[0]["id"].(string)
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("title", `"Clerk"`)))
			if got := d.entry(t, id).Value("manager"); !ldif.SameDN(got, dn) {
				t.Errorf("%d: what the client did not name is changed: %q", i, got)
			}
			d.want(t, http.StatusOK, c.method, "/Users/"+id, c.body)
			want := []string{}
			if strings.Contains(c.body, boss) {
				want = []string{d.entry(t, boss).DN}
			}
			got := d.entry(t, id).Values("manager")
			if !slices.EqualFunc(got, want, ldif.SameDN) {
				t.Errorf("%d: the manager is %q, want %q", i, got, want)
			}
		}
	})
}

// TestDanglingMembers: what a client replaces the members by, nobody else is left beside it, not even a value that names nobody: a later
// entry of that DN inherits no membership. But whom SCIM does not show, because he is out of scope or outside the bases, stays.
func TestDanglingMembers(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		if server.KeepsReferences {
			return // and so lets none dangle
		}
		d := deploy(t, server)
		mara, noor := d.user(t, "mara@contoso.example"), d.user(t, "noor@contoso.example")
		printer, gone := "cn=printer,"+server.People, "uid=gone@contoso.example,"+server.People
		elsewhere, placeholder := "uid=out,ou=elsewhere,"+server.Suffix, ldapmap.DefaultPlaceholder
		join := `{"op":"Add","path":"members","value":[{"value":"` + noor + `"}]}`
		server.Load(t, "dn: "+printer+"\nobjectClass: device\ncn: printer\n")
		for i, c := range []struct {
			method, body string
			left         []string
			gone         bool // the value that names nobody stays: the client did not speak of all
		}{
			{http.MethodPatch, operations(replace("members", `[{"value":"`+noor+`"}]`)), []string{noor}, false},
			{http.MethodPatch, operations(replace("members", `[]`)), nil, false},
			{http.MethodPatch, operations(`{"op":"Remove","path":"members"}`), nil, false},
			{http.MethodPatch, operations(replace("members", `[]`), join), []string{noor}, false},
			{http.MethodPut, resource("/Groups", `"displayName":"G%d","members":[{"value":"`+mara+`"}]`), []string{mara}, false},
			{http.MethodPut, resource("/Groups", `"displayName":"G%d","members":[]`), nil, false},
			{http.MethodPut, resource("/Groups", `"displayName":"G%d"`), []string{mara}, true},
			{http.MethodPatch, removeMembers(mara), nil, true},
			{http.MethodPatch, operations(`{"op":"Remove","path":"members[value eq \"` + mara + `\" and type eq \"User\"]"}`), nil, true},
			{http.MethodPatch, addMembers(noor), []string{mara, noor}, true},
		} {
			group := d.group(t, fmt.Sprint("G", i), mara)
			modify(t, server, d.entry(t, group).DN, "member", placeholder, d.entry(t, mara).DN, printer, gone, elsewhere)
			body := strings.ReplaceAll(c.body, "G%d", fmt.Sprint("G", i))
			if answer, content := d.do(t, c.method, "/Groups/"+group, body); answer.StatusCode >= 300 {
				t.Errorf("%s %s: %s", c.method, body, content)
			}
			want := []string{placeholder, printer, elsewhere}
			if c.gone {
				want = append(want, gone)
			}
			for _, id := range c.left {
				want = append(want, d.entry(t, id).DN)
			}
			got := d.entry(t, group).Values("member")
			for _, values := range [][]string{got, want} {
				for i, v := range values {
					values[i] = ldif.NormalDN(v)
				}
				slices.Sort(values)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s %s leaves\n%q, want\n%q", c.method, body, got, want)
			}
		}
	})
}
