package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// suspends are the variables by which who is blocked loses mail and description, which is computed, leaves the groups, and gets a value;
// and who is soft-deleted gets another.
func suspends(t *testing.T, server *dirtest.Server) []string {
	env := line(t, server, 0, 0, "LDAP=description", `VALUE="of " + userName`)
	return append(env,
		"SCIMBRIDGE_RESOURCES_0_ONBLOCK_CLEAR_0=mail", "SCIMBRIDGE_RESOURCES_0_ONBLOCK_CLEAR_1=description",
		"SCIMBRIDGE_RESOURCES_0_ONBLOCK_LEAVEGROUPS=true",
		"SCIMBRIDGE_RESOURCES_0_ONBLOCK_SET_0_ATTRIBUTE=employeeType", "SCIMBRIDGE_RESOURCES_0_ONBLOCK_SET_0_VALUE=blocked",
		"SCIMBRIDGE_RESOURCES_0_ONTOMBSTONE_SET_0_ATTRIBUTE=employeeType", "SCIMBRIDGE_RESOURCES_0_ONTOMBSTONE_SET_0_VALUE=gone",
		"SCIMBRIDGE_RESOURCES_0_ONTOMBSTONE_CLEAR_0=physicalDeliveryOfficeName",
	)
}

// suspended holds what the user's entry has against what it is to have.
func (d *deployment) suspended(t *testing.T, when, id, mail, types string) {
	t.Helper()
	e := d.entry(t, id)
	got := slices.Clone(e.Values("employeeType"))
	slices.Sort(got)
	if e.Value("mail") != mail || strings.Join(got, " ") != types || (e.Value("description") == "") != (mail == "") && types != "" {
		t.Errorf("%s: mail %q, employeeType %v, description %q", when, e.Value("mail"), got, e.Value("description"))
	}
	shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")
	if got := fmt.Sprint(shown["emails"]); (mail == "") == strings.Contains(got, "@") {
		t.Errorf("%s: SCIM shows emails %s", when, got)
	}
}

// TestOnBlock: who is blocked loses what the map says, leaves the groups and gets a value, all in one plan of which the blocking is first;
// nothing of it changes when he is blocked again, or something else of him is changed; and when he is let in again the value goes, what the
// map computes comes, and what the request says.
func TestOnBlock(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		defer server.Empty(t)
		d := deploy(t, server, suspends(t, server)...)
		const name, mail = "leaver@contoso.example", "leaver@mail.example"
		leaver, other := d.login(t, name, "Secret-123"), d.user(t, "other@contoso.example")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver,
			operations(replace(workMail, `"`+mail+`"`), replace("title", `"Lead"`)))
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+other, operations(replace(managerPath, `"`+leaver+`"`)))
		crew, alone := d.group(t, "Crew", leaver, other), d.group(t, "Alone", leaver)
		d.suspended(t, "before", leaver, mail, "")
		d.taken()

		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, disable)
		plans := d.taken()
		if len(plans) != 1 || plans[0].Steps[0].Change.DN != d.entry(t, leaver).DN || !strings.Contains(plans[0].String(), "employeeType") {
			t.Errorf("plans: %v", plans)
		}
		gone := func(when string) {
			t.Helper()
			d.suspended(t, when, leaver, "", "blocked")
			d.letsIn(t, leaver, "Secret-123", false)
			if got := d.members(t, crew); got[leaver] != 0 || got[other] != 1 {
				t.Errorf("%s: crew %v", when, got)
			}
			if got := d.members(t, alone); len(got) != 0 {
				t.Errorf("%s: alone %v", when, got)
			}
			if got := d.managerOf(t, other); got != leaver {
				t.Errorf("%s: the manager is %q", when, got)
			}
		}
		gone("blocked")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, disable)
		if plans := d.taken(); !repeats(plans) {
			t.Errorf("blocked again: %v", plans)
		}
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver,
			operations(replace("title", `"Gone"`), replace(workMail, `"new@mail.example"`)))
		gone("changed")
		if got := d.entry(t, leaver).Value("title"); got != "Gone" {
			t.Errorf("title %q", got)
		}
		d.want(t, http.StatusOK, http.MethodPut, "/Users/"+leaver,
			resource("/Users", `"userName":"`+name+`","active":false,"emails":[{"type":"work","value":"`+mail+`"}]`))
		gone("replaced")
		d.taken()

		// A request that finds him blocked, and not all done, completes it.
		e := d.entry(t, leaver)
		modify(t, server, e.DN, "mail", mail)
		d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, addMembers(leaver))
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, disable)
		gone("completed")

		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver,
			operations(replace("active", "true"), replace(workMail, `"back@mail.example"`)))
		d.suspended(t, "let in", leaver, "back@mail.example", "")
		d.letsIn(t, leaver, "Secret-123", true)
		if got := d.entry(t, leaver).Value("description"); got != "of "+name {
			t.Errorf("description %q", got)
		}
		if got := d.members(t, crew); got[leaver] != 0 {
			t.Errorf("crew %v", got)
		}

		// A new one who is blocked from the start.
		born := d.create(t, "/Users",
			`"userName":"born@contoso.example","active":false,"emails":[{"type":"work","value":"born@mail.example"}]`)
		d.suspended(t, "born", born, "", "blocked")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+born, enable)
		if got := d.entry(t, born).Value("description"); got != "of born@contoso.example" {
			t.Errorf("born: description %q", got)
		}

		// The tombstone has its own, beside.
		const office = `addresses[type eq "work"].formatted`
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, operations(replace(office, `"Room 1"`)))
		tomb := `"` + tombName[:32] + name + `"`
		for range 2 {
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, operations(replace("userName", tomb), replace("active", "false")))
			want := "blocked gone"
			if productOf(server).oneMail { // employeeType has one value there
				want = "blocked"
			}
			d.suspended(t, "tombstone", leaver, "", want)
			if got := d.entry(t, leaver).Value("physicalDeliveryOfficeName"); got != "" {
				t.Errorf("office %q", got)
			}
		}
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, operations(replace("userName", `"`+name+`"`)))
		d.suspended(t, "clean name", leaver, "", "blocked")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, enable)
		d.suspended(t, "restored", leaver, "", "")
		d.letsIn(t, leaver, "Secret-123", true)
	})
}

// TestOnBlockEmptiesGroups: groups of which he is the only member, and whose class demands one, are left with the placeholder.
func TestOnBlockEmptiesGroups(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		defer server.Empty(t)
		d, its := deploy(t, server, suspends(t, server)...), productOf(server)
		leaver := d.login(t, "leaver@contoso.example", "Secret-123")
		dn := d.entry(t, leaver).DN
		for _, name := range []string{"one", "two", "three"} {
			at := "cn=" + name + "," + server.Groups
			server.Load(t, its.group(at, name, dn))
			if its.oneMail {
				modify(t, server, at, "member", dn)
			}
		}
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, disable)
		d.letsIn(t, leaver, "Secret-123", false)
		for _, name := range []string{"one", "two", "three"} {
			if got := server.Entry(t, "cn="+name+","+server.Groups, "member").Values("member"); slices.Contains(got, dn) {
				t.Errorf("%s holds %v", name, got)
			}
		}
	})
}

// TestOnBlockIsStopped: it may stop at any write. What stands is a user as he was, or one who is blocked; the same request completes it.
func TestOnBlockIsStopped(t *testing.T) {
	t.Parallel()
	for _, placed := range []bool{false, true} {
		atEachWrite(t, fmt.Sprint(placed), func(t *testing.T, at int32, drop memdir.Drop) (reached bool) {
			return onBlockStops(t, placed, at, drop)
		})
	}
}

func onBlockStops(t *testing.T, placed bool, at int32, drop memdir.Drop) (reached bool) {
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	env := append(suspends(t, server), "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms")
	if placed {
		env = append(env, "SCIMBRIDGE_RESOURCES_0_CREATEPARENTS=true",
			`SCIMBRIDGE_RESOURCES_0_DN="uid=" + rdn(userName) + "," + (active ? "" : "ou=Disabled,") + base`)
	}
	d := deploy(t, server, env...)
	leaver := d.login(t, "leaver@contoso.example", "Secret-123")
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, operations(replace(workMail, `"leaver@mail.example"`)))
	groups := []string{d.group(t, "Crew", leaver), d.group(t, "Team", leaver)}
	stopsAt(server, at, drop)
	answer, content := d.do(t, http.MethodPatch, "/Users/"+leaver, disable)
	server.Mem.Fault(nil)
	if answer.StatusCode != http.StatusOK {
		reached = true
		if answer.StatusCode/100 != 5 {
			t.Errorf("%d %s", answer.StatusCode, content)
		}
		d.await(t, http.StatusOK, "/Groups/"+groups[0])
		if e := d.entry(t, leaver); e.Value("mail") == "" {
			d.letsIn(t, leaver, "Secret-123", false)
		}
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, disable)
	}
	d.letsIn(t, leaver, "Secret-123", false)
	d.suspended(t, "in the end", leaver, "", "blocked")
	for _, group := range groups { // what is left of a name that nobody has is scrubbed by who takes it
		if got := d.members(t, group); len(got) != 0 || slices.Contains(d.held(t, group), d.entry(t, leaver).DN) {
			t.Errorf("a group holds %v", d.held(t, group))
		}
	}
	if placed != strings.Contains(d.entry(t, leaver).DN, "ou=Disabled") {
		t.Errorf("he is at %s", d.entry(t, leaver).DN)
	}
	return reached
}

// TestLeaverIsSuspended: a DELETE that keeps the entry blocks it with all that blocking comes to, and a POST that gives it back takes the
// value back, and has the map compute what it can.
func TestLeaverIsSuspended(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		for _, mode := range []string{"block", "strip", "move"} {
			t.Run(mode, func(t *testing.T) {
				defer server.Empty(t)
				env := marked(mode)
				env[1] = "SCIMBRIDGE_RESOURCES_0_DELETE_MARKER_ATTRIBUTE=carLicense"
				if mode == "move" {
					_, env = leaversPlace(t, server, server.People)
				}
				d := deploy(t, server, append(suspends(t, server), env...)...)
				leaver := d.create(t, "/Users", `"userName":"l@contoso.example","emails":[{"type":"work","value":"l@mail.example"}]`)
				d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+leaver, "")
				e := d.entry(t, leaver)
				if e.Value("mail")+e.Value("description") != "" || e.Value("employeeType") != "blocked" {
					t.Errorf("the leaver: %v", e)
				}
				if got := d.create(t, "/Users", `"userName":"l@contoso.example"`); got != leaver {
					t.Errorf("revived as %s", got)
				}
				d.suspended(t, "revived", leaver, "", "")
				if e := d.entry(t, leaver); e.Value("description") != "of l@contoso.example" {
					t.Errorf("revived: %v", e)
				}
			})
		}
	})
}

// TestOnBlockByValue: who is blocked leaves groups however they hold him, by a name that he has from the same request on too.
func TestOnBlockByValue(t *testing.T) {
	t.Parallel()
	for _, keeper := range valueKeepers {
		t.Run(keeper.name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, keeper.start(t), append(slices.Clone(keeper.env), "SCIMBRIDGE_RESOURCES_0_ONBLOCK_LEAVEGROUPS=true")...)
			leaver, other := d.user(t, "leaver@contoso.example"), d.user(t, "other@contoso.example")
			crew := d.group(t, "Crew", leaver, other)
			uids := d.uids(t, crew)
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver,
				operations(replace("userName", `"gone@contoso.example"`), replace("active", "false")))
			if got := d.members(t, crew); len(got) != 1 || got[other] != 1 {
				t.Errorf("members %v", got)
			}
			if got := d.uids(t, crew); got == uids || strings.Contains(got, "leaver") || strings.Contains(got, "gone") {
				t.Errorf("held by value: %s", got)
			}
			for _, held := range d.held(t, crew) {
				if held == d.entry(t, leaver).DN || strings.Contains(held, "leaver") {
					t.Errorf("held: %s", held)
				}
			}
			d.taken()
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, disable)
			if plans := d.taken(); !repeats(plans) {
				t.Errorf("blocked again: %v", plans)
			}
		})
	}
}

// repeats says that the plans write again what blocks an account, and nothing else.
func repeats(plans []ldif.Plan) bool {
	return len(plans) == 1 && len(plans[0].Steps) == 1 && plans[0].Steps[0].Again && len(plans[0].Effects) == 0
}

// TestOnBlockElsewhere: who is blocked leaves the groups of other applications too, and what else refers to him there keeps him.
func TestOnBlockElsewhere(t *testing.T) {
	directories(t, func(t *testing.T, server *dirtest.Server) { // in a domain owner is no attribute of a group
		defer server.Empty(t)
		apps := "ou=apps," + server.Groups
		server.Load(t, "dn: "+apps+"\nobjectClass: organizationalUnit\n")
		d := deploy(t, server, append(suspends(t, server), "SCIMBRIDGE_REFERENCES_BASES_0="+apps,
			"SCIMBRIDGE_REFERENCES_ATTRIBUTES=owner", "SCIMBRIDGE_RESOURCES_1_FILTER=(!(description=foreign))")...)
		leaver := d.user(t, "leaver@contoso.example")
		dn, crm := d.entry(t, leaver).DN, "cn=crm,"+apps
		server.Load(t, groupOfNames(crm, "crm", dn)+"owner: "+dn+"\ndescription: foreign\n")
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, disable)
		if got := refers(t, server, crm, dn); got != "owner" {
			t.Errorf("crm refers by %q", got)
		}
		modify(t, server, crm, "member", dn)
		d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, disable)
		if got := refers(t, server, crm, dn); got != "owner" {
			t.Errorf("when it is said again crm refers by %q", got)
		}
	})
}

// TestOnBlockBesideProtected: a group that may not be written keeps its member, who is blocked all the same, and the client is told.
func TestOnBlockBesideProtected(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		defer server.Empty(t)
		before := deploy(t, server)
		leaver := before.login(t, "leaver@contoso.example", "Secret-123")
		crew, kept := before.group(t, "Crew", leaver), before.group(t, "Kept", leaver)
		dn := before.entry(t, kept).DN
		d := deploy(t, server, append(suspends(t, server), "SCIMBRIDGE_GUARD_PROTECTED_0="+dn)...)
		for range 2 {
			answer, content := d.do(t, http.MethodPatch, "/Users/"+leaver, disable)
			if answer.StatusCode != http.StatusForbidden || !strings.Contains(content, dn) {
				t.Errorf("%d %s", answer.StatusCode, content)
			}
			d.letsIn(t, leaver, "Secret-123", false)
			d.suspended(t, "blocked", leaver, "", "blocked")
			if got := d.members(t, kept); got[leaver] != 1 {
				t.Errorf("the group that is kept: %v", got)
			}
			if got := d.members(t, crew); got[leaver] != 0 {
				t.Errorf("the other group: %v", got)
			}
		}
	})
}

// TestOnBlockInAnUnwritableGroup: a group that the directory does not let the bridge write keeps its member; he is blocked, and leaves the
// others, and the client is told. When it may be written, the same request completes it.
func TestOnBlockInAnUnwritableGroup(t *testing.T) {
	const account, groups = "cn=scimbridge,dc=example,dc=org", "ou=groups,dc=example,dc=org"
	server := openLDAP(t, dirtest.WithoutRefint(),
		dirtest.Config(`access to dn.subtree="`+groups+`" filter=(description=frozen) attrs=member`+
			` by dn.exact="`+account+`" read by * break`),
		dirtest.Config(`access to * by dn.exact="`+account+`" manage by * break`))
	server.Load(t, "dn: "+account+"\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: Secret-123\n")
	d := deploy(t, server, append(suspends(t, server),
		"SCIMBRIDGE_DIRECTORY_BIND_DN="+account, "SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=Secret-123")...)
	leaver := d.login(t, "leaver@contoso.example", "Secret-123")
	dn := d.entry(t, leaver).DN
	frozen := []string{"cn=A Board," + groups, "cn=M Board," + groups}
	server.Load(t, groupOfNames(frozen[0], "A Board", dn)+"description: frozen\n")
	first := d.group(t, "Crew", leaver)
	server.Load(t, groupOfNames(frozen[1], "M Board", dn)+"description: frozen\n")
	second := d.group(t, "Team", leaver)
	d.taken()
	for range 2 {
		answer, content := d.do(t, http.MethodPatch, "/Users/"+leaver, disable)
		want := frozen[0] + " refers to " + dn + ", and the directory does not let the bridge change it"
		if answer.StatusCode != http.StatusForbidden || !strings.Contains(content, want) {
			t.Errorf("%d %s", answer.StatusCode, content)
		}
		d.letsIn(t, leaver, "Secret-123", false)
		d.suspended(t, "blocked", leaver, "", "blocked")
		for _, group := range []string{first, second} {
			if got := d.members(t, group); got[leaver] != 0 {
				t.Errorf("members %v", got)
			}
		}
		for _, group := range frozen {
			if got := server.Entry(t, group, "member").Values("member"); !slices.Contains(got, dn) {
				t.Errorf("%s holds %v", group, got)
			}
		}
	}
	for _, group := range frozen {
		modify(t, server, group, "description", "thawed")
	}
	d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+leaver, disable)
	for _, group := range frozen {
		if got := server.Entry(t, group, "member").Values("member"); slices.Contains(got, dn) {
			t.Errorf("%s holds %v", group, got)
		}
	}
}

// TestOnBlockThatDoesNotLast: that the account lets him in all the same is told before that a group keeps him.
func TestOnBlockThatDoesNotLast(t *testing.T) {
	const postRead = "1.3.6.1.1.13.2"
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences, o.Without = false, []string{postRead} })
	proxy := dirtest.Counted(t, server)
	d := deploy(t, server, append(suspends(t, server), "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)...)
	user := d.user(t, "stubborn@contoso.example")
	d.group(t, "Board", user)
	dn := d.entry(t, user).DN
	for _, lasts := range []bool{true, false} {
		last := ""
		proxy.Before(func(operation string) {
			if operation == "search" && last == "modify" && !lasts {
				modify(t, server, dn, "userAccountControl", "512")
			}
			last = operation
		})
		server.Mem.Fault(func(op, dn string) memdir.Fault {
			if op == "modify" && strings.HasPrefix(strings.ToLower(dn), "cn=board") {
				return memdir.Fault{Code: 50}
			}
			return memdir.Fault{}
		})
		want := map[bool]int{true: http.StatusForbidden, false: http.StatusBadGateway}[lasts]
		d.want(t, want, http.MethodPatch, "/Users/"+user, disable)
		proxy.Before(nil)
		modify(t, server, dn, "userAccountControl", "512")
	}
}

// TestOnBlockWhileAGroupGoes: of the groups that he is to leave one is deleted meanwhile: he leaves the others all the same.
func TestOnBlockWhileAGroupGoes(t *testing.T) {
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	c := &crew{copies: copies{server: server, bridges: []*deployment{deploy(t, server, suspends(t, server)...), deploy(t, server)}}}
	user := c.of(0).user(t, "anna@contoso.example")
	going, team := c.of(1).group(t, "Crew", user), c.of(1).group(t, "Team", user)
	gone := c.also(t, 1, http.StatusNoContent, http.MethodDelete, "/Groups/"+going, "")
	interleaved(server, between{op: "modify", dn: "cn=crew", do: gone})
	c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, disable)
	server.Mem.Fault(nil)
	if got := c.of(0).members(t, team); got[user] != 0 {
		t.Errorf("members %v", got)
	}
}

// TestOnBlockWhileAdded: who is put into a group by another copy while he is blocked is in it when that comes last, and in none otherwise.
func TestOnBlockWhileAdded(t *testing.T) {
	for _, keeps := range []string{"false", "true"} {
		t.Run(keeps, func(t *testing.T) {
			server := dirtest.Memory(t, func(o *memdir.Options) {
				o.CleanReferences, o.Without = keeps == "true", []string{controlAssertion}
			})
			env := append(suspends(t, server), "SCIMBRIDGE_DIRECTORY_KEEPSREFERENCES="+keeps)
			c := &crew{copies: copies{server: server, bridges: []*deployment{deploy(t, server, env...), deploy(t, server, env...)}}}
			user := c.of(0).user(t, "anna@contoso.example")
			held, free := c.of(1).group(t, "Crew", user), c.of(1).group(t, "Team")
			add := c.also(t, 1, http.StatusNoContent, http.MethodPatch, "/Groups/"+free, addMembers(user))
			interleaved(server, between{op: "modify", dn: "cn=crew", do: add})
			c.of(0).want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, disable)
			server.Mem.Fault(nil)
			for _, group := range []string{held, free} {
				if got := c.of(0).members(t, group); got[user] != 0 {
					t.Errorf("members %v", got)
				}
			}
		})
	}
}
