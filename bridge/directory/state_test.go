package directory

import (
	"context"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"testing"

	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// TestObserve: each LDAP operation is told with what came of it, the bridge's own too.
func TestObserve(t *testing.T) {
	ldap, err := memdir.Start(memdir.Options{
		RootDN: "cn=admin,dc=example,dc=org", RootPassword: "secret",
		Entries: []*ldif.Entry{{DN: "dc=example,dc=org", Attributes: []ldif.Attribute{{Name: "objectClass", Values: []string{"domain"}}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ldap.Close()
	o := Options{URLs: []string{ldap.URL()}, Bind: BindOptions{DN: "cn=admin,dc=example,dc=org", Password: "secret"}}
	c, err := New(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var mu sync.Mutex
	var seen []Exchange
	c.Observe(func(_ context.Context, e Exchange) {
		mu.Lock()
		defer mu.Unlock()
		e.Took = 0
		seen = append(seen, e)
	})
	ask := func(base string, scope Scope) {
		_, _ = c.search(t.Context(), Search{Base: base, Scope: scope, Attributes: []string{noAttributes}})
	}
	ask("dc=example,dc=org", Subtree)
	ask("dc=nowhere", BaseObject)
	want := State{
		Servers: 1, Server: 1, URL: ldap.URL(), Connections: 1, Writable: true,
		Breaker: Closed,
		Each:    []Standing{{Place: 1, URL: ldap.URL(), Is: "up", Breaker: Closed}},
	}
	if got := c.State(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	ldap.Fault(func(string, string) memdir.Fault { return memdir.Fault{Drop: memdir.DropBefore} })
	ask("dc=example,dc=org", BaseObject)
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []Exchange{
		{Operation: "bind"}, {Operation: "search"}, {Operation: "read", Code: 32}, {Operation: "read", Code: NoAnswer},
	} {
		if !slices.Contains(seen, want) {
			t.Errorf("%+v is not among %+v", want, seen)
		}
	}
}
