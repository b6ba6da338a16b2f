package bridge_test

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge"
	"scimbridge/bridge/directory"
	"scimbridge/bridge/directory/dirtest"
	"scimbridge/bridge/guard"
	"scimbridge/ldapmap/compile"
)

// TestMissingBase: while a place that the map names is not there nobody is told that nobody is there, nor that somebody is gone; the bridge
// is not ready; and when the place is made it is found without a restart.
func TestMissingBase(t *testing.T) {
	server := dirtest.Memory(t)
	place := "ou=staff," + server.Suffix
	compiled, err := compile.Compile([]compile.Options{{
		Type: "User", Base: place, ObjectClasses: []string{"account"}, DN: `"uid=" + rdn(userName) + "," + base`,
		Attributes: []compile.AttributeOptions{{SCIM: "userName", LDAP: "uid"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	client, err := directory.New(directory.Options{
		URLs: []string{server.URL}, Bind: directory.BindOptions{DN: server.BindDN, Password: server.Password},
	}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	var later atomic.Int64
	b := bridge.New(bridge.Options{
		Map: compiled, Directory: client, Guard: guard.New(guard.Options{}, server.BindDN, client), Log: log,
		Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) },
	})
	h := house{Bridge: b, server: server}
	missing := func() {
		t.Helper()
		for what, ask := range map[string]func() error{
			"get": func() error {
				_, err := h.Get(t.Context(), bridge.Call{}, "User", "2819c223-7f76-453a-919d-413861904646", bridge.View{})
				return err
			},
			"query": func() error {
				_, err := h.Query(t.Context(), bridge.Call{}, "User", bridge.Query{Filter: `userName eq "u"`, Count: 10})
				return err
			},
			"list": func() error {
				_, err := h.Query(t.Context(), bridge.Call{}, "User", bridge.Query{Count: 10})
				return err
			},
			"create": func() error {
				_, err := h.Create(t.Context(), bridge.Call{}, "User", []byte(`{"userName":"u"}`), bridge.View{})
				return err
			},
		} {
			if f := bridge.Explain(ask()); f.Status != http.StatusServiceUnavailable || f.RetryAfter == 0 {
				t.Errorf("%s: %+v", what, f)
			}
		}
	}
	until := func(ready bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); h.Ready(t.Context()) != ready; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("not ready = %v", ready)
			}
		}
	}
	if h.Ready(t.Context()) {
		t.Error("ready")
	}
	missing()
	server.Load(t, "dn: "+place+"\nobjectClass: organizationalUnit\nou: staff\n")
	later.Add(int64(time.Minute))
	until(true)
	if list, err := h.Query(t.Context(), bridge.Call{}, "User", bridge.Query{Count: 10}); err != nil || list.Total != 0 {
		t.Errorf("of an empty place: %v, %v", list, err)
	}
	if err := h.admin(t).Del(ldap.NewDelRequest(place, nil)); err != nil {
		t.Fatal(err)
	}
	missing()
	until(false)
}
