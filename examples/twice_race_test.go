package examples_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
)

// pair are two copies of the bridge whose changes can be made to meet.
type pair struct {
	copies
	proxy *dirtest.Proxy
}

func newPair(t *testing.T, start func(testing.TB) *dirtest.Server) *pair {
	p := &pair{copies: copies{server: start(t)}}
	p.proxy = dirtest.Counted(t, p.server)
	for range 2 {
		p.bridges = append(p.bridges, deploy(t, p.server, "SCIMBRIDGE_DIRECTORY_URLS="+p.proxy.URL))
	}
	return p
}

// meet sends two requests, the second through the other copy. Each has looked before either changes anything.
func (p *pair) meet(t *testing.T, method, path string, bodies [2]string, header ...string) [2]*sent {
	t.Helper()
	var come atomic.Int32
	both := make(chan struct{})
	p.proxy.Before(func(operation string) {
		if operation != "modify" {
			return
		}
		switch n := come.Add(1); {
		case n == 2:
			close(both)
		case n == 1:
			<-both
		}
	})
	defer p.proxy.Before(nil)
	var requests [2]*sent
	for n, body := range bodies {
		requests[n] = &sent{n: n, method: method, path: path, body: body, header: header}
	}
	p.together(t, requests[:]...)
	return requests
}

func each(texts [2]string, make func(string) string) [2]string {
	return [2]string{make(texts[0]), make(texts[1])}
}

// TestSameChangeTwice: a client that had no answer in time sends its request again, while the first is under way in another copy. Both come
// to what is wanted.
func TestSameChangeTwice(t *testing.T) {
	t.Parallel()
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, s.start)
			for round := range raceRounds(t, 3) {
				boss := p.of(0).user(t, fmt.Sprintf("boss%d@contoso.example", round))
				user := p.of(0).user(t, fmt.Sprintf("user%d@contoso.example", round))
				group := p.of(0).group(t, fmt.Sprintf("Group %d", round))
				tombstone := strings.ReplaceAll(user, "-", "")[:32] + fmt.Sprintf("user%d@contoso.example", round)
				for _, c := range []struct{ what, method, path, body string }{
					{"a first value", http.MethodPatch, "/Users/" + user, operations(replace("title", `"Clerk"`))},
					{"another value", http.MethodPatch, "/Users/" + user, operations(replace("title", `"Chief"`))},
					{"no value", http.MethodPatch, "/Users/" + user, operations(`{"op":"Remove","path":"title"}`)},
					{"a single value", http.MethodPatch, "/Users/" + user, operations(replace("preferredLanguage", `"de"`))},
					{"externalId", http.MethodPatch, "/Users/" + user, operations(replace("externalId", fmt.Sprintf(`"%d"`, round)))},
					{"one of many", http.MethodPatch, "/Users/" + user, operations(`{"op":"Add","path":"roles","value":[{"value":"r"}]}`)},
					{"a manager", http.MethodPatch, "/Users/" + user, operations(replace(managerPath, `"`+boss+`"`))},
					{"no manager", http.MethodPatch, "/Users/" + user, operations(`{"op":"Remove","path":"` + managerPath + `"}`)},
					{"all of it", http.MethodPut, "/Users/" + user, resource("/Users", fmt.Sprintf(
						`"userName":"user%d@contoso.example","displayName":"User %d","title":"Head"`, round, round))},
					{"a group's", http.MethodPatch, "/Groups/" + group, operations(replace("externalId", fmt.Sprintf(`"g%d"`, round)))},
					{"disable", http.MethodPatch, "/Users/" + user, disable},
					{"enable", http.MethodPatch, "/Users/" + user, enable},
					{
						"soft delete", http.MethodPatch, "/Users/" + user,
						operations(replace("userName", `"`+tombstone+`"`), replace("active", `"False"`)),
					},
				} {
					for _, r := range p.meet(t, c.method, c.path, [2]string{c.body, c.body}) {
						if r.status/100 != 2 {
							t.Errorf("%s: %d %s", c.what, r.status, r.answer)
						}
					}
				}
			}
		})
	}
}

// TestTwoValuesAtOnce: of two clients that change one attribute at once, each is told of a success, and one value stands: that of one of
// them.
func TestTwoValuesAtOnce(t *testing.T) {
	t.Parallel()
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, s.start)
			for round := range raceRounds(t, 3) {
				user := p.of(0).user(t, fmt.Sprintf("user%d@contoso.example", round))
				for _, c := range []struct{ what, path, ldap string }{
					{"a first value", "title", "title"},
					{"another value", "title", "title"},
					{"of an attribute that takes one", "preferredLanguage", "preferredLanguage"},
					{"a name", "name.givenName", "givenName"},
				} {
					values := [2]string{fmt.Sprintf("x%d-%s-0", round, c.what), fmt.Sprintf("x%d-%s-1", round, c.what)}
					for _, r := range p.meet(t, http.MethodPatch, "/Users/"+user, each(values, func(v string) string {
						return operations(replace(c.path, `"`+v+`"`))
					})) {
						if r.status != http.StatusOK {
							t.Errorf("%s: %d %s", c.what, r.status, r.answer)
						}
					}
					if held := p.holds(t, user, c.ldap); len(held) != 1 || !slices.Contains(values[:], held[0]) {
						t.Errorf("%s: the entry holds %q", c.what, held)
					}
				}
				bosses := each([2]string{"boss", "chief"}, func(name string) string {
					return p.of(0).user(t, fmt.Sprintf("%s%d@contoso.example", name, round))
				})
				p.meet(t, http.MethodPatch, "/Users/"+user, each(bosses, func(id string) string {
					return operations(replace(managerPath, `"`+id+`"`))
				}))
				if held := p.holds(t, user, "manager"); len(held) != 1 || !slices.Contains(bosses[:], p.of(0).managerOf(t, user)) {
					t.Errorf("the manager is %q", held)
				}
				if productOf(p.server).noRole {
					continue // the example has nothing of many values there
				}
				p.meet(t, http.MethodPut, "/Users/"+user, each([2]string{"clerk", "chief"}, func(role string) string {
					return resource("/Users", fmt.Sprintf(`"userName":"user%d@contoso.example","roles":[{"value":"%s"}]`, round, role))
				}))
				if held := p.holds(t, user, "scimRole"); len(held) != 1 {
					t.Errorf("the roles are %q", held)
				}
			}
		})
	}
}

// TestAValueThatIsThereForGood: what the directory goes on calling there already is told after a few attempts, and is no endless race.
func TestAValueThatIsThereForGood(t *testing.T) {
	server := memory(t)
	d := deploy(t, server)
	user := d.user(t, "someone@contoso.example")
	var sent atomic.Int32
	server.Mem.Fault(func(op, _ string) memdir.Fault {
		if op != "modify" {
			return memdir.Fault{}
		}
		sent.Add(1)
		return memdir.Fault{Code: 20, Text: "title: value #0 already exists"}
	})
	answer, content := d.do(t, http.MethodPatch, "/Users/"+user, operations(replace("title", `"Clerk"`)))
	if answer.StatusCode != http.StatusBadRequest || parse(t, content)["scimType"] != "invalidValue" || sent.Load() != 4 {
		t.Errorf("%d %s after %d changes", answer.StatusCode, content, sent.Load())
	}
}
