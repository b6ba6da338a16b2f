package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// once drops the connection at the first operation of a name.
func once(server *dirtest.Server, op string, drop memdir.Drop) {
	var done atomic.Bool
	server.Mem.Fault(func(name, _ string) memdir.Fault {
		if name == op && done.CompareAndSwap(false, true) {
			return memdir.Fault{Drop: drop}
		}
		return memdir.Fault{}
	})
}

// TestUnknownOutcome: the connection breaks before the answer to a write comes. The client hears what became of it, and it is done once.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	for _, when := range []struct {
		name string
		drop memdir.Drop
	}{{"done", memdir.DropAfter}, {"not done", memdir.DropBefore}} {
		t.Run(when.name, func(t *testing.T) {
			server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
			d := deploy(t, server)
			user, member := d.user(t, "before@contoso.example"), d.user(t, "member@contoso.example")
			group := d.group(t, "Group", user)
			newcomer := resource("/Users", `"userName":"once@contoso.example","password":"Secret-123","roles":[{"value":"clerk"}]`)
			newGroup := resource("/Groups", `"displayName":"Once","members":`+values(user))
			rename := operations(replace("userName", `"after@contoso.example"`), replace("title", `"Chief"`))
			for _, c := range []struct {
				op, method, path, body string
				status                 int
			}{
				{"add", http.MethodPost, "/Users", newcomer, http.StatusCreated},
				{"add", http.MethodPost, "/Groups", newGroup, http.StatusCreated},
				{"modify", http.MethodPatch, "/Users/" + user, disable, http.StatusOK},
				{"modify", http.MethodPatch, "/Users/" + user, operations(replace("title", `"Clerk"`)), http.StatusOK},
				{"modify", http.MethodPatch, "/Groups/" + group, addMembers(member), http.StatusNoContent},
				{"modify", http.MethodPatch, "/Groups/" + group, removeMembers(member), http.StatusNoContent},
				{"modrdn", http.MethodPatch, "/Users/" + user, rename, http.StatusOK},
				{"modify", http.MethodDelete, "/Users/" + user, "", http.StatusNoContent}, // the reference that goes first
				{"delete", http.MethodDelete, "/Users/" + member, "", http.StatusNoContent},
				{"delete", http.MethodDelete, "/Groups/" + group, "", http.StatusNoContent},
			} {
				once(server, c.op, when.drop)
				before := len(server.Mem.Entries())
				d.want(t, c.status, c.method, c.path, c.body)
				server.Mem.Fault(nil)
				grown := map[string]int{http.MethodPost: 1, http.MethodDelete: -1}[c.method]
				if got := len(server.Mem.Entries()) - before; got != grown {
					t.Errorf("%s %s: %d entries more, want %d", c.method, c.path, got, grown)
				}
			}
			d.wroteOnce(t)
		})
	}
}

// wroteOnce looks at what TestUnknownOutcome left.
func (d *deployment) wroteOnce(t *testing.T) {
	if found := d.found(t, "/Users", `userName eq "once@contoso.example" and roles.value eq "clerk"`); len(found) != 1 {
		t.Errorf("the user was made %d times", len(found))
	}
	d.matches(t, "after@contoso.example", "")
	renames := 0
	for _, c := range d.server.Mem.Operations() {
		if c.Kind == ldif.ModifyDN {
			renames++
		}
	}
	if renames != 1 {
		t.Errorf("%d renames", renames)
	}
	if err := d.server.Bind(t, "uid=once@contoso.example,"+d.server.People, "Secret-123"); err != nil {
		t.Error(err)
	}
}

// TestLostAnswers: on every server the answer to a write is lost, and the client is told what became of it.
func TestLostAnswers(t *testing.T) {
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		proxy := dirtest.Counted(t, server)
		d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)
		d.user(t, "warm@contoso.example")
		lose := func(op string, status int, method, path, body string) object {
			proxy.LoseAnswer(op)
			return d.want(t, status, method, path, body)
		}
		user := lose("add", http.StatusCreated, http.MethodPost, "/Users",
			resource("/Users", `"userName":"once@contoso.example","displayName":"Once"`))["id"].(string)
		group := lose("add", http.StatusCreated, http.MethodPost, "/Groups",
			resource("/Groups", `"displayName":"Once too","members":`+values(user)))["id"].(string)
		lose("modify", http.StatusOK, http.MethodPatch, "/Users/"+user, operations(replace("title", `"Clerk"`)))
		lose("modrdn", http.StatusOK, http.MethodPatch, "/Users/"+user,
			operations(replace("userName", `"twice@contoso.example"`), replace("displayName", `"Twice"`)))
		if d.members(t, group)[user] != 1 {
			t.Errorf("the group holds %q", d.entry(t, group).Values("member"))
		}
		lose("delete", http.StatusNoContent, http.MethodDelete, "/Users/"+user, "")
		if found := d.found(t, "/Users", `userName sw "once" or userName sw "twice"`); len(found) != 0 {
			t.Errorf("there is %v", found)
		}
	})
}

// besideAnothersDatabase is a slapd whose accesslog, a naming context of its own, is hidden from the bridge's account.
func besideAnothersDatabase(t *testing.T) *dirtest.Server {
	const account = "cn=scimbridge,dc=example,dc=org"
	server := openLDAP(t, dirtest.WithoutRefint(), dirtest.AccessLog(),
		dirtest.Global(`access to dn.subtree="cn=accesslog" by * none`, `access to * by * read`),
		dirtest.Config(`access to dn.subtree="dc=example,dc=org" by dn.exact="`+account+`" write by * break`))
	server.Load(t, "dn: "+account+
		"\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: bridge-secret\n")
	server.Account, server.AccountPassword = account, "bridge-secret"
	return server
}

// TestLostAnswersBesideAnothersDatabase: what became of a write that nobody answered is found out where the server has a database that is
// hidden from the bridge's account, as what slapd's changes are logged in is.
func TestLostAnswersBesideAnothersDatabase(t *testing.T) {
	server := besideAnothersDatabase(t)
	proxy := dirtest.Counted(t, server)
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)
	user := d.user(t, "once@contoso.example")
	proxy.LoseAnswer("delete")
	d.want(t, http.StatusNoContent, http.MethodDelete, "/Users/"+user, "")
}

// TestUnconfirmed: where nothing more can be learned the client is not told of a success.
func TestUnconfirmed(t *testing.T) {
	server := memory(t)
	d := deploy(t, server, "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=50ms")
	user := d.user(t, "someone@contoso.example")
	var gone atomic.Bool
	server.Mem.Fault(func(op, _ string) memdir.Fault {
		switch {
		case gone.Load():
			return memdir.Fault{Drop: memdir.DropBefore}
		case op == "modify" || op == "add" || op == "delete":
			gone.Store(true)
			return memdir.Fault{Drop: memdir.DropAfter}
		}
		return memdir.Fault{}
	})
	answer, content := d.do(t, http.MethodPatch, "/Users/"+user, disable)
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", answer.StatusCode, content)
	}
	server.Mem.Fault(nil)
	d.await(t, http.StatusOK, "/Users/"+user)
	if d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, disable)["active"] != false {
		t.Error("the user is active")
	}
}

// TestCreateRace: clients create the same user at the same time, at places that do not collide.
func TestCreateRace(t *testing.T) {
	const clients = 8
	everywhere(t, func(t *testing.T, server *dirtest.Server) {
		d := deploy(t, server, `SCIMBRIDGE_RESOURCES_0_DN="cn=" + rdn(displayName ?? userName) + "," + base`)
		d.user(t, "warm@contoso.example")
		if server.Mem != nil {
			together(server, "add", 4)
		}
		var created, conflicts atomic.Int32
		var mu sync.Mutex
		var ids []string
		var sent sync.WaitGroup
		for i := range clients {
			sent.Go(func() {
				body := resource("/Users", fmt.Sprintf(`"userName":"same@contoso.example","displayName":"Client %d"`, i))
				answer, content, err := d.try(http.MethodPost, "/Users", body)
				switch {
				case err != nil:
					t.Error(err)
				case answer.StatusCode == http.StatusCreated:
					created.Add(1)
					mu.Lock()
					ids = append(ids, parse(t, content)["id"].(string))
					mu.Unlock()
				case answer.StatusCode == http.StatusConflict && strings.Contains(content, `"uniqueness"`):
					conflicts.Add(1)
				default:
					t.Errorf("%d %s", answer.StatusCode, content)
				}
			})
		}
		sent.Wait()
		if server.Mem != nil {
			server.Mem.Fault(nil)
		}
		found := d.found(t, "/Users", `userName eq "same@contoso.example"`)
		if len(found) > 1 || len(found) != int(created.Load()) || created.Load()+conflicts.Load() != clients {
			t.Fatalf("%d users, %d created, %d conflicts", len(found), created.Load(), conflicts.Load())
		}
		if len(found) == 1 && !slices.Contains(ids, found[0]["id"].(string)) {
			t.Error("another user than the one that was answered for")
		}
		answer, content := d.do(t, http.MethodPost, "/Users", resource("/Users", `"userName":"same@contoso.example","displayName":"Late"`))
		if want := map[int]int{0: http.StatusCreated, 1: http.StatusConflict}[len(found)]; answer.StatusCode != want {
			t.Errorf("afterwards: %d %s", answer.StatusCode, content)
		}
	})
}

// together holds the first n operations of a name back until all n have come.
func together(server *dirtest.Server, op string, n int32) {
	var come atomic.Int32
	all := make(chan struct{})
	server.Mem.Fault(func(name, _ string) memdir.Fault {
		if name != op {
			return memdir.Fault{}
		}
		switch i := come.Add(1); {
		case i > n:
			return memdir.Fault{}
		case i == n:
			close(all)
		}
		return memdir.Fault{Until: all}
	})
}
