package examples_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"scimbridge/bridge/directory/dirtest"
)

// sameTwice is a request that comes twice, by two copies: the second is answered between two steps of the first.
type sameTwice struct {
	first, second     *deployment
	user, group, body string
	writes            int    // of the first so far
	done              object // as the second was told
}

// sameKinds are requests whose plans have several steps.
var sameKinds = []struct {
	what   string
	leaver bool   // who was soft-deleted
	to     string // "": the tombstone
}{
	{"a rename", false, "mara"},
	{"a rename of who was soft-deleted", true, "mara"},
	{"a soft delete", false, ""},
}

// sameCuts are what becomes of a step of the first.
var sameCuts = []struct {
	what string
	at   dirtest.Cut
	env  func(t *testing.T) []string
}{
	{"", 0, noEnv},
	{", unanswered", dirtest.NoAnswer, noEnv},
	{", lost", dirtest.HalfRequest, noEnv},
	{", lost, and on record", dirtest.HalfRequest, withJournal},
}

func noEnv(*testing.T) []string { return nil }

func withJournal(t *testing.T) []string {
	return []string{"SCIMBRIDGE_STORE_FILE=" + filepath.Join(t.TempDir(), "store.db")}
}

// newSameTwice is a request of a kind about a user of his own.
func newSameTwice(t *testing.T, first, second *deployment, kind, at int) *sameTwice {
	called := func(name string) string {
		return fmt.Sprintf("%s-%d-%d@contoso.example", name, kind, at)
	}
	named := func(name, active string) string {
		return operations(replace("title", `"Head"`), replace("userName", `"`+name+`"`), replace("active", active))
	}
	s := &sameTwice{first: first, second: second, user: second.user(t, called("anna"))}
	s.group = second.group(t, called("crew"), s.user)
	softly := named(strings.ReplaceAll(s.user, "-", "")[:32]+called("anna"), `"False"`)
	if sameKinds[kind].leaver {
		second.want(t, http.StatusOK, http.MethodPatch, "/Users/"+s.user, softly)
	}
	if s.body = softly; sameKinds[kind].to != "" {
		s.body = named(called(sameKinds[kind].to), `"True"`)
	}
	return s
}

// asks is a request to the second copy.
func (s *sameTwice) asks(t *testing.T, method, body string) object {
	answer, content, err := s.second.try(method, "/Users/"+s.user, body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("%s: %v %s", method, err, content)
		return object{}
	}
	shown := parse(t, content)
	delete(shown, "meta")
	return shown
}

func (s *sameTwice) comesAgain(t *testing.T) { s.done = s.asks(t, http.MethodPatch, s.body) }

// stands fails where what the second was told is so no more.
func (s *sameTwice) stands(t *testing.T, when string) {
	if now := s.asks(t, http.MethodGet, ""); !reflect.DeepEqual(now, s.done) {
		t.Errorf("%s: %v\nwant %v", when, now, s.done)
	}
}

// run sends the request to the first, and says whether it came to the second.
func (s *sameTwice) run(t *testing.T) (reached bool) {
	s.first.want(t, http.StatusOK, http.MethodPatch, "/Users/"+s.user, s.body)
	if s.done == nil {
		return false
	}
	s.stands(t, "at the end")
	if members := s.second.members(t, s.group); len(members) != 1 || members[s.user] != 1 {
		t.Errorf("the group holds %v", members)
	}
	return true
}

// TestSameMeanwhile: a client that had no answer in time sends its request again, by another copy, and is told that it is done between two
// steps of the first, of which the one before may have no answer either, or the one behind may get lost. From then on it is done: the first
// takes nothing of it back, though each may find that the other was quicker.
func TestSameMeanwhile(t *testing.T) {
	t.Parallel()
	for _, s := range servers {
		for kind, k := range sameKinds {
			for _, cut := range sameCuts {
				if cut.what != "" && s.name != "memory" {
					continue // what is done then hangs on no server
				}
				t.Run(fmt.Sprintf("%s/%s%s", s.name, k.what, cut.what), func(t *testing.T) {
					t.Parallel()
					server := s.start(t)
					proxy := dirtest.Counted(t, server)
					env := append(cut.env(t), "SCIMBRIDGE_DIRECTORY_TIMEOUT=1m") // the second may take its time
					first, second := deploy(t, server, append(env, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)...), deploy(t, server, env...)
					for at, reached := 0, true; reached && !t.Failed(); at++ {
						same := newSameTwice(t, first, second, kind, at)
						var turn sync.Mutex // the first may ask on several connections at once
						proxy.Before(func(operation string) {
							turn.Lock()
							defer turn.Unlock()
							switch {
							case same.done != nil && isWrite[operation]:
								same.stands(t, fmt.Sprintf("second at %d, before write %d, a %s", at, same.writes, operation))
							case same.done == nil && same.writes > at:
								same.comesAgain(t)
							case isWrite[operation] && same.writes == at && cut.at == dirtest.NoAnswer:
								proxy.LoseAnswer(operation)
							case isWrite[operation] && same.writes == at:
								if same.comesAgain(t); cut.what != "" {
									proxy.Cut(operation, cut.at)
								}
							}
							if isWrite[operation] {
								same.writes++
							}
						})
						reached = same.run(t)
						proxy.Before(nil)
					}
				})
			}
		}
	}
}

var isWrite = map[string]bool{"add": true, "modify": true, "modrdn": true, "delete": true}

// TestTakenOutMeanwhile: who is taken out of a group between two steps of a rename, of which the first is lost or has no answer, and is
// made by another copy then, stays out by the new name too. That it was not the other copy alone is on record.
func TestTakenOutMeanwhile(t *testing.T) {
	t.Parallel()
	for _, cut := range sameCuts[:3] {
		t.Run("the rename"+cut.what, func(t *testing.T) {
			t.Parallel()
			server := memory(t)
			proxy := dirtest.Counted(t, server)
			env := withJournal(t)
			first, second := deploy(t, server, append(env, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)...), deploy(t, server, env...)
			user := first.user(t, "anna@contoso.example")
			group := first.group(t, "Crew", user)
			rename := operations(replace("userName", `"mara@contoso.example"`))
			var once sync.Once
			proxy.Before(func(operation string) {
				if operation != "modrdn" {
					return
				}
				once.Do(func() {
					second.want(t, http.StatusNoContent, http.MethodPatch, "/Groups/"+group, removeMembers(user))
					if cut.at == dirtest.HalfRequest {
						second.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, rename)
					}
					proxy.Cut(operation, cut.at)
				})
			})
			first.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, rename)
			if members := second.members(t, group); len(members) != 0 {
				t.Errorf("the group holds %v", members)
			}
		})
	}
}

// TestSameMeanwhileOfSeveralGroups: so too where the next answers get lost as well.
func TestSameMeanwhileOfSeveralGroups(t *testing.T) {
	t.Parallel()
	for _, kept := range []func(t *testing.T) []string{noEnv, withJournal} {
		server, env := memory(t), kept(t)
		proxy := dirtest.Counted(t, server)
		first, second := deploy(t, server, append(env, "SCIMBRIDGE_DIRECTORY_URLS="+proxy.URL)...), deploy(t, server, env...)
		user := first.user(t, "anna@contoso.example")
		groups := []string{first.group(t, "One", user), first.group(t, "Two", user), first.group(t, "Three", user)}
		rename := operations(replace("userName", `"mara@contoso.example"`))
		var renamed, lost atomic.Bool
		proxy.Before(func(operation string) {
			switch {
			case operation == "modrdn" && !renamed.Swap(true):
				second.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, rename)
				proxy.Cut(operation, dirtest.HalfRequest)
			case operation == "modify" && renamed.Load() && !lost.Swap(true):
				proxy.Cut(operation, dirtest.HalfRequest)
			}
		})
		first.want(t, http.StatusOK, http.MethodPatch, "/Users/"+user, rename)
		if !lost.Load() {
			t.Error("nothing followed the rename")
		}
		for _, group := range groups {
			if members := second.members(t, group); members[user] != 1 {
				t.Errorf("the group holds %v", members)
			}
		}
	}
}
