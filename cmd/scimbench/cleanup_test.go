package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/valyala/fasthttp"

	"scimbridge/bridge/directory/dirtest"
)

// fake is a SCIM server that keeps nothing but names.
type fake struct {
	mu     sync.Mutex
	last   int
	names  map[string]string // of what is there, by path
	people int               // listed, beside what was made
	page   int               // resources on a page at the most
	during func(method, name string) (status int)
	detail string // of a status that during says of a DELETE
	keeps  bool   // something stays
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var sent struct{ UserName, DisplayName string }
	json.NewDecoder(r.Body).Decode(&sent)
	name := sent.UserName
	if strings.HasSuffix(r.URL.Path, "Groups") {
		name = sent.DisplayName
	}
	status := 0
	if f.during != nil {
		status = f.during(r.Method, name)
	}
	switch r.Method {
	case "POST":
		f.last++
		id := fmt.Sprint(f.last)
		f.names[r.URL.Path+"/"+id] = name
		if status == 0 {
			w.WriteHeader(201)
			fmt.Fprintf(w, `{"id":%q}`, id)
			return
		}
		w.WriteHeader(status)
	case "DELETE":
		if status != 0 {
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"detail":%q,"status":"%d"}`, f.detail, status)
			return
		}
		delete(f.names, r.URL.Path)
		w.WriteHeader(204)
	case "PATCH":
		if strings.HasPrefix(r.URL.Path, "/Users/") { // which is answered with the user
			return
		}
		w.WriteHeader(204)
	default:
		var found list
		if _, name, filtered := strings.Cut(r.FormValue("filter"), " eq "); filtered {
			for path, known := range f.names {
				if fmt.Sprintf("%q", known) == name {
					found.Resources = append(found.Resources, resource{ID: path[strings.LastIndexByte(path, '/')+1:]})
				}
			}
		} else {
			start, _ := strconv.Atoi(r.FormValue("startIndex"))
			count, _ := strconv.Atoi(r.FormValue("count"))
			for n := start - 1; n < min(f.people, start-1+min(count, f.page)); n++ {
				found.Resources = append(found.Resources, resource{ID: fmt.Sprint("p", n), UserName: fmt.Sprint("p", n)})
			}
			found.TotalResults = f.people
		}
		if _, start, begins := strings.Cut(r.FormValue("filter"), " sw "); begins {
			found = list{}
			for path, known := range f.names {
				endpoint := path[:strings.LastIndexByte(path, '/')]
				matches := endpoint == r.URL.Path && strings.HasPrefix(fmt.Sprintf("%q", known), strings.TrimSuffix(start, `"`))
				if matches && len(found.Resources) < f.page {
					found.Resources = append(found.Resources, resource{ID: path[len(endpoint)+1:]})
				}
			}
		}
		found.TotalResults = max(found.TotalResults, len(found.Resources))
		json.NewEncoder(w).Encode(found)
	}
}

// measured runs scimbench before the server, and tells its exit code and what it wrote.
func (f *fake) measured(t *testing.T, ctx context.Context, operation string) (code int, text string) {
	t.Helper()
	f.names = map[string]string{}
	server := httptest.NewServer(f)
	defer server.Close()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	code = run(ctx, &out, &log, []string{
		server.URL, "--token-file", token, "--rounds", "1", "--duration", "30ms", "--concurrency", "2", "--operations", operation,
	})
	if len(f.names) > 0 && !f.keeps {
		t.Errorf("what is left: %v", slices.Collect(maps.Values(f.names)))
	}
	return code, out.String() + log.String()
}

// TestLostAnswersAreCleanedUp: what was made, although the server said otherwise, is found by its name.
func TestLostAnswersAreCleanedUp(t *testing.T) {
	for _, operation := range []string{"create", "entra-cycle"} {
		first := fmt.Sprintf("-%d@", usersEach+1) // of each worker's users that are made while it is measured
		f := &fake{people: 5, page: 2, during: func(method, name string) int {
			if method == "POST" && strings.Contains(name, first) {
				return 503
			}
			return 0
		}}
		if code, text := f.measured(t, t.Context(), operation); code != exitFault || !strings.Contains(text, "503 in the place of 201") ||
			strings.Contains(text, "not all that was made") || strings.Contains(text, "204 in the place") {
			t.Errorf("%s: %d %s", operation, code, text)
		}
	}
	f := &fake{people: 5, page: 2, during: func(_, name string) int {
		if strings.HasSuffix(name, "-1") {
			return 503
		}
		return 0
	}}
	if code, text := f.measured(t, t.Context(), "member-of-1"); code != exitFault {
		t.Errorf("a group: %d %s", code, text)
	}
}

// TestHeldDeletions: what was measured is told though the server refuses to let go of what was made, each reason once and whole; the rest
// is removed later by the run's name, and nothing else.
func TestHeldDeletions(t *testing.T) {
	why := "such writes are held" + strings.Repeat(", and so on", 30)
	f := &fake{people: 5, page: 2, keeps: true, detail: why, during: func(method, _ string) int {
		if method == "DELETE" {
			return 503
		}
		return 0
	}}
	code, text := f.measured(t, t.Context(), "patch")
	if code != exitFault || !strings.Contains(text, "p95 ms") || strings.Count(text, why) != 1 ||
		!strings.Contains(text, fmt.Sprintf("%d times DELETE /Users/…: 503 in the place of 204: %s", 2*usersEach, why)) {
		t.Errorf("exit code %d\n%s", code, text)
	}
	_, name, _ := strings.Cut(text, "--remove ")
	name, _, _ = strings.Cut(name, " ")
	f.names["/Users/other"] = "scimbench-other"
	f.during = nil
	server := httptest.NewServer(f)
	defer server.Close()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if code := run(t.Context(), &log, &log, []string{server.URL, "--token-file", token, "--remove", name}); code != exitOK {
		t.Errorf("exit code %d\n%s", code, &log)
	}
	if len(f.names) != 1 || f.names["/Users/other"] == "" {
		t.Errorf("there are %v", f.names)
	}
}

func TestAServerThatListsNobody(t *testing.T) {
	if code, text := (&fake{}).measured(t, t.Context(), "list-by-index"); code != exitFault || !strings.Contains(text, "nobody is listed") {
		t.Errorf("%d %s", code, text)
	}
}

// TestWholeList: the users who are asked for are from all over the list, however large it is and its pages are.
func TestWholeList(t *testing.T) {
	for _, f := range []*fake{
		{people: 7, page: 1000}, {people: 1500, page: 1000}, {people: 10_500, page: 1000}, {people: 90_000, page: 200},
	} {
		server := httptest.NewServer(f)
		b := bench{client: &client{base: server.URL, http: &fasthttp.Client{}}}
		if err := b.meet(t.Context()); err != nil {
			t.Error(err)
		}
		server.Close()
		met, tenths := map[string]bool{}, map[int]bool{}
		for _, u := range b.pool {
			n, _ := strconv.Atoi(u.ID[1:])
			met[u.ID], tenths[n*10/f.people] = true, true
		}
		if len(met) != min(f.people, poolSize) || len(b.pool) != len(met) || len(tenths) != min(f.people, 10) {
			t.Errorf("of %d: %d users, %d of them once, of %d tenths", f.people, len(b.pool), len(met), len(tenths))
		}
	}
}

// TestInterrupted: whatever the run is at, it ends with the next request, and cleans up.
func TestInterrupted(t *testing.T) {
	for _, after := range []string{"POST user", "GET", "POST group", "PATCH"} {
		ctx, cancel := context.WithCancel(t.Context())
		since := 0
		f := &fake{people: 1000, page: 300, during: func(method, name string) int {
			if ctx.Err() != nil && method != "DELETE" {
				since++
			}
			kind := method
			if method == "POST" {
				if kind += " user"; strings.HasSuffix(name, "-1000") {
					kind = "POST group"
				}
			}
			if kind == after {
				cancel()
			}
			return 0
		}}
		if code, text := f.measured(t, ctx, "member-of-1000"); code != exitFault || !strings.Contains(text, "canceled") || since > 0 {
			t.Errorf("after %s: %d %s, %d requests", after, code, text, since)
		}
	}
}

// TestACopyIsRememberedBefore: a copy whose answer was lost is removed, and one that was never made is not missed.
func TestACopyIsRememberedBefore(t *testing.T) {
	server := dirtest.Memory(t)
	flags := directoryFlags{Base: server.People, Login: "uid", ID: "entryUUID"}
	w := &worker{bench: &bench{name: "x"}, floor: &floor{flags, server.Connect(t)}}
	w.template = ldap.NewEntry("uid=t,"+server.People, map[string][]string{"objectClass": {"nonsense"}, "uid": {"t"}})
	if err := w.copy(); err == nil {
		t.Fatal("an entry of no class was made")
	}
	lost := w.newName()
	w.names--
	server.Load(t, fmt.Sprintf("dn: uid=%[1]s,%[2]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: x\nsn: x\n", lost, server.People))
	w.template = ldap.NewEntry("uid=t,"+server.People,
		map[string][]string{"objectClass": {"inetOrgPerson"}, "uid": {"t"}, "cn": {"x"}, "sn": {"x"}})
	if err := w.copy(); err == nil {
		t.Fatal("a name was made twice")
	}
	if err := w.cleanUp(); err != nil {
		t.Error(err)
	}
	for _, entry := range server.Entries(t, server.People) {
		if strings.Contains(entry.DN, lost) {
			t.Errorf("%s is left", entry.DN)
		}
	}
}
