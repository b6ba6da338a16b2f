package guard

import (
	"log/slog"
	"testing"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// TestPrivilegedIsLearnedAside: while one request asks again who is privileged, the others go by what is known.
func TestPrivilegedIsLearnedAside(t *testing.T) {
	server := dirtest.Memory(t)
	client, err := directory.New(directory.Options{
		URLs: []string{server.URL}, Bind: directory.BindOptions{DN: server.BindDN, Password: server.Password},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	s := &ldif.Server{Traits: ldif.ActiveDirectory.Traits(), Default: server.Suffix}
	g := New(Options{}, "", client)
	if _, err := g.privilegedFilter(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	g.learned = time.Now().Add(-2 * privilegedFor)
	g.privileged = "(memberOf=cn=admins)"

	come, release := make(chan struct{}), make(chan struct{})
	server.Mem.Fault(func(op, _ string) memdir.Fault {
		if op != "search" {
			return memdir.Fault{}
		}
		server.Mem.Fault(nil)
		close(come)
		return memdir.Fault{Until: release}
	})
	asked := make(chan error)
	go func() {
		filter, err := g.privilegedFilter(t.Context(), s)
		if filter != "" {
			t.Errorf("not what the directory says now: %q", filter)
		}
		asked <- err
	}()
	<-come
	if filter, err := g.privilegedFilter(t.Context(), s); err != nil || filter != "(memberOf=cn=admins)" {
		t.Errorf("%q, %v", filter, err)
	}
	close(release)
	if err := <-asked; err != nil {
		t.Error(err)
	}
}
