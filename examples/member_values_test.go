package examples_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/examples"
	"scimbridge/ldapmap/ldif"
)

// uidSchema is the example's with memberUid beside member: posixGroup is structural in slapd's nis.schema, and stands for itself.
var uidSchema = strings.Replace(examples.OpenLDAPSchema, "MAY scimExternalId )", "MAY ( scimExternalId $ memberUid ) )", 1)

// members as values of the users' uid, alone or beside their DNs.
var (
	uidAlone = []string{
		"SCIMBRIDGE_RESOURCES_1_OBJECTCLASSES=posixGroup,scimbridgeGroup",
		"SCIMBRIDGE_RESOURCES_1_ATTRIBUTES_2_LDAP=gidNumber", "SCIMBRIDGE_RESOURCES_1_ATTRIBUTES_2_CONSTANT=2000",
		"SCIMBRIDGE_RESOURCES_1_MEMBERS_ATTRIBUTE=memberUid", "SCIMBRIDGE_RESOURCES_1_MEMBERS_FORM=value",
		"SCIMBRIDGE_RESOURCES_1_MEMBERS_OF=uid",
	}
	uidBeside = []string{
		"SCIMBRIDGE_RESOURCES_1_MEMBERS_1_ATTRIBUTE=memberUid", "SCIMBRIDGE_RESOURCES_1_MEMBERS_1_FORM=value",
		"SCIMBRIDGE_RESOURCES_1_MEMBERS_1_OF=uid",
	}
	accountBeside = append(slices.Clone(uidBeside[:2]), "SCIMBRIDGE_RESOURCES_1_MEMBERS_1_OF=sAMAccountName")
)

// valueKeepers are the directories with groups that hold values, by who keeps the DNs beside them true.
var valueKeepers = []struct {
	name  string
	start func(t testing.TB) *dirtest.Server
	env   []string
}{
	{"memory, uid alone", func(t testing.TB) *dirtest.Server { return uidMemory(t, false) }, uidAlone},
	{"memory, uid beside the DN", func(t testing.TB) *dirtest.Server { return uidMemory(t, false) }, uidBeside},
	{"openldap, uid alone", func(t testing.TB) *dirtest.Server { return openLDAP(t) }, uidAlone},
	{"openldap with refint, uid beside the DN", func(t testing.TB) *dirtest.Server { return uidOpenLDAP(t) }, uidBeside},
	{
		"openldap with memberof and no refint, uid beside the DN",
		func(t testing.TB) *dirtest.Server { return uidOpenLDAP(t, dirtest.WithoutRefint(), dirtest.MemberOf()) }, uidBeside,
	},
	{"389ds, uid alone", func(t testing.TB) *dirtest.Server { return dirtest.DS389(t, ds389Schema) }, uidAlone},
	{"389ds with its plug-ins, uid beside the DN", func(t testing.TB) *dirtest.Server {
		schema := dirtest.DS389Schema(strings.Replace(uidSchema, "userAccountControl $ ", "", 1))
		return dirtest.DS389(t, schema, dirtest.ReferentialIntegrityPlugin(), dirtest.MemberOfPlugin())
	}, uidBeside},
	{
		"active directory, account name beside the DN",
		func(t testing.TB) *dirtest.Server { return dirtest.ActiveDirectory(t) }, accountBeside,
	},
}

func uidMemory(t testing.TB, clean bool) *dirtest.Server {
	return dirtest.Memory(t, func(o *memdir.Options) {
		o.CleanReferences = clean
		o.Schema = strings.Replace(memdir.DefaultSchema, "MAY scimExternalId )", "MAY ( scimExternalId $ memberUid ) )", 1)
	})
}

func uidOpenLDAP(t testing.TB, options ...dirtest.Option) *dirtest.Server {
	return dirtest.OpenLDAP(t, append([]dirtest.Option{
		dirtest.Schema(uidSchema), dirtest.Config("index scimUserName,scimExternalId,employeeNumber eq"),
	}, options...)...)
}

// uids are the values that the group's entry holds, sorted.
func (d *deployment) uids(t testing.TB, group string) string {
	t.Helper()
	held := d.entry(t, group).Values("memberUid")
	slices.Sort(held)
	return strings.Join(held, " ")
}

// holds sees that the group shows the members with the ids, and holds the values. Beside them it holds as many DNs.
func (d *deployment) holds(t testing.TB, when, group, uids string, ids ...string) {
	t.Helper()
	shown := d.members(t, group)
	slices.Sort(ids)
	if got := slices.Sorted(maps.Keys(shown)); !slices.Equal(got, ids) {
		t.Errorf("%s: the group shows %v, want %v", when, got, ids)
	}
	for id, n := range shown {
		if n != 1 {
			t.Errorf("%s: %s shows %d times", when, id, n)
		}
	}
	if got := d.uids(t, group); got != uids {
		t.Errorf("%s: the group holds %q, want %q", when, got, uids)
	}
}

// TestMembersByValue: members that are no DN are written, read, searched and removed as others are; they follow a rename and a delete, and
// a newcomer inherits nothing. Beside DNs they are kept in step.
func TestMembersByValue(t *testing.T) {
	t.Parallel()
	for _, keeper := range valueKeepers {
		t.Run(keeper.name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, keeper.start(t), keeper.env...)
			beside := !strings.Contains(keeper.name, "alone")
			anna, bo, mara := d.user(t, "anna"), d.user(t, "bo"), d.user(t, "mara")
			group := d.group(t, "Crew", anna)
			path := "/Groups/" + group
			d.holds(t, "made", group, "anna", anna)
			d.taken()
			d.want(t, http.StatusNoContent, http.MethodPatch, path, addMembers(bo))
			if plans := d.taken(); len(plans) != 1 || len(plans[0].Steps) != 1 {
				t.Errorf("one member is added by %v", plans)
			}
			d.want(t, http.StatusNoContent, http.MethodPatch, path, addMembers(bo, mara)) // one is in it
			d.holds(t, "added", group, "anna bo mara", anna, bo, mara)
			for _, filter := range []string{`members.value eq "%s"`, `members[value eq "%s"]`} {
				for id, want := range map[string]int{bo: 1, group: 0} {
					if got := d.found(t, "/Groups", fmt.Sprintf(filter, id)); len(got) != want {
						t.Errorf("%s finds %d groups, want %d", fmt.Sprintf(filter, id), len(got), want)
					}
				}
			}
			d.want(t, http.StatusNoContent, http.MethodPatch, path, removeMembers(bo))
			d.want(t, http.StatusNoContent, http.MethodPatch, path, removeMembers(bo, mara)) // one is out of it
			d.holds(t, "removed", group, "anna", anna)

			dn := d.entry(t, group).DN
			modify(t, d.server, dn, "memberUid", "anna", "backup")
			d.want(t, http.StatusNoContent, http.MethodPatch, path, operations(replace("members", values(anna, bo))))
			d.holds(t, "replaced", group, "anna backup bo", anna, bo)
			d.want(t, http.StatusOK, http.MethodPut, path, resource("/Groups", `"displayName":"Crew","members":`+values(bo, mara)))
			d.holds(t, "put", group, "backup bo mara", bo, mara)

			if beside {
				modify(t, d.server, dn, "memberUid", "backup", "anna")
				d.holds(t, "out of step", group, "anna backup", anna, bo, mara)
				d.want(t, http.StatusNoContent, http.MethodPatch, path, addMembers(mara))
				d.holds(t, "in step by an add", group, "anna backup mara", anna, bo, mara)
				d.want(t, http.StatusNoContent, http.MethodPatch, path, operations(replace("members", values(bo, mara))))
				d.holds(t, "in step by a replacement", group, "backup bo mara", bo, mara)
				inner := d.group(t, "Inner")
				d.want(t, http.StatusNoContent, http.MethodPatch, path, addMembers(inner))
				d.holds(t, "a group in it", group, "backup bo mara", bo, mara, inner)
				d.want(t, http.StatusNoContent, http.MethodPatch, path, removeMembers(inner))
			} else {
				inner := d.group(t, "Inner")
				d.want(t, http.StatusBadRequest, http.MethodPatch, path, addMembers(inner))
			}

			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+bo, operations(replace("userName", `"noor"`)))
			if d.server.Kind != ldif.ActiveDirectory { // the account name is given once
				d.holds(t, "renamed", group, "backup mara noor", bo, mara)
				bo2 := d.user(t, "bo")
				d.holds(t, "a newcomer", group, "backup mara noor", bo, mara)
				d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+bo2, "")
			}
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+bo, "")
			d.holds(t, "deleted", group, "backup mara", mara)
			d.user(t, "noor")
			d.holds(t, "a newcomer after it", group, "backup mara", mara)
			d.user(t, "backup")
			d.holds(t, "who takes a value that dangles", group, "mara", mara)
		})
	}
}

// TestStoppedAnywhereByValue: values of uid are true wherever a write stops, as DNs are; and so are both where they stand side by side.
func TestStoppedAnywhereByValue(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]string{"alone": uidAlone, "beside the DN": uidBeside} {
		t.Run(name, func(t *testing.T) {
			stoppedAnywhere(t, func(t testing.TB) *dirtest.Server { return uidMemory(t, false) }, env...)
		})
	}
}

// TestReferenceRacesByValue: copies of the bridge race for values of uid as for DNs.
func TestReferenceRacesByValue(t *testing.T) {
	t.Parallel()
	for _, keeper := range valueKeepers[2:6] {
		t.Run(keeper.name, func(t *testing.T) {
			t.Parallel()
			c := copies{server: keeper.start(t)}
			for range 3 {
				c.bridges = append(c.bridges, deploy(t, c.server, append(slices.Clip(keeper.env), "SCIMBRIDGE_DIRECTORY_TIMEOUT=1m")...))
			}
			for n := range c.bridges { // on first contact one looks at an entry twice, which nobody is to rename between
				c.of(n).want(t, http.StatusOK, http.MethodGet, "/Users?count=0", "")
			}
			for name, run := range map[string]func(*testing.T, copies, int){
				"delete against member add":               deleteAgainstMember,
				"rename against member add":               renameAgainstMember,
				"soft delete against newcomer":            softDeleteAgainstNewcomer,
				"member add of a leaver against newcomer": leaverJoinsAgainstNewcomer,
				"group with a member who is deleted":      groupAgainstDelete,
				"a value without its user":                valueStays,
			} {
				t.Run(name, func(t *testing.T) {
					c.race(t, raceRounds(t, 5), func(t *testing.T, round int) { run(t, c, round) })
				})
			}
		})
	}
}

// valueStays renames a user twice while others add and remove: no value is left that is nobody's.
func valueStays(t *testing.T, c copies, round int) {
	name := func(n int) string { return fmt.Sprintf("stays%d-%d", round, n) }
	user, group := c.of(0).user(t, name(0)), c.of(1).group(t, fmt.Sprintf("Stays %d", round))
	body := addMembers(user)
	if round%2 == 0 {
		c.of(1).want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, body)
		body = removeMembers(user)
	}
	rename := func(to int) *sent {
		return &sent{
			n: round + to, method: http.MethodPatch, path: "/Users/" + user, body: operations(replace("userName", `"`+name(to)+`"`)),
		}
	}
	first, second := rename(1), rename(2)
	change := &sent{n: round, method: http.MethodPatch, path: "/Groups/" + group, body: body}
	c.together(t, first, second, change)
	if first.status != http.StatusOK || second.status != http.StatusOK || change.status != http.StatusNoContent {
		t.Fatalf("%d %s; %d %s; %d %s", first.status, first.answer, second.status, second.answer, change.status, change.answer)
	}
	want := ""
	if round%2 == 1 {
		want = c.of(0).entry(t, user).Value("uid")
	}
	if got := c.of(0).uids(t, group); got != want {
		t.Errorf("the group holds %q, want %q", got, want)
	}
}

// TestValuesElsewhere: what is no resource and holds a user's uid follows it.
func TestValuesElsewhere(t *testing.T) {
	server := uidMemory(t, false)
	d := deploy(t, server, append(uidBeside, "SCIMBRIDGE_REFERENCES_BASES_0="+server.Suffix)...)
	dn := "cn=wheel,ou=elsewhere," + server.Suffix
	server.Load(t, "dn: ou=elsewhere,"+server.Suffix+"\nobjectClass: organizationalUnit\n\n"+
		"dn: "+dn+"\nobjectClass: posixGroup\ncn: wheel\ngidNumber: 7\nmemberUid: root\nmemberUid: anna\nmemberUid: mara\n")
	anna := d.user(t, "noor")
	modify(t, server, dn, "memberUid", "root", "noor", "mara")
	for _, c := range []struct{ method, path, body, want string }{
		{http.MethodPatch, "/Users/" + anna, operations(replace("userName", `"anna"`)), "anna mara root"},
		{http.MethodPost, "/Users", resource("/Users", `"userName":"mara"`), "anna root"},
		{http.MethodDelete, "/Users/" + anna, "", "root"},
	} {
		if answer, content := d.do(t, c.method, c.path, c.body); answer.StatusCode >= 300 {
			t.Fatalf("%d %s", answer.StatusCode, content)
		}
		held := server.Entry(t, dn, "memberUid").Values("memberUid")
		slices.Sort(held)
		if got := strings.Join(held, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.method, got, c.want)
		}
	}
}

// TestValuesFollowAModify: the uid of who is named by something else changes by a Modify, and groups follow; a second uid that he keeps is
// his as well.
func TestValuesFollowAModify(t *testing.T) {
	for _, keeper := range valueKeepers[1:6] {
		t.Run(keeper.name, func(t *testing.T) {
			t.Parallel()
			named := `SCIMBRIDGE_RESOURCES_0_DN="cn=" + rdn(displayName) + "," + base`
			d := deploy(t, keeper.start(t), append(keeper.env, named)...)
			anna := d.create(t, "/Users", `"userName":"anna","displayName":"Anna","name":{"formatted":"Anna"}`)
			group := d.group(t, "Crew", anna)
			rename := func(to string) {
				t.Helper()
				d.taken()
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+anna, operations(replace("userName", `"`+to+`"`)))
				for _, plan := range d.taken() {
					for _, s := range plan.Steps {
						if s.Change.Kind == ldif.ModifyDN {
							t.Errorf("it is renamed: %v", s.Change)
						}
					}
				}
			}
			rename("mara")
			d.holds(t, "renamed", group, "mara", anna)
			modify(t, d.server, d.entry(t, anna).DN, "uid", "mara", "zora")
			modify(t, d.server, d.entry(t, group).DN, "memberUid", "zora")
			d.holds(t, "by another name", group, "zora", anna)
			d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, removeMembers(anna))
			d.holds(t, "removed by whichever", group, "")
			d.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, addMembers(anna))
			d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+anna, "")
			d.holds(t, "deleted", group, "")
		})
	}
}
