package examples_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
)

// leftAt sends a request whose client closes its connection once the directory holds operations of a name back, and returns when the bridge
// is done with it. They go on then, or after a time.
func leftAt(t *testing.T, server *dirtest.Server, op string, after time.Duration, method, path, body string) {
	held, release := make(chan struct{}), make(chan struct{})
	let := sync.OnceFunc(func() { close(release) })
	defer server.Mem.Fault(nil)
	defer let()
	first := sync.OnceFunc(func() { close(held) })
	t.Run("client", func(t *testing.T) { // which ends when nothing is under way any more
		d := deploy(t, server)
		d.want(t, http.StatusOK, http.MethodGet, "/Users?count=1", "")
		server.Mem.Fault(func(name, _ string) memdir.Fault {
			if name != op {
				return memdir.Fault{}
			}
			first()
			return memdir.Fault{Until: release}
		})
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			<-held
			leave()
			time.AfterFunc(after, let)
		}()
		request, err := http.NewRequestWithContext(ctx, method, d.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		if answer, err := http.DefaultClient.Do(request); err == nil {
			answer.Body.Close()
			t.Error("the client did not leave")
		}
	})
}

// TestTheClientLeaves: a request's work ends with its client. What has not begun to be written is not written; what has is brought to its
// end, so that nothing is left half done.
func TestTheClientLeaves(t *testing.T) {
	server := dirtest.Memory(t, func(o *memdir.Options) { o.CleanReferences = false })
	d := deploy(t, server)
	user := d.user(t, "mara@contoso.example")
	group := d.group(t, "Crew", user)
	t.Run("while it is read", func(t *testing.T) {
		leftAt(t, server, "search", 2*time.Second, http.MethodPatch, "/Users/"+user, operations(replace("title", `"Lead"`)))
	})
	if got := d.entry(t, user).Values("title"); len(got) > 0 {
		t.Errorf("title %q is written for nobody", got)
	}
	for _, op := range []string{"modify", "modrdn"} {
		name := op + "@contoso.example"
		t.Run("while it is written: "+op, func(t *testing.T) {
			leftAt(t, server, op, 500*time.Millisecond, http.MethodPatch, "/Users/"+user, operations(replace("userName", `"`+name+`"`)))
		})
		dn := "uid=" + name + "," + server.People
		if got := d.entry(t, user).DN; got != dn {
			t.Errorf("%s: the entry is %s, want %s", op, got, dn)
		}
		if held := strings.Join(d.entry(t, group).Values("member"), "\n"); strings.Count(held, "uid=") != 1 || !strings.Contains(held, dn) {
			t.Errorf("%s: the group holds\n%s", op, held)
		}
	}
}

// TestTheClientOfABulkRequestLeaves: of its operations those that have begun are brought to their end, and no more begin.
func TestTheClientOfABulkRequestLeaves(t *testing.T) {
	server := dirtest.Memory(t)
	d := deploy(t, server)
	const users, atOnce = 40, 8
	var sent []string
	for n := range users {
		id := d.user(t, fmt.Sprintf("user%d@contoso.example", n))
		sent = append(sent, fmt.Sprintf(`{"method":"PATCH","path":"/Users/%s","data":%s}`, id, operations(replace("title", `"Lead"`))))
	}
	body := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[` + strings.Join(sent, ",") + `]}`
	leftAt(t, server, "modify", 2*time.Second, http.MethodPost, "/Bulk", body)
	written := 0
	for _, e := range server.Entries(t, server.People) {
		if e.Value("title") == "Lead" {
			written++
		}
	}
	if written == 0 || written > atOnce {
		t.Errorf("%d of %d are written for nobody", written, users)
	}
}
