package examples_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// TestLetInLast: who is let in again is so by the last thing that is written, and not by an attempt that does not stand: a group whose
// member he is to stay goes meanwhile, the new name is refused, another takes the name that he is to have again.
func TestLetInLast(t *testing.T) {
	t.Parallel()
	const renamed = "noor@contoso.example"
	newName := operations(replace("active", "true"), replace("userName", `"`+renamed+`"`))
	for _, test := range []struct {
		name    string
		restore bool // of a soft-deleted account
		at      string
		do      func(t *testing.T, d *deployment, group string) memdir.Fault
		status  int
		enables []string
	}{
		{"the group goes", false, "group", func(t *testing.T, d *deployment, group string) memdir.Fault {
			if err := d.server.Connect(t).Del(ldap.NewDelRequest(group, nil)); err != nil {
				t.Error(err)
			}
			return memdir.Fault{}
		}, http.StatusOK, []string{"512"}},
		{"the name is refused", false, "rename", func(*testing.T, *deployment, string) memdir.Fault {
			return memdir.Fault{Code: ldap.LDAPResultUnwillingToPerform}
		}, http.StatusForbidden, nil},
		{"another takes the name", true, "user", func(t *testing.T, d *deployment, _ string) memdir.Fault {
			d.rival(t, "anna@contoso.example")
			return memdir.Fault{}
		}, http.StatusConflict, nil},
		{"another takes the name behind a lost answer", false, "rename", func(t *testing.T, d *deployment, _ string) memdir.Fault {
			d.rival(t, renamed)
			return memdir.Fault{Drop: memdir.DropAfter}
		}, http.StatusConflict, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
			d := deploy(t, server)
			id := d.user(t, "anna@contoso.example")
			user, group := d.entry(t, id).DN, d.entry(t, d.group(t, "Crew", id)).DN
			asked := newName
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, disable)
			if test.restore {
				d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("userName",
					`"283405f5aa11bb22cc33dd44ee55ff66anna@contoso.example"`)))
				asked = operations(replace("active", "true"), replace("userName", `"anna@contoso.example"`))
			}
			before := len(server.Mem.Operations())
			var once sync.Once
			server.Mem.Fault(func(op, dn string) (fault memdir.Fault) {
				come := map[string]bool{
					"group": op == "modify" && dn == group, "rename": op == "modrdn", "user": op == "modify" && dn == user,
				}[test.at]
				if come {
					once.Do(func() { fault = test.do(t, d, group) })
				}
				return fault
			})
			d.want(t, test.status, http.MethodPatch, "/Users/"+id, asked)
			server.Mem.Fault(nil)
			var states []string
			for _, c := range server.Mem.Operations()[before:] {
				for _, m := range c.Mods {
					if m.Name == "userAccountControl" && m.Op != ldif.DeleteValues {
						states = append(states, m.Values...)
					}
				}
			}
			if !slices.Equal(states, test.enables) {
				t.Errorf("the account became %q on the way, want %q", states, test.enables)
			}
		})
	}
}

// rival makes another entry that has the name.
func (d *deployment) rival(t *testing.T, name string) {
	d.server.Load(t, "dn: cn=Rival,"+d.server.People+"\nobjectClass: inetOrgPerson\ncn: Rival\nsn: Rival\nuid: "+name+"\n")
}

// TestLetInMeanwhile: between the rename and what lets him in, another copy has him leave, or takes him out of his group: who has left is
// not let in, and who was taken out stays out, also where the directory lets him in by no means. Where the server asserts, so it is behind
// the last look as well.
func TestLetInMeanwhile(t *testing.T) {
	t.Parallel()
	const refused = ldap.LDAPResultInsufficientAccessRights
	unasserted := []string{controlAssertion}
	for _, test := range []struct {
		name    string
		without []string
		behind  string // what comes just before the other copy's request
		leaves  bool
		code    uint16 // with which the directory refuses what comes then
		status  int
	}{
		{"leaves", nil, "modrdn", true, 0, http.StatusNotFound},
		{"leaves, unasserted", unasserted, "modrdn", true, 0, http.StatusNotFound},
		{"leaves behind the look", nil, "search", true, 0, http.StatusNotFound},
		{"is taken out", nil, "search", false, refused, http.StatusForbidden},
		{"is taken out, unasserted", unasserted, "search", false, refused, http.StatusForbidden},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences, o.Without = false, test.without })
			d, other := deploy(t, server, marked("block")...), deploy(t, server, marked("block")...)
			id := d.user(t, "anna@contoso.example")
			crew := d.group(t, "Crew", id)
			group := d.entry(t, crew).DN
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, disable)
			before := len(server.Mem.Operations())
			var renamed, come, once atomic.Bool
			server.Mem.Fault(func(op, _ string) (fault memdir.Fault) {
				switch {
				case come.Load() && once.CompareAndSwap(false, true):
					if test.leaves {
						other.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+id, "")
					} else {
						other.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+crew, removeMembers(id))
					}
					fault.Code = test.code
				case op == "modrdn":
					renamed.Store(true)
				}
				come.CompareAndSwap(false, renamed.Load() && op == test.behind)
				return fault
			})
			answer, content := d.do(t, http.MethodPatch, "/Users/"+id,
				operations(replace("active", "true"), replace("userName", `"noor@contoso.example"`)))
			server.Mem.Fault(nil)
			if !once.Load() || answer.StatusCode != test.status || strings.Contains(content, "refers to") {
				t.Errorf("%d %s", answer.StatusCode, content)
			}
			for _, c := range server.Mem.Operations()[before:] {
				for _, m := range c.Mods {
					if m.Name == "userAccountControl" && slices.Contains(m.Values, "512") && m.Op != ldif.DeleteValues {
						t.Errorf("let in: %s", c)
					}
				}
			}
			if held := server.Entry(t, group, "member").Values("member"); !slices.Equal(held, []string{"cn=no-member"}) {
				t.Errorf("the group holds %q", held)
			}
		})
	}
}
