package examples_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
)

// TestBlockStays: who is blocked by a request that the directory refuses the rest of stays blocked, as another copy of the bridge was told
// meanwhile, and the client hears of both; the rest is taken back.
func TestBlockStays(t *testing.T) {
	unwilling, denied := memdir.Fault{Code: 53, Text: "not this name"}, memdir.Fault{Code: 50, Text: "not this group"}
	for name, c := range map[string]struct {
		at      []between // the last is where another disables him
		newcome bool      // and takes the name
		status  int
	}{
		"the rename is refused": {[]between{{op: "modrdn", fault: unwilling}}, false, http.StatusForbidden},
		"a group is refused":    {[]between{{op: "modify", dn: "cn=crew", fault: denied}}, false, http.StatusForbidden},
		"an answer is lost before the rename is refused": {
			[]between{{op: "modify", dn: "uid=anna", fault: memdir.Fault{Drop: memdir.DropAfter}}, {op: "modrdn", fault: unwilling}},
			false, http.StatusForbidden,
		},
		"the name is taken at the same time": {[]between{{op: "modrdn"}, {op: "search"}}, true, http.StatusConflict},
	} {
		for _, leaves := range []string{"false", "true"} {
			t.Run(name+", leaveGroups: "+leaves, func(t *testing.T) {
				t.Parallel()
				server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
				env := []string{"SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=20ms", "SCIMBRIDGE_RESOURCES_0_ONBLOCK_LEAVEGROUPS=" + leaves}
				d, other := deploy(t, server, env...), deploy(t, server)
				const password = "Qy7!mmKw92xTb"
				id := d.login(t, "anna@contoso.example", password)
				d.group(t, "Crew", id)
				at := slices.Clone(c.at)
				last := &at[len(at)-1]
				last.do = func() {
					other.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, disable)
					if c.newcome {
						server.Load(t, "dn: cn=Mara,"+server.People+"\nobjectClass: inetOrgPerson\nobjectClass: scimbridgeUser\n"+
							"cn: Mara\nsn: Mara\nuid: mara@contoso.example\n")
					}
				}
				interleaved(server, at...)
				body := operations(replace("active", "false"), replace("userName", `"mara@contoso.example"`), replace("title", `"Boss"`))
				answer, content := d.do(t, http.MethodPatch, "/Users/"+id, body)
				server.Mem.Fault(nil)
				if answer.StatusCode != c.status || !strings.Contains(content, "the account is blocked") {
					t.Errorf("%d %s", answer.StatusCode, content)
				}
				d.letsIn(t, id, password, false)
				shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, "")
				if shown["active"] != false || shown["title"] != nil || shown["userName"] != "anna@contoso.example" {
					t.Errorf("%v", shown)
				}
			})
		}
	}
}

// TestBlockStaysBesideAnother: who is blocked where another changes the same attribute at the same time stays blocked, where the directory
// asserts nothing and the change is taken back and made anew.
func TestBlockStaysBesideAnother(t *testing.T) {
	server := dirtest.Memory(t, func(o *memdir.Options) { o.Without = []string{controlAssertion} })
	d, other := deploy(t, server), deploy(t, server)
	const password = "Qy7!mmKw92xTb"
	id := d.login(t, "anna@contoso.example", password)
	also := func(body string) func() {
		return func() { other.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, body) }
	}
	unwilling := memdir.Fault{Code: 53, Text: "not this title"}
	interleaved(server,
		between{op: "modify", dn: "uid=anna"}, // of the account
		between{op: "modify", dn: "uid=anna", do: also(operations(replace("title", `"Cook"`)))},
		between{op: "modify", dn: "uid=anna"},                    // of the other
		between{op: "modify", dn: "uid=anna", do: also(disable)}, // before it is taken back
		between{op: "modify", dn: "uid=anna"},                    // of the other
		between{op: "modify", dn: "uid=anna", fault: unwilling})
	answer, content := d.do(t, http.MethodPatch, "/Users/"+id, operations(replace("active", "false"), replace("title", `"Boss"`)))
	server.Mem.Fault(nil)
	if answer.StatusCode != http.StatusForbidden || !strings.Contains(content, "the account is blocked") {
		t.Errorf("%d %s", answer.StatusCode, content)
	}
	d.letsIn(t, id, password, false)
	if shown := d.want(t, http.StatusOK, http.MethodGet, "/Users/"+id, ""); shown["title"] != "Cook" {
		t.Errorf("%v", shown)
	}
}

// TestMingledAndRenamed: a value whose answer was lost, and that came beside another's, does not stay beside it where somebody does the
// rename that was to follow, be it before it is looked for or behind.
func TestMingledAndRenamed(t *testing.T) {
	for name, looks := range map[string]int{"before it is looked for": 0, "behind": 1} {
		t.Run(name, func(t *testing.T) {
			server := dirtest.Memory(t, func(o *memdir.Options) { o.Without = []string{controlAssertion} })
			d := deploy(t, server)
			id := d.user(t, "anna@contoso.example")
			dn := d.entry(t, id).DN
			conn := server.Connect(t)
			defer conn.Close()
			besides := func() {
				change := ldap.NewModifyRequest(dn, nil)
				change.Add("title", []string{"Cook"})
				if err := conn.Modify(change); err != nil {
					t.Error(err)
				}
			}
			moves := func() {
				if err := conn.ModifyDN(ldap.NewModifyDNRequest(dn, "uid=mara@contoso.example", true, "")); err != nil {
					t.Error(err)
				}
			}
			moments := []between{{op: "modify", fault: memdir.Fault{Drop: memdir.DropAfter}}}
			if looks == 0 {
				moments = append(moments, between{op: "search", do: func() { besides(); moves() }})
			} else {
				moments = append(moments, between{op: "search", do: besides}, between{op: "search", do: moves})
			}
			interleaved(server, moments...)
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id,
				operations(replace("userName", `"mara@contoso.example"`), replace("title", `"Boss"`)))
			if e := d.entry(t, id); !slices.Equal(e.Values("title"), []string{"Boss"}) || !strings.HasPrefix(e.DN, "uid=mara") {
				t.Errorf("%s", e)
			}
		})
	}
}
